import { transport } from "./generated.js";

/** Tests that say something of one transport alone, by their names, and why. */
const ELECTRIC_ONLY: Readonly<Record<string, string>> = {
  "pending edits survive, the new shape not named":
    "a list has no name: the same test, with the shape named, says what a pull that begins anew does",
};

/** Why a test doesn't run on the transport at hand; undefined where it does. */
export function reasonToSkip(test: string): string | undefined {
  return transport === "rest" ? ELECTRIC_ONLY[test] : undefined;
}
