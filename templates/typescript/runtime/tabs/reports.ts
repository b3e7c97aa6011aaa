import { onVisible, type Presence } from "../transport/schedule.js";

/** How far a model's rows have come. */
export interface ModelStatus {
  /** Rows of its first sync that have arrived so far. */
  readonly rows: number;
  /** Whether the first sync is complete. */
  readonly ready: boolean;
  readonly lastSync: string | null;
  /** Why the stream of its rows can't go on. */
  readonly error: string | null;
}

/** What the leading tab knows; the other tabs are told. Sources are `api` and the names of models. */
interface Facts {
  readonly unreachable: readonly string[];
  readonly waiting: readonly string[];
  readonly errors: Readonly<Record<string, string>>;
  readonly models: Readonly<Record<string, ModelStatus>>;
}

type Notice = { readonly facts: Facts } | { readonly schema: string } | "ask" | "returned";

/** What those who sync report, in whichever tab, as every tab knows it. */
export interface Reports {
  current(): {
    readonly online: boolean;
    readonly waitingForAuth: boolean;
    readonly outdated: boolean;
    readonly lastError: string | null;
    readonly models: Facts["models"];
  };
  onChange(listener: () => void): () => void;
  reachable(source: string, isReachable: boolean): void;
  waiting(source: string, isWaiting: boolean): void;
  /** The newest comes last; null: all is well again. */
  error(source: string, message: string | null): void;
  model(model: string, status: Partial<ModelStatus>): void;
  /** The database has another version of the schema than the code of this tab. */
  outdated(): void;
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
  let facts: Facts = { unreachable: [], waiting: [], errors: {}, models };
  /** Whether the facts are this tab's own. */
  let isSource = false;
  let isOutdated = false;
  let channel: BroadcastChannel | undefined;
  let stopLooking = () => {};
  const listeners = new Set<() => void>();

  function tell(): void {
    for (const listener of listeners) listener();
  }

  function report(news: Partial<Facts>): void {
    const next = { ...facts, ...news };
    if (JSON.stringify(next) === JSON.stringify(facts)) return;
    facts = next;
    isSource = true;
    channel?.postMessage({ facts } satisfies Notice);
    tell();
  }

  function outdated(): void {
    isOutdated = true;
    tell();
  }

  function hear(notice: Notice): void {
    if (notice === "returned") {
      presence.returnedElsewhere();
    } else if (notice === "ask") {
      if (isSource) channel?.postMessage({ facts } satisfies Notice);
    } else if ("schema" in notice) {
      if (notice.schema !== schema) outdated();
    } else {
      ({ facts } = notice);
      isSource = false;
      tell();
    }
  }

  if (channelName !== undefined && typeof BroadcastChannel === "function") {
    channel = new BroadcastChannel(channelName);
    channel.onmessage = ({ data }: MessageEvent<Notice>) => hear(data);
    channel.postMessage({ schema } satisfies Notice);
    channel.postMessage("ask" satisfies Notice);
    // The tab that syncs may be hidden while the user looks at this one.
    stopLooking = onVisible(() => channel?.postMessage("returned" satisfies Notice));
  }
  if (typeof addEventListener === "function") {
    addEventListener("online", tell);
    addEventListener("offline", tell);
  }

  return {
    current: () => ({
      online: isOnline() && facts.unreachable.length === 0,
      waitingForAuth: facts.waiting.length > 0,
      outdated: isOutdated,
      lastError: Object.values(facts.errors).at(-1) ?? null,
      models: facts.models,
    }),
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    reachable: (source, isReachable) => report({ unreachable: changed(facts.unreachable, source, !isReachable) }),
    waiting: (source, isWaiting) => report({ waiting: changed(facts.waiting, source, isWaiting) }),
    error(source, message) {
      const { [source]: _, ...others } = facts.errors;
      report({ errors: message === null ? others : { ...others, [source]: message } });
    },
    model(model, status) {
      const known = facts.models[model] ?? { rows: 0, ready: false, lastSync: null, error: null };
      report({ models: { ...facts.models, [model]: { ...known, ...status } } });
    },
    outdated,
    close() {
      stopLooking();
      channel?.close();
      // What is still under way reports to nobody.
      channel = undefined;
      listeners.clear();
      if (typeof removeEventListener !== "function") return;
      removeEventListener("online", tell);
      removeEventListener("offline", tell);
    },
  };
}

function isOnline(): boolean {
  return typeof navigator === "undefined" || navigator.onLine !== false;
}

function changed(sources: readonly string[], source: string, isIn: boolean): string[] {
  const others = sources.filter((other) => other !== source);
  return isIn ? [...others, source] : others;
}
