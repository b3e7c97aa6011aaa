import { parsed } from "../../client/json.js";
import { BROKEN_RETRY_MS, POKE_SILENCE_MS, PULL_MS } from "../../client/timing.js";
import { aborted, within, wait, backoff, onOnline, strayed, type Source } from "../schedule.js";
import type { Context } from "../transport.js";
import { readPulled } from "./clock.js";
import { syncUrl } from "./exchange.js";
import type { Scopes } from "./protocol.js";
import { isReached } from "./results.js";

/** The server has no such endpoint, or doesn't let this user have it. */
class Unavailable extends Error {
  override readonly name = "Unavailable";
}

/** The source of what it reports: no model is called so. */
const POKES = "the sync server's pokes";
/** So many streams in a row that end at once are told. */
const HOT = 5;
const ENDED =
  "the stream ends as soon as it has begun: perhaps a proxy in between does that. Rows are pulled every few seconds";

/** Calls `pull` whenever there may be something new, until the signal aborts: where the server can't tell, every few seconds. */
export async function poke(context: Context, pull: () => void): Promise<void> {
  const { store, settings, presence, reports, signal } = context;
  let isConnected = false;
  /** Since when. */
  let connectedAt = 0;
  let lastId: string | undefined;

  async function listen(own: AbortSignal): Promise<void> {
    const { pushPull } = settings.current();
    if (pushPull !== undefined && pushPull.poke === undefined) throw new Unavailable();
    const headers = new Headers(pushPull === undefined ? await settings.headers(own) : {});
    headers.set("Accept", "text/event-stream");
    if (lastId !== undefined) headers.set("Last-Event-ID", lastId);
    await within(POKE_SILENCE_MS, own, async (limit) => {
      const response = await (pushPull?.poke?.(Object.fromEntries(headers), limit.signal) ??
        settings.current().fetch(syncUrl(settings, "poke"), { headers, cache: "no-store", signal: limit.signal }));
      const isStream = response.headers.get("Content-Type")?.startsWith("text/event-stream") === true;
      if (!response.ok || !isStream || response.body === null || strayed("/poke", response) !== undefined) {
        await response.body?.cancel();
        throw new Unavailable(String(response.status));
      }
      for await (const event of eventsOf(response.body)) {
        // The server says something at once. Where nothing comes, somebody in between holds it up.
        if (!isConnected) [isConnected, connectedAt] = [true, Date.now()];
        limit.extend(POKE_SILENCE_MS);
        if (event.id !== undefined) lastId = event.id;
        if (event.name === "poke" && !(await isSeen(event.data).catch(() => false))) pull();
      }
    });
  }

  /** Whether the device has what an event tells of: most pokes of its own pushes come after the pull that follows them. */
  async function isSeen(data: string): Promise<boolean> {
    const { scopes = null } = (parsed(data) ?? {}) as { readonly scopes?: Scopes | null };
    if (scopes === null) return false;
    const { cursor, isLast } = await readPulled(store);
    return isLast && Object.entries(scopes).every(([scope, position]) => isReached({ scope, ...position }, cursor));
  }

  /** One that ends as soon as it has begun is none. */
  function lasts(): boolean {
    return isConnected && Date.now() - connectedAt >= PULL_MS;
  }

  /** One stream after the other, each until the settings change. */
  async function stream(): Promise<void> {
    let failures = 0;
    /** Of these, streams in a row that have begun. */
    let short = 0;
    while (!signal.aborted) {
      const own = new AbortController();
      const end = () => own.abort();
      const stops = [aborted(signal)(end), settings.onChange(end)];
      const error = await listen(own.signal).catch((reason: unknown) => reason);
      for (const stop of stops) stop();
      // Unless it was ended here.
      const isStream = lasts() || (isConnected && own.signal.aborted);
      failures = isStream ? 0 : failures + 1;
      if (isConnected) short = isStream ? 0 : short + 1;
      const isHot = isConnected && short >= HOT;
      if (!signal.aborted) reports.error(POKES, isHot ? ENDED : null, { url: syncUrl(settings, "poke") });
      isConnected = false;
      own.abort();
      if (signal.aborted) return;
      const pauseMs = error instanceof Unavailable ? BROKEN_RETRY_MS : backoff(Math.max(1, failures));
      await wait(pauseMs, signal, settings.onChange, onOnline);
      // Something may have come in between.
      pull();
    }
  }

  /** Somebody in between may hold up a stream's events, so it isn't relied on alone. */
  async function poll(): Promise<void> {
    for (let asked = Date.now(); !signal.aborted;) {
      await wait(PULL_MS, signal);
      if (!signal.aborted && lasts()) reports.error(POKES, null);
      const isDue = !isConnected || Date.now() - asked >= settings.current().poll * 1_000;
      if (signal.aborted || !isDue || !(await presence.isSeen())) continue;
      asked = Date.now();
      pull();
    }
  }

  const stops = [onOnline, presence.onReturn].map((source: Source) => source(pull));
  await Promise.all([stream(), poll()]);
  for (const stop of stops) stop();
}

interface ServerEvent {
  readonly name: string;
  readonly id: string | undefined;
  readonly data: string;
}

/** Reads server-sent events; a comment is one without a name. */
async function* eventsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent> {
  const reader = body.pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>).getReader();
  let text = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      text = (text + value).replaceAll("\r\n", "\n");
      for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
        const lines = text.slice(0, end).split("\n");
        text = text.slice(end + 2);
        const field = (name: string) =>
          lines
            .find((line) => line.startsWith(`${name}:`))
            ?.slice(name.length + 1)
            .trim();
        yield { name: field("event") ?? "", id: field("id"), data: field("data") ?? "" };
      }
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}
