import { serveTabs } from "../tabs/owner.js";
import { nativeDriver } from "./driver.js";
import { openInFiles } from "./wasm.js";

serveTabs(async (directory) => {
  const folder = directory.slice("opfs://".length);
  return nativeDriver(await openInFiles(`/sync-patterns/${folder}`));
});
