import {
  COUNTED_MS,
  FIRST_RETRY_MS,
  LONGEST_RETRY_AFTER_MS,
  LONGEST_RETRY_MS,
  VISIBLE_ANSWER_MS,
} from "../client/timing.js";
import type { HeadersRecord, Settings } from "../config.js";

/** The longest time that `setTimeout` takes. With a longer one, it doesn't wait at all. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Calls `wake` from now on, until the function that it returns is called. */
export type Source = (wake: () => void) => () => void;

/** How long to wait after so many failures in a row. Random, so that clients don't come back all at once. */
export function backoff(failures: number): number {
  return Math.random() * Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (failures - 1));
}

/** Whether a proxy answers in place of a server that it can't reach. */
export function isAway(status: number): boolean {
  return status === 502 || status === 504;
}

/** Whether another try may help, without anybody changing anything. */
export function isPassing(status: number): boolean {
  return status < 400 || status === 408 || status === 425 || status === 429 || status >= 500;
}

/**
 * Where an answer has come from that isn't the answer to what was asked, because a redirect has led elsewhere; undefined where
 * it is. A redirect may lead to another server, but not to another path. `asked`: the path that counts, with its query.
 */
export function strayed(asked: string, { redirected, url }: Pick<Response, "redirected" | "url">): string | undefined {
  if (!redirected || url === "") return undefined;
  const [from, to] = [new URL(asked, "http://base"), new URL(url)];
  const bare = ({ pathname }: URL) => pathname.replace(/\/$/, "");
  const isSame =
    bare(to).endsWith(bare(from)) &&
    [...from.searchParams].every(([name, value]) => to.searchParams.getAll(name).includes(value));
  return isSame ? undefined : `redirected to ${to.origin}${to.pathname}, which isn't what was asked for`;
}

/** How long a `Retry-After` asks to wait, in seconds or until a date; 0 without one. */
export function retryAfter(header: string | null | undefined): number {
  if (header === null || header === undefined || header.trim() === "") return 0;
  const seconds = Number(header);
  const asked = Number.isNaN(seconds) ? Date.parse(header) - Date.now() : seconds * 1_000;
  return Number.isNaN(asked) ? 0 : Math.min(Math.max(asked, 0), LONGEST_RETRY_AFTER_MS);
}

/** Calls `wake` when either of the two does. */
export function either(one: Source, other: Source): Source {
  return (wake) => {
    const stops = [one(wake), other(wake)];
    return () => {
      for (const stop of stops) stop();
    };
  };
}

/**
 * Returns after so many milliseconds (never where they are infinite, and otherwise after some weeks at most), and at
 * once when one of the sources says so or `signal` aborts.
 */
export async function wait(milliseconds: number, signal: AbortSignal, ...sources: readonly Source[]): Promise<void> {
  if (signal.aborted || milliseconds <= 0) return;
  const undo: (() => void)[] = [];
  await new Promise<void>((resolve) => {
    const wake = () => resolve();
    if (Number.isFinite(milliseconds)) {
      const timer = setTimeout(wake, Math.min(milliseconds, LONGEST_TIMER_MS));
      undo.push(() => clearTimeout(timer));
    }
    for (const source of [...sources, aborted(signal)]) undo.push(source(wake));
  });
  for (const stop of undo) stop();
}

/** Waits as long as the server has asked to; otherwise as long as so many failures take, or until the user returns. */
export async function pause(
  failures: number,
  asked: number,
  signal: AbortSignal,
  changes: Source,
  presence: Presence,
): Promise<void> {
  if (asked > 0) await wait(asked, signal, changes);
  else await wait(backoff(failures), signal, changes, presence.onReturn);
}

/** Who listens to a signal. A part of the signal, in effect. */
const listenersOf = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * When a signal aborts. The signal has one listener, however many wait for it: Node warns where there are more than ten, and
 * a client with many models has as many.
 */
export function aborted(signal: AbortSignal): Source {
  return (wake) => {
    const listeners = listenersOf.get(signal) ?? listenTo(signal);
    // Each its own, should the same function listen twice.
    const listener = () => wake();
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
}

function listenTo(signal: AbortSignal): Set<() => void> {
  const listeners = new Set<() => void>();
  listenersOf.set(signal, listeners);
  signal.addEventListener("abort", () => [...listeners].forEach((wake) => wake()), { once: true });
  return listeners;
}

export interface Bell {
  /** Wakes whoever listens when the bell rings, and at once if it has rung and wasn't silenced. */
  readonly source: Source;
  hasRung(): boolean;
  silence(): void;
  close(): void;
}

/** Remembers that its source has called, until `silence` is called. */
export function bell(source: Source): Bell {
  let rung = false;
  const listeners = new Set<() => void>();
  const close = source(() => {
    rung = true;
    for (const wake of listeners) wake();
  });
  return {
    source: (wake) => {
      listeners.add(wake);
      if (rung) wake();
      return () => listeners.delete(wake);
    },
    hasRung: () => rung,
    silence: () => {
      rung = false;
    },
    close,
  };
}

export interface Limit {
  /** Aborts when the time is over. */
  readonly signal: AbortSignal;
  /** From now on, so many milliseconds more. */
  extend(milliseconds: number): void;
}

/**
 * Gives what `work` gives, unless that takes longer than so many milliseconds, or `signal` aborts before. Work that
 * doesn't obey its limit, as a function of the application may not, goes on, but nobody waits for it any more.
 */
export async function within<T>(
  milliseconds: number,
  signal: AbortSignal,
  work: (limit: Limit) => Promise<T>,
  late = "There was no answer in time.",
): Promise<T> {
  signal.throwIfAborted();
  const controller = new AbortController();
  const expire = () => controller.abort(new Error(late));
  let timer = setTimeout(expire, milliseconds);
  const forget = aborted(signal)(() => controller.abort(signal.reason));
  const over = new Promise<never>((_, reject) => {
    aborted(controller.signal)(() => reject(controller.signal.reason));
  });
  const extend = (more: number) => {
    clearTimeout(timer);
    timer = setTimeout(expire, more);
  };
  try {
    return await Promise.race([work({ signal: controller.signal, extend }), over]);
  } finally {
    clearTimeout(timer);
    forget();
  }
}

/** When the browser is online again. */
export const onOnline: Source = (wake) => {
  if (typeof addEventListener !== "function") return () => {};
  addEventListener("online", wake);
  return () => removeEventListener("online", wake);
};

/** When the tab becomes visible. */
export const onVisible: Source = (wake) => {
  if (typeof document === "undefined") return () => {};
  const look = () => {
    if (isVisible()) wake();
  };
  document.addEventListener("visibilitychange", look);
  return () => document.removeEventListener("visibilitychange", look);
};

/** Whether the user is there, in this tab or another of the same database. */
export interface Presence {
  /** When the browser is online again, or the user comes back to any tab of the application: what waits tries again. */
  readonly onReturn: Source;
  /** Another tab has said that the user is there. */
  returnedElsewhere(): void;
  /** Whether this tab is visible, or another one says that it is. */
  isSeen(): Promise<boolean>;
  /** Another tab has said that it is visible. */
  seenElsewhere(): void;
  /** Has `ask` ask the other tabs whether they are visible. */
  askElsewhere(ask: (() => void) | undefined): void;
}

export function createPresence(): Presence {
  const waiting = new Set<() => void>();
  const asking = new Set<() => void>();
  let ask: (() => void) | undefined;
  return {
    onReturn: (wake) => {
      const stops = [onOnline(wake), onVisible(wake)];
      waiting.add(wake);
      return () => {
        for (const stop of stops) stop();
        waiting.delete(wake);
      };
    },
    returnedElsewhere() {
      for (const wake of waiting) wake();
    },
    async isSeen() {
      if (isVisible()) return true;
      if (ask === undefined) return false;
      const isSeen = new Promise<boolean>((resolve) => {
        const answer = () => resolve(true);
        asking.add(answer);
        setTimeout(() => {
          asking.delete(answer);
          resolve(false);
        }, VISIBLE_ANSWER_MS);
      });
      ask();
      return isSeen;
    },
    seenElsewhere() {
      for (const answer of asking) answer();
    },
    askElsewhere(other) {
      ask = other;
    },
  };
}

/** Whether the page is visible. Outside of a browser there is no page that could be hidden. */
export function isVisible(): boolean {
  return typeof document === "undefined" || document.visibilityState === "visible";
}

/**
 * Returns once the application gives other headers than those that were refused. Where they are the same, because the
 * browser adds a cookie, `configureSync` says that they are worth a try: `changes` rings then, and where the server takes
 * them from others. Calls `onWait` where it has to wait.
 */
export async function otherHeaders(
  settings: Settings,
  presence: Presence,
  refused: HeadersRecord,
  signal: AbortSignal,
  changes: Bell,
  onWait: () => void,
): Promise<void> {
  for (let times = 1; !signal.aborted && !changes.hasRung(); times += 1) {
    const offered = await settings.headers(signal).catch(() => refused);
    if (!isSameHeaders(offered, refused)) return;
    onWait();
    await wait(backoff(times), signal, changes.source, presence.onReturn);
  }
}

export function isSameHeaders(one: HeadersRecord, other: HeadersRecord): boolean {
  const text = (headers: HeadersRecord) => JSON.stringify(Object.entries(headers).sort());
  return text(one) === text(other);
}

/** Tells those whose headers were refused that the server takes what others ask: it may have been wrong about them. */
export interface Passes {
  note(): void;
  readonly source: Source;
}

export function createPasses(): Passes {
  const listeners = new Set<() => void>();
  return {
    note() {
      for (const wake of listeners) wake();
    },
    source(wake) {
      listeners.add(wake);
      return () => listeners.delete(wake);
    },
  };
}

/** Passes requests for a pull on to the transport that polls. */
export interface Pulls {
  /**
   * Pulls a model's rows, or those of all models that are pulled. Returns once a pull that began after this call has
   * ended: true where it went well, false where it failed or nobody pulls.
   */
  ask(model?: string): Promise<boolean>;
  /** Has `pull` do that, until what this returns is called. */
  serve(pull: (model: string | undefined) => Promise<boolean>): () => void;
}

export function createPulls(): Pulls {
  const servers = new Set<(model: string | undefined) => Promise<boolean>>();
  return {
    async ask(model) {
      const answers = await Promise.all([...servers].map((pull) => pull(model).catch(() => false)));
      return answers.length > 0 && answers.every((isWell) => isWell);
    },
    serve(pull) {
      servers.add(pull);
      return () => servers.delete(pull);
    },
  };
}

/** Reads something again whenever it may have changed. */
export interface Refresh {
  /** Returns when it has been read. Within a pause it returns at once: it is read after the pause. */
  now(): Promise<void>;
  stop(): void;
}

/** `read` returns whether there was much to read: then it pauses, so that it takes no more than a tenth of the time. */
export function refresh(read: () => Promise<boolean>): Refresh {
  let isOutdated = false;
  let isStopped = false;
  let reading: Promise<void> | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;

  async function readOnce(): Promise<void> {
    isOutdated = false;
    const start = performance.now();
    // Where it fails, the database was closed; if not, the next change tries again.
    const isMuch = await read().catch(() => true);
    reading = undefined;
    if (isStopped) return;
    if (!isMuch) return again();
    const pause = Math.min(COUNTED_MS, 9 * (performance.now() - start));
    timer = setTimeout(() => {
      timer = undefined;
      again();
    }, pause);
  }

  function again(): void {
    if (isOutdated) void now();
  }

  function now(): Promise<void> {
    isOutdated = true;
    if (timer !== undefined || isStopped) return Promise.resolve();
    reading ??= readOnce();
    return reading;
  }

  return {
    now,
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
