// What the browser loads: in place of a page, the functions that a page gives to the client.

import { pushPull } from "./server/sync/tanstack-start.js";

Object.assign(globalThis, { pushPull });
