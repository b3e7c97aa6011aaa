// What Electric says of rows: the messages of a shape, and its schema.

import type { Column } from "./database.js";

export type Values = Readonly<Record<string, string | null>>;

export interface Message {
  readonly key?: string;
  readonly value?: Values;
  readonly headers: Readonly<Record<string, unknown>>;
}

export interface Shape {
  readonly handle: string;
  readonly table: string;
  readonly columns: readonly Column[];
  readonly where: string;
  readonly parameters: readonly string[];
  readonly snapshot: readonly (readonly Message[])[];
  /** The log's last position that the snapshot holds. */
  readonly since: bigint;
}

export interface LogRow {
  readonly position: string;
  /** Its place in its transaction, from 0 on. */
  readonly place: string;
  readonly xid: string;
  readonly txid: string;
  readonly operation: string;
  readonly old: Values | null;
  readonly new: Values | null;
  readonly was_in: boolean;
  readonly is_in: boolean;
}

/** What Postgres calls a position in its log is no transaction id, and nobody should take it for one. */
export const FIRST_LSN = 26_000_000n;

/** The messages that one change of a row makes: two, where its key has changed. */
export function messagesOf(shape: Shape, row: LogRow): Message[] {
  const { old, new: now } = row;
  const before = old && row.was_in ? pick(old, shape.columns) : undefined;
  const after = now && row.is_in ? pick(now, shape.columns) : undefined;
  const headers = (operation: string, position: bigint, more: Readonly<Record<string, string>> = {}) => ({
    operation,
    relation: ["public", shape.table],
    txids: [Number(row.txid)],
    lsn: String(FIRST_LSN + BigInt(row.xid)),
    op_position: Number(position),
    ...more,
  });
  const position = BigInt(row.place) * 2n;
  const keys = shape.columns.filter(({ key }) => key !== undefined);
  if (before && after) {
    const [oldKey, newKey] = [rowKey(shape.table, shape.columns, before), rowKey(shape.table, shape.columns, after)];
    if (oldKey !== newKey) {
      const deleted = headers("delete", position, { key_change_to: newKey });
      const inserted = headers("insert", position + 1n, { key_change_from: oldKey });
      return [
        { key: oldKey, value: pick(before, keys), headers: deleted },
        { key: newKey, value: after, headers: inserted },
      ];
    }
    const changed = shape.columns.filter(({ name, key }) => key !== undefined || before[name] !== after[name]);
    if (changed.length === keys.length) return [];
    return [{ key: newKey, value: pick(after, changed), headers: headers("update", position) }];
  }
  if (after)
    return [{ key: rowKey(shape.table, shape.columns, after), value: after, headers: headers("insert", position) }];
  if (before)
    return [
      {
        key: rowKey(shape.table, shape.columns, before),
        value: pick(before, keys),
        headers: headers("delete", position),
      },
    ];
  return [];
}

/** An update joins the message before it of the same row. */
export function coalesced(messages: readonly Message[]): Message[] {
  const joined: Message[] = [];
  for (const message of messages) {
    const index = joined.findLastIndex(({ key }) => key === message.key);
    const earlier = joined[index];
    if (!earlier || message.headers["operation"] !== "update" || earlier.headers["operation"] === "delete") {
      joined.push(message);
      continue;
    }
    const txids = [earlier, message].flatMap(({ headers }) => headers["txids"]);
    const headers = { ...message.headers, operation: earlier.headers["operation"], txids };
    joined.splice(index, 1, { ...message, value: { ...earlier.value, ...message.value }, headers });
  }
  return joined;
}

export function pick(values: Values, columns: readonly Column[]): Values {
  return Object.fromEntries(columns.map(({ name }) => [name, values[name] ?? null]));
}

export function rowKey(table: string, columns: readonly Column[], values: Values): string {
  const keys = columns.filter(({ key }) => key !== undefined).toSorted((one, two) => (one.key ?? 0) - (two.key ?? 0));
  const parts = keys.map(({ name }) => `"${(values[name] ?? "").replaceAll("/", "//")}"`);
  return [`"public"."${table}"`, ...parts].join("/");
}

/** By the columns' names, in their order. */
export function schema(columns: readonly Column[]): Record<string, unknown> {
  return Object.fromEntries(
    columns
      .toSorted((one, other) => (one.name < other.name ? -1 : 1))
      .map(({ name, type, dims, modifier, notNull, key }) => [
        name,
        {
          type,
          ...(dims > 0 && { dims }),
          ...modified(type, modifier),
          ...(notNull && { not_null: true }),
          ...(key !== undefined && { pk_index: key }),
        },
      ]),
  );
}

/** What is in the brackets behind a type. */
export function modified(type: string, modifier: number): Record<string, number> {
  if (modifier < 0) return {};
  const size = modifier - 4;
  if (type === "varchar" || type === "bpchar") return { max_length: size };
  return type === "numeric" ? { precision: size >> 16, scale: size & 0xffff } : { type_mod: modifier };
}
