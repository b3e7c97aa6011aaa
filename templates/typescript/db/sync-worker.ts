import type { MadeKey, Outcome } from "./answer.js";
import { otherHeaders } from "./auth.js";
import { backoff, bell, pause, rest, wait, type Source } from "./backoff.js";
import { onSettings, requestHeaders, syncSettings } from "./config.js";
import type { Connection, Driver } from "./driver.js";
import { send } from "./exchange.js";
import { feed } from "./feed.js";
import {
  acknowledge,
  entriesOfRow,
  entriesWith,
  markSent,
  noteMadeKey,
  reject,
  rejectedChange,
  sentEntries,
  settle,
  type Entry,
} from "./log.js";
import type { Model } from "./model.js";
import { actionFor, outgoing } from "./outgoing.js";
import { nextEntry, together, type Models } from "./queue.js";
import { reportError, reportReachable, reportWaiting } from "./reports.js";
import type { Rejection } from "./rejected.js";
import { requestFor, Unsendable, type Outgoing } from "./request.js";
import { readMemory } from "./shape-position.js";
import { syncedMembers } from "./stream.js";

const API = "api";
/** Looks at the log once in a while, should a notice of a change have got lost. */
const IDLE_MS = 60_000;
/** How often an entry fails before others go ahead of it. */
const PATIENCE = 5;

/** What has gone wrong since something went well. */
interface Troubles {
  /** Failures in a row, whichever entries they were of. */
  failures: number;
  readonly failing: Set<string>;
  /** Refusals of the headers in a row. */
  refusals: number;
  /** Writes that were forbidden once. */
  readonly forbidden: Set<string>;
  /** Server errors of one write, and when to try it again. */
  readonly errors: Map<string, { readonly count: number; readonly until: number }>;
}

/** Sends the log to the API, one write at a time, until `signal` aborts. Returns once that has stopped. */
export async function startSyncWorker(driver: Driver, models: readonly Model[], signal: AbortSignal): Promise<void> {
  const byName: Models = new Map(models.map((model) => [model.name, model]));
  const troubles: Troubles = {
    failures: 0,
    failing: new Set(),
    refusals: 0,
    forbidden: new Set(),
    errors: new Map(),
  };
  const log = bell(feed().onLog);
  while (!signal.aborted) {
    const settings = bell(onSettings);
    log.silence();
    try {
      const write = await claim(driver, byName, troubles);
      if (write === undefined) {
        await rest(untilNextTry(troubles), signal, either(log.source, settings.source));
      } else if (write !== "rejected") {
        const headers = await requestHeaders();
        const outcome = await send(write, headers, signal);
        if (!signal.aborted) await conclude(driver, write, outcome, headers, troubles, signal, settings.source);
      }
    } catch (error) {
      if (signal.aborted) break;
      reportError(API, error instanceof Error ? error.message : String(error));
      troubles.failures += 1;
      await pause(troubles.failures, 0, signal, settings.source);
    } finally {
      settings.close();
    }
  }
  log.close();
}

/** Takes what is next out of the queue, and has committed that it is sent before it is. */
async function claim(driver: Driver, models: Models, troubles: Troubles): Promise<Outgoing | "rejected" | undefined> {
  const isHeldBack = (entry: Entry) => {
    const { count = 0, until = 0 } = troubles.errors.get(entry.sentWith ?? entry.writeId) ?? {};
    return count >= PATIENCE && Date.now() < until;
  };
  // Looks first: a transaction is a commit, and a commit is a reason to look at the log again.
  if ((await nextEntry(driver, models, isHeldBack)) === undefined) return undefined;
  const { write, rejected } = await driver.transaction(async (connection) => {
    const first = await nextEntry(connection, models, isHeldBack);
    if (first === undefined) return { write: undefined, rejected: [] };
    const entries = await together(connection, models, first);
    const composed = await compose(connection, models, entries);
    const writeIds = entries.map((entry) => entry.writeId);
    if (composed instanceof Unsendable) {
      const rejection = { status: null, message: composed.message, body: "" };
      return { write: "rejected" as const, rejected: await refuse(connection, writeIds, rejection) };
    }
    await markSent(connection, writeIds, composed.writeId);
    return { write: composed, rejected: [] };
  });
  tellRejected(rejected);
  return write;
}

async function compose(
  connection: Connection,
  models: Models,
  entries: readonly [Entry, ...Entry[]],
): Promise<Outgoing | Unsendable> {
  const [{ model: name, operation }] = entries;
  const model = models.get(name);
  if (model === undefined) return new Unsendable(`There is no model ${name} any more.`);
  const action = actionFor(model, operation);
  if (action === undefined) return new Unsendable(`The API has no ${operation} of ${name}.`);
  const write = await outgoing(connection, model, action, entries);
  try {
    requestFor(write, undefined);
    return write;
  } catch (error) {
    if (error instanceof Unsendable) return error;
    throw error;
  }
}

/** Notes what has become of a write, and waits as long as that takes. */
async function conclude(
  driver: Driver,
  write: Outgoing,
  outcome: Outcome,
  headers: Readonly<Record<string, string>>,
  troubles: Troubles,
  signal: AbortSignal,
  settings: Source,
): Promise<void> {
  reportReachable(API, outcome.kind !== "unreachable");
  if (outcome.kind !== "refused") reportWaiting(API, false);
  switch (outcome.kind) {
    case "acknowledged":
      await driver.transaction((connection) => accept(connection, write, outcome.key, outcome.txid));
      reportError(API, null);
      return forget(troubles, write);
    case "rejected":
      await rejectWrite(driver, write, outcome.rejection);
      return forget(troubles, write);
    case "refused":
      if (outcome.status === 401) {
        troubles.refusals += 1;
        // Headers may be new each time, and refused each time.
        if (troubles.refusals > 1) await wait(backoff(troubles.refusals - 1), signal, settings);
        return otherHeaders(API, headers, signal);
      }
      // Perhaps an old token; with what the application gives now, it is a field that this user may not set.
      if (!troubles.forbidden.has(write.writeId)) return void troubles.forbidden.add(write.writeId);
      await rejectWrite(driver, write, outcome.rejection);
      return forget(troubles, write);
    case "unreachable":
      reportError(API, outcome.message);
      troubles.failures += 1;
      return pause(troubles.failures, 0, signal, settings);
    case "again":
      reportError(API, outcome.message);
      troubles.failures += 1;
      if (outcome.isServerError && isOnlyItself(write, outcome.retryAfter, troubles)) return;
      return pause(troubles.failures, outcome.retryAfter, signal, settings);
  }
}

/** Counts a server error. Says whether it is this write that fails, again and again, and not the server. */
function isOnlyItself({ writeId }: Outgoing, asked: number, troubles: Troubles): boolean {
  const count = (troubles.errors.get(writeId)?.count ?? 0) + 1;
  troubles.errors.set(writeId, { count, until: Date.now() + Math.max(asked, backoff(count)) });
  troubles.failing.add(writeId);
  return count >= PATIENCE && troubles.failing.size === 1;
}

function forget(troubles: Troubles, { writeId }: Outgoing): void {
  troubles.failures = 0;
  troubles.refusals = 0;
  troubles.failing.clear();
  troubles.forbidden.delete(writeId);
  troubles.errors.delete(writeId);
}

function untilNextTry({ errors }: Troubles): number {
  const next = Math.min(...[...errors.values()].map(({ until }) => until - Date.now()).filter((left) => left > 0));
  return Math.min(next, IDLE_MS);
}

/** The server has taken a write. Settles it at once where its rows have shown it before the answer came. */
async function accept(
  connection: Connection,
  write: Outgoing,
  key: MadeKey | null,
  txid: string | null,
): Promise<void> {
  const { model, rowKey, writeIds, writeId } = write;
  const sent = await sentEntries(connection, model.name);
  const { txids } = await readMemory(connection, model.name);
  const isSeen = txid !== null && txids.includes(txid);
  const isShown = !sent.some((entry) => entry.writeId === writeId);
  if (key !== null) {
    await noteMadeKey(connection, model.name, { temporary: rowKey, rowKey: key.rowKey, key: key.json });
  }
  if (isSeen || isShown || (await isGone(connection, write))) await settle(connection, writeIds);
  else await acknowledge(connection, writeIds, txid);
}

/** Whether a deleted row has left the synced table before the answer came, and nothing brings it back. */
async function isGone(connection: Connection, { model, operation, rowKey, writeIds }: Outgoing): Promise<boolean> {
  if (operation !== "delete") return false;
  const entries = await entriesOfRow(connection, model.name, rowKey);
  if (entries.some((entry) => entry.status === "acknowledged" && !writeIds.includes(entry.writeId))) return false;
  return (await syncedMembers(connection, model, rowKey)) === undefined;
}

async function rejectWrite(driver: Driver, write: Outgoing, rejection: Rejection): Promise<void> {
  tellRejected(await driver.transaction((connection) => refuse(connection, write.writeIds, rejection)));
  reportError(API, rejection.message);
}

/** Gives what was rejected: these entries, and those that depended on them. */
async function refuse(connection: Connection, writeIds: readonly string[], rejection: Rejection): Promise<Entry[]> {
  await reject(connection, writeIds, rejection);
  return (await entriesWith(connection, writeIds)).filter((entry) => entry.status === "rejected");
}

function tellRejected(entries: readonly Entry[]): void {
  for (const entry of entries) syncSettings().onRejected(rejectedChange(entry));
}

function either(...sources: readonly Source[]): Source {
  return (wake) => {
    const stops = sources.map((source) => source(wake));
    return () => {
      for (const stop of stops) stop();
    };
  };
}
