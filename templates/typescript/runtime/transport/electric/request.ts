import { FetchError } from "@electric-sql/client";

import { parsed } from "../../client/json.js";
import { own, type Model } from "../../client/model.js";
import { LIVE_MS, PULL_MS } from "../../client/timing.js";
import { wait } from "../schedule.js";

/** The server's table as Electric takes it, which folds names without quotes to lower case. */
export function shapeTable({ table }: Model): string {
  const parts = table.match(/"(?:[^"]|"")+"|[^."]+/g) ?? [];
  return parts.map((part) => (/^(".*"|[a-z_][a-z0-9_]*)$/s.test(part) ? part : `"${part}"`)).join(".");
}

/** What the model's shape has, given the server's columns and what the application says of it. */
export function shapeOf(model: Model, columns: string[], params: Readonly<Record<string, string>>) {
  const shape = { table: shapeTable(model), columns, ...params };
  if (model.where === undefined) return shape;
  return { ...shape, where: params["where"] ? `(${model.where}) AND (${params["where"]})` : model.where };
}

/** What Electric says of a request that it has refused, and which line of the config mends it. */
export function explanation(model: Model, error: FetchError): string {
  const said = error.text ?? (error.json === undefined ? error.message : JSON.stringify(error.json));
  return [`${String(error.status)}: ${said.slice(0, 1_000)}`, ...remedies(model, error)].join(" ");
}

/** Whether Electric hasn't come as far as what is asked for: its data has been put back to an older state. */
export function isOutOfBounds(status: number, body: unknown): boolean {
  return complaints(status, body, "offset").includes("out of bounds");
}

/** What the body of an answer says, as JSON; undefined where it isn't. */
export function bodyOf({ json, text }: FetchError): unknown {
  return json ?? parsed(text ?? "");
}

function remedies(model: Model, error: FetchError): string[] {
  const at = `models.${model.name}`;
  const [table = "", columns = ""] = ["table", "columns"].map((part) => complaints(error.status, bodyOf(error), part));
  const unknown = model.fields
    .map(({ name }) => name)
    .filter((name) => columns.split(/[:,]\s*/).includes(own(model.columns, name) ?? name));
  const [first = "name"] = unknown;
  return [
    ...(table === ""
      ? []
      : [`In sync-patterns.config.yaml, \`${at}.table\` says what the server's table is called, now ${model.table}.`]),
    ...(columns === ""
      ? []
      : [
          `In sync-patterns.config.yaml, \`${at}.columns: { ${first}: … }\` says what the server's column is called, ` +
            `and \`${at}.exclude: [${unknown.join(", ") || first}]\` leaves out what is no column.`,
        ]),
  ];
}

/** What it says of one part of the request; empty where that isn't to blame. */
function complaints(status: number, body: unknown, part: string): string {
  if (status !== 400) return "";
  const { errors } = (body ?? {}) as { errors?: Readonly<Record<string, unknown>> };
  return [errors?.[part] ?? []].flat().join(" ");
}

/** So many live requests in a row that are answered at once, with nothing new, are too many. */
const HOT = 5;

/** Live requests wait for news at the server. Where something in between answers them, they have to be slowed down here. */
export interface Pace {
  /** Returns when the next live request may leave. */
  next(signal: AbortSignal): Promise<void>;
  /** A live request has been answered. */
  answered(askedAt: number, body: string): void;
  /** What the status says of it. */
  remark(): string | null;
}

export function createPace(): Pace {
  let quick = 0;
  return {
    async next(signal) {
      if (quick >= HOT) await wait(Math.min(PULL_MS, LIVE_MS * 2 ** (quick - HOT)), signal);
    },
    answered(askedAt, body) {
      const hasNews = /"operation"\s*:/.test(body);
      quick = hasNews || Date.now() - askedAt >= LIVE_MS ? 0 : quick + 1;
    },
    remark: () =>
      quick < HOT
        ? null
        : "live requests are answered at once, with nothing new: perhaps by a cache or a proxy. So new rows come late",
  };
}
