import { messageOf } from "../client/json.js";
import type { Model } from "../client/model.js";
import { BROKEN_RETRY_MS } from "../client/timing.js";
import type { HeadersRecord } from "../config.js";
import type { Reports } from "../tabs/reports.js";
import { showLoaded } from "./loading.js";
import { backoff, bell, either, otherHeaders, pause, wait, type Source } from "./schedule.js";
import type { Context } from "./transport.js";

/**
 * How an attempt to read a model's rows has ended. `url`: what was asked, where a request has failed; `status`: what was
 * answered.
 */
export type End =
  /** It went well, is to stop, or is to begin again with other settings or a new connection. */
  | { readonly kind: "stopped" }
  | { readonly kind: "refused"; readonly headers: HeadersRecord; readonly status?: number; readonly url?: string }
  /** Worth another try soon. */
  | {
      readonly kind: "failed";
      readonly message: string;
      readonly retryAfter: number;
      readonly isUnreachable: boolean;
      readonly status?: number;
      readonly url?: string;
    }
  /** Somebody has to change something first: the server doesn't know what was asked for, or answers something else. */
  | { readonly kind: "broken"; readonly message: string; readonly status?: number; readonly url?: string };

/** An error that says how the attempt has ended. */
export class Ended extends Error {
  override readonly name = "Ended";
  readonly end: End;

  constructor(end: End) {
    super("message" in end ? end.message : end.kind);
    this.end = end;
  }
}

/** What is tried again and again. */
export interface Attempts {
  /** Calls what it is given once the server has answered so well that what failed before doesn't count any more. */
  readonly attempt: (onWell: () => void) => Promise<End>;
  /** What is asked, where the end doesn't say it. */
  readonly url: () => string;
  /** Ends a wait at once. */
  readonly wake?: Source;
}

/**
 * Tries to read the rows of these models again and again until the signal aborts. How an attempt has ended says how long
 * it waits before the next one.
 */
export async function keepTrying(
  { store, settings, presence, reports, passes }: Context,
  models: readonly Model[],
  signal: AbortSignal,
  { attempt, url, wake = () => () => {} }: Attempts,
): Promise<void> {
  let failures = 0;
  let refusals = 0;
  while (!signal.aborted) {
    const changes = bell(settings.onChange);
    const onWell = () => {
      failures = 0;
      refusals = 0;
      passes.note();
    };
    const end = await attempt(onWell).catch(endOf);
    if (!signal.aborted) for (const model of models) reportEnd(reports, model, end, url);
    // While it waits, so that nothing that wakes it is missed.
    const shown = end.kind === "stopped" ? [] : models.map((model) => showLoaded(store, model));
    if (end.kind === "refused") {
      refusals += 1;
      // Headers may be new each time, and refused each time.
      if (refusals > 1) await wait(backoff(refusals - 1), signal, changes.source, wake);
      const onWait = () => {
        for (const { name } of models) reports.waiting(name, true);
      };
      const news = bell(either(changes.source, passes.source));
      await otherHeaders(settings, presence, end.headers, signal, news, onWait);
      news.close();
    } else if (end.kind === "failed") {
      failures += 1;
      await pause(failures, end.retryAfter, signal, either(changes.source, wake), presence);
    } else if (end.kind === "broken") {
      await wait(BROKEN_RETRY_MS * (0.5 + Math.random()), signal, changes.source, presence.onReturn, wake);
    }
    await Promise.all(shown);
    changes.close();
  }
}

function endOf(error: unknown): End {
  return error instanceof Ended ? error.end : failure(error);
}

export function failure(error: unknown): Extract<End, { kind: "failed" }> {
  return { kind: "failed", message: messageOf(error), retryAfter: 0, isUnreachable: false };
}

/** `error`: of rows that can't be taken, though the others can. `remark`: what else is to be said of the server. */
export function reportWell(
  reports: Reports,
  { name }: Model,
  error: string | null = null,
  url: string | null = null,
  remark: string | null = null,
): void {
  reports.reachable(name, true);
  reports.waiting(name, false);
  reports.error(name, error ?? remark, { url });
  reports.model(name, { error });
}

function reportEnd(reports: Reports, { name }: Model, end: End, url: () => string): void {
  if (end.kind !== "failed" && end.kind !== "broken") return;
  const isUnreachable = end.kind === "failed" && end.isUnreachable;
  reports.reachable(name, !isUnreachable);
  if (!isUnreachable) reports.model(name, { error: end.message });
  reports.error(name, end.message, { url: end.url ?? url() });
}
