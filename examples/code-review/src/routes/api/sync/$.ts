import { createFileRoute } from "@tanstack/react-router";

import { handlers } from "../../../server/sync/tanstack-start.js";

/** The endpoints of the sync server by their URLs, for those who call no server functions: `/api/sync/health`. */
export const Route = createFileRoute("/api/sync/$")({ server: { handlers } });
