import type { Members } from "../../client/json.js";
import { fieldOf, own, ownKey, ownKeyIn, rowKey, WRITE_ID, type Field, type Model } from "../../client/model.js";
import { isSame } from "../../client/values.js";
import { keyRow, madeKeyOf, type Differing, type ServerRow, type SyncedOperations } from "../store.js";
import {
  drop,
  entriesOf,
  entriesWith,
  foldAgain,
  foldRowsOf,
  giveKey,
  inOrder,
  isUnsettled,
  logTable,
  noteKeys,
} from "./entries.js";
import { isMadeKey } from "./log.js";
import { getMeta, metaKey } from "./meta.js";
import { add, allOf, isEmpty, put, remove, syncedName, syncedTable, type Run, type StoredEntry, type Turn } from "./tables.js";
import { checkWhole, fromServer, jsonOf, partOf, serverKey, serverText, type StoredRow } from "./values.js";

/** A row on its way into the table: its key, what it has, and the write that it shows. */
interface Arriving {
  readonly key: string;
  readonly part: StoredRow;
  readonly writeId: string | null;
  /** The same as it is stored beside the part; empty where the server hasn't told it. */
  readonly mark: StoredRow;
}

const LOADING = "loading";

/** Of more rows than this at once, the log is read as a whole, and not by each of them. */
const LOOKED_UP = 100;

/** In the time that it takes to read a row by its key, so many are read with all others. */
const OTHERS = 5;

export function syncedOperations(run: Run): SyncedOperations {
  const readOf = <T>(model: Model, work: (turn: Turn) => Promise<T>) => run("readonly", [syncedName(model)], work);
  const write = (work: (turn: Turn) => Promise<void>) => run("readwrite", [], work);

  return {
    keyOf: serverKey,

    isEmpty: (model) => readOf(model, (turn) => isEmpty(syncedTable(turn, model))),

    read: (model, key) =>
      readOf(model, async (turn) => {
        const row = await syncedTable(turn, model).get(key);
        return row && membersOfRow(model, row);
      }),

    readByKey: (model, rowKeys) =>
      readOf(model, async (turn) => {
        const rows = await Promise.all(rowKeys.map((key) => syncedTable(turn, model).get(key)));
        return new Map(
          rows.flatMap((row): [string, Members][] =>
            row === undefined ? [] : [[rowKey(model, row), membersOfRow(model, row)]],
          ),
        );
      }),

    find: (model, members) =>
      readOf(model, async (turn) => {
        const names = Object.keys(members);
        const isEqual = (row: StoredRow) => {
          const there = membersOfRow(model, row);
          return names.every((name) => isSame(model, name, members, there));
        };
        return (await rowsWhere(turn, model, isEqual)).map((row) => rowKey(model, row));
      }),

    select: (model, columns, where = new Map()) =>
      readOf(model, async (turn) => {
        if (where.size === 0 && columns.every((column) => model.key.includes(column))) {
          return (await syncedTable(turn, model).getAllKeys()).map((key) => keyRow(model, key));
        }
        const fields = columns.flatMap((column) => fieldOf(model, column) ?? []);
        const hasWriteId = columns.includes(WRITE_ID);
        const conditions = [...where].flatMap(([column, text]) => {
          const field = fieldOf(model, column);
          return field === undefined ? [] : [{ column, value: fromServer(model, field, text) }];
        });
        const fits = (row: StoredRow) => conditions.every(({ column, value }) => value !== null && own(row, column) === value);
        const isOfOne = model.key.every((column) => (where.get(column) ?? null) !== null);
        const [one] = isOfOne ? [await syncedTable(turn, model).get(serverKey(model, where))] : [];
        const found = isOfOne ? [one].filter((row) => row !== undefined).filter(fits) : await rowsWhere(turn, model, fits);
        return found.map((row) => new Map([...textRow(fields, row), ...(hasWriteId ? [writeIdOf(row)] : [])]));
      }),

    orphans: (model, parent, columns) =>
      run("readonly", [syncedName(model), syncedName(parent)], async (turn) => {
        const [names, fields] = [[...columns.keys()], [...columns.values()]];
        const parents = new Set<string>();
        await rowsWhere(turn, parent, (row) => {
          parents.add(valuesIn(row, fields));
          return false;
        });
        const lost = await rowsWhere(turn, model, (row) => !parents.has(valuesIn(row, names)));
        return lost.map((row) => keyRow(model, rowKey(model, row)));
      }),

    async differing(model, rows, column = model.key[0] ?? "") {
      const field = fieldOf(model, column);
      const all = rows.map((row) => ({ row, ...arriving(model, row) }));
      const present = await presentRows(run, model, new Set(all.map(({ key }) => key)));
      const writeIds = all.flatMap(({ writeId }) => writeId ?? []);
      const isMuch = writeIds.length > LOOKED_UP;
      const entries = await run("readonly", ["_changes"], (turn) =>
        isMuch ? logTable(turn).getAll() : entriesWith(turn, writeIds),
      );
      const ours = new Set(entries.map(({ writeId }) => writeId));
      return all.flatMap(({ row, key, part, writeId }): Differing[] => {
        const there = present.get(key);
        const isThere = there !== undefined && Object.entries(part).every(([name, value]) => there[name] === value);
        // A row that shows one of our writes has to arrive, whatever it has.
        if (isThere && (writeId === null || !ours.has(writeId))) return [];
        const value = there === undefined || field === undefined ? null : (own(there, column) ?? null);
        return [{ row, before: field === undefined ? null : serverText(field, value) }];
      });
    },

    insert: (model, rows) =>
      write(async (turn) => {
        const all = rows.map((row) => arriving(model, row));
        const about = await toSettle(turn, model, all);
        for (const { key, part, mark } of all) {
          checkWhole(model, part);
          add(syncedTable(turn, model), { ...whole(model, part), ...mark }, key);
        }
        await arrived(turn, model, all, about);
      }),

    upsert: (model, rows) =>
      write(async (turn) => {
        const table = syncedTable(turn, model);
        const all = rows.map((row) => arriving(model, row));
        const about = await toSettle(turn, model, all);
        const isWhole = ({ part }: Arriving) => model.fields.every(({ name }) => Object.hasOwn(part, name));
        const putOne = ({ key, mark }: Arriving, row: StoredRow): void => {
          checkWhole(model, row);
          put(table, Object.keys(mark).length > 0 ? { ...row, ...mark } : row, key);
        };
        const putPart = async (one: Arriving) => putOne(one, whole(model, { ...(await table.get(one.key)), ...one.part }));
        const parts = all.filter((one) => !isWhole(one));
        await Promise.all(parts.map(putPart));
        for (const one of all) if (isWhole(one)) putOne(one, one.part);
        await arrived(turn, model, all, about);
      }),

    update: (model, rows) =>
      write(async (turn) => {
        const table = syncedTable(turn, model);
        const there: Arriving[] = [];
        for (const row of rows) {
          const one = arriving(model, row);
          const before = await table.get(one.key);
          if (before === undefined || row.size === model.key.length) continue;
          const after = { ...before, ...one.part, ...one.mark };
          checkWhole(model, after);
          put(table, after, one.key);
          there.push(one);
        }
        await arrived(turn, model, there, await toSettle(turn, model, there));
      }),

    delete: (model, rows) =>
      write((turn) =>
        departed(
          turn,
          model,
          rows.map((row) => serverKey(model, row)),
        ),
      ),

    deleteOthers: (model, rows) =>
      write(async (turn) => {
        const kept = new Set(rows.map((row) => serverKey(model, row)));
        const keys = await syncedTable(turn, model).getAllKeys();
        await departed(
          turn,
          model,
          keys.filter((key) => !kept.has(key)),
        );
      }),

    beginLoading: (model) =>
      write(async ({ tx }) => put(tx.objectStore("_sync_meta"), "true", metaKey(LOADING, model.name))),
    isLoading: (model) => run("readonly", ["_sync_meta"], (turn) => isLoading(turn, model)),
    endLoading: (model) =>
      write(async (turn) => {
        remove(turn.tx.objectStore("_sync_meta"), metaKey(LOADING, model.name));
        noteKeys(turn, model.name, null);
      }),
  };
}

async function isLoading(turn: Turn, model: Model): Promise<boolean> {
  return (await getMeta(turn, metaKey(LOADING, model.name))) !== undefined;
}

/** Rows that are on their way: they are compared with what is there, and then stored. */
const converted = new WeakMap<ServerRow, Arriving>();

/** Converts a row of the server. Throws where one of its values can't be what the document says. */
function arriving(model: Model, row: ServerRow): Arriving {
  const before = converted.get(row);
  if (before !== undefined) return before;
  const part = partOf(
    model,
    model.fields.filter(({ name }) => row.has(name)),
    row,
  );
  const writeId = row.get(WRITE_ID) ?? null;
  const mark: StoredRow = row.has(WRITE_ID) && model.writeId.includes("row") ? { [WRITE_ID]: writeId } : {};
  const one = { key: rowKey(model, part), part, writeId, mark };
  converted.set(row, one);
  return one;
}

function writeIdOf(row: StoredRow): [string, string | null] {
  const writeId = own(row, WRITE_ID) ?? null;
  return [WRITE_ID, writeId === null ? null : String(writeId)];
}

/** With null in what the server hasn't told. The write that a row shows comes last. */
function whole(model: Model, part: StoredRow): StoredRow {
  const row = Object.fromEntries(model.fields.map(({ name }) => [name, own(part, name) ?? null]));
  return Object.hasOwn(part, WRITE_ID) ? { ...row, [WRITE_ID]: own(part, WRITE_ID) ?? null } : row;
}

/** What has to be known where rows arrive: it is read before they are stored, because the database does that in turn. */
interface ToSettle {
  readonly isLoading: boolean;
  /** Entries of these rows, and those whose write they show. */
  readonly log: readonly StoredEntry[];
}

async function toSettle(turn: Turn, model: Model, rows: readonly Arriving[]): Promise<ToSettle> {
  const [loading, log] = await Promise.all([isLoading(turn, model), entriesAbout(turn, model, rows)]);
  return { isLoading: loading, log };
}

/** Rows have come from the server: settles the writes that they show, and folds what is left of the log over them. */
async function arrived(
  turn: Turn,
  model: Model,
  rows: readonly Arriving[],
  { isLoading, log }: ToSettle,
): Promise<void> {
  if (!isLoading) {
    noteKeys(
      turn,
      model.name,
      rows.map(({ key }) => key),
    );
  }
  if (log.length === 0) return;
  const byWriteId = new Map(log.map((entry) => [entry.writeId, entry]));
  const seen = rows.flatMap((row) => {
    const entry = row.writeId === null ? undefined : byWriteId.get(row.writeId);
    return entry !== undefined && entry.model === model.name && isUnsettled(entry) ? [{ row, entry }] : [];
  });
  for (const { row, entry } of seen) await takeKey(turn, model, row, entry);

  // Read anew: they may have other keys now.
  const shown = await entriesWith(
    turn,
    seen.map(({ entry }) => entry.writeId),
  );
  for (const entry of shown) {
    const earlier = (await entriesOf(turn, model.name, entry.rowKey)).filter(
      ({ id, status }) => id < entry.id && status === "acknowledged",
    );
    drop(turn, [...earlier, entry]);
  }
  const rowsOfLog = new Set(log.map(({ rowKey: key }) => key));
  const touched = rows.map(({ key }) => key).filter((key) => rowsOfLog.has(key));
  await foldRowsOf(turn, [...shown, ...touched.map((key) => ({ model: model.name, rowKey: key }))]);
}

async function entriesAbout(turn: Turn, model: Model, rows: readonly Arriving[]): Promise<StoredEntry[]> {
  const table = logTable(turn);
  if (await isEmpty(table)) return [];
  if (rows.length > LOOKED_UP) return table.getAll();
  const [byRow, byId] = await Promise.all([
    Promise.all(rows.map(({ key }) => entriesOf(turn, model.name, key))),
    entriesWith(
      turn,
      rows.flatMap(({ writeId }) => writeId ?? []),
    ),
  ]);
  return inOrder([...new Map([...byRow.flat(), ...byId].map((entry) => [entry.id, entry])).values()]);
}

/**
 * Where the server has made the key of a new row, which has a temporary one here. A key that it has made before stays: one
 * that shows one write on several rows would otherwise turn what was written to one into writes to another.
 */
async function takeKey(turn: Turn, model: Model, { key }: Arriving, entry: StoredEntry): Promise<void> {
  if (entry.operation !== "insert" || model.keyOrigin !== "server" || ownKey(model) === undefined) return;
  const [temporary, made] = [ownKeyIn(model, entry.rowKey), madeKeyOf(model, ownKeyIn(model, key))];
  if (made === null || made.rowKey === temporary || (await isMadeKey(turn, model.name, temporary))) return;
  await giveKey(turn, model.name, temporary, made);
}

/** The server has deleted rows: acknowledged entries are settled, pending ones are still sent. */
async function departed(turn: Turn, model: Model, keys: readonly string[]): Promise<void> {
  const table = syncedTable(turn, model);
  const found = await Promise.all(keys.map((key) => table.getKey(key)));
  const gone = found.filter((key) => key !== undefined);
  if (gone.length === 0) return;
  for (const key of gone) remove(table, key);
  if (!(await isLoading(turn, model))) noteKeys(turn, model.name, gone);
  if (await isEmpty(logTable(turn))) return;
  const entries = (await Promise.all(gone.map((key) => entriesOf(turn, model.name, key)))).flat();
  drop(
    turn,
    entries.filter(({ status }) => status === "acknowledged"),
  );
  await foldAgain(
    turn,
    model.name,
    entries.map(({ rowKey: key }) => key),
  );
}

/**
 * Those of the rows with these keys that are there. To read all is quicker than to read each, unless most are others. A
 * transaction reads only some of them: the user's own writes come in between.
 */
async function presentRows(run: Run, model: Model, keys: ReadonlySet<string>): Promise<ReadonlyMap<string, StoredRow>> {
  const read = <T>(work: (table: ReturnType<typeof syncedTable>) => Promise<T>) =>
    run("readonly", [syncedName(model)], (turn) => work(syncedTable(turn, model)));
  const isMost = keys.size > LOOKED_UP && (await read((table) => table.count())) <= OTHERS * keys.size;
  const parts = isMost
    ? allOf((range, count) => read((table) => table.getAll(range, count)), (row) => rowKey(model, row))
    : [await read((table) => Promise.all([...keys].map((key) => table.get(key))))];
  const present = new Map<string, StoredRow>();
  for await (const rows of parts) {
    for (const row of rows) {
      if (row === undefined) continue;
      const key = rowKey(model, row);
      if (keys.has(key)) present.set(key, row);
    }
  }
  return present;
}

async function rowsWhere(turn: Turn, model: Model, fits: (row: StoredRow) => boolean): Promise<StoredRow[]> {
  const found: StoredRow[] = [];
  const table = syncedTable(turn, model);
  const read = (range: IDBKeyRange | null, count: number) => table.getAll(range, count);
  for await (const rows of allOf(read, (row) => rowKey(model, row))) {
    for (const row of rows) if (fits(row)) found.push(row);
  }
  return found;
}

function valuesIn(row: StoredRow, columns: readonly string[]): string {
  return JSON.stringify(columns.map((column) => own(row, column) ?? null));
}

function membersOfRow({ fields }: Model, row: StoredRow): Members {
  return Object.fromEntries(fields.map((field) => [field.name, jsonOf(field, own(row, field.name) ?? null)]));
}

function textRow(fields: readonly Field[], row: StoredRow): ServerRow {
  return new Map(fields.map((field) => [field.name, serverText(field, own(row, field.name) ?? null)]));
}
