import { PGlite } from "@electric-sql/pglite";

import { messageOf } from "../../../client/json.js";
import { whyNotOpened } from "./version.js";

/** What a packed folder has at this place. */
const TAR = { at: 257, mark: "ustar" };

/**
 * Opens a database in the browser's storage. A new one begins with the data folder in the file `initialData`, because
 * PGlite takes seconds to make a folder. Where that file can't be used, PGlite makes one nevertheless.
 */
export async function createPglite(directory: string, initialData: string | undefined): Promise<PGlite> {
  try {
    if (initialData !== undefined && !(await exists(directory))) return await begin(directory, initialData);
  } catch (error) {
    console.warn(`The new database is made without ${initialData}, which takes longer: ${messageOf(error)}`);
  }
  try {
    return await PGlite.create(directory);
  } catch (error) {
    throw await whyNotOpened(directory, error);
  }
}

async function begin(directory: string, initialData: string): Promise<PGlite> {
  const response = await fetch(initialData);
  if (!response.ok) throw new Error(`the server answers with ${response.status}`);
  // PGlite reads it when its program is loaded: until then, the file arrives.
  const folder = unpacked(response);
  folder.catch(() => {});
  const loadDataDir = Object.assign(new Blob(), { arrayBuffer: () => folder });
  return PGlite.create(directory, { loadDataDir });
}

/** Whether the browser has something stored under the name that PGlite gives a database. */
async function exists(directory: string): Promise<boolean> {
  const stored = await indexedDB.databases();
  return stored.some(({ name }) => name === `/pglite/${directory.slice("idb://".length)}`);
}

/** Some servers let the browser unpack it. */
async function unpacked(response: Response): Promise<ArrayBuffer> {
  const content = await response.arrayBuffer();
  const [first, second] = new Uint8Array(content);
  const isPacked = first === 0x1f && second === 0x8b;
  const folder = isPacked ? await new Response(gunzip(content)).arrayBuffer() : content;
  const mark = new TextDecoder().decode(new Uint8Array(folder).subarray(TAR.at, TAR.at + TAR.mark.length));
  if (mark !== TAR.mark) throw new Error("it isn't a packed data folder");
  return folder;
}

function gunzip(content: ArrayBuffer): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new Blob([content]).stream().pipeThrough(new DecompressionStream("gzip"));
}
