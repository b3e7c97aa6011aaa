import { onVisible, returnElsewhere } from "./presence.js";

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

/** What the tab that syncs knows; the other tabs are told. Sources are `api` and the names of models. */
interface Facts {
  readonly unreachable: readonly string[];
  readonly waiting: readonly string[];
  readonly errors: Readonly<Record<string, string>>;
  readonly models: Readonly<Record<string, ModelStatus>>;
}

type Notice = { readonly facts: Facts } | { readonly schema: string } | "ask" | "returned";

const nothing: Facts = { unreachable: [], waiting: [], errors: {}, models: {} };

let facts = nothing;
/** Whether the facts are this tab's own. */
let isSource = false;
/** The version of the schema that this tab knows. */
let ownSchema = "";
let isOutdated = false;
let channel: BroadcastChannel | undefined;
let stopLooking = () => {};
const listeners = new Set<() => void>();

export function reported() {
  return {
    online: isOnline() && facts.unreachable.length === 0,
    waitingForAuth: facts.waiting.length > 0,
    outdated: isOutdated,
    lastError: Object.values(facts.errors).at(-1) ?? null,
    models: facts.models,
  };
}

export function onReport(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function reportReachable(source: string, isReachable: boolean): void {
  report({ unreachable: changed(facts.unreachable, source, !isReachable) });
}

export function reportWaiting(source: string, isWaiting: boolean): void {
  report({ waiting: changed(facts.waiting, source, isWaiting) });
}

/** The newest comes last; null: all is well again. */
export function reportError(source: string, message: string | null): void {
  const { [source]: _, ...others } = facts.errors;
  report({ errors: message === null ? others : { ...others, [source]: message } });
}

export function reportModel(model: string, status: Partial<ModelStatus>): void {
  const known = facts.models[model] ?? { rows: 0, ready: false, lastSync: null, error: null };
  report({ models: { ...facts.models, [model]: { ...known, ...status } } });
}

/** The database has another version of the schema than the code of this tab. */
export function reportOutdated(): void {
  isOutdated = true;
  tell();
}

/** `schema`: the version that the database has now. */
export function openReports(models: Facts["models"], schema: string, channelName: string | undefined): void {
  facts = { ...nothing, models };
  ownSchema = schema;
  if (channelName !== undefined && typeof BroadcastChannel === "function") {
    channel = new BroadcastChannel(channelName);
    channel.onmessage = ({ data }: MessageEvent<Notice>) => hear(data);
    channel.postMessage({ schema } satisfies Notice);
    channel.postMessage("ask" satisfies Notice);
    // The tab that syncs may be hidden while the user looks at this one.
    stopLooking = onVisible(() => channel?.postMessage("returned" satisfies Notice));
  }
  if (typeof addEventListener !== "function") return;
  addEventListener("online", tell);
  addEventListener("offline", tell);
}

export function closeReports(): void {
  stopLooking();
  channel?.close();
  [facts, isSource, isOutdated, channel] = [nothing, false, false, undefined];
  if (typeof removeEventListener !== "function") return;
  removeEventListener("online", tell);
  removeEventListener("offline", tell);
}

function report(news: Partial<Facts>): void {
  const next = { ...facts, ...news };
  if (JSON.stringify(next) === JSON.stringify(facts)) return;
  facts = next;
  isSource = true;
  channel?.postMessage({ facts } satisfies Notice);
  tell();
}

function hear(notice: Notice): void {
  if (notice === "returned") {
    returnElsewhere();
  } else if (notice === "ask") {
    if (isSource) channel?.postMessage({ facts } satisfies Notice);
  } else if ("schema" in notice) {
    if (notice.schema !== ownSchema) reportOutdated();
  } else {
    ({ facts } = notice);
    isSource = false;
    tell();
  }
}

function tell(): void {
  for (const listener of listeners) listener();
}

function isOnline(): boolean {
  return typeof navigator === "undefined" || navigator.onLine !== false;
}

function changed(sources: readonly string[], source: string, isIn: boolean): string[] {
  const others = sources.filter((other) => other !== source);
  return isIn ? [...others, source] : others;
}
