import {
  FetchError,
  isChangeMessage,
  ShapeStream,
  type ExternalParamsRecord,
  type Message,
  type Offset,
} from "@electric-sql/client";

import { otherHeaders } from "./auth.js";
import { backoff, bell, pause, rest, retryAfter, wait } from "./backoff.js";
import { onSettings, syncSettings, type HeadersRecord } from "./config.js";
import type { Driver } from "./driver.js";
import type { Model } from "./model.js";
import { onOnline } from "./presence.js";
import { reportError, reportModel, reportReachable, reportWaiting } from "./reports.js";
import { openShape, type Batch } from "./shape.js";
import { shapeFetch, type ShapeFetch } from "./shape-fetch.js";
import { serverColumns, type ServerRow } from "./shape-messages.js";

/** Why a stream has ended. */
type End =
  /** It is to stop, or to begin again with other settings or a new connection. */
  | { readonly kind: "stopped" }
  | { readonly kind: "refused"; readonly headers: HeadersRecord }
  /** Worth another try soon. */
  | { readonly kind: "failed"; readonly message: string; readonly retryAfter: number; readonly isUnreachable: boolean }
  /** Somebody has to change something first: the server doesn't know the table, or a column. */
  | { readonly kind: "broken"; readonly message: string };

const BROKEN_RETRY_MS = 60_000;

/** Keeps the synced tables up to date until `signal` aborts. Returns once all streams have stopped. */
export async function startStreams(driver: Driver, models: readonly Model[], signal: AbortSignal): Promise<void> {
  // One listener on the signal, however many models there are.
  const controllers = models.map(() => new AbortController());
  const stop = () => {
    for (const controller of controllers) controller.abort();
  };
  signal.addEventListener("abort", stop);
  if (signal.aborted) stop();
  await Promise.all(models.map((model, index) => keepStreaming(driver, model, controllers[index]?.signal ?? signal)));
  signal.removeEventListener("abort", stop);
}

/** One stream after the other, each from where the one before has come to. */
async function keepStreaming(driver: Driver, model: Model, signal: AbortSignal): Promise<void> {
  let failures = 0;
  let refusals = 0;
  while (!signal.aborted) {
    const settings = bell(onSettings);
    const onDelivery = () => {
      failures = 0;
      refusals = 0;
    };
    const end = await stream(driver, model, signal, onDelivery).catch(failure);
    if (!signal.aborted) reportEnd(model, end);
    if (end.kind === "refused") {
      refusals += 1;
      // Headers may be new each time, and refused each time.
      if (refusals > 1) await wait(backoff(refusals - 1), signal, settings.source);
      await otherHeaders(model.name, end.headers, signal, settings);
    } else if (end.kind === "failed") {
      failures += 1;
      await pause(failures, end.retryAfter, signal, settings.source);
    } else if (end.kind === "broken") {
      await rest(BROKEN_RETRY_MS * (0.5 + Math.random()), signal, settings.source);
    }
    settings.close();
  }
}

/** Streams until something ends it. */
async function stream(driver: Driver, model: Model, signal: AbortSignal, onDelivery: () => void): Promise<End> {
  const { url, params } = request(model);
  const controller = new AbortController();
  const shape = await openShape(driver, model, JSON.stringify(params), controller.signal);
  const fetching = shapeFetch(shape.snapshotRequested, () => reportWell(model));
  const end = await new Promise<End>((resolve) => {
    const finish = (end: End) => {
      for (const stop of stops) stop();
      controller.abort();
      resolve(end);
    };
    const stop = () => finish({ kind: "stopped" });
    const stops = [
      onOnline(stop),
      onSettings(() => {
        if (!isAskedFor(model, url, params)) stop();
      }),
      () => signal.removeEventListener("abort", stop),
    ];
    signal.addEventListener("abort", stop);
    if (signal.aborted) return stop();

    const shapes = new ShapeStream<ServerRow>({
      url,
      params,
      ...(shape.start && { handle: shape.start.handle, offset: shape.start.offset as Offset }),
      fetchClient: fetching.fetch,
      signal: controller.signal,
      // Every failure ends the stream: how long to wait is decided in one place.
      backoffOptions: { initialDelay: 1, maxDelay: 1, multiplier: 1, maxRetries: 0 },
      // This tab syncs for all others: that it is hidden doesn't mean that nobody looks.
      runtimeVisibility: { subscribe: () => () => {} },
    });
    shapes.subscribe(
      async (messages) => {
        if (controller.signal.aborted) return;
        try {
          await shape.take(batch(messages, shapes, fetching));
          onDelivery();
        } catch (error) {
          // Nothing of it is committed, and nothing that follows may be.
          finish(failure(error));
        }
      },
      (error) => finish(endOf(error, fetching)),
    );
  });
  await shape.close();
  return end;
}

function request(model: Model): { url: string; params: ExternalParamsRecord } {
  const { electricUrl, shapeParams } = syncSettings();
  const params = { table: model.table, columns: serverColumns(model), ...shapeParams(model.name) };
  const address = `${electricUrl.replace(/\/$/, "")}/v1/shape`;
  return {
    url: typeof location === "undefined" ? address : new URL(address, location.href).href,
    // The type can't say "any parameter but those of Electric's own".
    params: params as ExternalParamsRecord,
  };
}

function isAskedFor(model: Model, url: string, params: ExternalParamsRecord): boolean {
  try {
    return JSON.stringify(request(model)) === JSON.stringify({ url, params });
  } catch {
    return false;
  }
}

function batch(messages: readonly Message<ServerRow>[], shapes: ShapeStream<ServerRow>, fetching: ShapeFetch): Batch {
  return {
    messages: messages.filter((message) => isChangeMessage(message)),
    handle: shapes.shapeHandle ?? "",
    offset: shapes.lastOffset,
    isUpToDate: messages.some(({ headers }) => headers["control"] === "up-to-date"),
    columns: fetching.columns(),
  };
}

function endOf(error: Error, fetching: ShapeFetch): End {
  if (fetching.isUnreachable()) return { ...failure(error), isUnreachable: true };
  if (!(error instanceof FetchError)) return { kind: "broken", message: error.message };
  const { status, headers } = error;
  if (status === 401 || status === 403) return { kind: "refused", headers: fetching.headers() };
  const message = explanation(error);
  const isPassing = status < 400 || status === 408 || status === 425 || status === 429 || status >= 500;
  if (!isPassing) return { kind: "broken", message };
  return { kind: "failed", message, retryAfter: retryAfter(headers["retry-after"]), isUnreachable: false };
}

function explanation({ status, text, json, message }: FetchError): string {
  const said = text ?? (json === undefined ? message : JSON.stringify(json));
  return `${String(status)}: ${said.slice(0, 1_000)}`;
}

function failure(error: unknown): Extract<End, { kind: "failed" }> {
  const message = error instanceof Error ? error.message : String(error);
  return { kind: "failed", message, retryAfter: 0, isUnreachable: false };
}

function reportWell({ name }: Model): void {
  reportReachable(name, true);
  reportWaiting(name, false);
  reportError(name, null);
  reportModel(name, { error: null });
}

function reportEnd({ name }: Model, end: End): void {
  if (end.kind !== "failed" && end.kind !== "broken") return;
  const isUnreachable = end.kind === "failed" && end.isUnreachable;
  reportReachable(name, !isUnreachable);
  if (!isUnreachable) reportModel(name, { error: end.message });
  reportError(name, `${name}: ${end.message}`);
}
