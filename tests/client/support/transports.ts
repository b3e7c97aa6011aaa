import { isSqlite, transport } from "./generated.js";
import { isLong } from "./size.js";

/** Tests that say something of one transport alone, by their names, and why. */
const ELECTRIC_ONLY: Readonly<Record<string, string>> = {
  "pending edits survive, the new shape not named":
    "a list has no name: the same test, with the shape named, says what a pull that begins anew does",
};

/** Tests that take long with PGlite. A short run has them with SQLite: which database it is doesn't matter to what they say. */
const SQLITE_IN_SHORT = [
  "what is marked and hasn't left when the client is closed isn't marked any more",
  "killed between the acknowledgement and its echo",
  "edits that went out together stay together",
  "killed while another client writes",
];

/** Why a test doesn't run with the database and the transport at hand; undefined where it does. */
export function reasonToSkip(test: string): string | undefined {
  if (!isLong && !isSqlite && SQLITE_IN_SHORT.includes(test)) return "a short run has it with SQLite";
  return transport === "rest" ? ELECTRIC_ONLY[test] : undefined;
}
