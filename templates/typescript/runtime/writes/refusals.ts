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

/** So many refusals that were a write's own are its answer. */
const OWN = 2;

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
  isOwn: boolean;
  isPassed: boolean;
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
 * others, and is tried with what the application gives then. Meanwhile others go ahead of it. It is rejected only once it
 * was refused twice although the server has taken, with the same headers, something that left after that.
 */
export interface Refusals {
  /** Gives the moment at which a request leaves. */
  leave(): number;
  refused(writeId: string, headers: HeadersRecord): Refusal;
  /** A request that left then was taken. `writeId`: that of a write, where it was one. */
  taken(writeId: string | undefined, headers: HeadersRecord, leftAt: number): void;
  /** Forgets a write that has been answered. */
  forget(writeId: string): void;
  isHeld(writeId: string): boolean;
  /**
   * Returns when a write that was refused is worth another try, which it has from then on. `inARow`: how often the server
   * has refused something since it took something; `changed`: whether the settings have changed since the request left.
   */
  untilNextTry(writeId: string, context: Context, inARow: number, changed: Bell, onWait: () => void): Promise<void>;
}

export function createRefusals(): Refusals {
  const known = new Map<string, Refused>();
  let clock = 0;

  function passes(writeId: string): Source {
    return (wake) => {
      const wakes = known.get(writeId)?.wakes;
      wakes?.add(wake);
      return () => wakes?.delete(wake);
    };
  }

  return {
    leave: () => (clock += 1),

    refused(writeId, headers) {
      const before = known.get(writeId);
      const own = before?.own ?? 0;
      if (own >= OWN) return "own";
      const times = (before?.times ?? 0) + 1;
      const at = (clock += 1);
      known.set(writeId, { headers, at, times, own, isOwn: false, isPassed: false, isHeld: true, wakes: new Set() });
      return [...known.values()].filter(({ isPassed }) => !isPassed).length > 1 ? "all" : "one";
    },

    taken(writeId, headers, leftAt) {
      if (writeId !== undefined) known.delete(writeId);
      for (const refused of known.values()) {
        if (leftAt < refused.at) continue;
        refused.isPassed = true;
        if (refused.isOwn || !isSameHeaders(headers, refused.headers)) continue;
        refused.isOwn = true;
        refused.own += 1;
        for (const wake of refused.wakes) wake();
      }
    },

    forget: (writeId) => known.delete(writeId),
    isHeld: (writeId) => known.get(writeId)?.isHeld === true,

    async untilNextTry(writeId, { settings, presence, signal }, inARow, changed, onWait) {
      const refused = known.get(writeId);
      if (refused === undefined) return;
      const changes = bell((wake) => {
        if (changed.hasRung()) wake();
        return settings.onChange(wake);
      });
      const passed = bell(passes(writeId));
      const times = Math.max(refused.times, inARow);
      // Headers may be new each time, and refused each time.
      if (times > 1) await wait(backoff(times - 1), signal, changes.source);
      const news = bell(either(changes.source, passed.source));
      await otherHeaders(settings, presence, refused.headers, signal, news, onWait);
      for (const each of [changes, passed, news]) each.close();
      refused.isHeld = false;
    },
  };
}
