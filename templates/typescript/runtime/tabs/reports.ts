import { OWNER_ANSWER_MS } from "../client/timing.js";
import { isVisible, onVisible, type Presence } from "../transport/schedule.js";

/** Something that has gone wrong, and is tried again. */
export interface SyncError {
  /** Whose rows or write it is about; null where it is about none. */
  readonly model: string | null;
  /** What was asked, where a request has failed. */
  readonly url: string | null;
  readonly message: string;
}

/** How far a model's rows have come. */
export interface ModelStatus {
  /** Rows of its first sync that have arrived so far. */
  readonly rows: number;
  /** Of how many, where the server says it. */
  readonly of: number | null;
  /** Whether the first sync is complete. */
  readonly ready: boolean;
  readonly lastSync: string | null;
  /** Why its rows can't be read. */
  readonly error: string | null;
}

/** What the leading tab knows; the other tabs are told. Sources are the API and the models. */
interface Facts {
  readonly unreachable: readonly string[];
  readonly waiting: readonly string[];
  /** Whether it waits for somebody to sign in. */
  readonly signedOut: boolean;
  readonly errors: Readonly<Record<string, SyncError>>;
  /** Those of which it is known whether they can be reached. */
  readonly tried: readonly string[];
  readonly models: Readonly<Record<string, ModelStatus>>;
}

type Notice =
  /** `leads`: whether who says it is the tab that syncs. Older code doesn't say that, and has facts only where it has synced. */
  | { readonly facts: Facts; readonly leads?: boolean }
  | { readonly schema: string }
  /** Of a model, or of all. */
  | { readonly pull: string | null }
  | "ask"
  | "returned"
  /** Whether anybody looks, and that somebody does. */
  | "visible?"
  | "visible"
  /** Older code asks so whether anybody syncs, and wants this answer. */
  | "leads?"
  | "leads";

/** Who syncs: a tab that says so in time, perhaps with older code, or one that says nothing. */
export type Leader = "awake" | "older" | "silent";

/** The source of refusals: they are told, and nothing tries them again by itself. */
export const REFUSALS = "what is refused";

const empty: ModelStatus = { rows: 0, of: null, ready: false, lastSync: null, error: null };

const nothingWrong = { unreachable: [], waiting: [], errors: {} } satisfies Partial<Facts>;

/** What those who sync report, in whichever tab, as every tab knows it. */
export interface Reports {
  current(): {
    readonly online: boolean;
    readonly waitingForAuth: boolean;
    readonly signedOut: boolean;
    readonly outdated: boolean;
    /** Whether the rows of a model have not been asked for yet, or are on their way for the first time. */
    readonly opening: boolean;
    readonly lastError: string | null;
    /** The newest comes last. */
    readonly errors: readonly SyncError[];
    readonly models: Facts["models"];
  };
  onChange(listener: () => void): () => void;
  /** Calls `listener` with each error once, until what it returns is called. */
  onError(listener: (error: SyncError) => void): () => void;
  reachable(source: string, isReachable: boolean): void;
  waiting(source: string, isWaiting: boolean): void;
  /** Whether nobody is signed in: what has failed or waited until then isn't tried any more. */
  signedOut(isOut: boolean): void;
  /** All rows and edits are gone, and with them what was said of them. */
  cleared(): void;
  /** The newest comes last; null: all is well again. A source that is a model needn't say which one it is about. */
  error(source: string, message: string | null, about?: Partial<Pick<SyncError, "model" | "url">>): void;
  model(model: string, status: Partial<ModelStatus>): void;
  /** Asks the tab that syncs, where it is another one, to pull a model's rows, or those of all. */
  askForPull(model: string | undefined): void;
  /** Calls `listener` when another tab asks for that, until what it returns is called. */
  onPullAsked(listener: (model: string | undefined) => void): () => void;
  /** Whether this tab is the one that syncs. */
  leads(isLeading: boolean): void;
  /** Which tab syncs, be it this one. */
  leader(): Promise<Leader>;
  /** The database has another version of the schema than the code of this tab, or was removed: `removed` says that. */
  outdated(removed?: string): void;
  close(): void;
}

/**
 * `models`: as the store has them. `schema`: the version that the database has now. `channelName`: what all tabs of the
 * database share; without it, there are no others.
 */
export function openReports(
  models: Facts["models"],
  schema: string,
  channelName: string | undefined,
  presence: Presence,
): Reports {
  let facts: Facts = { unreachable: [], waiting: [], signedOut: false, errors: {}, tried: [], models };
  /** Whether the facts are this tab's own. */
  let isSource = false;
  let isOutdated = false;
  let isLeading = false;
  /** Who waits for a tab to say that it syncs. `leads`: undefined where it has older code. */
  const asking = new Set<(leads: boolean | undefined) => void>();
  /** This tab's own: those that are opened later have another database. */
  let removal: SyncError | undefined;
  let channel: BroadcastChannel | undefined;
  let stopLooking = () => {};
  const listeners = new Set<() => void>();
  const errorListeners = new Set<(error: SyncError) => void>();
  const pullListeners = new Set<(model: string | undefined) => void>();

  function tell(): void {
    for (const listener of listeners) listener();
  }

  function take(next: Facts): void {
    const news = Object.entries(next.errors).filter(([source, error]) => !isSameError(error, facts.errors[source]));
    facts = next;
    for (const [, error] of news) for (const listener of errorListeners) listener(error);
    tell();
  }

  function report(source: string, news: Partial<Facts>): void {
    publish({ ...facts, ...news, tried: changed(facts.tried, source, true) });
  }

  function publish(next: Facts): void {
    if (JSON.stringify(next) === JSON.stringify(facts)) return;
    isSource = true;
    channel?.postMessage({ facts: next, leads: isLeading } satisfies Notice);
    take(next);
  }

  /** Nothing of it has come yet, and nothing says that it won't. */
  function isAwaited([name, { ready, error }]: [string, ModelStatus]): boolean {
    if (!facts.tried.includes(name)) return true;
    const isStopped = [facts.unreachable, facts.waiting].some((sources) => sources.includes(name));
    return !ready && error === null && !isStopped;
  }

  function outdated(removed?: string): void {
    isOutdated = true;
    if (removed !== undefined) {
      const error = { model: null, url: null, message: removed };
      removal = error;
      for (const listener of errorListeners) listener(error);
    }
    tell();
  }

  function hear(notice: Notice): void {
    if (notice === "returned") {
      presence.returnedElsewhere();
    } else if (notice === "visible?") {
      if (isVisible()) channel?.postMessage("visible" satisfies Notice);
    } else if (notice === "visible") {
      presence.seenElsewhere();
    } else if (notice === "leads?") {
      if (isLeading) channel?.postMessage("leads" satisfies Notice);
    } else if (notice === "leads") {
      // The answer to somebody else, who has older code.
    } else if (notice === "ask") {
      if (isSource || isLeading) channel?.postMessage({ facts, leads: isLeading } satisfies Notice);
    } else if ("pull" in notice) {
      for (const listener of pullListeners) listener(notice.pull ?? undefined);
    } else if ("schema" in notice) {
      if (notice.schema !== schema) outdated();
    } else {
      isSource = false;
      for (const answer of asking) answer(notice.leads);
      take(notice.facts);
    }
  }

  if (channelName !== undefined && typeof BroadcastChannel === "function") {
    channel = new BroadcastChannel(channelName);
    channel.onmessage = ({ data }: MessageEvent<Notice>) => hear(data);
    channel.postMessage({ schema } satisfies Notice);
    channel.postMessage("ask" satisfies Notice);
    // The tab that syncs may be hidden while the user looks at this one.
    presence.askElsewhere(() => channel?.postMessage("visible?" satisfies Notice));
    stopLooking = onVisible(() => channel?.postMessage("returned" satisfies Notice));
  }
  if (typeof addEventListener === "function") {
    addEventListener("online", tell);
    addEventListener("offline", tell);
  }

  function errorsNow(): SyncError[] {
    const errors = Object.entries(facts.errors).flatMap(([source, error]) => (source === REFUSALS ? [] : [error]));
    return removal === undefined ? errors : [...errors, removal];
  }

  return {
    current: () => ({
      online: isOnline() && facts.unreachable.length === 0,
      waitingForAuth: facts.waiting.length > 0,
      signedOut: facts.signedOut,
      outdated: isOutdated,
      opening: isOnline() && !isOutdated && !facts.signedOut && Object.entries(facts.models).some(isAwaited),
      lastError: textOf(removal ?? Object.values(facts.errors).at(-1)),
      errors: errorsNow(),
      models: facts.models,
    }),
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    onError(listener) {
      errorListeners.add(listener);
      return () => errorListeners.delete(listener);
    },
    reachable: (source, isReachable) =>
      report(source, { unreachable: changed(facts.unreachable, source, !isReachable) }),
    waiting: (source, isWaiting) => report(source, { waiting: changed(facts.waiting, source, isWaiting) }),
    signedOut: (isOut) =>
      publish({ ...facts, signedOut: isOut, ...(isOut && nothingWrong) }),
    cleared() {
      const models = Object.keys(facts.models).map((model) => [model, empty] as const);
      publish({ ...facts, ...nothingWrong, models: Object.fromEntries(models) });
    },
    error(source, message, { model = Object.hasOwn(facts.models, source) ? source : null, url = null } = {}) {
      const { [source]: known, ...others } = facts.errors;
      if (message === null) return report(source, { errors: others });
      const error = { model, url, message };
      report(source, { errors: isSameError(error, known) ? facts.errors : { ...others, [source]: error } });
    },
    model(model, status) {
      const known = facts.models[model] ?? empty;
      report(model, { models: { ...facts.models, [model]: { ...known, ...status } } });
    },
    askForPull: (model) => channel?.postMessage({ pull: model ?? null } satisfies Notice),
    onPullAsked(listener) {
      pullListeners.add(listener);
      return () => pullListeners.delete(listener);
    },
    leads(is) {
      isLeading = is;
    },
    async leader() {
      if (isLeading || channel === undefined) return "awake";
      const answered = new Promise<Leader>((resolve) => {
        let silent: Leader = "silent";
        const end = (leader: Leader) => {
          clearTimeout(timer);
          asking.delete(answer);
          resolve(leader);
        };
        const answer = (leads: boolean | undefined) => {
          if (leads === true) end("awake");
          // Perhaps one that doesn't sync any more; another one may say that it does.
          else if (leads === undefined) silent = "older";
        };
        const timer = setTimeout(() => end(isLeading ? "awake" : silent), OWNER_ANSWER_MS);
        asking.add(answer);
      });
      // Every version of the code answers this, where it syncs.
      channel.postMessage("ask" satisfies Notice);
      return answered;
    },
    outdated,
    close() {
      stopLooking();
      presence.askElsewhere(undefined);
      channel?.close();
      // What is still under way reports to nobody.
      channel = undefined;
      listeners.clear();
      errorListeners.clear();
      pullListeners.clear();
      if (typeof removeEventListener !== "function") return;
      removeEventListener("online", tell);
      removeEventListener("offline", tell);
    },
  };
}

function isOnline(): boolean {
  return typeof navigator === "undefined" || navigator.onLine !== false;
}

function isSameError(error: SyncError, known: SyncError | undefined): boolean {
  return JSON.stringify(error) === JSON.stringify(known);
}

/** An error as one line: what it is about comes first. */
function textOf(error: SyncError | undefined): string | null {
  if (error === undefined) return null;
  const { model, url, message } = error;
  return [model, url, message].filter((part) => part !== null).join(": ");
}

function changed(sources: readonly string[], source: string, isIn: boolean): string[] {
  if (isIn) return sources.includes(source) ? [...sources] : [...sources, source];
  return sources.filter((other) => other !== source);
}
