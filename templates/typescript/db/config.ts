import { defaults } from "./defaults.js";

/** What the application decides at run time. Everything is optional: the defaults come from the config file. */
export interface SyncSettings {
  /** Where Electric answers, without `/v1/shape`: usually a proxy of the application's own. */
  readonly electricUrl: string;
  readonly apiBaseUrl: string;
  /**
   * Headers of every request, to Electric and to the API. A function is asked before each request, and again after a
   * 401 or 403: what it gives then are the new headers.
   */
  readonly headers: SyncHeaders;
  /** Further parameters of a model's shape, such as `where`. */
  readonly shapeParams: (model: string) => Readonly<Record<string, string>>;
  readonly fetch: typeof globalThis.fetch;
  /** Called once for each write that the API has refused for good. It stays in the log until discarded or retried. */
  readonly onRejected: (change: RejectedChange) => void;
  /** Decides how an answer of the API is taken; `undefined` leaves it to the usual rules. */
  readonly onAnswer: (answer: SyncAnswer) => SyncVerdict | undefined;
}

export type HeadersRecord = Readonly<Record<string, string>>;

export type SyncHeaders = HeadersRecord | (() => HeadersRecord | Promise<HeadersRecord>);

/** Taken, refused for good, or to be sent again. */
export type SyncVerdict = "acknowledged" | "rejected" | "retry";

export interface SyncAnswer {
  readonly model: string;
  readonly operation: "insert" | "update" | "delete";
  readonly status: number;
  readonly body: string;
  /** How often this write has been sent, this time included. */
  readonly attempts: number;
}

export interface RejectedChange {
  readonly model: string;
  readonly operation: "insert" | "update" | "delete";
  /** The row's key as text. */
  readonly rowKey: string;
  readonly writeId: string;
  /** The HTTP status; null where no request was made. */
  readonly status: number | null;
  readonly message: string;
}

let current: SyncSettings = {
  ...defaults,
  headers: {},
  shapeParams: () => ({}),
  fetch: (input, init) => globalThis.fetch(input, init),
  onRejected: () => {},
  onAnswer: () => undefined,
};

const listeners = new Set<() => void>();

/**
 * Sets what is given and keeps the rest. What waits for new headers goes on at once, so this is also how an
 * application says that its user has logged in again.
 */
export function configureSync(settings: Partial<SyncSettings>): void {
  current = { ...current, ...settings };
  for (const listener of listeners) listener();
}

export function syncSettings(): SyncSettings {
  return current;
}

/** Calls `listener` after each `configureSync`, until the function that it returns is called. */
export function onSettings(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The headers of a request that is about to leave. */
export async function requestHeaders(): Promise<HeadersRecord> {
  const { headers } = current;
  return typeof headers === "function" ? headers() : headers;
}
