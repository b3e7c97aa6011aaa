import { serveTabs } from "../tabs/owner.js";
import { ownSqlite } from "./driver.js";
import { openInFiles } from "./wasm.js";

serveTabs(async ({ directory }) => {
  const folder = directory.slice("opfs://".length);
  return ownSqlite(await openInFiles(`/sync-patterns/${folder}`));
});
