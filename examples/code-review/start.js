// `npm start`: the built application. Ctrl-C ends it.

import { serve } from "srvx";
import { staticMiddleware } from "srvx/static";

import app from "./dist/server/server.js";

const server = serve({
  hostname: "127.0.0.1",
  port: Number(process.env.PORT ?? 3000),
  // Start reads the whole body of a call. No client of the sync server sends more than 1 MB.
  maxRequestBodySize: 1_100_000,
  middleware: [staticMiddleware({ dir: "dist/client" })],
  fetch: app.fetch,
  silent: true,
  // A stream of events would be waited for.
  gracefulShutdown: false,
});
await server.ready();

console.log(`\n  The page:  ${server.url}\n\n  Ctrl-C ends it.\n`);
