import { defaults, type PushPullFunctions } from "./client/defaults.js";
import { HEADERS_MS, POLL_MS } from "./client/timing.js";
import { within } from "./transport/schedule.js";

/** What the application decides at run time. Everything is optional: the defaults come from the config file. */
export interface SyncSettings {
  /** Where Electric answers, without `/v1/shape`: usually a proxy of the application's own. */
  readonly electricUrl: string;
  readonly apiBaseUrl: string;
  /** Where the sync server is, for models that have `transport: push-pull`. */
  readonly syncUrl: string;
  /** What speaks with the sync server in place of requests to `syncUrl`. */
  readonly pushPull: PushPullFunctions | undefined;
  /** Whether each write carries its id as `Idempotency-Key`. A server of another origin has to allow that header. */
  readonly idempotencyKey: "header" | "none";
  /**
   * Headers of every request, to Electric and to the API. A function is asked before each request, and again after a
   * 401 or 403: what it gives then are the new headers. It has a minute to give them.
   */
  readonly headers: SyncHeaders;
  /**
   * Who is signed in: any text that tells users apart, such as an id. Each edit is kept as that of the user who has made
   * it, and sent only with the headers of that user. Null: nobody, so nothing is sent or read; what is written meanwhile
   * becomes that of the next user. Undefined: the application doesn't say, or doesn't know yet.
   */
  readonly user: string | null | undefined;
  /** Further parameters of a model's shape, such as `where`. */
  readonly shapeParams: (model: string) => Readonly<Record<string, string>>;
  /** Further query parameters of a model's list, where its rows are polled: those that the API requires, and any that narrow it. */
  readonly listParams: (model: string) => Readonly<Record<string, string>>;
  /** Further query parameters of the requests that write a model's rows or read one of them, such as an API key. */
  readonly writeParams: (model: string) => Readonly<Record<string, string>>;
  /** Seconds from one poll of the lists, or of the sync server, to the next, while the page is visible. */
  readonly poll: number;
  /**
   * How many writes may be on their way to the API at once: those of one row, and those that refer to each other, go one
   * after the other in any case. With 1, the API gets all in the order in which they were made.
   */
  readonly concurrency: number;
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
  /** The key, and what the write was to set. Numbers are as JavaScript reads them in JSON. */
  readonly values: Readonly<Record<string, unknown>>;
  /**
   * The refused write with which this one was rejected: one of its group, or one that it depends on. Null where this one
   * was refused itself.
   */
  readonly rejectedWith: string | null;
  /** The server's row, where a sync server has told it because of a conflict. Its values are as those of `values`. */
  readonly serverRow: Readonly<Record<string, unknown>> | null;
}

/** Why a write was refused for good. */
export interface Rejection {
  /** The HTTP status; null where no request was made. */
  readonly status: number | null;
  readonly message: string;
  /** The answer's body, as text. */
  readonly body: string;
}

/** A write that the server has refused. */
export class RejectedError extends Error implements Rejection {
  override readonly name = "RejectedError";
  readonly status: number | null;
  readonly body: string;

  constructor(rejection: Rejection) {
    super(rejection.message);
    this.status = rejection.status;
    this.body = rejection.body;
  }
}

/** The settings of one client. */
export interface Settings {
  current(): SyncSettings;
  /**
   * Sets what is given and keeps the rest. What waits for new headers goes on at once, so this is also how an
   * application says that its user has logged in again.
   */
  configure(settings: Partial<SyncSettings>): void;
  /** Calls `listener` after each change, until the function that it returns is called. */
  onChange(listener: () => void): () => void;
  /** The headers of a request that is about to leave. Throws where they don't come in time, or `signal` aborts. */
  headers(signal: AbortSignal): Promise<HeadersRecord>;
}

/** Where the config file says nothing else. */
const usual: Pick<SyncSettings, "syncUrl" | "idempotencyKey" | "poll" | "concurrency"> = {
  syncUrl: "/api/sync",
  idempotencyKey: "header",
  poll: POLL_MS / 1_000,
  concurrency: 6,
};

function createSettings(initial: Partial<SyncSettings>): Settings {
  let current: SyncSettings = {
    ...usual,
    ...defaults,
    headers: {},
    user: undefined,
    pushPull: undefined,
    shapeParams: () => ({}),
    listParams: () => ({}),
    writeParams: () => ({}),
    fetch: (input, init) => globalThis.fetch(input, init),
    onRejected: () => {},
    onAnswer: () => undefined,
    ...initial,
  };
  const listeners = new Set<() => void>();
  return {
    current: () => current,
    configure(settings) {
      current = { ...current, ...settings };
      for (const listener of listeners) listener();
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async headers(signal) {
      const { headers } = current;
      if (typeof headers !== "function") return headers;
      return within(HEADERS_MS, signal, async () => headers(), "`headers` has given nothing in time.");
    },
  };
}

/** What every client has, with a local database or without. */
export interface ClientBase {
  readonly settings: Settings;
  /** The id of a model's collection: clients have collections of their own. */
  readonly collectionId: (model: string) => string;
}

/** `name` tells the client's collections from those of others. */
export function createBase(settings: Partial<SyncSettings> = {}, name: string = crypto.randomUUID()): ClientBase {
  return {
    settings: createSettings(settings),
    collectionId: (model) => (name === "" ? model : `${model}:${name}`),
  };
}

/** The base of the client that everybody has who makes no other. */
export const defaultBase: ClientBase = createBase({}, "");

/**
 * Sets what is given and keeps the rest. What waits for new headers goes on at once, so this is also how an
 * application says that its user has logged in again.
 */
export const configureSync = defaultBase.settings.configure;
