import { randomUUID } from "node:crypto";

import { canEdit } from "./access.js";
import type { Query } from "./database.js";
import { Refusal } from "./errors.js";
import { columnOf, modelOf, rowKey, type Models, type ServerModel } from "./model.js";
import type { Change } from "./protocol.js";
import { EVERYBODY, scopeKey, scopeValues, type Hooks, type User, type Write } from "./server.js";

/** A change that has passed the checks: what is to be done. */
export interface Step {
  readonly model: ServerModel;
  readonly operation: Change["operation"];
  readonly key: Readonly<Record<string, string>>;
  /** The key's text in `sync_row`. */
  readonly rowKey: string;
  /** The columns to set, without the key. */
  readonly value: Readonly<Record<string, string | null>>;
  /** The scope that the row is in afterwards, where the change says so. */
  readonly scope: string | null;
  /** Whether the server has made the key. */
  readonly hasMadeKey: boolean;
}

/** Keys that the server has made in place of temporary ones, by model. */
export class MadeKeys {
  readonly #keys = new Map<string, string>();

  add(model: string, temporary: string, made: string): void {
    this.#keys.set(`${model} ${temporary}`, made);
  }

  get isEmpty(): boolean {
    return this.#keys.size === 0;
  }

  get(model: string, key: string): string {
    return this.#keys.get(`${model} ${key}`) ?? key;
  }
}

/** The change with the keys that the server has made instead of the temporary ones. */
export function withMadeKeys(models: Models, made: MadeKeys, change: Change): Change {
  const model = modelOf(models, change.table);
  if (model === undefined || made.isEmpty) return change;
  const put = ([name, value]: [string, string | null]): [string, string | null] => {
    const parent = columnOf(model, name)?.references;
    return [name, value !== null && parent !== undefined ? made.get(parent, value) : value];
  };
  const key = Object.entries(change.key).map(([name, value]): [string, string] => {
    const [, put_] = put([name, value]);
    return [name, model.made?.column === name ? made.get(model.name, value) : (put_ ?? value)];
  });
  const value = Object.entries(change.value).map(put);
  return { ...change, key: Object.fromEntries(key), value: Object.fromEntries(value) };
}

/** Makes as many keys for new rows of a model. */
export async function makeKeys(query: Query, model: ServerModel, count: number): Promise<string[]> {
  const column = model.made && model.columns[model.made.column];
  if (model.made === undefined || column === undefined || count === 0) return [];
  if (model.made.as === "uuid") return Array.from({ length: count }, () => randomUUID());
  const name = column.sql.slice(1, -1).replaceAll('""', '"');
  const rows = await query(
    "SELECT nextval(pg_get_serial_sequence($1::text, $2::text))::text AS key FROM generate_series(1, $3::int)",
    [model.table, name, String(count)],
  );
  return rows.map(({ key }) => key ?? "");
}

/** Checks a change: whether the user may, the model allows it, the columns may be set, the values are valid, the scope is theirs. */
export async function check(query: Query, models: Models, hooks: Hooks, user: User, change: Change): Promise<Step> {
  const model = modelOf(models, change.table);
  if (model === undefined) throw new Refusal(404, "unknown_table", "there is no such model");
  const { operation } = change;
  const key = checkKey(model, change.key);
  const write: Write = { user, table: model.name, operation, key, value: change.value };
  if (hooks.authorize !== undefined && !(await hooks.authorize(write, query))) {
    throw new Refusal(403, "forbidden", "the user may not do that");
  }
  checkRoles(model, user, change);
  checkOperation(model, operation);
  const given = operation === "delete" ? {} : checkColumns(model, operation, change.value);
  const value = operation === "delete" ? given : checkValues(model, operation, given);
  const kept = hooks.beforeWrite === undefined ? value : await hooks.beforeWrite({ ...write, value }, query);
  const scoped = scopeOf(model, user, operation, key, kept);
  return { model, operation, key, rowKey: rowKey(model, key), hasMadeKey: isMade(model, operation), ...scoped };
}

/** Whether the server makes the key of the row that is inserted. */
export function isMade(model: ServerModel, operation: Change["operation"]): boolean {
  return operation === "insert" && model.made !== undefined;
}

function checkKey(model: ServerModel, key: Readonly<Record<string, string>>): Record<string, string> {
  const entries = model.key.map((name) => {
    const text = Object.hasOwn(key, name) ? key[name] : undefined;
    if (text === undefined) throw new Refusal(422, "required", `the key lacks \`${name}\``, name);
    return [name, canonical(columnOf(model, name)?.type ?? "TEXT", text, name)] as const;
  });
  return Object.fromEntries(entries);
}

/** The text that PostgreSQL has for a key. */
function canonical(type: string, text: string, name: string): string {
  const invalid = () => new Refusal(422, "invalid", `\`${name}\` isn't a key of this model`, name);
  if (text.includes("\0") || text.length > 1_000) throw invalid();
  switch (type) {
    case "UUID":
      if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) throw invalid();
      return text.toLowerCase();
    case "INTEGER":
    case "BIGINT":
      if (!/^-?\d{1,19}$/.test(text) || BigInt.asIntN(type === "BIGINT" ? 64 : 32, BigInt(text)) !== BigInt(text)) {
        throw invalid();
      }
      return String(BigInt(text));
    default:
      return text;
  }
}

/** What none of the user's roles may set; what is in no group, a user without roles may as well. Of owners, the database knows more. */
function checkRoles({ access, columns }: ServerModel, user: User, { operation, value }: Change): void {
  if (access === undefined) return;
  const roles = ["", ...(user.roles ?? [])];
  const given = Object.keys(value).filter((name) => Object.hasOwn(columns, name));
  const set = given.filter((name) => operation !== "insert" || value[name] !== null);
  const refused = set.find((name) => !roles.some((role) => canEdit(access, role, name, true)));
  if (refused === undefined) return;
  throw new Refusal(403, "forbidden", `none of the user's roles may set \`${refused}\``, refused);
}

function checkOperation(model: ServerModel, operation: Change["operation"]): void {
  const allowed = { insert: model.insert !== null, update: model.update !== null, delete: model.canDelete };
  if (!allowed[operation]) throw new Refusal(405, "not_allowed", `rows of this model can't have a ${operation}`);
}

/** The columns that a write sets. In an insert, null is the same as nothing, so that defaults are taken. */
function checkColumns(
  model: ServerModel,
  operation: "insert" | "update",
  value: Change["value"],
): Record<string, string | null> {
  const settable = operation === "insert" ? model.insertable : model.updatable;
  const columns = Object.entries(value).filter(([name, text]) => {
    if (columnOf(model, name) === undefined) throw new Refusal(422, "unknown_column", `there is no \`${name}\``, name);
    if (model.key.includes(name)) throw new Refusal(422, "read_only", `\`${name}\` is a part of the key`, name);
    const isNothing = operation === "insert" && text === null;
    if (!isNothing && !settable.includes(name)) {
      throw new Refusal(422, "read_only", `\`${name}\` can't be set`, name);
    }
    return !isNothing;
  });
  return Object.fromEntries(columns);
}

function checkValues(
  model: ServerModel,
  operation: "insert" | "update",
  value: Record<string, string | null>,
): Record<string, string | null> {
  const result = (operation === "insert" ? model.insert : model.update)?.safeParse(value);
  const issue = result?.error?.issues[0];
  if (issue === undefined) return value;
  const column = String(issue.path[0] ?? "");
  if (!Object.hasOwn(value, column)) throw new Refusal(422, "required", `\`${column}\` is missing`, column);
  throw new Refusal(422, "invalid", `\`${column}\` ${issue.message}`, column);
}

/** Puts the owner in where a new row lacks one and there is no choice, and checks that the row will be one of the user's. */
function scopeOf(
  model: ServerModel,
  user: User,
  operation: Change["operation"],
  key: Readonly<Record<string, string>>,
  value: Readonly<Record<string, string | null>>,
): Pick<Step, "value" | "scope"> {
  const values = scopeValues(model, user);
  if (model.scope === undefined || values === null) return { value, scope: EVERYBODY };
  const { column, kind } = model.scope;
  const checked = (text: string | null) => {
    const type = columnOf(model, column)?.type ?? "TEXT";
    const scope = text === null ? null : canonical(type, text, column);
    if (scope === null || !values.includes(scope)) {
      throw new Refusal(403, "forbidden", "the row wouldn't be in a scope of the user", column);
    }
    return scopeKey(kind, scope);
  };
  if (model.key.includes(column)) return { value, scope: checked(key[column] ?? null) };
  const given = Object.hasOwn(value, column) ? value[column] : undefined;
  if (given !== undefined) return { value, scope: checked(given) };
  if (operation !== "insert") return { value, scope: null };
  const [only, ...others] = values;
  if (only === undefined) throw new Refusal(403, "forbidden", "the user has no scope for such a row", column);
  if (others.length > 0) throw new Refusal(422, "required", `\`${column}\` must say whose row it is`, column);
  return { value: { ...value, [column]: only }, scope: scopeKey(kind, only) };
}
