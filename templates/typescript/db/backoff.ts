import { onReturn } from "./presence.js";

/** Calls `wake` from now on, until the function that it returns is called. */
export type Source = (wake: () => void) => () => void;

const FIRST_MS = 1_000;
const LONGEST_MS = 60_000;
const LONGEST_ASKED_FOR_MS = 3_600_000;

/** How long to wait after so many failures in a row: by chance, so that clients don't come back all at once. */
export function backoff(failures: number): number {
  return Math.random() * Math.min(LONGEST_MS, FIRST_MS * 2 ** (failures - 1));
}

/** How long a `Retry-After` asks to wait, in seconds or until a date; 0 without one. */
export function retryAfter(header: string | null | undefined): number {
  if (header === null || header === undefined || header.trim() === "") return 0;
  const seconds = Number(header);
  const asked = Number.isNaN(seconds) ? Date.parse(header) - Date.now() : seconds * 1_000;
  return Number.isNaN(asked) ? 0 : Math.min(Math.max(asked, 0), LONGEST_ASKED_FOR_MS);
}

/** Returns after so many milliseconds (perhaps never), and at once when one of the sources says so or `signal` aborts. */
export async function wait(milliseconds: number, signal: AbortSignal, ...sources: readonly Source[]): Promise<void> {
  if (signal.aborted || milliseconds <= 0) return;
  const undo: (() => void)[] = [];
  await new Promise<void>((resolve) => {
    const wake = () => resolve();
    if (Number.isFinite(milliseconds)) {
      const timer = setTimeout(wake, milliseconds);
      undo.push(() => clearTimeout(timer));
    }
    for (const source of [...sources, aborted(signal)]) undo.push(source(wake));
  });
  for (const stop of undo) stop();
}

function aborted(signal: AbortSignal): Source {
  return (wake) => {
    signal.addEventListener("abort", wake, { once: true });
    return () => signal.removeEventListener("abort", wake);
  };
}

/** Waits as long as the server has asked to; otherwise as long as so many failures take, or until the user returns. */
export async function pause(failures: number, asked: number, signal: AbortSignal, settings: Source): Promise<void> {
  if (asked > 0) await wait(asked, signal, settings);
  else await rest(backoff(failures), signal, settings);
}

/** Waits for a change of the settings, for the user to return, or so long at most. */
export async function rest(milliseconds: number, signal: AbortSignal, settings: Source): Promise<void> {
  await wait(milliseconds, signal, settings, onReturn);
}

export interface Bell {
  /** Wakes at once where it has rung since it was last silenced. */
  readonly source: Source;
  hasRung(): boolean;
  silence(): void;
  close(): void;
}

/** Remembers a call of its source until somebody has the time for it. */
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
  readonly signal: AbortSignal;
  /** From now on, so many milliseconds more. */
  extend(milliseconds: number): void;
  done(): void;
}

/** A signal that aborts with `signal`, and after so many milliseconds unless `done` is called. */
export function within(milliseconds: number, signal: AbortSignal): Limit {
  const controller = new AbortController();
  const abort = () => controller.abort(signal.reason);
  const expire = () => controller.abort(new Error("There was no answer in time."));
  let timer = setTimeout(expire, milliseconds);
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  return {
    signal: controller.signal,
    extend: (more) => {
      clearTimeout(timer);
      timer = setTimeout(expire, more);
    },
    done: () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
    },
  };
}
