import { messageOf } from "../client/json.js";
import type { HeadersRecord, Rejection } from "../config.js";
import type { FailedWrite } from "../store/store.js";
import type { SyncError } from "../tabs/reports.js";
import { backoff, bell, createPasses, pause, wait, type Bell } from "../transport/schedule.js";
import type { Context, Outcome, Outgoing, Writes } from "../transport/transport.js";
import { warnOfUsers } from "../user.js";
import { createAlone } from "./alone.js";
import type { Claim } from "./claim.js";
import type { Looks } from "./queue.js";
import { isProbing, noteError, type Retries } from "./retries.js";
import { canDouble, createSender } from "./sender.js";
import type { Taken } from "./settle.js";

/** The source of what writes report: no model is called so. */
export const API = "the API";

/** A write that has left. */
interface Flight {
  readonly claim: Claim;
  /** The round in which it left: a failure ends it, and what left before doesn't count as another one. */
  readonly round: number;
  readonly headers: HeadersRecord;
  readonly leftAt: number;
  /** Whether the settings have changed since. */
  readonly changes: Bell;
}

/** An answer that the log is to have. */
export type Answer = Pick<Flight, "claim" | "round"> &
  (Taken | { readonly write: Outgoing; readonly rejection: Rejection });

/** What an error is about. */
type About = Pick<SyncError, "model" | "url">;

/** The writes that are marked as sent, until their answers are noted. */
export interface Flights {
  /** Takes writes that are marked as sent. Each leaves when there is room for it. */
  add(claims: readonly Claim[]): void;
  /** Sends those that are ready, as far as there is room. */
  depart(): void;
  /** Whether another write may leave now. */
  hasRoom(): boolean;
  /** Whether nothing leaves now, after a failure. */
  isResting(): boolean;
  /** Whether writes are ready that haven't left. */
  hasReady(): boolean;
  /** Gives those that are ready, and forgets them: they don't leave. */
  takeReady(): Claim[];
  /** How many are on their way, or about to leave. */
  underWay(): number;
  /** All of these writes. */
  busy(): Claim[];
  /** When the first of the answers came that aren't taken yet; undefined where there are none. */
  answeredAt(): number | undefined;
  /** Gives the answers that have come, and forgets them. */
  takeAnswers(): Answer[];
  /** Whether tries have failed that aren't noted yet. */
  hasFailures(): boolean;
  /** Gives the tries that have failed, and forgets them. */
  takeFailures(): FailedWrite[];
  /** Whether a write has left since the last failure. */
  isNews(answer: Pick<Answer, "round">): boolean;
  /** Has the status say nothing of writes that aren't among these: a row that has come has settled them. */
  keepAlone(writeIds: readonly string[]): void;
  /** Starts a pause, because the database has refused to note something. */
  failToNote(error: unknown): void;
  /** Pulls rows to settle writes that are acknowledged, but whose answers didn't say what their rows are now. */
  settleByRows(taken: readonly (Taken & Answer)[]): void;
  /** What an error of a write is about. */
  aboutWrite(write: Outgoing): About;
  /** Returns once nothing is under way. Gives those that haven't left. Call it after the signal has aborted. */
  land(): Promise<Claim[]>;
}

export function createFlights(context: Context, writes: Writes, retries: Retries, looks: Looks): Flights {
  const { settings, presence, reports, signal, pulls, passes } = context;
  const sender = createSender(context, writes);
  const warn = warnOfUsers(settings);
  const alone = createAlone(reports, API);

  /** Tells when a write that was refused is worth another try. */
  const tries = createPasses();

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

  function rest(until: Promise<void>): void {
    const both = Promise.all([resting, until]).then(() => {
      if (resting === both) resting = undefined;
      looks.outdated();
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
      return looks.wake();
    }
    warn(headers);
    const work = fly({ ...start, headers, leftAt: retries.refused.leave() }).finally(() => {
      away.delete(next);
      closeLater(start.changes);
      depart();
      looks.wake();
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
      if (outcome.kind === "acknowledged") {
        if (outcome.isFromRows !== true) {
          passes.note();
          retries.refused.taken(write.writeId, flight.headers, flight.leftAt);
        }
        answer({ ...flight, write, outcome });
      } else if (!signal.aborted) {
        conclude(flight, outcome);
      }
    } catch (error) {
      if (signal.aborted) return;
      failed.push({ writeIds: write.writeIds, failure: failureOf(messageOf(error)) });
      fail(flight, messageOf(error));
    }
  }

  function answer(one: Answer): void {
    if (answers.length === 0) answeredAt = Date.now();
    answers.push(one);
    alone.forget(one.write.writeId);
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
    const { claim: one, round: roundLeft } = flight;
    const { write } = one;
    if (outcome.kind === "rejected") {
      noteReached(flight);
      return answer({ claim: one, round: roundLeft, write, rejection: outcome.rejection });
    }
    if (outcome.kind === "refused") return refuse(flight, outcome);
    const about = aboutWrite(write);
    noteFailed(write, failureOf(outcome.message));
    const asked = outcome.kind === "again" ? outcome.retryAfter : 0;
    const isAlone = noteError(retries, write.writeId, asked);
    const isAway = outcome.kind === "unreachable" || outcome.isAway === true;
    if (!isAway) noteReached(flight);
    else if (!isAlone && isNews(flight)) reports.reachable(API, false);
    if (isAlone) return alone.tell(write.writeId, { message: outcome.message, about });
    fail(flight, outcome.message, asked, about);
  }

  function noteFailed({ writeIds }: Outgoing, failure: Rejection): void {
    failed.push({ writeIds, failure });
    looks.anew();
  }

  /** With the headers that the application gives now it may be taken; until then others go ahead. */
  function refuse(flight: Flight, { status, rejection }: Extract<Outcome, { kind: "refused" }>): void {
    const { claim: one, headers, changes } = flight;
    const { write } = one;
    if (isNews(flight)) reports.reachable(API, true);
    const refusal = status === 401 ? retries.refused.refused(write.writeId, headers) : undefined;
    if (refusal === "own" || (status === 403 && retries.forbidden.has(write.writeId))) {
      return answer({ claim: one, round: flight.round, write, rejection });
    }
    noteFailed(write, rejection);
    // Perhaps an old token. With what the application gives now, it is a field that this user may not set.
    if (refusal === undefined) return void retries.forbidden.add(write.writeId);
    alone.tell(write.writeId, { message: `401: ${rejection.message}`, about: aboutWrite(write) });
    if (isNews(flight)) {
      round += 1;
      retries.refusals += 1;
    }
    const onWait = () => reports.waiting(API, true);
    void retries.refused
      .untilNextTry(write.writeId, context, retries.refusals, changes, onWait)
      .finally(() => {
        looks.anew();
        tries.note();
      });
    // Should only these be refused, another one shows it; or the first that has other headers.
    if (refusal === "all") rest(wait(backoff(retries.refusals), signal, tries.source));
  }

  function noteReached(flight: Pick<Flight, "round">): void {
    if (!isNews(flight)) return;
    reports.reachable(API, true);
    reports.waiting(API, false);
  }

  /** Starts a pause in which nothing is sent. Failures of writes that left together count as one. */
  function fail(flight: Pick<Flight, "round" | "changes">, message: string, asked = 0, about?: About): void {
    if (isNews(flight)) {
      round += 1;
      reports.error(API, message, about);
      retries.failures += 1;
      rest(pause(retries.failures, asked, signal, flight.changes.source, presence));
    } else if (asked > 0) {
      rest(wait(asked, signal, flight.changes.source));
    }
    looks.anew();
  }

  function aboutWrite(write: Outgoing): About {
    return { model: write.model.name, url: `${write.action.method} ${writes.urlOf(write)}` };
  }

  /** Pulls rows where the answers to writes didn't say what the rows are now. */
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
          looks.outdated();
        });
      away.set(one.claim, work);
    }
  }

  function failToNote(error: unknown): void {
    const changes = bell(settings.onChange);
    if (!signal.aborted) fail({ round, changes }, messageOf(error));
    closeLater(changes);
  }

  function busy(): Claim[] {
    return [...ready, ...departing, ...away.keys(), ...answers.map((one) => one.claim)];
  }

  return {
    add(claims) {
      ready.push(...claims);
    },
    depart,
    hasRoom,
    isResting: () => resting !== undefined,
    hasReady: () => ready.length > 0,
    takeReady() {
      const taken = ready;
      ready = [];
      return taken;
    },
    underWay: () => departing.size + away.size,
    busy,
    answeredAt: () => (answers.length > 0 ? answeredAt : undefined),
    takeAnswers() {
      const taken = answers;
      answers = [];
      return taken;
    },
    hasFailures: () => failed.length > 0,
    takeFailures() {
      const taken = failed;
      failed = [];
      return taken;
    },
    isNews,
    keepAlone: alone.keep,
    failToNote,
    settleByRows,
    aboutWrite,
    async land() {
      await Promise.all(away.values());
      return [...ready, ...departing];
    },
  };
}

function failureOf(message: string): Rejection {
  return { status: null, message, body: "" };
}

/** Whether nobody has said which key the server has made. */
function isNameless({ write, outcome }: Taken): boolean {
  return outcome.key === null && canDouble(write);
}
