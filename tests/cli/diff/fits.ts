// Carries values of every type over into every other, and compares with what `diff` says of them.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import type { Field, Model } from "./clients/before-pglite/db/client/model.js";
import { convert } from "./clients/before-pglite/db/store/convert-entry.js";

/** As the log has them. Of each type, some that another type has no place for. */
const VALUES: Readonly<Record<Field["type"], readonly string[]>> = {
  text: ['"seven"', '"7"', '""'],
  uuid: ['"00000000-0000-4000-8000-000000000001"'],
  date_time: ['"2026-01-02T03:04:05Z"'],
  date: ['"2026-01-02"'],
  time: ['"03:04:05"'],
  int32: ["5", "-2147483648"],
  int64: ["5", "9007199254740993"],
  float: ["5", "1.5", "1e21"],
  decimal: ['"5"', '"1.10"', '"0.100000000000000000001"'],
  boolean: ["true", "false"],
  bytes: ['""', '"AAEC"'],
  json: ['{"a":1}', "[null]", '"text"', "1"],
};

interface Told {
  readonly column: string;
  readonly always: boolean;
}

function fits(old: string, type: Field["type"], value: string): boolean {
  const model = {
    name: "things",
    key: ["id"],
    fields: [
      { name: "id", type: "uuid", nullable: false, insert: "optional", update: false },
      { name: "value", type, nullable: true, insert: "optional", update: true },
    ],
  } as unknown as Model;
  const former = { key: ["id"], types: { id: "uuid", value: old } };
  const { kept } = convert(model, former, "update", { id: '"00000000-0000-4000-8000-000000000001"', value });
  return kept !== undefined && "value" in kept;
}

for (const { column, always } of JSON.parse(await readFile("fits.json", "utf8")) as Told[]) {
  const [old = "", type = ""] = column.split(" ");
  const values = VALUES[old as Field["type"]];
  const allFit = values.every((value) => fits(old, type as Field["type"], value));
  assert.equal(allFit, always, `${old} to ${type}: ${values.join(", ")}`);
}
