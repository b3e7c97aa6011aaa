// `npm start`: the API and the page. Ctrl-C ends both.

import { fileURLToPath } from "node:url";
import { createServer } from "vite";

import { startServer } from "./server/server.js";

const root = fileURLToPath(new URL(".", import.meta.url));
const port = Number(process.env.API_PORT ?? 8000);

const api = await startServer(port, `${root}/data`).catch((error) => {
  if (error.code !== "EADDRINUSE") throw error;
  console.error(`Something else has port ${port}: the example, perhaps. Try API_PORT=8001 npm start`);
  process.exit(1);
});
const page = await createServer({ root });
await page.listen();

console.log(
  `\n  The page:  ${page.resolvedUrls?.local[0]}\n  Its API:   ${api.url}/api/contacts\n\n  Ctrl-C ends both.\n`,
);

let isEnding = false;
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.on(signal, async () => {
    // npm passes a signal on that the terminal has sent here as well.
    if (isEnding) return;
    isEnding = true;
    await page.close();
    await api.close();
    process.exit(0);
  });
}
