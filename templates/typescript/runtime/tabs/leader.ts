import { LEADER_INTERRUPT_MS, LEADER_RETRY_MS } from "../client/timing.js";

type Work = (signal: AbortSignal) => Promise<"over" | void>;

/** One tab of those that share a database leads: it syncs for all. */
export interface Leadership {
  /**
   * Runs `work` whenever this tab leads, until the function that it returns is called; that one returns once `work` has.
   * `work` has to end when its signal aborts: it is over, or `alone` needs the lock, and then it runs again, unless it
   * has said itself that it is over.
   */
  lead(work: Work): () => Promise<void>;
  /** Runs `task` while nobody leads, in no tab. */
  alone<T>(task: () => Promise<T>): Promise<T>;
}

/** `lockName`: what all tabs of one database share; without it, this thread has the database for itself. */
export function createLeadership(lockName: string | undefined): Leadership {
  /** End the turns of this tab. */
  const interruptions = new Set<() => void>();
  /** The last in line where there is no lock. */
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
          // Either nobody needs the turn any more, or the work has failed, and is tried again.
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
    // Whoever is interrupted stands in line again, behind this.
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
