import { Batches } from "./batches.js";
import type { Step } from "./changes.js";
import { hasSeen, hasSeenAll, isLater, isLaterThanAll, type Incoming, type Known } from "./conflicts.js";
import { elements, textArray, type Query } from "./database.js";
import { Refusal } from "./errors.js";
import type { ServerModel } from "./model.js";
import type { Place, Values } from "./protocol.js";
import { readRow } from "./rows.js";
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
  /** The write that is under way. */
  current = "";

  readonly query: Query;
  readonly user: User;
  /** What the client calls its local database. */
  readonly device: string;
  readonly client: string;
  readonly hooks: Hooks;
  readonly #batches: Batches;

  constructor(query: Query, user: User, device: string, hooks: Hooks) {
    this.query = query;
    this.user = user;
    this.device = device;
    this.client = clientOf(user, device);
    this.hooks = hooks;
    this.#batches = new Batches(query);
  }

  /** Applies edits in their order. With `isTogether`, those that are alike become one statement, where that makes no difference. */
  async all(edits: readonly Edit[], isTogether: boolean): Promise<Outcome[]> {
    const outcomes = new Map<Edit, Outcome>();
    for (const alike of isTogether ? await this.#batches.of(edits) : edits.map((edit) => [edit])) {
      const [first] = alike;
      if (first === undefined) continue;
      this.current = first.writeId;
      const { operation, model } = first.step;
      if (operation === "insert") await this.#insert(model, alike);
      else if (model.conflict === "merge") await this.#write(model, alike);
      else for (const [edit, outcome] of await this.#decide(model, alike)) outcomes.set(edit, outcome);
    }
    return edits.map((edit) => outcomes.get(edit) ?? "applied");
  }

  /** What the triggers are told of the rows that a statement writes. */
  #told(edits: readonly Edit[], columns: (edit: Edit) => readonly string[]): string {
    // As text, since an object of 500 such names takes V8 five times as long.
    const rows = edits.map((edit) => {
      const told = { w: edit.writeId, ...rowStamp(edit), ...columnStamps(edit, columns(edit)) };
      return `${JSON.stringify(place(edit.step))}:${JSON.stringify(told)}`;
    });
    const [client, device] = [this.client, this.device].map((name) => JSON.stringify(name));
    return `{"client":${client},"device":${device},"rows":{${rows.join(",")}}}`;
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
      `${TOLD}
      INSERT INTO ${model.table} AS _t (${columns.map((column) => column?.sql).join(", ")})
      OVERRIDING SYSTEM VALUE
      SELECT ${select.join(", ")}
      FROM _s, ${elements("$1")} WITH ORDINALITY AS _e (value, place)
      WHERE _s.told IS NOT NULL AND $2::text IS NOT NULL
      ORDER BY _e.place${this.#revival(model)}
      RETURNING 'true' AS done`,
      [JSON.stringify(data), JSON.stringify(scopeValues(model, this.user) ?? []), this.#told(edits, () => ["*"])],
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
    const condition = `_s.told IS NOT NULL AND ${key.join(" AND ")} AND ${isLive(model, "_t")} AND ${inScope(model, "_t", "$2")}`;
    const source = `_s, ${elements("$1")} AS _e (value)`;
    const written = `jsonb_build_array(${model.key.map((name) => `_t.${model.columns[name]?.sql}::text`).join(", ")})::text AS key`;
    const statement = {
      // Nothing to set, but the row has to be there.
      none: `SELECT ${written} FROM ${model.table} AS _t, ${source} WHERE ${condition}`,
      set: `UPDATE ${model.table} AS _t SET ${set} FROM ${source} WHERE ${condition} RETURNING ${written}`,
      delete: `DELETE FROM ${model.table} AS _t USING ${source} WHERE ${condition} RETURNING ${written}`,
    };
    const data = edits.map(({ step }) => [
      ...names.map((name) => step.value[name] ?? null),
      ...model.key.map((name) => step.key[name] ?? null),
    ]);
    const kind = set !== "" ? "set" : operation === "delete" ? "delete" : "none";
    const rows = await this.query(`${TOLD} ${statement[kind]}`, [
      JSON.stringify(data),
      JSON.stringify(scopeValues(model, this.user) ?? []),
      this.#told(edits, ({ step }) => (step.operation === "delete" ? ["*"] : Object.keys(step.value))),
    ]);
    if (rows.length === edits.length) return;
    const found = new Set(rows.map((row) => row["key"]));
    await this.#checkGone(
      model,
      edits.filter(({ step }) => !found.has(step.rowKey)),
    );
  }

  /** A row that isn't there: a delete of one that the user saw deleted is done, all else is refused. */
  async #checkGone(model: ServerModel, edits: readonly Edit[]): Promise<void> {
    const known = await this.#known(model, edits);
    for (const { step, writeId } of edits) {
      this.current = writeId;
      if (step.operation === "delete" && known.get(step.rowKey)?.isDeleted) continue;
      throw new Refusal(404, "not_found", "the row isn't there");
    }
  }

  /** Writes what of edits holds against the edits of others. */
  async #decide(model: ServerModel, edits: readonly Edit[]): Promise<Map<Edit, Outcome>> {
    const known = await this.#known(model, edits);
    const outcomes = new Map<Edit, Outcome>();
    const decided: Edit[] = [];
    for (const edit of edits) {
      this.current = edit.writeId;
      const value = await this.#holding(edit, known.get(edit.step.rowKey));
      if (typeof value === "string") outcomes.set(edit, value);
      else decided.push({ ...edit, step: { ...edit.step, value } });
    }
    for (const alike of await this.#batches.of(decided)) {
      this.current = alike[0]?.writeId ?? "";
      await this.#write(model, alike);
    }
    return outcomes;
  }

  /** The columns that an edit sets; or its outcome, where nothing is to be written. */
  async #holding(edit: Edit, known: Known | undefined): Promise<Step["value"] | Outcome> {
    const { step } = edit;
    if (known === undefined) throw new Refusal(404, "not_found", "the row isn't there");
    const incoming = { ...edit.incoming, base: edit.baseOf(known.place) };
    if (known.isDeleted) return this.#onDeleted(step, known, incoming);
    const names = Object.keys(step.value);
    if (step.model.conflict === "reject") {
      const isDelete = step.operation === "delete";
      const others = names.filter((name) => !hasSeen(known, name, incoming));
      const isConflict = others.length > 0 || (isDelete && !hasSeenAll(known, incoming));
      return isConflict ? this.#resolved(step, others) : step.value;
    }
    if (step.operation === "delete") return isLaterThanAll(known, incoming) ? {} : "superseded";
    const winning = Object.entries(step.value).filter(([name]) => isLater(known, name, incoming));
    return winning.length === 0 && names.length > 0 ? "superseded" : Object.fromEntries(winning);
  }

  #onDeleted(step: Step, known: Known, incoming: Incoming): Outcome {
    if (step.operation === "delete") return "applied";
    if (step.model.conflict === "last-write-wins" && !isLaterThanAll(known, incoming)) return "superseded";
    throw new Refusal(404, "not_found", "the row isn't there");
  }

  async #resolved(step: Step, columns: readonly string[]): Promise<Values> {
    const { model, operation, key } = step;
    const row = await readRow(this.query, model, this.user, step.rowKey);
    if (row === undefined) throw new Refusal(404, "not_found", "the row isn't there");
    const conflict = { user: this.user, table: model.name, operation, key, value: step.value, row, columns };
    const resolved = (await this.hooks.resolve?.(conflict, this.query)) ?? null;
    if (resolved === null) throw new ConflictRefusal(columns[0], row);
    return resolved;
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
    const row = await readRow(this.query, model, this.user, step.rowKey);
    if (row !== undefined && row[column] !== this.user.id) throw refusal;
  }

  /** What is known of the rows, by their keys: where one has gone from several scopes, of the last. */
  async #known(model: ServerModel, edits: readonly Edit[]): Promise<Map<string, Known>> {
    const rows = await this.query(
      `SELECT r.row_key, r.scope, s.epoch::text AS epoch, r.version::text AS version, r.is_deleted::text AS is_deleted, r.column_versions::text AS columns
      FROM unnest(${textArray("$2")}) AS k (key)
      JOIN sync_row AS r ON r.table_name = $1 AND r.row_key = k.key
      JOIN sync_scope AS s ON s.scope = r.scope
      WHERE r.scope = ANY (${textArray("$3")})
      ORDER BY r.is_deleted DESC, r.at`,
      [model.name, JSON.stringify(edits.map(({ step }) => step.rowKey)), JSON.stringify(scopesFor(model, this.user))],
    );
    const known = rows.map((row): [string, Known] => [
      row["row_key"] ?? "",
      {
        place: { scope: row["scope"] ?? "", epoch: row["epoch"] ?? "", version: row["version"] ?? "0" },
        isDeleted: row["is_deleted"] === "true",
        columns: row["columns"] == null ? null : (JSON.parse(row["columns"]) as Known["columns"]),
      },
    ]);
    return new Map(known);
  }
}

/** The name of a device that no other user's has. */
export function clientOf(user: User, device: string): string {
  return `${user.id}/${device}`;
}

/** The scopes that rows of a model can be in for a user. */
export function scopesFor(model: ServerModel, user: User): string[] {
  const values = scopeValues(model, user);
  return values === null ? ["*"] : values.map((value) => `${model.scope?.kind}:${value}`);
}

/**
 * Tells the triggers of a statement what it writes. A push that goes on for long waits for nobody: whoever waits for its rows
 * would be ended by PostgreSQL after `deadlock_timeout`, which is a second, where it waits for one of theirs.
 */
const TOLD = `WITH _s AS MATERIALIZED (
  SELECT
    set_config('sync.pushed', $3, true)
    || set_config('lock_timeout', CASE WHEN clock_timestamp() > now() + INTERVAL '400 ms' THEN '1ms' ELSE '100ms' END, true) AS told
)`;

/** A row's name for the triggers. */
function place({ model, rowKey }: Step): string {
  return model.name + rowKey;
}

/** The stamp of the row, where the model shows it. */
function rowStamp({ incoming, step }: Edit): { s?: string } {
  return step.model.metadata === undefined ? {} : { s: stampText(incoming.shifted) };
}

/** The stamps of columns, where the model keeps them. */
function columnStamps({ incoming, step }: Edit, names: readonly string[]): { k?: Record<string, unknown> } {
  if (step.model.conflict === "merge") return {};
  const entry = { s: stampText(incoming.shifted), o: incoming.own && stampText(incoming.own) };
  return { k: Object.fromEntries(names.map((name) => [name, entry])) };
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
