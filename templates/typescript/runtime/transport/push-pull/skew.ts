import { stampOf } from "../../store/store.js";

/** How far the clocks may seem to have moved against each other while none of them was set. */
const DRIFT_MS = 500;

/** How far the server's clock is ahead of the device's, as far as answers show it. */
export interface Skew {
  /** Asks the server, whose answer says what time it is there. */
  measure<T extends { readonly stamp: string }>(ask: () => Promise<T>): Promise<T>;
  /**
   * Milliseconds: the least that the answers allow, so that a request that takes long says nothing of the clocks. Undefined
   * before the first answer, and after the device's clock was set.
   */
  known(): number | undefined;
}

/** Each answer says between which two differences the true one is. */
interface Bounds {
  readonly from: number;
  readonly to: number;
  /** What `setting` gave. */
  readonly setting: number;
}

/** By how much the device's clock is ahead of one that nobody sets. */
function setting(): number {
  return Date.now() - performance.now();
}

export function createSkew(): Skew {
  let bounds: Bounds | undefined;

  /** What holds as long as nobody has set the clock. */
  function current(): Bounds | undefined {
    return bounds !== undefined && Math.abs(setting() - bounds.setting) <= DRIFT_MS ? bounds : undefined;
  }

  return {
    async measure(ask) {
      const before = setting();
      const sentAt = Date.now();
      const answer = await ask();
      const server = stampOf(answer.stamp).milliseconds;
      // The clock was set meanwhile.
      if (Math.abs(setting() - before) > DRIFT_MS) return answer;
      const shown = { from: server - Date.now(), to: server + 1 - sentAt, setting: before };
      const known = current();
      const both = known && { ...known, from: Math.max(known.from, shown.from), to: Math.min(known.to, shown.to) };
      bounds = both !== undefined && both.from <= both.to ? both : shown;
      return answer;
    },
    known() {
      const now = current();
      return now && Math.min(Math.max(0, now.from), now.to);
    },
  };
}
