import type { Step } from "./changes.js";
import { hasSeen, hasSeenAll, isLater, isLaterThanAll, type Incoming, type Known } from "./conflicts.js";
import type { Query } from "./database.js";
import { Refusal } from "./errors.js";
import type { ServerModel } from "./model.js";
import type { Place, Values } from "./protocol.js";
import { readRows } from "./rows.js";
import { inScope, isLive, scopeValues, type Hooks, type User } from "./server.js";
import { stampText } from "./stamps.js";

/** A step with what is known of the edit. */
export interface Edit {
  readonly step: Step;
  readonly writeId: string;
  readonly incoming: Omit<Incoming, "base">;
  readonly baseOf: (place: Place) => bigint | null;
}

export type Outcome = "applied" | "superseded";

/** A refusal with the server's row beside it. */
export class ConflictRefusal extends Refusal {
  readonly row: Values | null;

  constructor(column: string | undefined, row: Values | null) {
    const what = column === undefined ? "the row" : `\`${column}\``;
    super(409, "conflict", `${what} was changed in the meantime`, column);
    this.row = row;
  }
}

/** Writes edits to the database, within a transaction. */
export class Applier {
  /** What the triggers are told of the rows that are written next. */
  #pushed: Record<string, unknown> = {};
  /** The write that is under way. */
  current = "";

  readonly query: Query;
  readonly user: User;
  readonly client: string;
  readonly hooks: Hooks;

  constructor(query: Query, user: User, client: string, hooks: Hooks) {
    this.query = query;
    this.user = user;
    this.client = client;
    this.hooks = hooks;
  }

  /** Applies edits in their order. With `isTogether`, consecutive ones that are alike become one statement. */
  async all(edits: readonly Edit[], isTogether: boolean): Promise<Outcome[]> {
    const rows = edits.map((edit) => [place(edit.step), { w: edit.writeId, k: columnStamps(edit, ["*"]) }] as const);
    await this.#tell(Object.fromEntries(rows));
    const outcomes: Outcome[] = [];
    for (let index = 0; index < edits.length;) {
      const alike = isTogether ? alikeFrom(edits, index) : edits.slice(index, index + 1);
      const [first] = alike;
      if (first === undefined) break;
      this.current = first.writeId;
      if (first.step.operation === "insert") {
        await this.#insert(first.step.model, alike);
        outcomes.push(...alike.map(() => "applied" as const));
      } else if (first.step.model.conflict === "merge") {
        await this.#write(first.step.model, alike);
        outcomes.push(...alike.map(() => "applied" as const));
      } else {
        outcomes.push(await this.#decide(first));
      }
      index += alike.length;
    }
    return outcomes;
  }

  async #tell(rows: Record<string, unknown>): Promise<void> {
    this.#pushed = rows;
    await this.query("SELECT set_config('sync.pushed', $1, true)", [JSON.stringify({ client: this.client, rows })]);
  }

  async #insert(model: ServerModel, edits: readonly Edit[]): Promise<void> {
    const [first] = edits;
    if (first === undefined) return;
    await this.#checkOwner(model, first);
    const values = Object.keys(first.step.value);
    const names = [...model.key, ...values];
    const columns = names.map((name) => model.columns[name]);
    const select = columns.map((column, index) => `(_e.value->>${index})::${column?.type}`);
    const data = edits.map(({ step }) => names.map((name) => step.value[name] ?? step.key[name] ?? null));
    const inserted = await this.query(
      `INSERT INTO ${model.table} AS _t (${columns.map((column) => column?.sql).join(", ")})
      SELECT ${select.join(", ")}
      FROM jsonb_array_elements($1::text::jsonb) WITH ORDINALITY AS _e (value, place)
      WHERE $2::text IS NOT NULL
      ORDER BY _e.place${this.#revival(model)}
      RETURNING 'true' AS done`,
      [JSON.stringify(data), JSON.stringify(scopeValues(model, this.user) ?? [])],
    );
    if (inserted.length < edits.length) throw new Refusal(409, "exists", "a row with this key is there already");
  }

  /** An insert of the key of a row that is only marked as deleted makes the row anew. */
  #revival(model: ServerModel): string {
    if (model.softDelete === undefined) return "";
    const key = model.key.map((name) => model.columns[name]?.sql).join(", ");
    const others = Object.entries(model.columns).filter(([name]) => !model.key.includes(name));
    const set = others.map(([, column]) => `${column.sql} = EXCLUDED.${column.sql}`).join(", ");
    return ` ON CONFLICT (${key}) DO UPDATE SET ${set} WHERE NOT (${isLive(model, "_t")}) AND ${inScope(model, "_t", "$2")}`;
  }

  /** Updates or deletes rows of one model. */
  async #write(model: ServerModel, edits: readonly Edit[]): Promise<void> {
    const [first] = edits;
    if (first === undefined) return;
    const { operation } = first.step;
    const names = Object.keys(first.step.value);
    await this.#checkOwner(model, first);
    const set = operation === "delete" ? deletion(model) : assignments(model, names);
    const key = model.key.map((name, index) => {
      const column = model.columns[name];
      return `_t.${column?.sql} = (_e.value->>${names.length + index})::${column?.type}`;
    });
    const condition = `${key.join(" AND ")} AND ${isLive(model, "_t")} AND ${inScope(model, "_t", "$2")}`;
    const source = "jsonb_array_elements($1::text::jsonb) AS _e (value)";
    const statement = {
      // Nothing to set, but the row has to be there.
      none: `SELECT 'true' AS done FROM ${model.table} AS _t, ${source} WHERE ${condition}`,
      set: `UPDATE ${model.table} AS _t SET ${set} FROM ${source} WHERE ${condition} RETURNING 'true' AS done`,
      delete: `DELETE FROM ${model.table} AS _t USING ${source} WHERE ${condition} RETURNING 'true' AS done`,
    };
    const data = edits.map(({ step }) => [
      ...names.map((name) => step.value[name] ?? null),
      ...model.key.map((name) => step.key[name] ?? null),
    ]);
    const kind = set !== "" ? "set" : operation === "delete" ? "delete" : "none";
    const written = await this.query(statement[kind], [
      JSON.stringify(data),
      JSON.stringify(scopeValues(model, this.user) ?? []),
    ]);
    if (written.length < edits.length) {
      for (const edit of edits) await this.#checkGone(edit);
    }
  }

  /** A row that isn't there: a delete of one that the user saw deleted is done, all else is refused. */
  async #checkGone({ step }: Edit): Promise<void> {
    const known = await this.#known(step);
    if (step.operation === "delete" && known?.isDeleted) return;
    throw new Refusal(404, "not_found", "the row isn't there");
  }

  /** Writes what of an edit holds against the edits of others. */
  async #decide(edit: Edit): Promise<Outcome> {
    const { step } = edit;
    const known = await this.#known(step);
    if (known === null) throw new Refusal(404, "not_found", "the row isn't there");
    const incoming = { ...edit.incoming, base: edit.baseOf(known.place) };
    if (known.isDeleted) return this.#onDeleted(step, known, incoming);
    const names = Object.keys(step.value);
    if (step.model.conflict === "reject") {
      const isDelete = step.operation === "delete";
      const others = names.filter((name) => !hasSeen(known, name, incoming));
      const value =
        others.length > 0 || (isDelete && !hasSeenAll(known, incoming))
          ? await this.#resolved(step, others)
          : step.value;
      await this.#writeColumns(edit, value);
      return "applied";
    }
    if (step.operation === "delete") {
      if (!isLaterThanAll(known, incoming)) return "superseded";
      await this.#writeColumns(edit, {});
      return "applied";
    }
    const winning = Object.entries(step.value).filter(([name]) => isLater(known, name, incoming));
    if (winning.length === 0 && names.length > 0) return "superseded";
    await this.#writeColumns(edit, Object.fromEntries(winning));
    return "applied";
  }

  #onDeleted(step: Step, known: Known, incoming: Incoming): Outcome {
    if (step.operation === "delete") return "applied";
    if (step.model.conflict === "last-write-wins" && !isLaterThanAll(known, incoming)) return "superseded";
    throw new Refusal(404, "not_found", "the row isn't there");
  }

  async #resolved(step: Step, columns: readonly string[]): Promise<Values> {
    const { model, operation, key } = step;
    const row = (await readRows(this.query, model, this.user, [step.rowKey], Object.keys(model.columns))).get(
      step.rowKey,
    );
    if (row === undefined) throw new Refusal(404, "not_found", "the row isn't there");
    const conflict = { user: this.user, table: model.name, operation, key, value: step.value, row, columns };
    const resolved = (await this.hooks.resolve?.(conflict)) ?? null;
    if (resolved === null) throw new ConflictRefusal(columns[0], row);
    return resolved;
  }

  async #writeColumns(edit: Edit, value: Values): Promise<void> {
    const { step } = edit;
    const names = step.operation === "delete" ? ["*"] : Object.keys(value);
    const told = this.#pushed[place(step)] as { k: Record<string, unknown> } | undefined;
    const before = told && !("*" in told.k) ? told.k : {};
    await this.#tell({
      ...this.#pushed,
      [place(step)]: { w: edit.writeId, k: { ...before, ...columnStamps(edit, names) } },
    });
    await this.#write(step.model, [{ ...edit, step: { ...step, value } }]);
  }

  /** What only the owner of a row may see, only the owner may set. */
  async #checkOwner(model: ServerModel, { step }: Edit): Promise<void> {
    const owned = Object.keys(step.value).find((name) => model.columns[name]?.ownerOnly);
    if (owned === undefined) return;
    const refusal = new Refusal(403, "forbidden", `only the owner may set \`${owned}\``, owned);
    if (model.scope === undefined) throw refusal;
    const { column } = model.scope;
    if (step.operation === "insert") {
      if ((step.value[column] ?? step.key[column]) !== this.user.id) throw refusal;
      return;
    }
    const rows = await readRows(this.query, model, this.user, [step.rowKey], [column]);
    const row = rows.get(step.rowKey);
    if (row !== undefined && row[column] !== this.user.id) throw refusal;
  }

  async #known({ model, rowKey }: Step): Promise<Known | null> {
    const scopes = scopesFor(model, this.user);
    const [row] = await this.query(
      `SELECT r.scope, s.epoch::text AS epoch, r.version::text AS version, r.is_deleted::text AS is_deleted, r.column_versions::text AS columns
      FROM sync_row AS r JOIN sync_scope AS s ON s.scope = r.scope
      WHERE r.table_name = $1 AND r.row_key = $2 AND r.scope IN (SELECT jsonb_array_elements_text($3::text::jsonb))
      ORDER BY r.is_deleted, r.at DESC LIMIT 1`,
      [model.name, rowKey, JSON.stringify(scopes)],
    );
    if (row === undefined) return null;
    return {
      place: { scope: row["scope"] ?? "", epoch: row["epoch"] ?? "", version: row["version"] ?? "0" },
      isDeleted: row["is_deleted"] === "true",
      columns: row["columns"] == null ? null : (JSON.parse(row["columns"]) as Known["columns"]),
    };
  }
}

/** The scopes that rows of a model can be in for a user. */
export function scopesFor(model: ServerModel, user: User): string[] {
  const values = scopeValues(model, user);
  return values === null ? ["*"] : values.map((value) => `${model.scope?.kind}:${value}`);
}

/** A row's name for the triggers. */
function place({ model, rowKey }: Step): string {
  return model.name + rowKey;
}

function columnStamps({ incoming }: Edit, names: readonly string[]): Record<string, unknown> {
  const entry = { s: stampText(incoming.shifted), o: incoming.own && stampText(incoming.own) };
  return Object.fromEntries(names.map((name) => [name, entry]));
}

function deletion(model: ServerModel): string {
  const column = model.softDelete && model.columns[model.softDelete.column];
  if (model.softDelete === undefined || column === undefined) return "";
  return `${column.sql} = ${model.softDelete.as === "time" ? "now()" : "true"}`;
}

function assignments(model: ServerModel, names: readonly string[]): string {
  const given = names.map((name, index) => {
    const column = model.columns[name];
    return `${column?.sql} = (_e.value->>${index})::${column?.type}`;
  });
  const times = model.touched.filter((name) => !names.includes(name));
  const touched = given.length > 0 ? times.map((name) => `${model.columns[name]?.sql} = now()`) : [];
  return [...given, ...touched].join(", ");
}

/** The edits from `start` on that one statement can make: of one model and operation, the same columns, different rows. */
function alikeFrom(edits: readonly Edit[], start: number): Edit[] {
  const first = edits[start];
  if (first === undefined) return [];
  const canJoin = first.step.operation === "insert" || first.step.model.conflict === "merge";
  const alike = [first];
  const keys = new Set([first.step.rowKey]);
  const columns = Object.keys(first.step.value).join("\0");
  for (const edit of canJoin ? edits.slice(start + 1) : []) {
    const { model, operation, value, rowKey } = edit.step;
    const isAlike = model === first.step.model && operation === first.step.operation && !keys.has(rowKey);
    if (!isAlike || Object.keys(value).join("\0") !== columns) break;
    if (Object.keys(value).some((name) => model.columns[name]?.ownerOnly)) break;
    keys.add(rowKey);
    alike.push(edit);
  }
  return alike;
}
