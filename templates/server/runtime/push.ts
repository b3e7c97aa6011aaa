import { createHash } from "node:crypto";

import { Applier, ConflictRefusal, scopesFor, type Edit, type Outcome } from "./apply.js";
import { check, isMade, MadeKeys, makeKeys, withMadeKeys, type Step } from "./changes.js";
import { elements, textArray, type Query } from "./database.js";
import { isOfRequest, isTransient, Refusal, refusalOf, RequestError } from "./errors.js";
import { modelOf, type ServerModel } from "./model.js";
import { MAX_CHANGES, PROTOCOL, type Change, type PushAnswer, type PushRequest, type WriteResult } from "./protocol.js";
import { strayReference } from "./references.js";
import { scopesOf, type Server, type User, type Write } from "./server.js";
import { shiftStamps, type Stamps } from "./stamps.js";
import { headsOf, transaction, unavailable, type Head, type Heads, type Start } from "./versions.js";

/** How often a transaction is tried that another one is in the way of. */
const ATTEMPTS = 5;

/** Groups that get a savepoint of their own in one request: what comes behind them is `pending`. */
const MAX_SAVEPOINTS = 64;

/** The channel that tells of new versions. Its payload is the scope. */
export const CHANNEL = "sync_poke";

/** A change on its way: what the request says of it, and what has become of it so far. */
interface Item {
  readonly change: Change;
  readonly index: number;
  readonly model: ServerModel | undefined;
  /** The stored answer, where the write has come before. */
  known?: WriteResult;
  step?: Step;
  refusal?: Refusal;
  /** The write of its group that was refused. */
  refused?: string;
  outcome?: Outcome | "pending";
  /** Of the content, to know another one under the same write id. */
  hash: string;
}

/** Takes edits. */
export async function push(server: Server, user: User, request: PushRequest): Promise<PushAnswer> {
  checkRequest(request);
  for (let attempt = 1; ; attempt += 1) {
    try {
      const done = await transaction(server, user, taking(request), (query, start) =>
        take(server, user, request, query, start, attempt > 1),
      );
      await tell(server, user, done);
      return done.answer;
    } catch (error) {
      if (!isTransient(error)) throw error;
      if (attempt === ATTEMPTS) throw unavailable("the database is busy");
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 20 * 2 ** attempt));
    }
  }
}

interface Done {
  readonly answer: PushAnswer;
  readonly scopes: readonly string[];
  readonly steps: readonly Step[];
}

function checkRequest({ changes, bases }: PushRequest): void {
  if (changes.length > MAX_CHANGES) throw new RequestError(413, "too_large", `more than ${MAX_CHANGES} changes`);
  if (new Set(changes.map((change) => change.write_id)).size < changes.length) {
    throw new RequestError(400, "bad_request", "`changes` has a write id twice");
  }
  if (changes.some(({ base }) => base != null && base >= bases.length)) {
    throw new RequestError(400, "bad_request", "`base` names none of `bases`");
  }
}

/** What the transaction begins with. */
function taking({ client_id, schema, answered, changes }: PushRequest): [string, string[]] {
  const writes = JSON.stringify(changes.map(({ write_id }) => write_id));
  return [
    "sync_take($1, $4, $5, $6::text::jsonb, $7::text::jsonb)",
    [client_id, schema, JSON.stringify(answered), writes],
  ];
}

async function take(
  server: Server,
  user: User,
  request: PushRequest,
  query: Query,
  start: Start,
  isRetry: boolean,
): Promise<Done> {
  const items = request.changes.map((change, index): Item => {
    return { change, index, model: modelOf(server.models, change.table), hash: "" };
  });
  findKnown(request, items, start.answer as Known[]);
  await plan(server, user, query, items);
  if (isRetry) await lockRows(query, items);
  const locked = await lockScopes(query, user, items);
  const stamps = shiftStamps(
    request.changes.map((change) => change.edited_at),
    request.now,
    start.now,
  );
  await applyAll({ server, user, request, query, locked, stamps }, groupsOf(items));
  const results = await remember(query, user, request, items, await resultsOf(query, user, items));
  const done = items.filter(({ outcome }) => outcome === "applied");
  const scopes = results.flatMap(({ place, repeated }) => (place && !repeated ? [place.scope] : []));
  return {
    answer: { protocol: PROTOCOL, stamp: `${start.now}.0`, results },
    // A row that has moved leaves the old scope as well.
    scopes: scopes.length > 0 ? [...locked.keys()] : [],
    steps: done.flatMap(({ step }) => step ?? []),
  };
}

/** A write that has come before, as `sync_take` gives it. */
interface Known {
  readonly id: string;
  readonly schema: string;
  readonly hash: string;
  readonly answer: WriteResult;
}

/** Finds the writes that have come before, and the keys that were made for them. */
function findKnown(request: PushRequest, items: readonly Item[], writes: readonly Known[]): void {
  const known = new Map(writes.map((write) => [write.id, write]));
  for (const item of items) {
    const write = known.get(item.change.write_id);
    if (write === undefined) continue;
    item.known = write.answer;
    // A client of another schema may have lost a column of the write since.
    item.hash = write.schema === request.schema ? write.hash : "";
  }
}

/** Makes keys, puts them into what refers to them, and checks each change that hasn't come before. */
async function plan({ models, hooks }: Server, user: User, query: Query, items: readonly Item[]): Promise<void> {
  const made = await keysFor(query, items);
  for (const item of items) {
    const change = withMadeKeys(models, made, item.change);
    const hash = hashOf(item.model, change);
    if (item.known !== undefined) {
      if (item.hash === "" || item.hash === hash) continue;
      delete item.known;
      item.hash = "";
      item.refusal = new Refusal(422, "reused", "the write id has come before, with another content");
      continue;
    }
    item.hash = hash;
    try {
      item.step = await check(query, models, hooks, user, change);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      item.refusal = error;
    }
  }
}

async function keysFor(query: Query, items: readonly Item[]): Promise<MadeKeys> {
  const made = new MadeKeys();
  const waiting = new Map<ServerModel, string[]>();
  for (const { change, model, known } of items) {
    if (model?.made === undefined || !isMade(model, change.operation)) continue;
    const temporary = change.key[model.made.column] ?? "";
    const stored = known?.key?.[model.made.column];
    if (stored !== undefined) made.add(model.name, temporary, stored);
    else if (known === undefined) waiting.set(model, [...(waiting.get(model) ?? []), temporary]);
  }
  for (const [model, temporary] of waiting) {
    const keys = await makeKeys(query, model, temporary.length);
    temporary.forEach((key, index) => made.add(model.name, key, keys[index] ?? key));
  }
  return made;
}

/** Of what a write does. A key that the server makes isn't a part of it: the server makes another one for each attempt. */
function hashOf(model: ServerModel | undefined, { table, operation, key, value }: Change): string {
  const sorted = (values: Readonly<Record<string, string | null>>) =>
    Object.entries(values).sort(([one], [other]) => (one < other ? -1 : 1));
  const given = Object.fromEntries(
    Object.entries(key).filter(([name]) => !(model && isMade(model, operation) && model.made?.column === name)),
  );
  return createHash("sha256")
    .update(JSON.stringify([table, operation, sorted(given), sorted(value)]))
    .digest("hex");
}

/** Locks the scopes that the changes write to: those that they name, and those where their rows are now. */
async function lockScopes(query: Query, user: User, items: readonly Item[]): Promise<Map<string, Head>> {
  const steps = items.flatMap(({ step }) => step ?? []);
  if (steps.length === 0) return new Map();
  const named = new Set(steps.flatMap(({ scope }) => scope ?? []));
  // The key of an insert is nowhere yet, unless a row that is only marked as deleted has it.
  const there = steps.filter(({ operation, model }) => operation !== "insert" || model.softDelete !== undefined);
  const [row] = await query(
    `SELECT sync_lock(${textArray("$1")} || ARRAY(
      SELECT DISTINCT r.scope FROM ${rowsAt("$2", "$3")} WHERE r.scope = ANY (${textArray("$4")})
    ))::text AS heads`,
    [JSON.stringify([...named]), ...places(there), JSON.stringify(scopesOf(user))],
  );
  return headsOf(JSON.parse(row?.["heads"] ?? "{}") as Heads);
}

/**
 * Locks the rows that are there, before their scopes: in the order of other writers, who have theirs when they commit and need the
 * scopes then. It takes time, so only where somebody was in the way.
 */
async function lockRows(query: Query, items: readonly Item[]): Promise<void> {
  const steps = items.flatMap(({ step }) => (step === undefined || step.operation === "insert" ? [] : step));
  for (const model of new Set(steps.map((step) => step.model))) {
    const columns = model.key.map((name) => model.columns[name]);
    const keys = steps.filter((step) => step.model === model).map(({ key }) => model.key.map((name) => key[name]));
    const isKey = columns.map((column, index) => `_t.${column?.sql} = (_k.key->>${index})::${column?.type}`);
    await query(
      `SELECT 'true' AS is_locked FROM ${model.table} AS _t
      WHERE EXISTS (SELECT FROM ${elements("$1")} AS _k (key) WHERE ${isKey.join(" AND ")})
      ORDER BY ${columns.map((column) => `_t.${column?.sql}`).join(", ")} FOR NO KEY UPDATE`,
      [JSON.stringify(keys)],
    );
  }
}

/** The entries `r` of rows in the log. The parameters are those that `places` gives. */
function rowsAt(tables: string, keys: string): string {
  return `unnest(${textArray(tables)}, ${textArray(keys)}) AS k (table_name, row_key)
    JOIN sync_row AS r ON r.table_name = k.table_name AND r.row_key = k.row_key`;
}

function places(steps: readonly Step[]): [tables: string, keys: string] {
  return [JSON.stringify(steps.map(({ model }) => model.name)), JSON.stringify(steps.map(({ rowKey }) => rowKey))];
}

/** Changes that stand one behind the other and are of one transaction. */
function groupsOf(items: readonly Item[]): Item[][] {
  const groups: Item[][] = [];
  for (const item of items) {
    const last = groups.at(-1);
    if (last?.[0]?.change.transaction_id === item.change.transaction_id) last.push(item);
    else groups.push([item]);
  }
  return groups;
}

interface Work {
  readonly server: Server;
  readonly user: User;
  readonly request: PushRequest;
  readonly query: Query;
  readonly locked: ReadonlyMap<string, Head>;
  readonly stamps: Stamps;
}

/** Applies all groups at once; where something is refused, each in a savepoint of its own. */
async function applyAll(work: Work, groups: readonly Item[][]): Promise<void> {
  const open: Item[][] = [];
  for (const group of groups) {
    if (!refuseGroup(group) && group.some(({ step }) => step)) open.push(group);
  }
  if (open.length === 0 || (await applied(work, open.flat(), true)) === null) return;
  let savepoints = 0;
  for (const group of open) {
    if (savepoints === MAX_SAVEPOINTS) {
      group.forEach((item) => (item.outcome = "pending"));
      continue;
    }
    savepoints += 1;
    const failed = await applied(work, group, false);
    if (failed !== null) {
      const culprit = group.find(({ step, change }) => step && change.write_id === failed.writeId) ?? group[0];
      if (culprit) culprit.refusal = failed.refusal;
      refuseGroup(group);
    }
  }
}

/** Whether one of the group is refused; then all are. */
function refuseGroup(group: readonly Item[]): boolean {
  const culprit = group.find(({ refusal }) => refusal !== undefined);
  if (culprit?.refusal === undefined) return false;
  for (const item of group) {
    if (item.known !== undefined) continue;
    item.refusal = culprit.refusal;
    item.refused = culprit.change.write_id;
  }
  return true;
}

/** Applies changes in a savepoint. Gives what was refused, or null. */
async function applied(
  work: Work,
  items: readonly Item[],
  isTogether: boolean,
): Promise<{ refusal: Refusal; writeId: string } | null> {
  const { query, user, request, server, stamps, locked } = work;
  const fresh = items.filter(({ step, known }) => step !== undefined && known === undefined);
  const client = `${user.id}/${request.client_id}`;
  const edits = fresh.flatMap(({ step, change, index }): Edit[] => {
    if (step === undefined) return [];
    const base = change.base == null ? undefined : request.bases[change.base];
    return [
      {
        step,
        writeId: change.write_id,
        incoming: { client, shifted: stamps.shifted[index] ?? { time: 0, counter: 0 }, own: stamps.own[index] ?? null },
        baseOf: ({ scope, epoch }) => {
          const seen = base !== undefined && Object.hasOwn(base, scope) ? base[scope] : undefined;
          return seen?.epoch === epoch && locked.has(scope) ? BigInt(seen.version) : null;
        },
      },
    ];
  });
  const applier = new Applier(query, user, client, server.hooks);
  await query("SAVEPOINT sync_group");
  try {
    const outcomes = await applier.all(edits, isTogether);
    const stray = await strayReference(query, server.models, user, fresh);
    if (stray !== undefined) {
      applier.current = stray.writeId;
      throw new Refusal(409, "reference", "it refers to a row that isn't there", stray.column);
    }
    // What is checked at the end of a transaction is the group's own fault.
    await query("DO 'BEGIN SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED; END'");
    await query("RELEASE SAVEPOINT sync_group");
    fresh.forEach((item, index) => (item.outcome = outcomes[index] ?? "applied"));
    return null;
  } catch (error) {
    if (isOfRequest(error)) throw error;
    await query("ROLLBACK TO SAVEPOINT sync_group");
    await query("RELEASE SAVEPOINT sync_group");
    if (!(error instanceof Refusal)) server.onError(error);
    return { refusal: refusalOf(error), writeId: applier.current };
  }
}

/** The results, those of applied changes without their places. */
async function resultsOf(query: Query, user: User, items: readonly Item[]): Promise<WriteResult[]> {
  const own = new Set(scopesOf(user));
  const now = await headsOfKnown(query, items);
  return items.map((item): WriteResult => {
    const { known, step, refusal, outcome } = item;
    const result = { write_id: item.change.write_id, repeated: false };
    if (known !== undefined) return { ...upToDate(known, own, now), repeated: true };
    if (refusal !== undefined) return { ...result, status: "rejected", ...rejection(item, refusal) };
    if (outcome === "pending" || step === undefined) return { ...result, status: "pending" };
    if (outcome === "superseded") return { ...result, status: "superseded" };
    return { ...result, status: "applied", ...(step.hasMadeKey ? { key: step.key } : {}) };
  });
}

/** The scopes of stored answers, as they are now. */
async function headsOfKnown(query: Query, items: readonly Item[]): Promise<Map<string, Head>> {
  const scopes = new Set(items.flatMap(({ known }) => known?.place?.scope ?? []));
  if (scopes.size === 0) return new Map();
  const [row] = await query(`SELECT sync_heads(${textArray("$1")})::text AS heads`, [JSON.stringify([...scopes])]);
  return headsOf(JSON.parse(row?.["heads"] ?? "{}") as Heads);
}

function rejection({ change, refused }: Item, refusal: Refusal): Pick<WriteResult, "error" | "row"> {
  const { status, code, message, column } = refusal;
  const write_id = refused ?? change.write_id;
  const error = { status, code, message, ...(column === undefined ? {} : { column }), write_id };
  const isOwn = refusal instanceof ConflictRefusal && write_id === change.write_id;
  return isOwn ? { error, row: refusal.row } : { error };
}

/** A stored answer, with a place that will still be reached. */
function upToDate(answer: WriteResult, own: ReadonlySet<string>, now: ReadonlyMap<string, Head>): WriteResult {
  const { place, ...rest } = answer;
  const head = place && now.get(place.scope);
  if (place === undefined) return answer;
  if (head === undefined || !own.has(place.scope)) return rest;
  if (head.epoch === place.epoch) return answer;
  return { ...rest, place: { scope: place.scope, epoch: head.epoch, version: String(head.version) } };
}

/** What `sync_answer` gives. */
interface Answered {
  readonly heads: Heads;
  /** Of each answer; null where its row is nowhere that the user sees. */
  readonly places: readonly (readonly [scope: string | null, version: string | null])[];
  readonly stored: number;
}

/**
 * Stores the answers, rejections included: a request that was held up on its way must not apply what the user has given up. Gives
 * them with the places where the rows of applied changes are to be seen.
 */
async function remember(
  query: Query,
  user: User,
  request: PushRequest,
  items: readonly Item[],
  results: readonly WriteResult[],
): Promise<WriteResult[]> {
  const models = new Set<ServerModel>();
  const answers = results.flatMap((result, index): unknown[][] => {
    const { hash = "", step, outcome } = items[index] ?? {};
    if (result.repeated || result.status === "pending" || hash === "") return [];
    const answer = [result.write_id, hash, result];
    if (step === undefined || outcome !== "applied") return [answer];
    models.add(step.model);
    return [[...answer, step.model.name, step.rowKey]];
  });
  if (answers.length === 0) return [...results];
  const scopes = new Set([...models].flatMap((model) => scopesFor(model, user)));
  const [row] = await query(`SELECT sync_answer($1, $2, $3, ${textArray("$4")}, $5::text::jsonb)::text AS done`, [
    user.id,
    request.client_id,
    request.schema,
    JSON.stringify([...scopes]),
    JSON.stringify(answers),
  ]);
  const done = JSON.parse(row?.["done"] ?? "{}") as Answered;
  // Another device with a copy of the database has sent one of them at this moment: once more, to find it.
  if (done.stored < answers.length) throw Object.assign(new Error("a write has come twice"), { code: "40001" });
  const places = new Map(answers.map(([writeId], index) => [writeId, done.places[index]]));
  return results.map((result) => {
    const [scope, version] = places.get(result.write_id) ?? [];
    const epoch = scope == null ? undefined : done.heads[scope]?.epoch;
    return scope == null || version == null || epoch === undefined
      ? result
      : { ...result, place: { scope, epoch, version } };
  });
}

/** Tells streams and the application of what is now in the database. */
async function tell({ database, hooks, onError }: Server, user: User, { scopes, steps }: Done): Promise<void> {
  try {
    if (scopes.length > 0) {
      await database.query(
        "SELECT pg_notify($1, left(s, 1000))::text FROM jsonb_array_elements_text($2::text::jsonb) AS s",
        [CHANNEL, JSON.stringify(scopes)],
      );
    }
    const writes = steps.map(({ model, operation, key, value }): Write => {
      return { user, table: model.name, operation, key, value };
    });
    if (writes.length > 0) await hooks.afterCommit?.(writes);
  } catch (error) {
    onError(error);
  }
}
