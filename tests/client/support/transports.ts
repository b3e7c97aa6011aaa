import type { Transport } from "../server/rows.js";
import { isIndexedDb, isSqlite, transport } from "./generated.js";
import { isLong } from "./size.js";

/** Tests that say nothing of a transport, by their names, and why. */
const LEFT_OUT: Readonly<Record<Transport, Readonly<Record<string, string>>>> = {
  electric: {},
  rest: {
    "pending edits survive, the new shape not named":
      "a list has no name: the same test, with the shape named, says what a pull that begins anew does",
  },
  "push-pull": {
    "what is marked and hasn't left when the client is closed isn't marked any more":
      "what is marked leaves together, in one request",
    "nobody may have the rows of one model": "the rows of all models come in one answer",
    "a temporary key becomes the server's, wherever it stands":
      "temporary keys go to the server, which puts its own in: push-pull.test.ts says so",
    "a row that the server refuses takes no key": "push-pull.test.ts says what goes with a refused row",
  },
};

/** Tests that take long with PGlite. A short run has them with SQLite: which database it is doesn't matter to what they say. */
const SQLITE_IN_SHORT = [
  "what is marked and hasn't left when the client is closed isn't marked any more",
  "killed between the acknowledgement and its echo",
  "edits that went out together stay together",
  "killed while another client writes",
];

/** Tests that make a database with SQL fail, and what does the same with IndexedDB. */
const ONLY_SQL: Readonly<Record<string, string>> = {
  "a commit that fails is tried again, and loses no row":
    "SQL makes the commit fail here; indexeddb.test.ts has a full disk",
};

/** Why a test doesn't run with the database and the transport at hand; undefined where it does. */
export function reasonToSkip(test: string): string | undefined {
  if (!isLong && !isSqlite && SQLITE_IN_SHORT.includes(test)) return "a short run has it with SQLite";
  return LEFT_OUT[transport][test] ?? (isIndexedDb ? ONLY_SQL[test] : undefined);
}
