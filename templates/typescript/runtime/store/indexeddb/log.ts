import { errorText, stampOf, type EntryId, type LogOperations, type MadeKey } from "../store.js";
import {
  append,
  change,
  drop,
  entriesOf,
  entriesOfModel,
  entriesWith,
  foldRowsOf,
  giveKey,
  inOrder,
  isUnsettled,
  logTable,
  rejectAll,
} from "./entries.js";
import { put, type Run, type StoredEntry, type Turn } from "./tables.js";

/** How many entries are read at once, where only some of them are looked for. */
const READ_AT_ONCE = 200;

export function logOperations(run: Run): LogOperations {
  const write = <T>(work: (turn: Turn) => Promise<T>) => run("readwrite", [], work);

  /** Reads entries. Those that nobody in particular has made are those of the user who is signed in. */
  function read(select: (turn: Turn) => Promise<StoredEntry[]>): Promise<StoredEntry[]> {
    return run("readonly", ["_changes", "_sync_meta"], async (turn) => {
      const [entries, user] = await Promise.all([select(turn), userOf(turn)]);
      return user === null ? entries : entries.map((entry) => ({ ...entry, user: entry.user ?? user }));
    });
  }

  return {
    pending: (after, limit) => read((turn) => first(turn, after, limit, ({ status }) => status === "pending")),
    queue: (limit) => read((turn) => first(turn, null, limit, ({ status }) => status !== "acknowledged")),
    ofRows: (model, rowKeys) =>
      read(async (turn) => {
        const found = await Promise.all([...new Set(rowKeys)].map((rowKey) => entriesOf(turn, model, rowKey)));
        return inOrder(found.flat());
      }),
    ofOwnKey: (model, ownKey) =>
      read(async (turn) => {
        // Found by the text, and then told apart by the part that it is.
        const part = JSON.stringify(ownKey).slice(1, -1);
        const entries = await entriesOfModel(turn, model);
        return entries.filter(({ rowKey }) => rowKey.startsWith("[") && rowKey.includes(part));
      }),
    sent: (model) => read((turn) => logTable(turn).index("sent").getAll(model)),
    acknowledged: () => read((turn) => withStatus(turn, "acknowledged")),
    rejected: () => read((turn) => withStatus(turn, "rejected")),
    withIds: (writeIds) =>
      read(async (turn) => {
        const index = logTable(turn).index("rejectedWith");
        const others = await Promise.all([...new Set(writeIds)].map((writeId) => index.getAll(writeId)));
        const found = [...(await entriesWith(turn, writeIds)), ...others.flat()];
        return inOrder([...new Map(found.map((entry) => [entry.id, entry])).values()]);
      }),
    ofTransactions: (transactionIds) => read((turn) => ofTransactions(turn, transactionIds)),

    countUnsent: (upTo) =>
      run("readonly", ["_changes"], async (turn) => {
        const pending = await withStatus(turn, "pending");
        return pending.filter(({ id, attempts }) => attempts === 0 && id <= numberOf(upTo)).length;
      }),
    newest: () =>
      run("readonly", ["_changes"], async (turn) => (await logTable(turn).openKeyCursor(null, "prev"))?.key ?? null),
    writtenAfter: (id) =>
      run("readonly", ["_changes"], (turn) => logTable(turn).getAll(IDBKeyRange.lowerBound(numberOf(id), true))),
    unacknowledged: (ids) =>
      run("readonly", ["_changes"], async (turn) => {
        const entries = await Promise.all(ids.map((id) => logTable(turn).get(numberOf(id))));
        return inOrder(entries.filter((entry) => entry !== undefined)).filter(({ status }) => status !== "acknowledged");
      }),

    tally: (user) =>
      run("readonly", ["_changes", "_sync_meta"], async (turn) => {
        const index = logTable(turn).index("status");
        const [entries, rejected, own] = await Promise.all([
          withStatus(turn, "pending"),
          index.count("rejected"),
          userOf(turn),
        ]);
        const others = entries.filter((entry) => {
          const maker = entry.user ?? own;
          return maker !== null && maker !== (user ?? "");
        });
        const oldest = entries.map(({ at }) => at).sort()[0] ?? null;
        return { pending: entries.length, held: others.length, rejected, oldestPending: oldest };
      }),

    beginGroup: () =>
      write(async (turn) => {
        turn.group = crypto.randomUUID();
      }),

    markSent: (writes) =>
      write(async (turn) => {
        const areSets = writes.some((one) => one.writeIds.some((writeId) => writeId !== one.writeId));
        const sets = areSets ? byWriteId(writes) : new Map<string, (typeof writes)[number]>();
        for (const entry of await entriesWith(turn, idsOf(writes))) {
          const sentWith = sets.get(entry.writeId)?.writeId ?? entry.writeId;
          change(turn, entry, { attempts: entry.attempts + 1, error: null, sentWith });
        }
      }),
    noteFailures: (failures) =>
      write(async (turn) => {
        const byId = byWriteId(failures);
        for (const entry of await entriesWith(turn, byId.keys())) {
          const failed = byId.get(entry.writeId);
          if (entry.status !== "pending" || failed === undefined) continue;
          change(turn, entry, { error: errorText(failed.failure) });
        }
      }),
    unmarkSent: (writeIds) =>
      write(async (turn) => {
        for (const entry of await entriesWith(turn, writeIds)) {
          const { status, attempts, sentWith } = entry;
          if (status !== "pending" || attempts === 0) continue;
          change(turn, entry, { attempts: attempts - 1, sentWith: attempts > 1 ? sentWith : null });
        }
      }),
    acknowledge: (writes) =>
      write(async (turn) => {
        const byId = byWriteId(writes);
        for (const entry of await entriesWith(turn, byId.keys())) {
          if (entry.status !== "pending") continue;
          const { txid = null, place = null } = byId.get(entry.writeId) ?? {};
          change(turn, entry, { status: "acknowledged", txid, place, inputs: {} });
        }
      }),
    reject: (writeIds, rejection) =>
      write(async (turn) => rejectAll(turn, await entriesWith(turn, writeIds), errorText(rejection))),
    rejectTogether: (writeId, rejection, others, ofOthers) =>
      write(async (turn) => {
        await rejectAll(turn, await entriesWith(turn, others), errorText(ofOthers), writeId);
        await rejectAll(turn, await entriesWith(turn, [writeId]), errorText(rejection));
      }),

    stamp: (names, { milliseconds, counter }, base) =>
      write(async (turn) => {
        let newest: string | undefined;
        let [time, number] = [milliseconds, counter];
        for (const entry of await withStatus(turn, "pending")) {
          if (entry.editedAt !== null || !names.includes(entry.model)) continue;
          time = Math.max(time, Date.parse(entry.at));
          number += 1;
          newest = `${String(time)}.${String(number)}`;
          change(turn, entry, { editedAt: newest, base });
        }
        return newest === undefined ? undefined : stampOf(newest);
      }),
    separate: (transactionId) =>
      write(async (turn) => {
        for (const entry of await ofTransactions(turn, [transactionId])) {
          if (entry.status === "pending") change(turn, entry, { transactionId: entry.writeId });
        }
      }),
    postpone: ({ writeId }, members, others) =>
      write(async (turn) => {
        const entries = await entriesWith(turn, [writeId]);
        for (const entry of entries) {
          const { model, rowKey, transactionId, at, user } = entry;
          change(turn, entry, { members });
          if (others === undefined) continue;
          append(turn, { model, rowKey, operation: "update", members: others, transactionId, at, user });
        }
        await foldRowsOf(turn, entries);
      }),
    reopen: (writeIds) =>
      write(async (turn) => {
        for (const entry of await entriesWith(turn, writeIds)) {
          if (entry.status === "acknowledged") change(turn, entry, { status: "pending", place: null });
        }
      }),
    settle: (writeIds) =>
      write(async (turn) => {
        const entries = (await entriesWith(turn, writeIds)).filter(isUnsettled);
        drop(turn, entries);
        await foldRowsOf(turn, entries);
      }),
    // To the end of the log and under new write ids: a server may answer an old one from memory, and its later echo
    // would settle what it never took.
    retry: (writeId) =>
      write(async (turn) => {
        const entries = await rejectedTogether(turn, writeId);
        drop(turn, entries);
        for (const { model, rowKey, operation, members, inputs, transactionId, at, user } of entries) {
          append(turn, { model, rowKey, operation, members, inputs, transactionId, at, user });
        }
        await foldRowsOf(turn, entries);
      }),
    discard: (writeId) => write(async (turn) => drop(turn, await rejectedTogether(turn, writeId))),
    discardOnly: (ids) =>
      write(async (turn) => {
        const entries = await Promise.all(ids.map((id) => logTable(turn).get(numberOf(id))));
        drop(
          turn,
          entries.filter((entry) => entry?.status === "rejected").filter((entry) => entry !== undefined),
        );
      }),

    signIn: (user) =>
      write(async (turn) => {
        const before = await userOf(turn);
        if (before === user) return;
        if (before !== null) {
          for (const entry of await logTable(turn).getAll()) {
            if (entry.user === null) change(turn, entry, { user: before });
          }
        }
        turn.hasChanged = true;
        put(turn.tx.objectStore("_sync_meta"), user, "user");
      }),

    madeKeys: (model, temporary) =>
      run("readonly", ["_made_keys"], async ({ tx }) => {
        const table = tx.objectStore("_made_keys");
        const found = await Promise.all([...new Set(temporary)].map((key) => table.get([model, key])));
        return new Map(
          found.flatMap((made): [string, MadeKey][] =>
            made === undefined ? [] : [[made.temporary, { rowKey: made.rowKey, json: made.json }]],
          ),
        );
      }),
    isMadeKey: (model, rowKey) => run("readonly", ["_made_keys"], (turn) => isMadeKey(turn, model, rowKey)),
    noteMadeKey: (model, temporary, made) => write((turn) => giveKey(turn, model, temporary, made)),
  };
}

/** Whether the server has made this key for a row. */
export async function isMadeKey({ tx }: Turn, model: string, rowKey: string): Promise<boolean> {
  return (await tx.objectStore("_made_keys").index("row").getKey([model, rowKey])) !== undefined;
}

/** The first entries after an id that are looked for. */
async function first(
  turn: Turn,
  after: EntryId | null,
  limit: number,
  isLookedFor: (entry: StoredEntry) => boolean,
): Promise<StoredEntry[]> {
  const found: StoredEntry[] = [];
  for (let start = numberOf(after); ; ) {
    const some = await logTable(turn).getAll(IDBKeyRange.lowerBound(start, true), Math.max(limit, READ_AT_ONCE));
    const last = some.at(-1);
    found.push(...some.filter(isLookedFor));
    if (last === undefined || found.length >= limit) return found.slice(0, limit);
    start = last.id;
  }
}

/** In the log's order, in which an index has equal keys. */
function withStatus(turn: Turn, status: string): Promise<StoredEntry[]> {
  return logTable(turn).index("status").getAll(status);
}

async function ofTransactions(turn: Turn, transactionIds: readonly string[]): Promise<StoredEntry[]> {
  const index = logTable(turn).index("transactionId");
  const found = await Promise.all([...new Set(transactionIds)].map((id) => index.getAll(id)));
  return inOrder(found.flat());
}

/** A rejected entry, and all that were rejected with it. */
async function rejectedTogether(turn: Turn, writeId: string): Promise<StoredEntry[]> {
  const [entry] = await entriesWith(turn, [writeId]);
  const root = entry?.rejectedWith ?? entry?.writeId;
  if (root === undefined) return [];
  const others = await logTable(turn).index("rejectedWith").getAll(root);
  const found = [...(await entriesWith(turn, [root])), ...others];
  return inOrder(found.filter(({ status }) => status === "rejected"));
}

async function userOf({ tx }: Turn): Promise<string | null> {
  return (await tx.objectStore("_sync_meta").get("user")) ?? null;
}

function idsOf(writes: readonly { readonly writeIds: readonly string[] }[]): string[] {
  return writes.flatMap(({ writeIds }) => writeIds);
}

function byWriteId<T extends { readonly writeIds: readonly string[] }>(writes: readonly T[]): Map<string, T> {
  return new Map(writes.flatMap((one) => one.writeIds.map((writeId): [string, T] => [writeId, one])));
}

/** Ids are numbers here; an id that isn't given is before all others. */
function numberOf(id: EntryId | null): number {
  return Number(id ?? 0);
}
