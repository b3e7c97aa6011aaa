import { createFileRoute } from "@tanstack/react-router";

import { App } from "../app/App.js";

/** The page runs in the browser alone: its rows are there. */
export const Route = createFileRoute("/")({
  ssr: false,
  validateSearch: (search: Record<string, unknown>): { review?: string } =>
    typeof search["review"] === "string" ? { review: search["review"] } : {},
  component: function Page() {
    return <App chosen={Route.useSearch().review} />;
  },
});
