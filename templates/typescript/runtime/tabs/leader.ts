import { LEADER_INTERRUPT_MS, LEADER_RETRY_MS, OWNER_ANSWER_MS } from "../client/timing.js";
import type { Leader } from "./reports.js";

type Work = (signal: AbortSignal) => Promise<"over" | void>;

/** Decides which of the tabs that share a database leads: that one syncs for all. */
export interface Leadership {
  /**
   * Runs `work` whenever this tab leads. The function that it returns stops that, and returns once `work` has ended.
   * `work` has to end when its signal aborts. It runs again afterwards if only `alone` needed the lock, unless it
   * returns "over".
   */
  lead(work: Work): () => Promise<void>;
  /** Runs `task` while nobody leads, in no tab. */
  alone<T>(task: () => Promise<T>): Promise<T>;
}

/** `lockName`: the same in all tabs of one database; without it, no other tab has the database open. */
export function createLeadership(lockName: string | undefined): Leadership {
  /** Functions that end the turns of this tab. */
  const interruptions = new Set<() => void>();
  /** Takes the place of the lock where there is none: the end of the last task. */
  let queue: Promise<unknown> = Promise.resolve();

  function openChannel(): BroadcastChannel | undefined {
    return lockName === undefined ? undefined : new BroadcastChannel(lockName);
  }

  /** Runs `task` once the lock is free; throws where `signal` aborts before. */
  async function locked<T>(signal: AbortSignal, task: () => Promise<T>): Promise<T> {
    if (lockName !== undefined) return navigator.locks.request(lockName, { signal }, task);
    const result = queue.then(() => {
      signal.throwIfAborted();
      return task();
    });
    queue = result.catch(() => {});
    return result;
  }

  function lead(work: Work): () => Promise<void> {
    const stop = new AbortController();
    let turn = new AbortController();
    const interrupt = () => turn.abort();
    const channel = openChannel();
    channel?.addEventListener("message", interrupt);
    stop.signal.addEventListener("abort", interrupt);
    interruptions.add(interrupt);

    async function takeTurns(): Promise<void> {
      while (!stop.signal.aborted) {
        turn = new AbortController();
        const { signal } = turn;
        try {
          if ((await locked(signal, () => work(signal))) === "over") return;
        } catch {
          // Either the turn was interrupted, or the work has failed and is tried again.
          if (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, LEADER_RETRY_MS));
        }
      }
    }

    const ended = takeTurns();
    return async () => {
      stop.abort();
      await ended;
      interruptions.delete(interrupt);
      channel?.close();
    };
  }

  async function alone<T>(task: () => Promise<T>): Promise<T> {
    const result = locked(new AbortController().signal, task);
    const channel = openChannel();
    // Those that are interrupted request the lock again, after this task.
    const interrupt = () => {
      for (const end of interruptions) end();
      channel?.postMessage("interrupt");
    };
    interrupt();
    const timer = setInterval(interrupt, LEADER_INTERRUPT_MS);
    try {
      return await result;
    } finally {
      clearInterval(timer);
      channel?.close();
    }
  }

  return { lead, alone };
}

/** What is told where edits wait; null: nothing. */
const TOLD: Readonly<Record<Leader, string | null>> = {
  awake: null,
  older:
    "Another tab of this application has been open since before an update, and sends the edits of all. " +
    "Load that tab again, or close it.",
  silent:
    "Another tab of this application sends the edits of all, and doesn't answer: perhaps the browser has put it to sleep. " +
    "Look at that tab, or close it.",
};

/**
 * Calls `onTold` where edits wait for a tab that doesn't answer, or that has older code, and with null where none do any more.
 * The function that it returns stops that.
 */
export function watchLeader(
  isWaiting: () => boolean,
  leader: () => Promise<Leader>,
  onTold: (message: string | null) => void,
): () => void {
  const timer = setInterval(() => {
    if (!isWaiting()) return onTold(null);
    void leader().then((which) => onTold(isWaiting() ? TOLD[which] : null));
  }, OWNER_ANSWER_MS);
  return () => {
    clearInterval(timer);
    onTold(null);
  };
}
