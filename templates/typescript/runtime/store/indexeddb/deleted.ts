import { own } from "../../client/model.js";
import type { DeletedRow, DeletedRows } from "../store.js";
import { put, remove, type Run, type Turn } from "./tables.js";
import { fromJson, jsonOf } from "./values.js";

export function deletedRows(run: Run): DeletedRows {
  const read = <T>(work: (turn: Turn) => Promise<T>) => run("readonly", ["_deleted_rows"], work);
  const write = (work: (turn: Turn) => Promise<void>) => run("readwrite", ["_deleted_rows"], work);

  return {
    all: (model) =>
      read(async (turn) => {
        const range = ofModel(model.name);
        const [keys, values] = await Promise.all([table(turn).getAllKeys(range), table(turn).getAll(range)]);
        return values.map(({ row, ...told }, index): DeletedRow => {
          const members = model.fields.map((field): [string, string] => {
            return [field.name, jsonOf(field, own(row, field.name) ?? null)];
          });
          return { ...told, rowKey: keys[index]?.[1] ?? "", members: Object.fromEntries(members) };
        });
      }),

    isEmpty: (model) => read(async (turn) => (await table(turn).getAllKeys(ofModel(model.name), 1)).length === 0),

    put: (model, rows) =>
      write(async (turn) => {
        for (const { rowKey, members, ...told } of rows) {
          const row = model.fields.map((field) => [field.name, fromJson(field, own(members, field.name) ?? "null")]);
          put(table(turn), { ...told, row: Object.fromEntries(row) }, [model.name, rowKey]);
        }
      }),

    remove: (model, rowKeys) =>
      write(async (turn) => {
        for (const rowKey of rowKeys) remove(table(turn), [model.name, rowKey]);
      }),

    clear: (model) => write(async (turn) => remove(table(turn), ofModel(model.name))),
  };
}

function table({ tx }: Turn) {
  return tx.objectStore("_deleted_rows");
}

/** All keys that begin with the model's name: in IndexedDB, an array comes after any text. */
function ofModel(name: string): IDBKeyRange {
  return IDBKeyRange.bound([name], [name, []]);
}
