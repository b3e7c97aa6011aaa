import { messageOf } from "./client/json.js";
import { IDLE_MS, NOTED_MS } from "./client/timing.js";
import type { HeadersRecord, Rejection } from "./config.js";
import { rejectedChange, type Entry, type FailedWrite } from "./store/store.js";
import { REFUSALS, type SyncError } from "./tabs/reports.js";
import { backoff, bell, otherHeaders, pause, wait, type Bell } from "./transport/schedule.js";
import type { Context, Outcome, Outgoing, Writes } from "./transport/transport.js";
import { claim, type Claim, type Claimed } from "./writes/claim.js";
import { createKnown, type Models } from "./writes/known.js";
import { findSendable, nothingWaits, type Look } from "./writes/queue.js";
import { forget, isHeldBack, isProbing, noRetries, noteError, tryAtOnce, untilNextTry } from "./writes/retries.js";
import { canDouble, createSender } from "./writes/sender.js";
import { accept, refuse, watchUnchanged, type Taken } from "./writes/settle.js";

/** The source of what writes report: no model is called so. */
const API = "the API";

/** The most writes that the log has as sent, but not as answered. After a crash, these are sent again. */
const MARKED = 50;

/** A write that has left. */
interface Flight {
  readonly claim: Claim;
  /** The round in which it left: a failure ends it, and what left before doesn't count as another one. */
  readonly round: number;
  readonly headers: HeadersRecord;
  /** Whether the settings have changed since. */
  readonly changes: Bell;
}

/** An answer that the log is to have. */
type Answer = Pick<Flight, "claim" | "round"> &
  (Taken | { readonly write: Outgoing; readonly rejection: Rejection });

/**
 * Sends the log to the server until the signal aborts. Returns once that has stopped. Some writes are on their way at the
 * same time, of independent rows. Many are marked as sent in one transaction, and their answers noted in the next.
 */
export async function startSyncWorker(context: Context, writes: Writes): Promise<void> {
  const { store, models, settings, presence, reports, signal, acknowledged, pulls } = context;
  const byName: Models = new Map(models.map((model) => [model.name, model]));
  const sender = createSender(context, writes);
  const retries = noRetries();
  const noteTaken = watchUnchanged(store, models, signal);

  /** Marked, and about to leave. */
  let ready: Claim[] = [];
  /** Marked, and waiting for the application to say its headers. */
  const departing = new Set<Claim>();
  /** Under way, and taken but without a key. */
  const away = new Map<Claim, Promise<void>>();
  let answers: Answer[] = [];
  /** Tries that have failed, and aren't noted yet. */
  let failed: FailedWrite[] = [];
  /** When the first of the answers came. */
  let answeredAt = 0;
  let round = 0;
  /** A pause after a failure: nothing leaves meanwhile. */
  let resting: Promise<void> | undefined;
  let waiting = nothingWaits;
  /** Whether there may be more to send than the last look has found. */
  let isOutdated = true;
  let wake = () => {};

  function outdated(): void {
    isOutdated = true;
    wake();
  }

  /** Something is to be sent again that a look has already passed. */
  function lookAnew(): void {
    waiting = { ...nothingWaits };
    outdated();
  }

  function rest(until: Promise<void>): void {
    const both = Promise.all([resting, until]).then(() => {
      if (resting === both) resting = undefined;
      outdated();
    });
    resting = both;
  }

  function hasRoom(): boolean {
    const most = isProbing(retries) ? 1 : Math.max(1, settings.current().concurrency);
    return resting === undefined && departing.size + away.size < most;
  }

  /** Whether a write has to wait for another new row of its model, lest the two are taken for one another. */
  function isAmbiguous({ write }: Claim): boolean {
    if (!canDouble(write) || writes.knowsRepeats()) return false;
    const others = [...departing, ...away.keys(), ...answers.map((answer) => answer.claim)];
    return others.some((other) => other.write.model === write.model && canDouble(other.write));
  }

  function depart(): void {
    while (hasRoom() && !signal.aborted) {
      const next = ready.find((one) => !isAmbiguous(one));
      if (next === undefined) return;
      ready = ready.filter((one) => one !== next);
      void leave(next);
    }
  }

  async function leave(next: Claim): Promise<void> {
    const start = { claim: next, round, changes: bell(settings.onChange) };
    departing.add(next);
    const headers = await settings.headers(signal).catch((error: unknown) => {
      if (!signal.aborted) fail(start, messageOf(error));
    });
    departing.delete(next);
    if (headers === undefined || resting !== undefined || signal.aborted) {
      ready = [next, ...ready];
      closeLater(start.changes);
      return wake();
    }
    const work = fly({ ...start, headers }).finally(() => {
      away.delete(next);
      closeLater(start.changes);
      depart();
      wake();
    });
    away.set(next, work);
  }

  /** A pause may still need to hear of changes. */
  function closeLater(changes: Bell): void {
    if (resting === undefined) changes.close();
    else void resting.finally(() => changes.close());
  }

  async function fly(flight: Flight): Promise<void> {
    const { write } = flight.claim;
    try {
      const outcome = await sender.send(write, flight.headers);
      if (outcome.kind === "acknowledged") answer({ ...flight, write, outcome });
      else if (!signal.aborted) conclude(flight, outcome);
    } catch (error) {
      if (signal.aborted) return;
      failed.push({ writeIds: write.writeIds, failure: failureOf(messageOf(error)) });
      fail(flight, messageOf(error));
    }
  }

  function answer(one: Answer): void {
    if (answers.length === 0) answeredAt = Date.now();
    answers.push(one);
    if (!isNews(one)) return;
    reports.reachable(API, true);
    reports.waiting(API, false);
  }

  /** Whether a write has left since the last failure. */
  function isNews(flight: Pick<Flight, "round">): boolean {
    return flight.round === round;
  }

  /** What comes of a write that hasn't been taken. */
  function conclude(flight: Flight, outcome: Exclude<Outcome, { kind: "acknowledged" }>): void {
    const { claim: one, headers, changes } = flight;
    const { write } = one;
    const about = aboutWrite(write);
    if (isNews(flight)) {
      reports.reachable(API, outcome.kind !== "unreachable");
      if (outcome.kind !== "refused") reports.waiting(API, false);
    }
    if (outcome.kind === "rejected" || (outcome.kind === "refused" && isRefusedAgain(write, outcome.status))) {
      return answer({ claim: one, round: flight.round, write, rejection: outcome.rejection });
    }
    const failure = outcome.kind === "refused" ? outcome.rejection : failureOf(outcome.message);
    failed.push({ writeIds: write.writeIds, failure });
    lookAnew();
    if (outcome.kind === "refused" && outcome.status === 401) {
      if (isNews(flight)) rest(untilOtherHeaders(headers, changes));
    } else if (outcome.kind === "refused") {
      // Perhaps an old token. With what the application gives now, it is a field that this user may not set.
      retries.forbidden.add(write.writeId);
    } else if (outcome.kind === "unreachable") {
      fail(flight, outcome.message, 0, about);
    } else {
      const isAlone = outcome.isServerError && noteError(retries, write.writeId, outcome.retryAfter);
      if (isAlone) reports.error(API, outcome.message, about);
      else fail(flight, outcome.message, outcome.retryAfter, about);
    }
  }

  function isRefusedAgain({ writeId }: Outgoing, status: 401 | 403): boolean {
    return status === 403 && retries.forbidden.has(writeId);
  }

  async function untilOtherHeaders(refused: HeadersRecord, changes: Bell): Promise<void> {
    round += 1;
    retries.refusals += 1;
    // Headers may be new each time, and refused each time.
    if (retries.refusals > 1) await wait(backoff(retries.refusals - 1), signal, changes.source);
    await otherHeaders(settings, presence, refused, signal, changes, () => reports.waiting(API, true));
  }

  /** Starts a pause, in which nothing is sent. If several writes that left together fail, that counts as one failure. */
  function fail(flight: Pick<Flight, "round" | "changes">, message: string, asked = 0, about?: About): void {
    if (isNews(flight)) {
      round += 1;
      reports.error(API, message, about);
      retries.failures += 1;
      rest(pause(retries.failures, asked, signal, flight.changes.source, presence));
    } else if (asked > 0) {
      rest(wait(asked, signal, flight.changes.source));
    }
    lookAnew();
  }

  function aboutWrite(write: Outgoing): About {
    return { model: write.model.name, url: `${write.action.method} ${writes.urlOf(write)}` };
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

  function look(limit: number): Look {
    return {
      limit,
      busy: [...ready, ...departing, ...away.keys(), ...answers.map((one) => one.claim)],
      isHeldBack: (entry) => isHeldBack(retries, entry.sentWith ?? entry.writeId),
      before: waiting,
    };
  }

  /** Whether something is to be sent. Looks outside of a transaction: that is a commit, and a reason to look again. */
  async function isMore(): Promise<boolean> {
    const before = waiting;
    const next = await findSendable(store, createKnown(store, byName), byName, look(1));
    if (next.found.length === 0 && waiting === before) waiting = next.waiting;
    return next.found.length > 0;
  }

  /** Notes answers and failures, takes back that something was sent which hasn't left, and marks what is to leave next. */
  async function commit(noted: readonly Answer[], unsent: readonly Claim[], isToClaim: boolean): Promise<void> {
    const before = waiting;
    const taken = noted.filter((one) => "outcome" in one);
    const refused = noted.filter((one) => "rejection" in one);
    const limit = isProbing(retries) ? 1 : MARKED - away.size - departing.size;
    const failures = failed;
    failed = [];
    const done = await store.transaction(async (within) => {
      const unsettled = await accept(within, taken, acknowledged);
      const rejected: Entry[] = [];
      for (const { write, rejection } of refused) {
        rejected.push(...(await refuse(within, write.writeIds, rejection)));
      }
      await within.log.noteFailures(failures);
      const writeIds = unsent.flatMap(({ write }) => write.writeIds);
      if (writeIds.length > 0) await within.log.unmarkSent(writeIds);
      const claimed = isToClaim ? await claim(within, byName, writes, look(limit)) : undefined;
      return { unsettled, rejected, claimed };
    });
    if (taken.some(isNews)) {
      reports.error(API, null);
      reports.error(REFUSALS, null);
    }
    for (const { write, rejection } of refused) reports.error(REFUSALS, rejection.message, aboutWrite(write));
    tellRejected(done.rejected);
    for (const one of noted) forget(retries, one.write.writeId, isNews(one));
    if (taken.some(({ write }) => write.operation === "update")) noteTaken();
    if (!signal.aborted) settleByRows(taken.filter((one) => done.unsettled.includes(one)));
    if (done.claimed === undefined) isOutdated = true;
    else take(done.claimed, limit, waiting === before);
  }

  function take({ claims, rejected, waiting: next }: Claimed, limit: number, isAsBefore: boolean): void {
    tellRejected(rejected);
    ready.push(...claims);
    if (isAsBefore) waiting = next;
    if (claims.length + rejected.length >= limit || rejected.length > 0) isOutdated = true;
  }

  /** Has the rows show writes whose answers haven't. */
  function settleByRows(unsettled: readonly (Taken & Answer)[]): void {
    const polled = unsettled.filter(({ write }) => write.model.transport === "rest");
    const [nameless, others] = [polled.filter(isNameless), polled.filter((one) => !isNameless(one))];
    for (const model of new Set(others.map(({ write }) => write.model.name))) void pulls.ask(model);
    for (const one of nameless) {
      const work = sender
        .findKey(one)
        .catch((error: unknown) => reports.error(API, messageOf(error), aboutWrite(one.write)))
        .finally(() => {
          away.delete(one.claim);
          outdated();
        });
      away.set(one.claim, work);
    }
  }

  /** Notes what has been answered or has failed, and marks what leaves next. */
  async function turn(): Promise<void> {
    isOutdated = false;
    const noted = answers;
    answers = [];
    const unsent = resting === undefined ? [] : ready;
    if (unsent.length > 0) {
      ready = [];
      lookAnew();
    }
    const isToClaim = ready.length === 0 && hasRoom();
    if (noted.length + unsent.length + failed.length === 0 && !(await isMore())) return;
    try {
      await commit(noted, unsent, isToClaim);
    } catch (error) {
      if (noted.length < 2) throw error;
      // What can't be noted mustn't keep the others from it.
      await commit([], unsent, false);
      for (const one of noted) await commit([one], [], false).catch(failToNote);
    }
  }

  function failToNote(error: unknown): void {
    const changes = bell(settings.onChange);
    if (!signal.aborted) fail({ round, changes }, messageOf(error));
    closeLater(changes);
  }

  /** Whether there is something to note or to mark now. */
  function isDue(): boolean {
    if (failed.length > 0 || (resting !== undefined && ready.length > 0)) return true;
    const isLast = ready.length === 0 || away.size + departing.size === 0;
    if (answers.length > 0 && (isLast || Date.now() - answeredAt >= NOTED_MS)) return true;
    return isOutdated && ready.length === 0 && hasRoom();
  }

  async function idle(): Promise<void> {
    const left = answers.length > 0 ? NOTED_MS - (Date.now() - answeredAt) : Math.min(untilNextTry(retries), IDLE_MS);
    const start = Date.now();
    await wait(left, signal, (ring) => {
      wake = ring;
      return () => {
        wake = () => {};
      };
    });
    if (answers.length === 0 && Date.now() - start >= left) lookAnew();
  }

  // Those that were taken shortly before the application was closed.
  noteTaken();
  const stops = [
    context.onLog(outdated),
    settings.onChange(outdated),
    presence.onReturn(() => {
      tryAtOnce(retries);
      outdated();
    }),
  ];
  while (!signal.aborted) {
    depart();
    if (isDue()) await turn().catch(failToNote);
    else await idle();
  }
  for (const stop of stops) stop();
  await Promise.all(away.values());
  const unsent = [...ready, ...departing];
  // Whoever leads next finds a log that says what may be on the server, and no more.
  if (answers.length + unsent.length + failed.length > 0) await commit(answers, unsent, false).catch(() => {});
}

/** What an error is about. */
type About = Pick<SyncError, "model" | "url">;

function failureOf(message: string): Rejection {
  return { status: null, message, body: "" };
}

/** Whether nobody has said which key the server has made. */
function isNameless({ write, outcome }: Taken): boolean {
  return outcome.key === null && canDouble(write);
}
