type Work = (signal: AbortSignal) => Promise<"over" | void>;

/** How long work that has failed rests. */
const REST_MS = 1_000;
/** How often those who hold a lock are asked to give it up. */
const ASKED_EVERY_MS = 500;

/** Ends the turns of this thread. */
const interruptions = new Set<() => void>();
/** The last in line where there is one thread. */
let queue: Promise<unknown> = Promise.resolve();

/**
 * Runs `work` whenever this tab holds the lock, until the function that it returns is called; that one returns once
 * `work` has. `work` has to end when its signal aborts: it is over, or `alone` needs the lock, and then it runs again,
 * unless it has said itself that it is over.
 * `lockName`: what all tabs of one database share; without it, this thread has the database for itself.
 */
export function lead(lockName: string | undefined, work: Work): () => Promise<void> {
  const stop = new AbortController();
  let turn = new AbortController();
  const interrupt = () => turn.abort();
  const channel = lockName === undefined ? undefined : new BroadcastChannel(lockName);
  channel?.addEventListener("message", interrupt);
  stop.signal.addEventListener("abort", interrupt);
  interruptions.add(interrupt);

  async function takeTurns(): Promise<void> {
    while (!stop.signal.aborted) {
      turn = new AbortController();
      const { signal } = turn;
      try {
        if ((await locked(lockName, signal, () => work(signal))) === "over") return;
      } catch {
        // Either nobody needs the turn any more, or the work has failed, and is tried again.
        if (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, REST_MS));
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

/** Runs `task` while nobody leads, in no tab. */
export async function alone<T>(lockName: string | undefined, task: () => Promise<T>): Promise<T> {
  const result = locked(lockName, new AbortController().signal, task);
  const channel = lockName === undefined ? undefined : new BroadcastChannel(lockName);
  // Whoever is interrupted stands in line again, behind this.
  const interrupt = () => {
    for (const end of interruptions) end();
    channel?.postMessage("interrupt");
  };
  interrupt();
  const timer = setInterval(interrupt, ASKED_EVERY_MS);
  try {
    return await result;
  } finally {
    clearInterval(timer);
    channel?.close();
  }
}

/** Runs `task` once the lock is free; throws where `signal` aborts before. */
async function locked<T>(lockName: string | undefined, signal: AbortSignal, task: () => Promise<T>): Promise<T> {
  if (lockName !== undefined) return navigator.locks.request(lockName, { signal }, task);
  const result = queue.then(() => {
    signal.throwIfAborted();
    return task();
  });
  queue = result.catch(() => {});
  return result;
}
