import { membersOf, textOf, type Members } from "../../client/json.js";
import { keyFields, own, WRITE_ID, type Model } from "../../client/model.js";
import type { ServerRow } from "../../store/store.js";

/** A row of the API's JSON as the store takes it. What the JSON leaves out is null; what isn't a column is left out. */
export function serverRow(model: Model, row: Members): ServerRow {
  const values = model.fields.map(({ name, type }): [string, string | null] => {
    const json = own(row, name) ?? "null";
    if (type === "json") return [name, json];
    return [name, json === "null" ? null : textOf(json)];
  });
  const writeId = own(row, WRITE_ID) ?? "null";
  if (model.writeId.includes("row")) values.push([WRITE_ID, writeId === "null" ? null : textOf(writeId)]);
  return new Map(values);
}

/** Whether the JSON has what a row can't be without: else it is only a part of the row, or something else. */
export function isWholeRow(model: Model, row: Members): boolean {
  return model.fields.every(({ name, type, nullable }) => {
    const json = own(row, name);
    return nullable || (json !== undefined && (json !== "null" || type === "json"));
  });
}

/** Follows the names of members from the outside in; undefined where one of them is missing. */
export function memberAt(json: string, names: readonly string[]): string | undefined {
  let text: string | undefined = json;
  for (const name of names) text = text === undefined ? undefined : own(membersOf(text) ?? {}, name);
  return text;
}

/** The object that has the row's key, at the top of an answer or one level down. */
export function rowIn(model: Model, answer: string): Members | undefined {
  const top = membersOf(answer);
  if (top === undefined) return undefined;
  const inner = Object.values(top).flatMap((value) => (value.startsWith("{") ? [membersOf(value) ?? {}] : []));
  const key = keyFields(model).filter((field) => field.fromPath === undefined);
  return [top, ...inner].find((members) => key.every(({ name }) => (own(members, name) ?? "null") !== "null"));
}
