// The page with rows from Electric: it needs no other code.

import { join, resolve } from "node:path";
import { build } from "vite";
import { Server } from "../client/server/server.js";
import { until } from "../client/support/until.js";
import { Site } from "./site.js";
import { prepare } from "./world.js";

const root = resolve(process.env["ELECTRIC"] ?? "");
await build({ root, logLevel: "error" });

const test = prepare(
  (backend) => Site.start(join(root, "dist"), backend),
  () => Server.start(),
);

test("rows arrive by themselves, and what is written offline is saved later", async (world) => {
  await world.addElsewhere("Grace");
  const tab = await world.open();
  await tab.shows("Grace", "saved");
  await world.addElsewhere("Edith");
  await tab.shows("Edith", "saved");
  world.server.kill();
  await tab.setMail("Grace", "grace@example.com");
  await tab.says("1 change not saved yet");
  await tab.page.reload();
  await tab.shows("Grace", "unsaved");
  world.server.revive();
  await tab.shows("Grace", "saved");
  await tab.says("Online · everything is saved");
  await until(
    async () => (await world.contacts())[1]?.email === "grace@example.com",
    () => "the mail on the server",
  );
});
