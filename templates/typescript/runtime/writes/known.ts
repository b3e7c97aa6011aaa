import { textOf, type Members } from "../client/json.js";
import { own, ownKeyIn, type Model } from "../client/model.js";
import type { Entry, MadeKey, StoreOperations } from "../store/store.js";

export type Models = ReadonlyMap<string, Model>;

export interface RowName {
  readonly model: string;
  readonly rowKey: string;
}

/** Names a row that others refer to, by the part of its key that isn't taken from the path. */
export interface ParentName {
  readonly model: string;
  readonly ownKey: string;
}

/** Reads what one look at the log needs. Nothing is read twice, and what many entries need is read together. */
export interface Known {
  /** Reads what is needed to find out whether these entries have to wait. */
  prepareToFind(entries: readonly Entry[]): Promise<void>;
  /** Reads what is needed to make writes of these entries. */
  prepareToCompose(entries: readonly Entry[]): Promise<void>;
  /** Reads the entries of rows that others refer to. */
  prepareParents(parents: readonly ParentName[]): Promise<void>;
  ofRow(row: RowName): Promise<readonly Entry[]>;
  /** The entries of a row that others refer to. */
  ofParent(parent: ParentName): Promise<readonly Entry[]>;
  /** The row as the server has it. */
  synced(model: Model, rowKey: string): Promise<Members | undefined>;
  /** The key that the server has made for a row with this temporary one. */
  madeKey(row: ParentName): Promise<MadeKey | undefined>;
  isMadeKey(row: ParentName): Promise<boolean>;
}

export function createKnown({ log, synced }: StoreOperations, models: Models): Known {
  const entriesOf = new Map<string, readonly Entry[]>();
  const entriesOfParent = new Map<string, readonly Entry[]>();
  const rows = new Map<string, Members | undefined>();
  const madeKeys = new Map<string, MadeKey | undefined>();
  const areMade = new Map<string, boolean>();

  async function readEntries(names: readonly RowName[]): Promise<void> {
    for (const [model, rowKeys] of byModel(names.filter((row) => !entriesOf.has(nameOf(row))))) {
      const found = new Map(rowKeys.map((rowKey): [string, Entry[]] => [rowKey, []]));
      for (const entry of await log.ofRows(model, rowKeys)) found.get(entry.rowKey)?.push(entry);
      for (const [rowKey, entries] of found) entriesOf.set(nameOf({ model, rowKey }), entries);
    }
  }

  async function readSynced(names: readonly RowName[]): Promise<void> {
    for (const [name, rowKeys] of byModel(names.filter((row) => !rows.has(nameOf(row))))) {
      const model = models.get(name);
      if (model === undefined) continue;
      const found = await synced.readByKey(model, rowKeys);
      for (const rowKey of rowKeys) rows.set(nameOf({ model: name, rowKey }), found.get(rowKey));
    }
  }

  async function readMadeKeys(parents: readonly ParentName[]): Promise<void> {
    const names = parents.filter((parent) => !madeKeys.has(nameOfParent(parent))).map(asRow);
    for (const [model, temporary] of byModel(names)) {
      const found = await log.madeKeys(model, temporary);
      for (const ownKey of temporary) madeKeys.set(nameOfParent({ model, ownKey }), found.get(ownKey));
    }
  }

  /** Whether others refer to the row by its whole key. */
  function isWhole({ model }: ParentName): boolean {
    return (models.get(model)?.key.length ?? 1) === 1;
  }

  const known: Known = {
    async prepareToFind(entries) {
      const parents = entries.flatMap((entry) => parentsIn(models.get(entry.model), entry));
      await readEntries([...entries.filter((entry) => !isNewInsert(entry)), ...parents.filter(isWhole).map(asRow)]);
      await readSynced(entries.filter((entry) => entry.operation !== "insert" && hasReferences(models, entry)));
    },

    async prepareToCompose(entries) {
      await readSynced(entries.filter(({ operation }) => operation !== "insert"));
      await readMadeKeys(
        entries.flatMap((entry) => {
          const model = models.get(entry.model);
          return [...parentsIn(model, entry), ...parentsOf(model, rows.get(nameOf(entry)) ?? {})];
        }),
      );
    },

    async prepareParents(parents) {
      await readEntries(parents.filter(isWhole).map(asRow));
    },

    async ofRow(row) {
      await readEntries([row]);
      return entriesOf.get(nameOf(row)) ?? [];
    },

    async ofParent(parent) {
      const model = models.get(parent.model);
      if (model === undefined || isWhole(parent)) return known.ofRow(asRow(parent));
      const name = nameOfParent(parent);
      const found = entriesOfParent.get(name) ?? (await log.ofOwnKey(parent.model, parent.ownKey));
      entriesOfParent.set(name, found);
      return found.filter((entry) => ownKeyIn(model, entry.rowKey) === parent.ownKey);
    },

    async synced(model, rowKey) {
      const row = { model: model.name, rowKey };
      await readSynced([row]);
      return rows.get(nameOf(row));
    },

    async madeKey(row) {
      await readMadeKeys([row]);
      return madeKeys.get(nameOfParent(row));
    },

    async isMadeKey(row) {
      const name = nameOfParent(row);
      const isMade = areMade.get(name) ?? (await log.isMadeKey(row.model, row.ownKey));
      areMade.set(name, isMade);
      return isMade;
    },
  };
  return known;
}

/** The rows that these members refer to. */
export function parentsOf(model: Model | undefined, members: Members): ParentName[] {
  return referencesOf(model, members).map(([, parent]) => parent);
}

/** The rows that an entry refers to: by its columns, and by what only the request has. */
export function parentsIn(model: Model | undefined, entry: Entry): ParentName[] {
  return referencesIn(model, entry).map(([, parent]) => parent);
}

/** The same, each with the name of what refers to it. */
export function referencesIn(model: Model | undefined, entry: Entry): Reference[] {
  const ofInputs = model?.inputReferences;
  return [...referencesOf(model, entry.members), ...(ofInputs === undefined ? [] : named(ofInputs, entry.inputs))];
}

type Reference = [name: string, parent: ParentName];

function referencesOf(model: Model | undefined, members: Members): Reference[] {
  return named(model?.references ?? {}, members);
}

function named(references: Readonly<Record<string, string>>, members: Members): Reference[] {
  return Object.entries(references).flatMap(([name, parent]): Reference[] => {
    const value = own(members, name) ?? "null";
    return value === "null" ? [] : [[name, { model: parent, ownKey: textOf(value) }]];
  });
}

export function hasReferences(models: Models, { model }: Entry): boolean {
  const { references = {}, inputReferences = {} } = models.get(model) ?? {};
  return Object.keys(references).length + Object.keys(inputReferences).length > 0;
}

export function asParent(models: Models, { model, rowKey }: RowName): ParentName {
  const known = models.get(model);
  return { model, ownKey: known === undefined ? rowKey : ownKeyIn(known, rowKey) };
}

export function nameOfParent({ model, ownKey }: ParentName): string {
  return JSON.stringify([model, ownKey]);
}

export function nameOf({ model, rowKey }: RowName): string {
  return JSON.stringify([model, rowKey]);
}

function asRow({ model, ownKey }: ParentName): RowName {
  return { model, rowKey: ownKey };
}

/** Whether it is an insert that hasn't been sent. It is sent alone, so the other entries of its row don't matter. */
function isNewInsert({ operation, sentWith }: Entry): boolean {
  return operation === "insert" && sentWith === null;
}

function byModel(names: readonly RowName[]): Map<string, string[]> {
  const keys = new Map<string, Set<string>>();
  for (const { model, rowKey } of names) keys.set(model, (keys.get(model) ?? new Set()).add(rowKey));
  return new Map([...keys].map(([model, set]) => [model, [...set]]));
}
