import type { List, Model } from "../../client/model.js";
import type { ServerRow } from "../../store/store.js";
import { exactly } from "./exact.js";
import { memberAt } from "./pages.js";
import { columnsOf, rowOf } from "./rows.js";

/** The elements of a list as its answer has them. Numbers that JavaScript would change keep their digits. */
export interface Elements {
  readonly answer: unknown;
  /** Undefined: where the list should be there is none. Null: there is null. */
  readonly rows: readonly unknown[] | null | undefined;
  readonly mark: string;
}

/** Throws where the text isn't JSON. */
export function elementsOf(model: Model, { rows }: List, text: string): Elements {
  const { value: answer, mark } = exactly(model, text);
  const found = rows === undefined ? answer : memberAt(answer, rows);
  return { answer, rows: Array.isArray(found) || found === null ? found : undefined, mark };
}

/** Reads elements of one list as rows. `given`: columns that the list's path has. */
export interface RowReader {
  /** Only the key's columns. Throws `Unfit` where the element lacks one. */
  key(element: unknown, mark: string): ServerRow;
  /** Throws `Unfit` where the row can't be one of the model. */
  row(element: unknown, mark: string): ServerRow;
  isDeleted(element: unknown): boolean;
}

export function rowReader(model: Model, list: List, given: ServerRow): RowReader {
  const keys = model.fields.filter(({ name }) => model.key.includes(name));
  const listed = model.fields.filter(({ name }) => !(list.lacks ?? []).includes(name));

  /** What the row's envelope lacks may stand beside it: an id, mostly. */
  function valueOf(element: unknown, name: string): unknown {
    const inner = list.row === undefined ? element : memberAt(element, list.row);
    return memberAt(inner, [name]) ?? (list.row === undefined ? undefined : memberAt(element, [name]));
  }

  const valuesOf = (element: unknown) => (name: string) => given.get(name) ?? valueOf(element, name);

  return {
    key: (element, mark) => columnsOf(model, keys, valuesOf(element), mark),
    row: (element, mark) => rowOf(model, listed, valuesOf(element), mark),
    isDeleted(element) {
      const value = list.deleted === undefined ? undefined : valueOf(element, list.deleted);
      return value === true || (typeof value === "string" && value !== "" && value !== "false");
    },
  };
}

/** A number for a text: two texts that differ have the same one once in 2^53. */
export function fingerprint(text: string): number {
  let [high, low] = [0xdeadbeef, 0x41c6ce57];
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    high = Math.imul(high ^ unit, 2654435761);
    low = Math.imul(low ^ unit, 1597334677);
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  // 0 stands for no fingerprint.
  return 4294967296 * (2097151 & low) + (high >>> 0) || 1;
}
