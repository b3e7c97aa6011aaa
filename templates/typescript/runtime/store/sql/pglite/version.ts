import { PGlite } from "@electric-sql/pglite";

/** What PostgreSQL writes its major version to. */
const FILE = "PG_VERSION";

/** What is needed of Node: an application for browsers may lack the types. */
interface Node {
  getBuiltinModule(id: string): { readFileSync(path: string, encoding: "utf8"): string };
}

/**
 * Why a database can't be opened: PostgreSQL opens no data of another major version of its own, and PGlite only says that it
 * failed. Otherwise, what PGlite has said.
 */
export async function whyNotOpened(directory: string, error: unknown): Promise<unknown> {
  const stored = await storedVersion(directory).catch(() => undefined);
  if (stored === undefined) return error;
  // Where no PGlite starts at all, the version isn't to blame.
  const own = await ownVersion().catch(() => stored);
  if (stored === own) return error;
  return new Error(
    `The database in ${directory} was made by a PGlite with PostgreSQL ${stored}; this one has PostgreSQL ${own}, and can't open ` +
      "it. Nothing in it has changed, and it has the edits that aren't sent yet: copy it with the PGlite that it was made by " +
      "(the guide of sync-patterns says how, under “Another version of PGlite”).",
    { cause: error },
  );
}

async function ownVersion(): Promise<string> {
  const pg = await PGlite.create("memory://");
  try {
    const { rows } = await pg.query<{ server_version_num: string }>("SHOW server_version_num");
    return String(Math.floor(Number(rows[0]?.server_version_num) / 10_000));
  } finally {
    await pg.close();
  }
}

/** Undefined where nothing is stored, or where it can't be read from outside. */
async function storedVersion(directory: string): Promise<string | undefined> {
  if (directory.startsWith("idb://")) return versionInBrowser(`/pglite/${directory.slice("idb://".length)}`);
  const { process } = globalThis as { readonly process?: Node };
  const path = `${directory.replace(/^file:\/\//, "")}/${FILE}`;
  return process?.getBuiltinModule("node:fs").readFileSync(path, "utf8").trim();
}

/** PGlite keeps its files in a table, by path. */
async function versionInBrowser(name: string): Promise<string | undefined> {
  const database = await answer(indexedDB.open(name));
  try {
    const files = database.transaction("FILE_DATA").objectStore("FILE_DATA");
    const file = (await answer(files.get(`${name}/${FILE}`))) as { readonly contents?: Uint8Array } | undefined;
    return file?.contents && new TextDecoder().decode(file.contents).trim();
  } finally {
    database.close();
  }
}

function answer<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("The browser's storage can't be read."));
  });
}
