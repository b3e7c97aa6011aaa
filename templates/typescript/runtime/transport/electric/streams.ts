import {
  FetchError,
  isChangeMessage,
  ShapeStream,
  type ExternalParamsRecord,
  type Message,
  type Offset,
} from "@electric-sql/client";

import { parsed } from "../../client/json.js";
import type { Model } from "../../client/model.js";
import { BROKEN_RETRY_MS, SHAPE_ANSWER_MS, SHAPE_BODY_MS } from "../../client/timing.js";
import type { Columns } from "../../client/values.js";
import type { HeadersRecord, Settings } from "../../config.js";
import { failure, keepTrying, reportWell, type End } from "../attempts.js";
import { aborted, isAway, isPassing, onOnline, retryAfter, strayed, within } from "../schedule.js";
import type { Context, Reads } from "../transport.js";
import { serverColumns, snapshotOf, type ShapeRow } from "./messages.js";
import { bodyOf, createPace, explanation, isOutOfBounds, shapeOf } from "./request.js";
import { openShape, type Batch } from "./shape.js";

/** Rows by Electric's shapes, one for each model. */
export const electricReads: Reads = { run };

async function run(context: Context, models: readonly Model[]): Promise<void> {
  const { signal } = context;
  await Promise.all(
    models.map((model) => {
      const anew: Anew = { isDue: false, since: -Infinity };
      // One stream after the other, each from where the one before has come to.
      return keepTrying(context, [model], signal, {
        attempt: (onWell) => stream(context, model, signal, anew, onWell),
        url: () => shapeUrl(context.settings),
      });
    }),
  );
}

/** Whether a shape has to be read from its start, because Electric has lost what was read last, and since when. */
interface Anew {
  isDue: boolean;
  since: number;
}

/** Streams until something ends it. */
async function stream(
  context: Context,
  model: Model,
  signal: AbortSignal,
  anew: Anew,
  onDelivery: () => void,
): Promise<End> {
  const { store, settings, reports } = context;
  const { url, params } = request(settings, model);
  const controller = new AbortController();
  const shape = await openShape(store, reports, model, JSON.stringify(params), anew.isDue, controller.signal);
  const well = () => {
    const [problem, remark] = [shape.problem(), fetching.remark()];
    reportWell(reports, model, problem, (problem ?? remark) === null ? null : url, remark);
  };
  const fetching = shapeFetch(settings, shape.snapshotRequested, well);
  const end = await new Promise<End>((resolve) => {
    const finish = (end: End) => {
      for (const stop of stops) stop();
      controller.abort();
      resolve(end);
    };
    const stop = () => finish({ kind: "stopped" });
    const stops = [
      onOnline(stop),
      settings.onChange(() => {
        if (!isAskedFor(settings, model, url, params)) stop();
      }),
      aborted(signal)(stop),
    ];
    if (signal.aborted) return stop();

    const shapes = new ShapeStream<ShapeRow>({
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
          const { isKept } = await shape.take(batch(messages, shapes, fetching));
          if (isKept) anew.isDue = false;
          well();
          onDelivery();
        } catch (error) {
          // Nothing of it is committed, and nothing that follows may be.
          finish(failure(error));
        }
      },
      (error) => finish(endOf(model, error, fetching, anew)),
    );
  });
  await shape.close();
  return end;
}

function request(settings: Settings, model: Model): { url: string; params: ExternalParamsRecord } {
  const { shapeParams } = settings.current();
  const params = shapeOf(model, serverColumns(model), shapeParams(model.name));
  const address = shapeUrl(settings);
  return {
    url: typeof location === "undefined" ? address : new URL(address, location.href).href,
    // The type can't say "any parameter but those of Electric's own".
    params: params as ExternalParamsRecord,
  };
}

function shapeUrl(settings: Settings): string {
  return `${settings.current().electricUrl.replace(/\/$/, "")}/v1/shape`;
}

function isAskedFor(settings: Settings, model: Model, url: string, params: ExternalParamsRecord): boolean {
  try {
    return JSON.stringify(request(settings, model)) === JSON.stringify({ url, params });
  } catch {
    return false;
  }
}

function batch(messages: readonly Message<ShapeRow>[], shapes: ShapeStream<ShapeRow>, fetching: ShapeFetch): Batch {
  return {
    messages: messages.filter((message) => isChangeMessage(message)),
    handle: shapes.shapeHandle ?? "",
    offset: shapes.lastOffset,
    snapshot: snapshotOf(messages),
    isUpToDate: messages.some(({ headers }) => headers["control"] === "up-to-date"),
    columns: fetching.columns(),
  };
}

function endOf(model: Model, error: Error, fetching: ShapeFetch, anew: Anew): End {
  if (fetching.isUnreachable()) return { ...failure(error), isUnreachable: true };
  if (!(error instanceof FetchError)) return { kind: "broken", message: error.message };
  const { status, headers } = error;
  if (status === 401 || status === 403) return { kind: "refused", headers: fetching.headers() };
  const message = explanation(model, error);
  if (isOutOfBounds(status, bodyOf(error))) return beginAnew(message, anew);
  if (!isPassing(status)) return { kind: "broken", message };
  return { kind: "failed", message, retryAfter: retryAfter(headers["retry-after"]), isUnreachable: isAway(status) };
}

/** Once soon; should it come again, as seldom as what somebody has to mend: each time, all rows are read. */
function beginAnew(said: string, anew: Anew): End {
  const isAgain = performance.now() - anew.since < 2 * BROKEN_RETRY_MS;
  anew.isDue = true;
  anew.since = performance.now();
  const message = `Electric has an older state than this device has read, so all rows are read again. ${said}`;
  return isAgain ? { kind: "broken", message } : { kind: "failed", message, retryAfter: 0, isUnreachable: false };
}

/** Fetches for one stream, and knows what the stream itself doesn't tell. */
interface ShapeFetch {
  readonly fetch: typeof globalThis.fetch;
  /** The columns of the server's table. */
  columns(): Columns;
  /** The application's headers of the newest request. */
  headers(): HeadersRecord;
  /** Whether the newest request has got no answer. */
  isUnreachable(): boolean;
  /** What is to be said of its answers. */
  remark(): string | null;
}

/** `onSnapshot` is awaited before a request for a new snapshot leaves, `onAnswer` called after each good answer. */
function shapeFetch(settings: Settings, onSnapshot: () => Promise<void>, onAnswer: () => void): ShapeFetch {
  let columns: Columns = {};
  let headers: HeadersRecord = {};
  let isUnreachable = false;
  const pace = createPace();

  async function answer(url: URL, init: RequestInit): Promise<Response> {
    const signal = init.signal ?? new AbortController().signal;
    const isLive = url.searchParams.get("live") === "true";
    if (isLive) await pace.next(signal);
    isUnreachable = true;
    headers = await settings.headers(signal);
    const all = new Headers(init.headers);
    for (const [name, value] of Object.entries(headers)) all.set(name, value);
    const askedAt = Date.now();
    return within(SHAPE_ANSWER_MS, signal, async (limit) => {
      const response = await settings.current().fetch(url.href, { ...init, headers: all, signal: limit.signal });
      limit.extend(SHAPE_BODY_MS);
      // Read here, where it is cancelled in time.
      const body = await response.text();
      isUnreachable = false;
      const stray = strayed(`/v1/shape${url.search}`, response);
      if (stray !== undefined) throw new Error(stray);
      if (isLive && response.ok) pace.answered(askedAt, body);
      return new Response(body === "" ? null : body, response);
    });
  }

  return {
    fetch: async (input, init = {}) => {
      const url = new URL(String(input));
      const { searchParams } = url;
      if (searchParams.get("offset") === "-1") await onSnapshot();
      const response = await answer(url, init);
      if (!response.ok) return response;
      onAnswer();
      const schema = response.headers.get("electric-schema");
      if (schema !== null) {
        columns = (parsed(schema) as Columns | undefined) ?? columns;
        // Of columns that it doesn't know, the stream gives the text of each value.
        response.headers.set("electric-schema", "{}");
      }
      // With a cursor, the stream would keep to itself that a snapshot is complete, soon after another one was.
      if (searchParams.get("live") !== "true") response.headers.delete("electric-cursor");
      return response;
    },
    columns: () => columns,
    headers: () => headers,
    isUnreachable: () => isUnreachable,
    remark: pace.remark,
  };
}
