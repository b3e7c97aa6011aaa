import { messageOf } from "./json.js";

/** How a browser says that it can't have a module, with the module's address. */
const UNREACHED = /^(?:Failed to fetch|error loading) dynamically imported module: (https?:\S+)$/;

let asked = 0;

/**
 * Loads a part of the code that a bundler may have split off. A browser asks for an address once: where that has failed,
 * it fails for ever. So the part is asked for again, under another address. `member`: an export of the part.
 */
export async function loadPart<Part extends object>(load: () => Promise<Part>, member: keyof Part): Promise<Part> {
  try {
    return await load();
  } catch (error) {
    const [, address] = UNREACHED.exec(messageOf(error)) ?? [];
    if (address === undefined) throw error;
    asked += 1;
    // What stands behind # doesn't go to the server.
    const again = `${address}#${String(asked)}`;
    const part = (await import(/* @vite-ignore */ /* webpackIgnore: true */ again).catch(() => {
      throw error;
    })) as Part;
    // A bundler may give exports other names.
    if (!(member in part)) throw error;
    return part;
  }
}
