import { messageOf } from "./client/json.js";
import { actionFor } from "./client/model.js";
import { API_ANSWER_MS, IDLE_MS } from "./client/timing.js";
import type { HeadersRecord, Rejection } from "./config.js";
import { rejectedChange, type Entry, type StoreOperations } from "./store/store.js";
import { REFUSALS, type SyncError } from "./tabs/reports.js";
import { backoff, bell, otherHeaders, pause, wait, type Bell } from "./transport/schedule.js";
import type { Context, Outcome, Outgoing, Writes } from "./transport/transport.js";
import { accept, refuse } from "./writes/accept.js";
import { compose, nextEntry, together, type Models } from "./writes/queue.js";
import { answerAmongRows, canDouble, noteEarlier } from "./writes/repeats.js";
import { forget, isHeldBack, noRetries, noteError, tryAtOnce, untilNextTry } from "./writes/retries.js";
import { watchUnchanged } from "./writes/settle.js";

/** The source of what writes report: no model is called so. */
const API = "the API";

type Acknowledgement = Extract<Outcome, { kind: "acknowledged" }>;

/** What an error is about. */
type About = Pick<SyncError, "model" | "url">;

/** Sends the log to the server, one write at a time, until the signal aborts. Returns once that has stopped. */
export async function startSyncWorker(context: Context, writes: Writes): Promise<void> {
  const { store, models, settings, presence, reports, signal, acknowledged, pulls } = context;
  const byName: Models = new Map(models.map((model) => [model.name, model]));
  const retries = noRetries();
  /** Pulls that writes wait for before they are sent again. */
  const pulling = new Map<string, Promise<boolean>>();

  /** Takes what is next out of the queue, and has committed that it is sent before it is. */
  async function claim(): Promise<Outgoing | "rejected" | undefined> {
    const mustWait = (entry: Entry) => isHeldBack(retries, entry.sentWith ?? entry.writeId);
    // Looks first: a transaction is a commit, and a commit is a reason to look at the log again.
    if ((await nextEntry(store, byName, mustWait)) === undefined) return undefined;
    const { write, rejected } = await store.transaction(async (within) => {
      const first = await nextEntry(within, byName, mustWait);
      if (first === undefined) return { write: undefined, rejected: [] };
      const entries = await together(within, byName, first);
      const writeIds = entries.map((entry) => entry.writeId);
      const write = await composed(within, byName, writes, entries);
      if (typeof write === "string") {
        const rejection = { status: null, message: write, body: "" };
        return { write: "rejected" as const, rejected: await refuse(within, writeIds, rejection) };
      }
      if (write.attempts === 1 && canDouble(write)) await noteEarlier(within, write);
      await within.log.markSent(writeIds, write.writeId);
      return { write, rejected: [] };
    });
    tellRejected(rejected);
    return write;
  }

  /** Sends a write. One whose answer was lost, and that the server could take twice, is looked for in its rows first. */
  async function send(write: Outgoing, headers: HeadersRecord): Promise<Outcome> {
    if (write.attempts > 1 && canDouble(write) && !writes.knowsRepeats()) {
      if (!(await isPulled(write))) {
        const message = "it may have been taken, and waits until the rows can be read that say so";
        return { kind: "again", message, isServerError: true, retryAfter: 0 };
      }
      const key = await answerAmongRows(store, write);
      if (key !== undefined) return { kind: "acknowledged", key, txid: null, row: null };
    }
    return writes.send(write, headers, signal);
  }

  /** Whether the model's rows have been read since the write was sent last. Where that takes long, others go ahead. */
  async function isPulled({ model, writeId }: Outgoing): Promise<boolean> {
    const pull = pulling.get(writeId) ?? pulls.ask(model.name);
    pulling.set(writeId, pull);
    const patience = new AbortController();
    const result = await Promise.race([pull, wait(API_ANSWER_MS, patience.signal)]);
    patience.abort();
    if (result !== undefined) pulling.delete(writeId);
    return result === true;
  }

  /** Has the rows show a write whose answer hasn't, and finds there what key the server has made where nobody has said. */
  async function settleByRows(write: Outgoing, outcome: Acknowledgement): Promise<void> {
    const isNameless = outcome.key === null && canDouble(write);
    if (!isNameless) return void pulls.ask(write.model.name);
    if (!(await isPulled(write))) return;
    await store.transaction(async (within) => {
      const key = await answerAmongRows(within, write);
      if (key !== undefined) await accept(within, write, { ...outcome, key }, acknowledged);
    });
  }

  /** Notes what has become of a write, and waits as long as that takes. */
  async function conclude(write: Outgoing, outcome: Outcome, headers: HeadersRecord, changes: Bell): Promise<void> {
    const { writeId } = write;
    const about = aboutWrite(write);
    reports.reachable(API, outcome.kind !== "unreachable");
    if (outcome.kind !== "refused") reports.waiting(API, false);
    if (outcome.kind === "acknowledged") {
      const isSettled = await store.transaction((within) => accept(within, write, outcome, acknowledged));
      reports.error(API, null);
      reports.error(REFUSALS, null);
      forget(retries, writeId);
      if (!isSettled && write.model.transport === "rest") await settleByRows(write, outcome);
    } else if (outcome.kind === "refused" && outcome.status === 401) {
      retries.refusals += 1;
      // Headers may be new each time, and refused each time.
      if (retries.refusals > 1) await wait(backoff(retries.refusals - 1), signal, changes.source);
      await otherHeaders(settings, presence, headers, signal, changes, () => reports.waiting(API, true));
    } else if (outcome.kind === "refused" && !retries.forbidden.has(writeId)) {
      // Perhaps an old token. With what the application gives now, it is a field that this user may not set.
      retries.forbidden.add(writeId);
    } else if (outcome.kind === "refused" || outcome.kind === "rejected") {
      await rejectWrite(write, outcome.rejection);
      forget(retries, writeId);
    } else if (outcome.kind === "unreachable") {
      await fail(outcome.message, 0, changes, about);
    } else {
      const isAlone = outcome.isServerError && noteError(retries, writeId, outcome.retryAfter);
      if (isAlone) reports.error(API, outcome.message, about);
      else await fail(outcome.message, outcome.retryAfter, changes, about);
    }
  }

  function aboutWrite(write: Outgoing): About {
    return { model: write.model.name, url: `${write.action.method} ${writes.urlOf(write)}` };
  }

  async function fail(message: string, asked: number, changes: Bell, about?: About): Promise<void> {
    reports.error(API, message, about);
    retries.failures += 1;
    await pause(retries.failures, asked, signal, changes.source, presence);
  }

  async function rejectWrite(write: Outgoing, rejection: Rejection): Promise<void> {
    reports.error(REFUSALS, rejection.message, aboutWrite(write));
    tellRejected(await store.transaction((within) => refuse(within, write.writeIds, rejection)));
  }

  /** Once for each: afterwards the log says that it is rejected, and nobody sends it. */
  function tellRejected(entries: readonly Entry[]): void {
    for (const entry of entries) {
      try {
        settings.current().onRejected(rejectedChange(entry));
      } catch (error) {
        reports.error(API, `onRejected: ${messageOf(error)}`);
      }
    }
  }

  const log = bell(context.onLog);
  const noteTaken = watchUnchanged(store, models, signal);
  // Those that were taken shortly before the application was closed.
  noteTaken();
  const stopReturns = presence.onReturn(() => tryAtOnce(retries));
  while (!signal.aborted) {
    const changes = bell(settings.onChange);
    log.silence();
    try {
      const write = await claim();
      if (write === undefined) {
        const idle = Math.min(untilNextTry(retries), IDLE_MS);
        await wait(idle, signal, log.source, changes.source, presence.onReturn);
      } else if (write !== "rejected") {
        const headers = await settings.headers(signal);
        const outcome = await send(write, headers);
        if (!signal.aborted) await conclude(write, outcome, headers, changes);
        if (outcome.kind === "acknowledged" && write.operation === "update") noteTaken();
      }
    } catch (error) {
      if (!signal.aborted) await fail(messageOf(error), 0, changes);
    }
    changes.close();
  }
  stopReturns();
  log.close();
}

/** What entries are as one write, or why they can't be sent. */
async function composed(
  within: StoreOperations,
  models: Models,
  writes: Writes,
  entries: readonly [Entry, ...Entry[]],
): Promise<Outgoing | string> {
  const [{ model: name, operation }] = entries;
  const model = models.get(name);
  if (model === undefined) return `There is no model ${name} any more.`;
  const action = actionFor(model, operation);
  if (action === undefined) return `The API has no ${operation} of ${name}.`;
  const write = await compose(within, model, action, entries);
  return writes.refusal(write) ?? write;
}
