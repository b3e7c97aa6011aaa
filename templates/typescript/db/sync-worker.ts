import { accept, refuse } from "./answered.js";
import type { Outcome } from "./answer.js";
import { otherHeaders } from "./auth.js";
import { backoff, bell, pause, wait, type Bell } from "./backoff.js";
import { onSettings, requestHeaders, syncSettings, type HeadersRecord } from "./config.js";
import type { Connection, Driver } from "./driver.js";
import { send } from "./exchange.js";
import { feed } from "./feed.js";
import { markSent, rejectedChange, type Entry } from "./log.js";
import type { Model } from "./model.js";
import { actionFor, outgoing } from "./outgoing.js";
import { onReturn } from "./presence.js";
import { nextEntry, together, type Models } from "./queue.js";
import type { Rejection } from "./rejected.js";
import { reportError, reportReachable, reportWaiting } from "./reports.js";
import { requestFor, Unsendable, type Outgoing } from "./request.js";
import { forget, isHeldBack, noteError, noTroubles, tryAtOnce, untilNextTry, type Troubles } from "./troubles.js";
import { watchUnchanging } from "./unchanging.js";

const API = "api";
/** Looks at the log once in a while, should a notice of a change have got lost. */
const IDLE_MS = 60_000;

/** Sends the log to the API, one write at a time, until `signal` aborts. Returns once that has stopped. */
export async function startSyncWorker(driver: Driver, models: readonly Model[], signal: AbortSignal): Promise<void> {
  const byName: Models = new Map(models.map((model) => [model.name, model]));
  const troubles = noTroubles();
  const log = bell(feed().onLog);
  const noteTaken = watchUnchanging(driver, models, signal);
  // Those that were taken shortly before the application was closed.
  noteTaken();
  const stopReturns = onReturn(() => tryAtOnce(troubles));
  while (!signal.aborted) {
    const settings = bell(onSettings);
    log.silence();
    try {
      const write = await claim(driver, byName, troubles);
      if (write === undefined) {
        const idle = Math.min(untilNextTry(troubles), IDLE_MS);
        await wait(idle, signal, log.source, settings.source, onReturn);
      } else if (write !== "rejected") {
        const headers = await requestHeaders();
        const outcome = await send(write, headers, signal);
        if (!signal.aborted) await conclude(driver, write, outcome, headers, troubles, signal, settings);
        if (outcome.kind === "acknowledged" && write.operation === "update") noteTaken();
      }
    } catch (error) {
      if (!signal.aborted) await fail(messageOf(error), 0, troubles, signal, settings);
    }
    settings.close();
  }
  stopReturns();
  log.close();
}

/** Takes what is next out of the queue, and has committed that it is sent before it is. */
async function claim(driver: Driver, models: Models, troubles: Troubles): Promise<Outgoing | "rejected" | undefined> {
  const mustWait = (entry: Entry) => isHeldBack(troubles, entry.sentWith ?? entry.writeId);
  // Looks first: a transaction is a commit, and a commit is a reason to look at the log again.
  if ((await nextEntry(driver, models, mustWait)) === undefined) return undefined;
  const { write, rejected } = await driver.transaction(async (connection) => {
    const first = await nextEntry(connection, models, mustWait);
    if (first === undefined) return { write: undefined, rejected: [] };
    const entries = await together(connection, models, first);
    const writeIds = entries.map((entry) => entry.writeId);
    const composed = await compose(connection, models, entries);
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
  headers: HeadersRecord,
  troubles: Troubles,
  signal: AbortSignal,
  settings: Bell,
): Promise<void> {
  const { writeId } = write;
  reportReachable(API, outcome.kind !== "unreachable");
  if (outcome.kind !== "refused") reportWaiting(API, false);
  if (outcome.kind === "acknowledged") {
    await driver.transaction((connection) => accept(connection, write, outcome.key, outcome.txid));
    reportError(API, null);
    forget(troubles, writeId);
  } else if (outcome.kind === "refused" && outcome.status === 401) {
    troubles.refusals += 1;
    // Headers may be new each time, and refused each time.
    if (troubles.refusals > 1) await wait(backoff(troubles.refusals - 1), signal, settings.source);
    await otherHeaders(API, headers, signal, settings);
  } else if (outcome.kind === "refused" && !troubles.forbidden.has(writeId)) {
    // Perhaps an old token. With what the application gives now, it is a field that this user may not set.
    troubles.forbidden.add(writeId);
  } else if (outcome.kind === "refused" || outcome.kind === "rejected") {
    await rejectWrite(driver, write, outcome.rejection);
    forget(troubles, writeId);
  } else if (outcome.kind === "unreachable") {
    await fail(outcome.message, 0, troubles, signal, settings);
  } else {
    const isAlone = outcome.isServerError && noteError(troubles, writeId, outcome.retryAfter);
    if (isAlone) reportError(API, outcome.message);
    else await fail(outcome.message, outcome.retryAfter, troubles, signal, settings);
  }
}

async function fail(
  message: string,
  asked: number,
  troubles: Troubles,
  signal: AbortSignal,
  settings: Bell,
): Promise<void> {
  reportError(API, message);
  troubles.failures += 1;
  await pause(troubles.failures, asked, signal, settings.source);
}

async function rejectWrite(driver: Driver, write: Outgoing, rejection: Rejection): Promise<void> {
  reportError(API, rejection.message);
  tellRejected(await driver.transaction((connection) => refuse(connection, write.writeIds, rejection)));
}

/** Once for each: afterwards the log says that it is rejected, and nobody sends it. */
function tellRejected(entries: readonly Entry[]): void {
  for (const entry of entries) {
    try {
      syncSettings().onRejected(rejectedChange(entry));
    } catch (error) {
      reportError(API, `onRejected: ${messageOf(error)}`);
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
