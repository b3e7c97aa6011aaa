// What a page says to the client. Its types are checked, and nothing loads it.

import { configureSync } from "../generated/index.js";
import { pushPull } from "./server/sync/tanstack-start.js";

configureSync({ pushPull });
