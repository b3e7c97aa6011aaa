import { messageOf, parsed } from "../../client/json.js";
import type { Model } from "../../client/model.js";
import { BROKEN_RETRY_MS, IDLE_MS } from "../../client/timing.js";
import type { HeadersRecord } from "../../config.js";
import { rejectedChange, type Entry, type EntryId, type StoreOperations } from "../../store/store.js";
import { REFUSALS } from "../../tabs/reports.js";
import { isOthers, warnOfUsers } from "../../user.js";
import { createAlone } from "../../writes/alone.js";
import type { Models } from "../../writes/known.js";
import { forget, holdBack, isHeldBack, keep, noRetries, noteError, tryAtOnce, untilNextTry } from "../../writes/retries.js";
import { Ended, failure, type End } from "../attempts.js";
import { backoff, bell, otherHeaders, pause, wait, type Bell } from "../schedule.js";
import type { Context } from "../transport.js";
import { readPushAnswer } from "./answers.js";
import { ENTRIES, findBatch, type Batch } from "./batch.js";
import { noteStamp, stampEdits } from "./clock.js";
import { ask, Refused, syncUrl } from "./exchange.js";
import type { Lost } from "./lost.js";
import { PROTOCOL, type PushAnswer, type PushRequest } from "./protocol.js";
import { takeResults } from "./results.js";
import type { Skew } from "./skew.js";
import type { Turns } from "./turns.js";

/** The source of what writes report: no model is called so. */
const SERVER = "the sync server";
/** How often a request fails before the same one is sent without edits; where that is taken, half of the edits are tried. */
const MOST_FAILURES = 3;
/** The most write ids that one request tells as answered. */
const ANSWERED = 2_000;

/** What the status says of writes that the server takes again and again. */
const LOST = "the server has taken an edit, and then hasn't had it: it is sent again";

const SENT = "pushed";
const ALL = "";

/** What is in a request, and what it tells the server that it may forget. */
interface Claim {
  readonly batch: Batch;
  readonly answered: readonly string[];
  readonly clientId: string;
}

const NOTHING: Batch = { entries: [], groups: 0, changes: [], bases: [] };

/** Pushes the log to the sync server until the signal aborts. `pull` is called after each push. */
export async function push(
  context: Context,
  models: readonly Model[],
  turns: Turns,
  lost: Lost,
  skew: Skew,
  pull: () => void,
): Promise<void> {
  const { store, settings, presence, reports, signal } = context;
  const byName: Models = new Map(context.models.map((model) => [model.name, model]));
  const mine = new Set(models.map(({ name }) => name));
  const retries = noRetries();
  const alone = createAlone(reports, SERVER);
  const warn = warnOfUsers(settings);
  let wake = () => {};
  const news = bell((ring) => {
    wake = ring;
    const tryAll = () => {
      tryAtOnce(retries);
      lost.tryAtOnce();
      ring();
    };
    const stops = [context.onLog(ring), settings.onChange(tryAll), presence.onReturn(tryAll)];
    return () => {
      for (const stop of stops) stop();
    };
  });
  let limit = ENTRIES;
  let failures = 0;
  let refusals = 0;
  /** Whether the status says that something is wrong. */
  let isTroubled = false;

  const pushUrl = () => `POST ${syncUrl(settings, "push")}`;
  const isWaiting = (entry: Entry) =>
    isOthers(entry, settings) || isHeldBack(retries, entry.writeId) || lost.isWaiting(entry.writeId);
  const find = (within: StoreOperations, most: number) => findBatch(within, byName, mine, isWaiting, most);

  /** Finds what is next. A transaction that no request can hold goes edit by edit from then on. */
  async function findWhole(within: StoreOperations): Promise<Batch> {
    for (;;) {
      const batch = await find(within, limit);
      if (batch.tooLarge === undefined) return batch;
      await within.log.separate(batch.tooLarge);
    }
  }

  /** Counts a try of what is next, in one transaction before it leaves. */
  async function claim(): Promise<Claim> {
    return store.transaction(async (within) => {
      await stampEdits(within, models);
      const batch = await findWhole(within);
      const ids = batch.entries.map(({ writeId }) => writeId);
      const known = await readSent(within);
      const inLog = new Set((await within.log.withIds(known)).map(({ writeId }) => writeId));
      const answered = known.filter((writeId) => !inLog.has(writeId)).slice(0, ANSWERED);
      await writeSent(within, [...new Set([...known, ...ids])]);
      await within.log.markSent(ids.map((writeId) => ({ writeIds: [writeId], writeId })));
      return { batch, answered, clientId: await within.meta.clientId() };
    });
  }

  function requestOf({ batch, answered, clientId }: Claim): PushRequest {
    const { bases, changes } = batch;
    const clock = { now: Date.now(), skew: skew.known() };
    return { protocol: PROTOCOL, schema: store.version, client_id: clientId, ...clock, answered, bases, changes };
  }

  async function take({ batch, answered }: Claim, answer: PushAnswer): Promise<void> {
    const rejected = await store.transaction(async (within) => {
      await stampEdits(within, models);
      await noteStamp(within, answer.stamp);
      const known = await readSent(within);
      if (answered.length > 0)
        await writeSent(
          within,
          known.filter((writeId) => !answered.includes(writeId)),
        );
      return takeResults(within, byName, batch.entries, answer.results, context.acknowledged);
    });
    const [first] = rejected;
    if (first !== undefined) reports.error(REFUSALS, rejectedChange(first).message, about(first));
    else reports.error(REFUSALS, null);
    tell(rejected);
    const sent = new Set(batch.entries.map(({ writeId }) => writeId));
    if (lost.isAnyAgain()) {
      const waiting = new Set((await store.log.acknowledged()).map(({ writeId }) => writeId));
      lost.forget([...sent].filter((writeId) => !waiting.has(writeId)));
    }
    if (answer.results.some(({ write_id, status }) => sent.has(write_id) && status !== "pending")) return;
    // Sent again at once, it would be asked for ever.
    const message = "the server doesn't say what has become of any edit";
    throw new Ended({ kind: "failed", message, retryAfter: 0, isUnreachable: false, url: syncUrl(settings, "push") });
  }

  function about({ model }: Entry) {
    return { model, url: pushUrl() };
  }

  /** Once for each: afterwards the log says that it is rejected. */
  function tell(rejected: readonly Entry[]): void {
    for (const entry of rejected) {
      try {
        settings.current().onRejected(rejectedChange(entry));
      } catch (error) {
        reports.error(SERVER, `onRejected: ${messageOf(error)}`);
      }
    }
  }

  /** Whether the server is still to take something, be it held back. */
  async function isAnyPending(): Promise<boolean> {
    for (let after: EntryId | null = null; ;) {
      const some: Entry[] = await store.log.pending(after, ENTRIES);
      if (some.some(({ model }) => mine.has(model))) return true;
      if (some.length < ENTRIES) return false;
      after = some.at(-1)?.id ?? null;
    }
  }

  /** Pushes one batch. Gives what to wait for before the next try. */
  async function pushNext(changes: Bell): Promise<"nothing" | "pushed" | End> {
    const { entries, tooLarge } = await find(store, 1);
    if (entries.length === 0 && tooLarge === undefined) {
      if (lost.isAnyAgain() || (isTroubled && !(await isAnyPending()))) reportWell();
      // Rows may have come that show what was sent, though its answer was lost.
      const told = (await store.log.withIds(alone.told())).filter(({ status }) => status === "pending");
      alone.keep(told.map(({ writeId }) => writeId));
      const first = await store.log.pending(null, ENTRIES);
      if (first.length < ENTRIES) keep(retries, new Set(first.map(({ writeId }) => writeId)));
      return "nothing";
    }
    const headers = await settings.headers(signal);
    const claimed = await claim();
    const { batch } = claimed;
    if (batch.entries.length === 0) return "nothing";
    changes.silence();
    warn(headers);
    const leftAt = retries.refused.leave();
    const send = (what: Claim) =>
      skew.measure(() => ask(settings, "push", requestOf(what), headers, signal, readPushAnswer));
    try {
      await take(claimed, await send(claimed));
    } catch (error) {
      const cause = error instanceof Refused && batch.groups === 1 ? await causeOf(error, claimed, send) : error;
      if (signal.aborted) return { kind: "stopped" };
      if (cause instanceof Refused) return refuse(batch, cause);
      const end = cause instanceof Ended ? cause.end : failure(cause);
      await noteFailure(batch, end);
      const isToBlame = await isTakenWithoutEdits(end, claimed, send);
      if (signal.aborted) return { kind: "stopped" };
      if (isToBlame) return blame(batch, end, headers, changes);
      conclude(end, batch);
      return end;
    }
    context.passes.note();
    retries.refused.taken(undefined, headers, leftAt);
    reportWell();
    for (const { writeId } of batch.entries) forget(retries, writeId, true);
    alone.forget(...batch.entries.map(({ writeId }) => writeId));
    [failures, refusals, limit] = [0, 0, Math.min(ENTRIES, limit * 2)];
    return "pushed";
  }

  /**
   * Why a request with one group is refused: for the group, or for what each request has, such as the device's clock.
   * A request without changes says which: no edit is to blame where it is refused as well.
   */
  async function causeOf(refused: Refused, claimed: Claim, send: (what: Claim) => Promise<unknown>): Promise<unknown> {
    try {
      await send({ ...claimed, batch: NOTHING });
      return refused;
    } catch (error) {
      if (!(error instanceof Refused)) return error;
      return new Ended({ ...failure(error), status: error.status, url: syncUrl(settings, "push") });
    }
  }

  /** Whether the same request is taken without edits, where it has been refused or fails again and again. */
  async function isTakenWithoutEdits(end: End, claimed: Claim, send: (what: Claim) => Promise<unknown>): Promise<boolean> {
    if (end.kind === "stopped" || (end.kind === "failed" && failures + 1 < MOST_FAILURES)) return false;
    return send({ ...claimed, batch: NOTHING }).then(
      () => true,
      () => false,
    );
  }

  /** Edits of the batch are why it isn't taken. Of several groups half are tried; one waits, and others go ahead of it. */
  async function blame(batch: Batch, end: End, headers: HeadersRecord, changes: Bell): Promise<End> {
    const [first] = batch.entries;
    const asked = end.kind === "failed" ? end.retryAfter : 0;
    const paused = { ...failure(new Error(messageIn(end))), retryAfter: asked };
    // A short pause: what is held back waits longer each time, and others are to go ahead of it.
    [failures, refusals] = [1, 0];
    reportWell();
    if (batch.groups > 1 || first === undefined) {
      halve(batch);
      return paused;
    }
    const { writeId } = first;
    const { refused } = retries;
    if (end.kind !== "refused") {
      holdBack(retries, writeId, asked);
    } else if (refused.refused(writeId, headers) === "own") {
      return refuse(batch, new Refused(end.status ?? 401, messageIn(end)));
    } else {
      void refused.untilNextTry(writeId, context, 0, changes, () => {}).finally(wake);
    }
    alone.tell(writeId, { message: messageIn(end), about: about(first) });
    return paused;
  }

  function halve({ entries }: Batch): void {
    limit = Math.max(1, Math.floor(entries.length / 2));
  }

  /** Has the page show why nothing has come of these tries. */
  async function noteFailure({ entries }: Batch, end: End): Promise<void> {
    if (end.kind === "stopped") return;
    const { status = null } = end;
    const message = messageIn(end);
    const writeIds = entries.map(({ writeId }) => writeId);
    await store.transaction(({ log }) => log.noteFailures([{ writeIds, failure: { status, message, body: "" } }]));
  }

  function reportWell(): void {
    isTroubled = lost.isAnyAgain();
    reports.reachable(SERVER, true);
    reports.waiting(SERVER, false);
    if (isTroubled) reports.error(SERVER, LOST, { url: pushUrl() });
    else reports.error(SERVER, null);
  }

  /** What is in the request can't be taken: where it is one group, that group; otherwise half of it is tried. */
  async function refuse(batch: Batch, { status, message }: Refused): Promise<End> {
    const { entries, groups } = batch;
    isTroubled = true;
    reports.error(SERVER, message, { url: pushUrl() });
    if (groups > 1) {
      halve(batch);
      return { kind: "stopped" };
    }
    const writeIds = entries.map(({ writeId }) => writeId);
    for (const writeId of writeIds) forget(retries, writeId, false);
    alone.forget(...writeIds);
    const error = { status, code: "refused", message };
    const results = entries.map(({ writeId }) => ({ write_id: writeId, status: "rejected" as const, error }));
    const group = results.map((result) => ({ ...result, error: { ...error, write_id: entries[0]?.writeId ?? "" } }));
    tell(await store.transaction((within) => takeResults(within, byName, entries, group, context.acknowledged)));
    return { kind: "stopped" };
  }

  function conclude(end: End, { entries, groups }: Batch): void {
    isTroubled = true;
    if (end.kind === "refused") return;
    const isUnreachable = end.kind === "failed" && end.isUnreachable;
    reports.reachable(SERVER, !isUnreachable);
    reports.waiting(SERVER, false);
    if ("message" in end) reports.error(SERVER, end.message, { url: pushUrl() });
    failures += 1;
    const [first] = entries;
    // Where one group keeps failing, others go ahead of it.
    if (!isUnreachable && end.kind === "failed" && groups === 1 && first !== undefined) {
      noteError(retries, first.writeId, end.retryAfter);
    }
  }

  /** Waits as long as the end of a try takes. */
  async function rest(end: End, changes: Bell): Promise<void> {
    if (end.kind === "refused") {
      refusals += 1;
      // Perhaps the token was an old one, and the application gives another now.
      if (end.status === 403 && refusals === 1) return;
      // Headers may be new each time, and refused each time.
      if (refusals > 1) await wait(backoff(refusals - 1), signal, changes.source);
      await otherHeaders(settings, presence, end.headers, signal, changes, () => reports.waiting(SERVER, true));
    } else if (end.kind === "failed") {
      await pause(failures, end.retryAfter, signal, changes.source, presence);
    } else if (end.kind === "broken") {
      await wait(BROKEN_RETRY_MS * (0.5 + Math.random()), signal, changes.source, presence.onReturn);
    }
  }

  while (!signal.aborted) {
    news.silence();
    const changes = bell(settings.onChange);
    const leave = await turns.enter();
    // The database, or a function of the application.
    const failed = (error: unknown) => {
      const end = failure(error);
      if (!signal.aborted) conclude(end, NOTHING);
      return end;
    };
    const done = signal.aborted ? "nothing" : await pushNext(changes).catch(failed);
    leave();
    if (done === "pushed") pull();
    else if (done === "nothing")
      await wait(Math.min(untilNextTry(retries), lost.untilNextTry(), IDLE_MS), signal, news.source);
    else await rest(done, changes);
    changes.close();
  }
  news.close();
}

/** What an end says for people. */
function messageIn(end: End): string {
  if ("message" in end) return end.message;
  return `${String(end.kind === "refused" ? end.status : null)}: the server wants other headers`;
}

/** Write ids that have been sent, and that the server hasn't been told to forget. */
async function readSent({ meta }: StoreOperations): Promise<readonly string[]> {
  const text = await meta.get(SENT, ALL);
  return (text === undefined ? undefined : (parsed(text) as readonly string[] | undefined)) ?? [];
}

async function writeSent({ meta }: StoreOperations, writeIds: readonly string[]): Promise<void> {
  await meta.set(SENT, ALL, JSON.stringify(writeIds));
}
