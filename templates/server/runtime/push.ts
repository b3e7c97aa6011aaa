import { createHash } from "node:crypto";

import { Applier, ConflictRefusal, scopesFor, type Edit, type Outcome } from "./apply.js";
import { check, isMade, MadeKeys, makeKeys, withMadeKeys, type Step } from "./changes.js";
import type { Query } from "./database.js";
import { isOfRequest, isTransient, Refusal, refusalOf, RequestError } from "./errors.js";
import { modelOf, type ServerModel } from "./model.js";
import {
  MAX_CHANGES,
  PROTOCOL,
  type Change,
  type Place,
  type PushAnswer,
  type PushRequest,
  type WriteResult,
} from "./protocol.js";
import { strayReference } from "./references.js";
import { scopesOf, type Server, type User, type Write } from "./server.js";
import { shiftStamps, type Stamps } from "./stamps.js";
import { heads, lockedHeads, transaction, unavailable, type Head, type Start } from "./versions.js";

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
      const done = await transaction(server, "write", user, (query, start) =>
        take(server, user, request, query, start),
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

async function take(server: Server, user: User, request: PushRequest, query: Query, start: Start): Promise<Done> {
  await registerClient(query, user, request);
  await forgetAnswered(query, user, request.answered);
  const items = request.changes.map((change, index): Item => {
    return { change, index, model: modelOf(server.models, change.table), hash: "" };
  });
  await findKnown(query, user, request, items);
  await plan(server, user, query, items);
  const locked = await lockedHeads(query, await touchedScopes(query, user, items));
  const stamps = shiftStamps(
    request.changes.map((change) => change.edited_at),
    request.now,
    start.now,
  );
  await applyAll({ server, user, request, query, locked, stamps }, groupsOf(items));
  const results = await resultsOf(query, user, items);
  await remember(query, user, request, items, results);
  const done = items.filter(({ outcome }) => outcome === "applied");
  const scopes = results.flatMap(({ place, repeated }) => (place && !repeated ? [place.scope] : []));
  return {
    answer: { protocol: PROTOCOL, stamp: `${start.now}.0`, results },
    // A row that has moved leaves the old scope as well.
    scopes: scopes.length > 0 ? [...locked.keys()] : [],
    steps: done.flatMap(({ step }) => step ?? []),
  };
}

/** Lets one push of a client go after the other: the same request may come twice at a time. */
async function registerClient(query: Query, user: User, { client_id, schema }: PushRequest): Promise<void> {
  await query(
    `INSERT INTO sync_client AS c (user_id, client_id, schema) VALUES ($1, $2, $3)
    ON CONFLICT (user_id, client_id) DO UPDATE SET schema = EXCLUDED.schema, seen_at = now()`,
    [user.id, client_id, schema],
  );
}

/** Answers that the client has are kept for a day more, against requests that were held up on their way. */
async function forgetAnswered(query: Query, user: User, answered: readonly string[]): Promise<void> {
  if (answered.length === 0) return;
  await query(
    `UPDATE sync_write SET answered_at = now()
    WHERE user_id = $1 AND answered_at IS NULL AND write_id IN (SELECT jsonb_array_elements_text($2::text::jsonb))`,
    [user.id, JSON.stringify(answered)],
  );
  await query("DELETE FROM sync_write WHERE user_id = $1 AND answered_at < now() - interval '1 day'", [user.id]);
}

/** Finds the writes that have come before, and the keys that were made for them. */
async function findKnown(query: Query, user: User, request: PushRequest, items: readonly Item[]): Promise<void> {
  const rows = await query(
    `SELECT write_id, schema, request_hash, answer::text AS answer FROM sync_write
    WHERE user_id = $1 AND write_id IN (SELECT jsonb_array_elements_text($2::text::jsonb))`,
    [user.id, JSON.stringify(items.map(({ change }) => change.write_id))],
  );
  const known = new Map(rows.map((row) => [row["write_id"], row]));
  for (const item of items) {
    const row = known.get(item.change.write_id);
    if (row === undefined) continue;
    item.known = JSON.parse(row["answer"] ?? "{}") as WriteResult;
    // A client of another schema may have lost a column of the write since.
    item.hash = row["schema"] === request.schema ? (row["request_hash"] ?? "") : "";
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

/** The scopes that the changes write to: those that they name, and those where their rows are now. */
async function touchedScopes(query: Query, user: User, items: readonly Item[]): Promise<string[]> {
  const steps = items.flatMap(({ step }) => step ?? []);
  // The key of an insert is nowhere yet, unless a row that is only marked as deleted has it.
  const there = steps.filter(({ operation, model }) => operation !== "insert" || model.softDelete !== undefined);
  const rows =
    there.length === 0
      ? []
      : await query(
          `SELECT DISTINCT r.scope
          FROM jsonb_array_elements($1::text::jsonb) AS k (row)
          JOIN sync_row AS r ON r.table_name = k.row->>0 AND r.row_key = k.row->>1
          WHERE r.scope IN (SELECT jsonb_array_elements_text($2::text::jsonb))`,
          [JSON.stringify(there.map(({ model, rowKey }) => [model.name, rowKey])), JSON.stringify(scopesOf(user))],
        );
  const named = steps.flatMap(({ scope }) => scope ?? []);
  return [...new Set([...named, ...rows.map(({ scope }) => scope ?? "")])].sort();
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
    await query("SET CONSTRAINTS ALL IMMEDIATE");
    await query("SET CONSTRAINTS ALL DEFERRED");
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

async function resultsOf(query: Query, user: User, items: readonly Item[]): Promise<WriteResult[]> {
  const places = await placesOf(query, user, items);
  const own = new Set(scopesOf(user));
  const now = await heads(query, [...new Set(items.flatMap(({ known }) => known?.place?.scope ?? []))]);
  return items.map((item): WriteResult => {
    const { known, step, refusal, outcome } = item;
    const result = { write_id: item.change.write_id, repeated: false };
    if (known !== undefined) return { ...upToDate(known, own, now), repeated: true };
    if (refusal !== undefined) return { ...result, status: "rejected", ...rejection(item, refusal) };
    if (outcome === "pending" || step === undefined) return { ...result, status: "pending" };
    if (outcome === "superseded") return { ...result, status: "superseded" };
    const place = places.get(step.model.name + step.rowKey);
    const key = step.hasMadeKey ? { key: step.key } : {};
    return { ...result, status: "applied", ...(place ? { place } : {}), ...key };
  });
}

function rejection({ change, refused }: Item, refusal: Refusal): Pick<WriteResult, "error" | "row"> {
  const { status, code, message, column } = refusal;
  const write_id = refused ?? change.write_id;
  const error = { status, code, message, ...(column === undefined ? {} : { column }), write_id };
  const isOwn = refusal instanceof ConflictRefusal && write_id === change.write_id;
  return isOwn ? { error, row: refusal.row } : { error };
}

/** Where the rows of applied changes are to be seen: in a scope where they are, else in the one that they have left. */
async function placesOf(query: Query, user: User, items: readonly Item[]): Promise<Map<string, Place>> {
  const steps = items.flatMap(({ step, outcome }) => (outcome === "applied" && step ? [step] : []));
  if (steps.length === 0) return new Map();
  const scopes = [...new Set(steps.flatMap(({ model }) => scopesFor(model, user)))];
  const rows = await query(
    `SELECT r.table_name || r.row_key AS place, r.scope, s.epoch::text AS epoch, r.version::text AS version
    FROM jsonb_array_elements($1::text::jsonb) AS k (row)
    JOIN sync_row AS r ON r.table_name = k.row->>0 AND r.row_key = k.row->>1
    JOIN sync_scope AS s ON s.scope = r.scope
    WHERE r.scope IN (SELECT jsonb_array_elements_text($2::text::jsonb))
    ORDER BY r.is_deleted DESC, r.at`,
    [JSON.stringify(steps.map(({ model, rowKey }) => [model.name, rowKey])), JSON.stringify(scopes)],
  );
  return new Map(
    rows.map(({ place, scope, epoch, version }) => {
      return [place ?? "", { scope: scope ?? "", epoch: epoch ?? "", version: version ?? "0" }];
    }),
  );
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

/** Stores the answers, rejections included: a request that was held up on its way must not apply what the user has given up. */
async function remember(
  query: Query,
  user: User,
  request: PushRequest,
  items: readonly Item[],
  results: readonly WriteResult[],
): Promise<void> {
  const answers = results.flatMap((result, index) => {
    const hash = items[index]?.hash ?? "";
    return result.repeated || result.status === "pending" || hash === "" ? [] : [[result.write_id, hash, result]];
  });
  if (answers.length === 0) return;
  const stored = await query(
    `INSERT INTO sync_write (user_id, write_id, client_id, schema, request_hash, answer)
    SELECT $1, a.row->>0, $2, $3, a.row->>1, a.row->2 FROM jsonb_array_elements($4::text::jsonb) AS a (row)
    ON CONFLICT (user_id, write_id) DO NOTHING RETURNING 'true' AS done`,
    [user.id, request.client_id, request.schema, JSON.stringify(answers)],
  );
  // Another device with a copy of the database has sent one of them at this moment: once more, to find it.
  if (stored.length < answers.length) throw Object.assign(new Error("a write has come twice"), { code: "40001" });
}

/** Tells streams and the application of what is now in the database. */
async function tell({ database, hooks, onError }: Server, user: User, { scopes, steps }: Done): Promise<void> {
  try {
    if (scopes.length > 0) {
      await database.transaction("write", (query) =>
        query("SELECT pg_notify($1, left(s, 1000))::text FROM jsonb_array_elements_text($2::text::jsonb) AS s", [
          CHANNEL,
          JSON.stringify(scopes),
        ]),
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
