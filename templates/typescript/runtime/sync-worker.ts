import { messageOf } from "./client/json.js";
import type { Model } from "./client/model.js";
import { IDLE_MS, NOTED_MS } from "./client/timing.js";
import { rejectedChange, type Entry, type EntryId } from "./store/store.js";
import { REFUSALS } from "./tabs/reports.js";
import { wait } from "./transport/schedule.js";
import type { Context, Writes } from "./transport/transport.js";
import { isOthers } from "./user.js";
import { claim, type Claim, type Claimed } from "./writes/claim.js";
import { breakCircle, findCircle, type Circle } from "./writes/circles.js";
import { API, createFlights, type Answer } from "./writes/flights.js";
import { createKnown, type Models } from "./writes/known.js";
import { createLooks, findSendable, type Look } from "./writes/queue.js";
import { forget, isHeldBack, isProbing, keep, noRetries, tryAtOnce, untilNextTry } from "./writes/retries.js";
import { accept, refuse, watchUnchanged } from "./writes/settle.js";

/** The most writes that the log has as sent, but not as answered. After a crash, these are sent again. */
const MARKED = 50;

/**
 * Sends the log to the server until the signal aborts. Returns once that has stopped. Some writes are on their way at the
 * same time, of independent rows. Many are marked as sent in one transaction, and their answers noted in the next.
 * `isSentElsewhere`: whether the writes of a model are none of its business.
 */
export async function startSyncWorker(
  context: Context,
  writes: Writes,
  isSentElsewhere: (model: Model | undefined) => boolean,
): Promise<void> {
  const { store, models, settings, presence, reports, signal, acknowledged } = context;
  const byName: Models = new Map(models.map((model) => [model.name, model]));
  const retries = noRetries();
  const looks = createLooks();
  const flights = createFlights(context, writes, retries, looks);
  /** The last entry up to which no new rows wait for one another. */
  let searchedUpTo: EntryId | null = null;
  const noteTaken = watchUnchanged(store, models, signal);

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

  /** Whether an entry is sent from here, with the headers of the user who has made it. */
  function isOwn(entry: Entry): boolean {
    return !isOthers(entry, settings) && !isSentElsewhere(byName.get(entry.model));
  }

  function look(limit: number): Look & { readonly busy: readonly Claim[] } {
    return {
      limit,
      busy: flights.busy(),
      isHeldBack: (entry) => !isOwn(entry) || isHeldBack(retries, nameOfWrite(entry)),
      before: looks.waiting,
    };
  }

  /** Whether something is to be sent. Looks outside of a transaction: that is a commit, and a reason to look again. */
  async function isMore(): Promise<boolean> {
    const before = looks.waiting;
    const known = createKnown(store, byName);
    const looked = look(1);
    const { found, waiting } = await findSendable(store, known, byName, looked);
    if (found.length > 0) return true;
    if (looks.waiting === before) looks.waiting = waiting;
    // What was under way may have been refused meanwhile.
    const underWay = [...looked.busy, ...flights.busy()].map(({ write }) => write.writeId);
    flights.keepAlone([...waiting.heldBack.map(nameOfWrite), ...underWay]);
    keep(retries, new Set([...waiting.entries.map(nameOfWrite), ...underWay]));
    if (waiting.upTo !== searchedUpTo) {
      const circle = await findCircle(known, byName, waiting.entries, isOwn);
      if (circle !== undefined) await breakUp(circle);
      else searchedUpTo = waiting.upTo;
    }
    return false;
  }

  async function breakUp(circle: Circle): Promise<void> {
    const rejected = await store.transaction((within) => breakCircle(within, byName, circle, isOwn));
    const [first] = rejected;
    if (first !== undefined) reports.error(REFUSALS, rejectedChange(first).message, { model: first.model });
    tellRejected(rejected);
    looks.anew();
  }

  /** Notes answers and failures, takes back that something was sent which hasn't left, and marks what is to leave next. */
  async function commit(noted: readonly Answer[], unsent: readonly Claim[], isToClaim: boolean): Promise<void> {
    const before = looks.waiting;
    const taken = noted.filter((one) => "outcome" in one);
    const refused = noted.filter((one) => "rejection" in one);
    const limit = isProbing(retries) ? 1 : MARKED - flights.underWay();
    const failures = flights.takeFailures();
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
    if (taken.some(flights.isNews)) {
      reports.error(API, null);
      reports.error(REFUSALS, null);
    }
    for (const { write, rejection } of refused) {
      reports.error(REFUSALS, rejection.message, flights.aboutWrite(write));
    }
    tellRejected(done.rejected);
    for (const one of noted) forget(retries, one.write.writeId, flights.isNews(one));
    if (taken.some(({ write }) => write.operation === "update")) noteTaken();
    if (!signal.aborted) flights.settleByRows(taken.filter((one) => done.unsettled.includes(one)));
    if (done.claimed === undefined) looks.isOutdated = true;
    else take(done.claimed, limit, looks.waiting === before);
  }

  function take({ claims, rejected, waiting }: Claimed, limit: number, isAsBefore: boolean): void {
    tellRejected(rejected);
    flights.add(claims);
    if (isAsBefore) looks.waiting = waiting;
    if (claims.length + rejected.length >= limit || rejected.length > 0) looks.isOutdated = true;
  }

  /** Notes what has been answered or has failed, and marks what leaves next. */
  async function turn(): Promise<void> {
    looks.isOutdated = false;
    const noted = flights.takeAnswers();
    const unsent = flights.isResting() ? flights.takeReady() : [];
    if (unsent.length > 0) looks.anew();
    const isToClaim = !flights.hasReady() && flights.hasRoom();
    const hasNews = noted.length + unsent.length > 0 || flights.hasFailures();
    if (!hasNews && !(await isMore())) return;
    try {
      await commit(noted, unsent, isToClaim);
    } catch (error) {
      if (noted.length < 2) throw error;
      // What can't be noted mustn't keep the others from it.
      await commit([], unsent, false);
      for (const one of noted) await commit([one], [], false).catch(flights.failToNote);
    }
  }

  /** Whether there is something to note or to mark now. */
  function isDue(): boolean {
    const isReady = flights.hasReady();
    if (flights.hasFailures() || (flights.isResting() && isReady)) return true;
    const isLast = !isReady || flights.underWay() === 0;
    const answeredAt = flights.answeredAt();
    if (answeredAt !== undefined && (isLast || Date.now() - answeredAt >= NOTED_MS)) return true;
    return looks.isOutdated && !isReady && flights.hasRoom();
  }

  async function idle(): Promise<void> {
    const answeredAt = flights.answeredAt();
    const left =
      answeredAt === undefined ? Math.min(untilNextTry(retries), IDLE_MS) : NOTED_MS - (Date.now() - answeredAt);
    const start = Date.now();
    await wait(left, signal, looks.source);
    if (flights.answeredAt() === undefined && Date.now() - start >= left) looks.anew();
  }

  // Those that were taken shortly before the application was closed.
  noteTaken();
  const stops = [
    context.onLog(looks.outdated),
    ...[settings.onChange, presence.onReturn].map((source) =>
      source(() => {
        tryAtOnce(retries);
        looks.outdated();
      }),
    ),
  ];
  while (!signal.aborted) {
    flights.depart();
    if (isDue()) await turn().catch(flights.failToNote);
    else await idle();
  }
  for (const stop of stops) stop();
  const unsent = await flights.land();
  const answers = flights.takeAnswers();
  // Whoever leads next finds a log that says what may be on the server, and no more.
  const hasNews = answers.length + unsent.length > 0 || flights.hasFailures();
  if (hasNews) await commit(answers, unsent, false).catch(() => {});
}

/** The id under which an entry goes out. */
function nameOfWrite({ sentWith, writeId }: Entry): string {
  return sentWith ?? writeId;
}
