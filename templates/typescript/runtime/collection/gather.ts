import { LONGEST_READ_RETRY_MS } from "../client/timing.js";
import { isFull } from "../store/store.js";
import { backoff, wait } from "../transport/schedule.js";

/** Saves what comes quickly one after the other together, in the order in which it comes. */
export interface Gathering<Work, Saved> {
  /** Saves this, with what else comes until the running code ends, or while an earlier save is under way. */
  save(work: Work): Promise<Saved>;
  /** What `isSavable` denies now. */
  waiting(): readonly Work[];
  /** Saves what can be saved by now. */
  resume(): void;
  /** Returns when all that was given is on the device, or was refused. */
  flushed(): Promise<void>;
  /** Returns when all that can be saved now is on the device, or was refused. */
  settled(): Promise<void>;
  /** Like `settled`, but refuses what the disk has no room for, instead of trying again. */
  finish(): Promise<void>;
  /** Whether something is being saved. */
  isSaving(): boolean;
}

interface Waiting<Work, Saved> {
  readonly work: Work;
  readonly resolve: (saved: Saved) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * `saveTogether` saves all or nothing, and gives one result for each. What `isSavable` denies waits for `resume`, and what
 * can be saved goes ahead of it. `onUnsaved` hears how many can't be saved now, because the disk is full: they are kept and
 * tried again.
 */
export function gather<Work, Saved>(
  saveTogether: (works: readonly Work[]) => Promise<readonly Saved[]>,
  isSavable: (work: Work) => boolean,
  onUnsaved: (unsaved: number, error: unknown) => void,
): Gathering<Work, Saved> {
  let next: Waiting<Work, Saved>[] = [];
  /** How many aren't saved yet, those under way included. */
  let unsaved = 0;
  const promises = new Set<Promise<Saved>>();
  let running: Promise<void> | undefined;
  let finishing = new AbortController();

  async function run(): Promise<void> {
    // At the end of the running code, and no later: even if the page is left now, the database's worker has its edits.
    await Promise.resolve();
    for (;;) {
      const some = next.filter(({ work }) => isSavable(work));
      if (some.length === 0) break;
      next = next.filter(({ work }) => !isSavable(work));
      await saveSome(some);
    }
    running = undefined;
  }

  /** Saves them. If the database refuses one, it is searched for in halves, and the others are saved in their order. */
  async function saveSome(some: readonly Waiting<Work, Saved>[]): Promise<void> {
    try {
      const saved = await saveKept(some.map(({ work }) => work));
      some.forEach(({ resolve }, index) => resolve(saved[index] as Saved));
    } catch (error) {
      const half = Math.floor(some.length / 2);
      if (half > 0) {
        await saveSome(some.slice(0, half));
        return saveSome(some.slice(half));
      }
      for (const { reject } of some) reject(error);
    }
    unsaved -= some.length;
  }

  /** Tries until there is room on the disk. */
  async function saveKept(works: readonly Work[]): Promise<readonly Saved[]> {
    for (let failures = 0; ; ) {
      try {
        const saved = await saveTogether(works);
        if (failures > 0) onUnsaved(0, undefined);
        return saved;
      } catch (error) {
        const { signal } = finishing;
        if (!isFull(error) || signal.aborted) {
          if (failures > 0) onUnsaved(0, undefined);
          throw error;
        }
        failures += 1;
        onUnsaved(unsaved - waiting().length, error);
        await wait(Math.min(backoff(failures), LONGEST_READ_RETRY_MS), signal);
      }
    }
  }

  function waiting(): readonly Work[] {
    return next.map(({ work }) => work).filter((work) => !isSavable(work));
  }

  function resume(): void {
    running ??= run();
  }

  return {
    save(work) {
      const promise = new Promise<Saved>((resolve, reject) => {
        next.push({ work, resolve, reject });
      });
      unsaved += 1;
      promises.add(promise);
      resume();
      return promise.finally(() => promises.delete(promise));
    },
    waiting,
    resume,
    async flushed() {
      await Promise.allSettled(promises);
    },
    settled: async () => running,
    async finish() {
      finishing.abort();
      await running;
      finishing = new AbortController();
    },
    isSaving: () => running !== undefined,
  };
}
