import { createTransaction, type Transaction } from "@tanstack/db";

import { keyFields, own, ownKey, rowKey, type Model } from "../client/model.js";
import { RejectedError, type ClientBase } from "../config.js";
import { NoRowError, rejectionOf, type Entry, type EntryId, type StoreOperations } from "../store/store.js";
import type { Status } from "../status.js";
import { LARGEST_GROUP } from "../transport/transport.js";
import type { Session } from "./feed.js";
import { gather } from "./gather.js";
import { isFor, waitingFor, type Place } from "./place.js";
import { createInputs, type Inputs } from "./rows.js";

/** TanStack DB's description of one row that a transaction writes. */
interface Mutation {
  readonly type: "insert" | "update" | "delete";
  readonly original: object;
  readonly modified: object;
  readonly changes: object;
  readonly collection: { readonly id: string };
}

interface Write {
  readonly model: Model;
  readonly mutation: Mutation;
}

/** What one transaction writes. */
interface Work {
  readonly writes: readonly Write[];
  readonly place: Place;
  /** Who was signed in when it was written, where the application says that. */
  readonly user: string | null | undefined;
}

/** What became of a transaction: its number in the feed, its entries that the server has to confirm, and where that is. */
interface Saved {
  readonly opened: Session;
  readonly position: number;
  readonly entries: readonly EntryId[];
}

/** Saves what the collections of one client write. */
export interface Writer {
  /** What the collections' new rows have beside their fields. */
  readonly inputs: Inputs;
  /** Saves all mutations of a transaction together, or none of them. Throws where they are too many for a sync server. */
  writeTogether(work: () => void): Transaction;
  /** Saves what was written for the database that is open now, while it wasn't; and says what waits for another one. */
  resume(): void;
  /** Returns when all that was written before is on the device, or was refused. */
  flushed(): Promise<void>;
  /** Returns when all that is for the open database is in it, or was refused. */
  settled(): Promise<void>;
  /** Like `settled`, but refuses what a full disk has no room for. */
  finish(): Promise<void>;
  /** Whether something is being saved. */
  isSaving(): boolean;
  /**
   * Saves a transaction of TanStack DB in one of the local database. Returns when the collections show it from there;
   * with models that aren't local-first, when the server has taken it.
   */
  persist(parameters: { readonly transaction: { readonly mutations: readonly Mutation[] } }): Promise<void>;
  /** Whether a transaction that has written to the model waits: for the server, or for another database than the open one. */
  isWaiting(model: Model): boolean;
  /** Calls `listener` when a transaction of the model has begun to wait for the server. */
  onWaiting(model: Model, listener: () => void): () => void;
}

/** What a writer has to know of the client's databases. */
export interface Places {
  /** Which database it is that is open, or is being opened, or was open last. */
  present(): Place;
  /** The open one. */
  open(): (Session & { readonly place: Place }) | undefined;
}

export function createWriter(
  models: readonly Model[],
  { collectionId, settings }: ClientBase,
  places: Places,
  status: Pick<Status, "unsaved" | "elsewhere">,
): Writer {
  const byCollection = new Map(models.map((model) => [collectionId(model.name), model]));
  /** How many transactions wait for the server, by model. */
  const waiting = new Map<string, number>();
  const listeners = new Map<string, Set<() => void>>();
  const saving = leaveGuard();
  const inputs = createInputs();
  const gathering = gather(saveTogether, isSavable, status.unsaved);

  async function persist(parameters: { readonly transaction: { readonly mutations: readonly Mutation[] } }) {
    const writes = parameters.transaction.mutations.map((mutation) => ({ model: modelOf(mutation), mutation }));
    const work = { writes, place: places.present(), user: settings.current().user };
    const saved = gathering.save(work);
    if (!isSavable(work)) tellWaiting();
    const { position, entries, opened } = await saving(saved).finally(() => forgetInputs(writes));
    await opened.feed.reached(position);
    await confirmation(opened, entries, new Set(writes.map(({ model }) => model.name)));
  }

  function forgetInputs(writes: readonly Write[]): void {
    for (const { model, mutation } of writes) if (mutation.type === "insert") inputs.forget(model, mutation.modified);
  }

  function modelOf(mutation: Mutation): Model {
    const model = byCollection.get(mutation.collection.id);
    if (model === undefined) {
      throw new Error(`${mutation.collection.id} isn't a collection of the local database: write to it on its own.`);
    }
    return model;
  }

  function isSavable({ place }: Work): boolean {
    const open = places.open();
    return open !== undefined && isFor(place, open.place, places.present());
  }

  /** Says in the status what waits for a database, and why, where another one is open. */
  function tellWaiting(): void {
    const waitFor = gathering.waiting().map(({ place }) => place);
    status.elsewhere(waitFor.length, places.open() === undefined ? null : waitingFor(waitFor));
  }

  async function saveTogether(transactions: readonly Work[]): Promise<readonly Saved[]> {
    const opened = places.open();
    if (opened === undefined) throw new Error("The database is closed.");
    const { user: present } = settings.current();
    const written = new Set(transactions.flatMap(({ writes }) => writes.map(({ model }) => model)));
    const work = async (within: StoreOperations) => {
      const entries: (readonly EntryId[])[] = [];
      // What has waited is of who was signed in when it was written. Another tab may have said since who that is now.
      let signedIn: string | null | undefined;
      const signIn = async (user: string | null | undefined): Promise<void> => {
        if (user === undefined || user === signedIn) return;
        await within.log.signIn(user);
        signedIn = user;
      };
      for (const { writes, user } of transactions) {
        // They are saved together by chance. What one of them has written may be refused without the others.
        if (transactions.length > 1 && writes.some(({ model }) => isPushed(model))) await within.log.beginGroup();
        await signIn(user);
        entries.push(await saveAll(within, writes));
      }
      await signIn(present);
      return { entries, position: await opened.feed.mark(within) };
    };
    const saved = await opened.store.transaction(work, [...written]);
    const position = saved.position();
    return saved.entries.map((ids) => ({ position, entries: ids, opened }));
  }

  /** Returns the entries in the log that the server has to confirm. */
  async function saveAll(within: StoreOperations, writes: readonly Write[]): Promise<readonly EntryId[]> {
    const toConfirm = new Set(writes.filter(({ model }) => !model.localFirst).map(({ model }) => model.name));
    const before = toConfirm.size === 0 ? null : await within.log.newest();
    for (const write of writes) await save(within, write, inputs);
    if (toConfirm.size === 0) return [];
    const entries = await within.log.writtenAfter(before);
    return entries.filter(({ model }) => toConfirm.has(model)).map(({ id }) => id);
  }

  /**
   * Returns once the server has taken all of these entries of the log. Where it refuses one, discards what it has
   * refused and throws its answer, when the others have been answered too. `models`: all that the transaction has
   * written to.
   */
  async function confirmation(opened: Session, ids: readonly EntryId[], models: ReadonlySet<string>): Promise<void> {
    if (ids.length === 0) return;
    for (const model of models) {
      waiting.set(model, (waiting.get(model) ?? 0) + 1);
      for (const listener of listeners.get(model) ?? []) listener();
    }
    try {
      const rejected = await answered(opened, ids);
      const [first] = rejected;
      if (first === undefined) return;
      await opened.store.log.discardOnly(rejected.map(({ id }) => id));
      throw new RejectedError(rejectionOf(first.error));
    } finally {
      for (const model of models) waiting.set(model, (waiting.get(model) ?? 1) - 1);
    }
  }

  /** Waits until none of the entries is pending; gives those that were rejected. */
  async function answered(
    { store, feed }: Session,
    ids: readonly EntryId[],
  ): Promise<readonly Pick<Entry, "id" | "error">[]> {
    for (;;) {
      // Listens before it reads, so that it misses no change in between.
      const changed = nextLogChange(feed);
      // It may be closed before anybody waits for that.
      changed.catch(() => {});
      const entries = await store.log.unacknowledged(ids);
      if (entries.every(({ status }) => status === "rejected")) return entries;
      await changed;
    }
  }

  function writeTogether(work: () => void): Transaction {
    const transaction = createTransaction<Record<string, unknown>>({ mutationFn: persist });
    try {
      return transaction.mutate(() => {
        work();
        checkSize(transaction.mutations);
      });
    } catch (error) {
      transaction.isPersisted.promise.catch(() => {});
      transaction.rollback();
      throw error;
    }
  }

  /** Throws where a sync server couldn't take all of it together. */
  function checkSize(mutations: readonly Mutation[]): void {
    const size = mutations.filter(({ collection }) => isPushed(byCollection.get(collection.id))).length;
    if (size <= LARGEST_GROUP) return;
    throw new Error(
      `writeTogether: ${String(size)} edits are too many. A sync server takes ${String(LARGEST_GROUP)} together at most.`,
    );
  }

  return {
    inputs,
    writeTogether,
    persist,
    resume() {
      gathering.resume();
      tellWaiting();
    },
    flushed: gathering.flushed,
    settled: gathering.settled,
    finish: gathering.finish,
    isSaving: gathering.isSaving,
    isWaiting: ({ name }) =>
      (waiting.get(name) ?? 0) > 0 ||
      gathering.waiting().some(({ writes }) => writes.some(({ model }) => model.name === name)),
    onWaiting({ name }, listener) {
      const ofModel = listeners.get(name) ?? new Set();
      listeners.set(name, ofModel.add(listener));
      return () => ofModel.delete(listener);
    },
  };
}

/** Whether a model's edits go to a sync server. */
function isPushed(model: Model | undefined): boolean {
  return model?.transport === "push-pull";
}

/** Throws where the database is closed before. */
async function nextLogChange(feed: Session["feed"]): Promise<void> {
  let stops: readonly (() => void)[] = [];
  try {
    await new Promise<void>((resolve, reject) => {
      const message = "The database was closed before the server has answered: the edit stays in it.";
      const close = () => reject(new Error(message));
      stops = [feed.onLog(resolve), feed.onClose(close)];
    });
  } finally {
    for (const stop of stops) stop();
  }
}

/**
 * Throws where an update or a delete meets no row, because it would be lost otherwise. A row whose temporary key the
 * server has replaced meanwhile is found by its new key.
 */
async function save({ rows, log }: StoreOperations, { model, mutation }: Write, inputs: Inputs): Promise<void> {
  const { type, original, modified, changes } = mutation;
  if (type === "insert") return rows.insert(model, modified, inputs.of(model, modified));
  const write = (row: object) => (type === "delete" ? rows.delete(model, row) : rows.update(model, row, changes));
  try {
    // Another key is looked for only where the row isn't there: that takes more statements.
    await write(original).catch(async (error: unknown) => {
      if (!(error instanceof NoRowError)) throw error;
      await write(await withMadeKeys(log, model, original));
    });
  } catch (error) {
    if (!(error instanceof NoRowError)) throw error;
    throw new Error(`${model.name}: there is no row ${rowKey(model, original)} any more.`, { cause: error });
  }
}

/** With the keys that the server has made since: of the row itself, and of those whose keys its own key holds. */
async function withMadeKeys(log: StoreOperations["log"], model: Model, original: object): Promise<object> {
  const row: Record<string, unknown> = { ...original };
  for (const { name } of keyFields(model)) {
    const owners = [name === ownKey(model)?.name ? model.name : undefined, own(model.references, name)];
    for (const owner of owners) {
      const key = String(row[name]);
      const made = owner === undefined ? undefined : (await log.madeKeys(owner, [key])).get(key);
      if (made !== undefined) row[name] = made.rowKey;
    }
  }
  return row;
}

/**
 * Makes a function that awaits work which brings an edit into the local database. Until it is there, the edit is nowhere
 * but in this page: the browser asks before it leaves.
 */
function leaveGuard(): <T>(work: Promise<T>) => Promise<T> {
  let unsaved = 0;
  const ask = (event: Event) => event.preventDefault();
  return async (work) => {
    if (typeof addEventListener !== "function") return work;
    if (unsaved === 0) addEventListener("beforeunload", ask);
    unsaved += 1;
    try {
      return await work;
    } finally {
      unsaved -= 1;
      if (unsaved === 0) removeEventListener("beforeunload", ask);
    }
  };
}
