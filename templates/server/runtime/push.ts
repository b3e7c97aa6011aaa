import { createHash } from "node:crypto";

import { remember, resultsOf } from "./answers.js";
import { Applier, clientOf, type Edit } from "./apply.js";
import { check, isMade, MadeKeys, makeKeys, withMadeKeys, type Step } from "./changes.js";
import type { Query } from "./database.js";
import { isOfRequest, isTransient, Refusal, refusalOf, RequestError } from "./errors.js";
import type { Item } from "./items.js";
import { lockRows, lockScopes } from "./locks.js";
import { modelOf, type ServerModel } from "./model.js";
import { MAX_CHANGES, PROTOCOL, type Change, type PushAnswer, type PushRequest, type WriteResult } from "./protocol.js";
import { strayReference } from "./references.js";
import type { Server, User, Write } from "./server.js";
import { shiftStamps, type Stamps } from "./stamps.js";
import { transaction, unavailable, type Head, type Start } from "./versions.js";

/** How often a transaction is tried that another one is in the way of. */
const ATTEMPTS = 5;

/** Groups that get a savepoint of their own in one request: what comes behind them is `pending`. */
const MAX_SAVEPOINTS = 64;

/** The channel that tells of new versions. Its payload is the scope. */
export const CHANNEL = "sync_poke";

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
  if (isRetry) await lockRows(query, user, items);
  const locked = await lockScopes(query, user, items);
  const stamps = shiftStamps(
    request.changes.map((change) => change.edited_at),
    request,
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
  const client = clientOf(user, request.client_id);
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
  const applier = new Applier(query, user, request.client_id, server.hooks);
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
