import { serveTabs } from "./owner.js";
import { nativeDriver } from "./sqlite-native.js";
import { openInFiles } from "./sqlite-wasm.js";

serveTabs(async (directory) => {
  const folder = directory.slice("opfs://".length);
  return nativeDriver(await openInFiles(`/sync-patterns/${folder}`));
});
