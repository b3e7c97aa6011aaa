import { CLOSE_MS, OWNER_ANSWER_MS } from "../../../client/timing.js";
import type { Row } from "../driver.js";
import {
  fromRemote,
  tabChannel,
  type Announcement,
  type Place,
  type Reply,
  type Request,
  type Task,
  type WorkerMessage,
} from "./messages.js";

/** The worker that has the database open at the moment. */
export interface Owner {
  /** Whether another worker has taken its place: open requests will never be answered then. */
  readonly isLost: boolean;
  ask(task: Task): Promise<Row[]>;
  /** Begins a transaction, and returns its id. */
  begin(): Promise<number>;
}

export interface TabConnection {
  /** Identifies this tab. */
  readonly client: string;
  owner(): Promise<Owner>;
  onCommit(listener: () => void): () => void;
  close(): Promise<void>;
}

/** Says that another tab has the database and doesn't answer; null: it does again. */
export type OnSilent = (message: string | null) => void;

const SILENT =
  "Another tab of this application has the database open, and doesn't answer: perhaps the browser has put it to sleep. " +
  "Look at that tab, or close it.";

/** Calls `onSilent` where something that is waited for takes long. */
function createWatch(onSilent: OnSilent): <T>(work: Promise<T>) => Promise<T> {
  const late = new Set<Promise<unknown>>();
  return (work) => {
    const timer = setTimeout(() => {
      late.add(work);
      if (late.size === 1) onSilent(SILENT);
    }, OWNER_ANSWER_MS);
    const end = () => {
      clearTimeout(timer);
      if (late.delete(work) && late.size === 0) onSilent(null);
    };
    work.then(end, end);
    return work;
  };
}

/** Starts the tab's own worker, and connects the tab to the one that has the database open, whichever it is. */
export async function connectTab(
  worker: Worker,
  shared: string,
  place: Place,
  onSilent: OnSilent,
): Promise<TabConnection> {
  const client = crypto.randomUUID();
  const release = await holdLock(tabChannel(shared, client));
  const announcements = new BroadcastChannel(shared);
  const channel = new BroadcastChannel(tabChannel(shared, client));
  const listeners = new Set<() => void>();
  let owner: RemoteOwner | undefined;
  let next = deferred<Owner>();
  /** Whether this tab's own worker has the database: then no other is to blame. */
  let isOwn = false;
  const watched = createWatch((message) => {
    if (!isOwn || message === null) onSilent(message);
  });

  function announce(announcement: Announcement): void {
    announcements.postMessage(announcement);
  }

  function tell(message: WorkerMessage): void {
    worker.postMessage(message);
  }

  function lose(error: Error): void {
    if (owner === undefined) return;
    next = deferred();
    owner.lose(error);
    owner = undefined;
  }

  /** Fails all requests until another tab has opened the database. */
  function fail(error: Error): void {
    lose(error);
    next.reject(error);
  }

  function look(): void {
    for (const listener of listeners) listener();
  }

  announcements.addEventListener("message", ({ data }: MessageEvent<Announcement>) => {
    if (data.type === "commit") look();
    if (data.type !== "owner") return;
    lose(new Error("The database is being opened by another tab."));
    announce({ type: "hello", client });
  });

  channel.addEventListener("message", ({ data }: MessageEvent<Reply>) => {
    if (data.type !== "welcome") {
      if (data.owner === owner?.id) owner.take(data);
      return;
    }
    lose(new Error("The database has been opened by another tab."));
    owner = remoteOwner(data.owner, (request) => channel.postMessage(request), watched);
    next.resolve(owner);
    // A new promise, because the old one is rejected if opening had failed before.
    next = deferred();
    next.resolve(owner);
    // Commits may have been missed.
    look();
  });

  worker.addEventListener("message", ({ data }: MessageEvent<WorkerMessage>) => {
    if (data.type === "opening") isOwn = true;
    if (data.type !== "failed") return;
    isOwn = false;
    fail(fromRemote(data.error));
  });
  worker.addEventListener("error", (event) => {
    if (owner === undefined) fail(new Error(`The database's worker doesn't start: ${event.message}`));
  });

  tell({ type: "open", shared, place });
  announce({ type: "hello", client });

  async function close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      setTimeout(resolve, CLOSE_MS);
      worker.addEventListener("message", ({ data }: MessageEvent<WorkerMessage>) => {
        if (data.type === "closed") resolve();
      });
    });
    fail(new Error("The database is closed."));
    announcements.close();
    channel.close();
    release();
    tell({ type: "close" });
    await closed;
    worker.terminate();
  }

  return {
    client,
    owner: () => watched(next.promise),
    onCommit(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close,
  };
}

interface RemoteOwner extends Owner {
  readonly id: string;
  take(reply: Exclude<Reply, { readonly type: "welcome" }>): void;
  lose(error: Error): void;
}

function remoteOwner(
  owner: string,
  send: (request: Request) => void,
  watched: <T>(work: Promise<T>) => Promise<T>,
): RemoteOwner {
  const calls = new Map<number, Deferred<Row[]>>();
  let lastId = 0;
  let loss: Error | undefined;

  function call(task: Task): { readonly id: number; readonly answer: Promise<Row[]> } {
    lastId += 1;
    const id = lastId;
    const { promise, resolve, reject } = deferred<Row[]>();
    if (loss !== undefined) {
      reject(loss);
    } else {
      calls.set(id, { promise, resolve, reject });
      send({ ...task, owner, id });
    }
    return { id, answer: watched(promise) };
  }

  return {
    id: owner,
    get isLost() {
      return loss !== undefined;
    },
    ask: (task) => call(task).answer,
    async begin() {
      const { id, answer } = call({ type: "begin" });
      await answer;
      return id;
    },
    take(reply) {
      const waiting = calls.get(reply.id);
      calls.delete(reply.id);
      if (reply.type === "result") waiting?.resolve(reply.rows);
      else waiting?.reject(fromRemote(reply.error));
    },
    lose(error) {
      loss = error;
      for (const { reject } of calls.values()) reject(error);
      calls.clear();
    },
  };
}

interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

function deferred<T>(): Deferred<T> {
  let [resolve, reject]: [(value: T) => void, (error: Error) => void] = [() => {}, () => {}];
  const promise = new Promise<T>((onValue, onError) => {
    [resolve, reject] = [onValue, onError];
  });
  // Without this, a rejection that nobody waits for would be reported as unhandled.
  promise.catch(() => {});
  return { promise, resolve, reject };
}

/** Holds a lock that shows other tabs that this one is open. Returns the function that releases it. */
function holdLock(lockName: string): Promise<() => void> {
  return new Promise((held, failed) => {
    navigator.locks.request(lockName, () => new Promise<void>((release) => held(release))).catch(failed);
  });
}
