import { messageOf } from "./client/json.js";
import type { HeadersRecord, Settings } from "./config.js";
import type { Entry, Store } from "./store/store.js";
import type { Reports } from "./tabs/reports.js";
import { aborted, backoff, bell, wait } from "./transport/schedule.js";

/**
 * Has the log know who is signed in, now and after each change. What is written before a change is the former user's:
 * `settled` returns when it is in the log. What this returns stops it.
 */
export async function noteUser(
  store: Store,
  settings: Settings,
  settled: () => Promise<void>,
  onError: (message: string) => void,
): Promise<() => Promise<void>> {
  const stop = new AbortController();
  const { signal } = stop;
  const changes = bell(settings.onChange);
  let noted: string | null | undefined;

  async function note(): Promise<void> {
    const { user } = settings.current();
    if (user === undefined || user === noted) return;
    await store.transaction(({ log }) => log.signIn(user));
    noted = user;
  }

  /** Returns when the work is done, or nobody waits for it any more. */
  async function unlessAborted(work: Promise<void>): Promise<void> {
    const patience = new AbortController();
    const end = () => patience.abort();
    const forget = aborted(signal)(end);
    if (signal.aborted) end();
    await Promise.race([work, wait(Number.POSITIVE_INFINITY, patience.signal)]).finally(() => {
      forget();
      end();
    });
  }

  async function follow(): Promise<void> {
    for (let failures = 0; !signal.aborted; ) {
      changes.silence();
      try {
        await unlessAborted(settled());
        if (!signal.aborted) await note();
        failures = 0;
        await wait(Number.POSITIVE_INFINITY, signal, changes.source);
      } catch (error) {
        // Until it is noted, what is written counts as the former user's, and nobody sends it for the new one.
        failures += 1;
        if (!signal.aborted) onError(messageOf(error));
        await wait(backoff(failures), signal);
      }
    }
  }

  await note();
  const following = follow();
  return async () => {
    stop.abort();
    changes.close();
    await following;
  };
}

/**
 * Runs `work` while somebody is signed in, or the application hasn't said who is. When another user signs in, it ends and
 * begins again: what is on its way has the headers of the former one.
 */
export async function whileSignedIn(
  settings: Settings,
  reports: Reports,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  while (!signal.aborted) {
    let { user } = settings.current();
    reports.signedOut(user === null);
    const changes = bell(settings.onChange);
    if (user === null) {
      await wait(Number.POSITIVE_INFINITY, signal, changes.source);
    } else {
      const turn = new AbortController();
      const end = () => turn.abort();
      const forget = aborted(signal)(end);
      const stop = changes.source(() => {
        const next = settings.current().user;
        // The application has told only now who it is.
        if (user === undefined && next !== null) user = next;
        else if (next !== user) end();
      });
      try {
        await work(turn.signal);
      } finally {
        stop();
        forget();
      }
    }
    changes.close();
  }
}

/** Whether an entry may go out only with the headers of another user. */
export function isOthers({ user }: Entry, settings: Settings): boolean {
  return user !== null && user !== settings.current().user;
}

/**
 * What this returns is to be called with the headers of each write. It warns once, where they may be those of another
 * user than the one who has written.
 */
export function warnOfUsers(settings: Settings): (headers: HeadersRecord) => void {
  let hasWarned = false;
  return (headers) => {
    if (hasWarned || settings.current().user !== undefined || Object.keys(headers).length === 0) return;
    hasWarned = true;
    console.warn(
      "`headers` is set, and `user` isn't: what one user has written offline could be sent with the headers of the " +
        "next. Say who is signed in: configureSync({ user: … }), or null.",
    );
  };
}
