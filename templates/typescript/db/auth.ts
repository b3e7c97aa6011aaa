import { backoff, bell, rest } from "./backoff.js";
import { onSettings, requestHeaders, type HeadersRecord } from "./config.js";
import { reportWaiting } from "./reports.js";

/** Returns once the application gives other headers than those that were refused, or has called `configureSync`. */
export async function otherHeaders(source: string, refused: HeadersRecord, signal: AbortSignal): Promise<void> {
  const settings = bell(onSettings);
  try {
    for (let times = 1; !signal.aborted && !settings.hasRung(); times += 1) {
      const offered = await requestHeaders().catch(() => refused);
      if (!areSame(offered, refused)) return;
      reportWaiting(source, true);
      await rest(backoff(times), signal, settings.source);
    }
  } finally {
    settings.close();
  }
}

function areSame(one: HeadersRecord, other: HeadersRecord): boolean {
  const text = (headers: HeadersRecord) => JSON.stringify(Object.entries(headers).sort());
  return text(one) === text(other);
}
