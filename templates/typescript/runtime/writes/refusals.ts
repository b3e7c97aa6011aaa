import type { HeadersRecord } from "../config.js";
import {
  backoff,
  bell,
  either,
  isSameHeaders,
  otherHeaders,
  wait,
  type Bell,
  type Source,
} from "../transport/schedule.js";
import type { Context } from "../transport/transport.js";

/** After so many refusals that were a write's own, the next one is its answer. */
const MOST_OWN = 2;

/** A write that was refused (401), and waits. */
interface Refused {
  readonly headers: HeadersRecord;
  /** When it was refused last. */
  readonly at: number;
  /** How often it was refused. */
  readonly times: number;
  /** How many of these refusals were its own: with the same headers, the server has taken what left later. */
  own: number;
  /** Whether the last of them was, and whether anything was taken after it. */
  isLastOwn: boolean;
  isPassed: boolean;
  /** Whether it waits for a reason to be tried again. */
  isHeld: boolean;
  readonly wakes: Set<() => void>;
}

/** What a refusal means. */
export type Refusal =
  /** That it is the write's answer: it is its own, and was twice before. */
  | "own"
  /** That others can be sent meanwhile, should they be taken. */
  | "one"
  /** That the server wants other headers: it has refused another write, and taken none since. */
  | "all";

/**
 * Knows which writes were refused with 401. That says nothing of a write where its headers have expired, so it waits for
 * others, and is tried with what the application gives then. Meanwhile others go ahead of it. It is rejected only with its
 * third refusal, after two after each of which the server has taken, with the same headers, something that left later.
 */
export interface Refusals {
  /** Gives the moment at which a request leaves. */
  leave(): number;
  refused(writeId: string, headers: HeadersRecord): Refusal;
  /** A request that left then was taken. `writeId`: that of a write, where it was one. */
  taken(writeId: string | undefined, headers: HeadersRecord, leftAt: number): void;
  /** Forgets a write that has been answered. */
  forget(writeId: string): void;
  /** Forgets all but these. */
  keep(writeIds: ReadonlySet<string>): void;
  isHeld(writeId: string): boolean;
  /**
   * Returns when a refused write can be tried again. `inARow`: how many refusals have come since the last write that was
   * taken; `changed`: whether the settings have changed since the request left.
   */
  untilNextTry(writeId: string, context: Context, inARow: number, changed: Bell, onWait: () => void): Promise<void>;
}

export function createRefusals(): Refusals {
  const known = new Map<string, Refused>();
  let clock = 0;

  /** Ends the wait of a write for another try. */
  function wake({ wakes }: Refused): void {
    for (const each of wakes) each();
  }

  function forget(writeId: string): void {
    const refused = known.get(writeId);
    known.delete(writeId);
    if (refused !== undefined) wake(refused);
  }

  return {
    leave: () => (clock += 1),

    refused(writeId, headers) {
      const before = known.get(writeId);
      const own = before !== undefined && isSameHeaders(headers, before.headers) ? before.own : 0;
      if (own >= MOST_OWN) return "own";
      const times = (before?.times ?? 0) + 1;
      const at = (clock += 1);
      known.set(writeId, { headers, at, times, own, isLastOwn: false, isPassed: false, isHeld: true, wakes: new Set() });
      return [...known.values()].filter(({ isPassed }) => !isPassed).length > 1 ? "all" : "one";
    },

    taken(writeId, headers, leftAt) {
      if (writeId !== undefined) forget(writeId);
      for (const refused of known.values()) {
        if (leftAt < refused.at) continue;
        refused.isPassed = true;
        if (refused.isLastOwn || !isSameHeaders(headers, refused.headers)) continue;
        refused.isLastOwn = true;
        refused.own += 1;
        wake(refused);
      }
    },

    forget,
    keep(writeIds) {
      for (const writeId of [...known.keys()].filter((one) => !writeIds.has(one))) forget(writeId);
    },
    isHeld: (writeId) => known.get(writeId)?.isHeld === true,

    async untilNextTry(writeId, { settings, presence, passes, signal }, inARow, changed, onWait) {
      const refused = known.get(writeId);
      if (refused === undefined) return;
      const changes = bell((wake) => {
        if (changed.hasRung()) wake();
        return settings.onChange(wake);
      });
      const woken: Source = (ring) => {
        refused.wakes.add(ring);
        return () => refused.wakes.delete(ring);
      };
      // That reads pass says nothing of the write, but is a reason to try.
      const passed = bell(either(woken, passes.source));
      const times = Math.max(refused.times, inARow);
      // Headers may be new each time, and refused each time.
      if (times > 1) await wait(backoff(times - 1), signal, changes.source);
      const news = bell(either(changes.source, passed.source));
      // One whose refusals are its own has no other headers to wait for.
      const onOtherHeaders = () => {
        if (refused.own === 0) onWait();
      };
      await otherHeaders(settings, presence, refused.headers, signal, news, onOtherHeaders);
      for (const each of [changes, passed, news]) each.close();
      refused.isHeld = false;
    },
  };
}
