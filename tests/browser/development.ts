// The page as Vite's development server gives it: modules are not bundled, dependencies are.

import { resolve } from "node:path";
import { createServer } from "vite";
import { IDENTITY } from "./site.js";
import { prepare, type Host } from "./world.js";

const root = resolve(process.env["ADAPTER"] ?? "");

async function develop(backend: string): Promise<Host> {
  const vite = await createServer({
    root,
    logLevel: "error",
    cacheDir: resolve(root, "vite-cache"),
    server: {
      host: "127.0.0.1",
      port: 0,
      // The packages are a link.
      fs: { strict: false },
      proxy: {
        "/api": { target: backend, headers: IDENTITY, rewrite: (path) => path.slice("/api".length) },
        "/v1/shape": { target: backend, headers: IDENTITY },
      },
    },
  });
  await vite.listen();
  const [url] = vite.resolvedUrls?.local ?? [];
  if (url === undefined) throw new Error("Vite listens nowhere.");
  return { url, close: () => vite.close() };
}

const test = prepare(develop);

test("the page runs from its sources", async (world) => {
  await world.addElsewhere("Grace");
  const tab = await world.open();
  await tab.shows("Grace", "saved");
  world.server.kill();
  await tab.add("Ada");
  // The row is shown at once; it counts when it is on the device.
  await tab.says("1 change not saved yet");
  await tab.page.reload();
  await tab.shows("Ada", "unsaved");
  const other = await world.open();
  await other.shows("Ada", "unsaved");
  world.server.revive();
  await other.shows("Ada", "saved");
  await tab.says("Online · everything is saved");
  await tab.screenshot("development");
});
