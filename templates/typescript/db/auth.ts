import { backoff, rest, type Bell } from "./backoff.js";
import { requestHeaders, type HeadersRecord } from "./config.js";
import { reportWaiting } from "./reports.js";

/**
 * Returns once the application gives other headers than those that were refused. Where they are the same, because the
 * browser adds a cookie, `configureSync` says that they are worth a try: `settings` rings then.
 */
export async function otherHeaders(
  source: string,
  refused: HeadersRecord,
  signal: AbortSignal,
  settings: Bell,
): Promise<void> {
  for (let times = 1; !signal.aborted && !settings.hasRung(); times += 1) {
    const offered = await requestHeaders().catch(() => refused);
    if (!areSame(offered, refused)) return;
    reportWaiting(source, true);
    await rest(backoff(times), signal, settings.source);
  }
}

function areSame(one: HeadersRecord, other: HeadersRecord): boolean {
  const text = (headers: HeadersRecord) => JSON.stringify(Object.entries(headers).sort());
  return text(one) === text(other);
}
