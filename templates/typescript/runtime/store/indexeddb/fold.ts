import { own, WRITE_ID, type Field, type Model } from "../../client/model.js";
import type { Entry } from "../store.js";
import { encoded, fromJson, type LocalRow, type Stored, type StoredRow } from "./values.js";

/** An entry, whatever its place in the log. */
export type Unnumbered = Omit<Entry, "id">;

/**
 * One row with its unsettled entries applied, which are in the log's order; undefined where there is nothing to show or
 * to hide. It begins with the server's row, or, where an entry has deleted that, with the first insert after it. `device`:
 * what the local database is called.
 */
export function fold(
  model: Model,
  synced: StoredRow | undefined,
  entries: readonly Unnumbered[],
  device: string,
): LocalRow | undefined {
  const newest = entries.at(-1);
  if (newest === undefined) return undefined;
  const operations = entries.map(({ operation }) => operation);
  const lastDelete = operations.lastIndexOf("delete");
  const madeAt = operations.indexOf("insert", lastDelete + 1);
  const base = lastDelete < 0 ? synced : undefined;
  const { writeId } = newest;
  if (base === undefined && madeAt < 0) {
    return synced === undefined ? undefined : { row: null, changedColumns: [], writeId };
  }

  const lastStart = Math.max(lastDelete, operations.lastIndexOf("insert"));
  const row = new Map(Object.entries(base ?? blankRow(model, entries[madeAt])));
  // It shows a write of its own.
  row.delete(WRITE_ID);
  const changed = new Set<string>();
  for (const [index, { members }] of entries.entries()) {
    if (base === undefined && index < madeAt) continue;
    for (const field of model.fields) {
      const json = own(members, field.name);
      if (json === undefined) continue;
      row.set(field.name, fromJson(field, json));
      if (index >= lastStart && !model.key.includes(field.name)) changed.add(field.name);
    }
  }
  for (const { name, metadata } of model.fields) {
    if (metadata === "edited_at") row.set(name, newest.at);
    if (metadata === "device_id") row.set(name, device);
  }
  return { row: Object.fromEntries(row), changedColumns: [...changed], writeId };
}

/** What a row that was inserted here shows before anybody has said what it has. */
function blankRow(model: Model, insert: Unnumbered | undefined): StoredRow {
  return Object.fromEntries(model.fields.map((field) => [field.name, standIn(model, field, insert?.at ?? "")]));
}

/** What is shown of a column that only the server sets, until its row arrives. */
function standIn(model: Model, field: Field, insertedAt: string): Stored {
  if (field.standIn === "inserted_at") return field.type === "date" ? insertedAt.slice(0, 10) : insertedAt;
  return field.insert === "never" && field.default !== undefined ? encoded(model, field, field.default) : null;
}
