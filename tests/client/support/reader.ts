import { afterEach, beforeEach, test as nodeTest } from "node:test";
import type { Filling, List } from "../../pglite/rest/db/client/model.js";
import { adapter, inMemory } from "./generated.js";
import { ListServer } from "./list-server.js";
import { until, untilShown } from "./until.js";

type Generated = Omit<typeof import("../../pglite/rest/index.js"), "pgliteDriver">;
type Settings = NonNullable<Parameters<Generated["createClient"]>[0]>;
export type Reader = ReturnType<Generated["createClient"]>;
export type Shown = Readonly<Record<string, unknown>>;

const { createClient } = (await import(`../../${adapter}/rest/index.js`)) as Generated;
const { models } = (await import(
  `../../${adapter}/rest/schema/index.js`
)) as typeof import("../../pglite/rest/schema/index.js");

export const limit = { parameter: "limit", rows: 100 };
export const offset = { by: "offset", offset: "offset", size: limit } as const;

/** What the document says of the operations; each test may say otherwise of their answers. */
const usualOperations = new Map(models.map((model) => [model.name, model.operations]));

/** Has the answers to the operations of a model be so, beside what the document says of them. */
export function operations(name: string, answers: Readonly<Record<string, object>>): void {
  const model = models.find((other) => other.name === name);
  if (model === undefined) throw new Error(`there is no model ${name}`);
  const all = Object.entries(model.operations).map(([operation, declared]) => {
    const { answer, ...rest } = declared as { answer?: object };
    return [operation, { ...rest, answer: { ...answer, ...answers[operation] } }];
  });
  Object.assign(model, { operations: Object.fromEntries(all) });
}

/** Has an operation of a model require this of its query. */
export function requires(name: string, operation: string, query: Readonly<Record<string, Filling>>): void {
  const model = models.find((other) => other.name === name);
  if (model === undefined) throw new Error(`there is no model ${name}`);
  const declared = (model.operations as Readonly<Record<string, object>>)[operation];
  Object.assign(model, { operations: { ...model.operations, [operation]: { ...declared, query } } });
}

/** What the document's lists are like; each test may say otherwise. */
const usual = new Map(models.map((model) => [model.name, model.list]));

/** A server that lists rows in the style of a test, and clients in this process that read it. */
export class Reading {
  private running: ListServer | undefined;
  private clients: Reader[] = [];

  constructor() {
    // Another one for each test: what a closed client had on its way doesn't come to the next test's.
    beforeEach(async () => {
      this.running = await ListServer.start();
      for (const model of models) Object.assign(model, { operations: usualOperations.get(model.name) });
      this.lists({});
      this.priorities({});
      for (const { list } of models) if (list !== undefined) this.server.table(list.path);
    });
    afterEach(async () => {
      for (const { closeDatabase } of this.clients) await closeDatabase();
      this.clients = [];
      await this.running?.close();
    });
  }

  get server(): ListServer {
    if (this.running === undefined) throw new Error("the server isn't running yet");
    return this.running;
  }

  readonly test = (name: string, work: () => Promise<void>): void => {
    void nodeTest(name, { timeout: 300_000 }, work);
  };

  /** Has the models' lists be so, in place of what the document says. */
  lists(lists: Readonly<Record<string, List | undefined>>): void {
    for (const model of models) {
      const list = model.name in lists ? lists[model.name] : { path: `/${model.name}`, page: { by: "none" } as const };
      Object.assign(model, { list: usual.get(model.name) === undefined ? undefined : list });
    }
  }

  /** Has the list of projects be so. */
  projects(list: object): void {
    this.lists({ projects: { path: "/projects", page: { by: "none" }, ...list } });
  }

  /** So many projects on the server. Gives their names. */
  fill(count: number): string[] {
    for (let number = 1; number <= count; number += 1) this.server.put("/projects", project(number));
    return Array.from({ length: count }, (_, index) => `p${index + 1}`);
  }

  /** Has models be loaded before others. */
  priorities(priorities: Readonly<Record<string, number>>): void {
    for (const model of models) Object.assign(model, { priority: priorities[model.name] ?? 0 });
  }

  /** A client that polls so seldom that a test has to say when. */
  async client(settings: Settings = {}): Promise<Reader> {
    const client = createClient({ apiBaseUrl: this.server.url, poll: 3_600, ...settings });
    this.clients.push(client);
    await client.initializeDatabase(inMemory());
    await Promise.all(Object.values(client.collections).map((collection) => collection.preload()));
    // A first pull shows rows as they come: it ends after the last of them.
    const isTried = ({ ready, error }: { ready: boolean; error: string | null }): boolean => ready || error !== null;
    await until(() => Object.values(client.getSyncStatus().models).every(isTried));
    return client;
  }
}

/** The rows of a collection without what is ours. */
export function shown(client: Reader, model: keyof Reader["collections"] = "projects"): Shown[] {
  const rows = client.collections[model].toArray as readonly object[];
  return rows
    .map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => !/^[_$]/.test(name))))
    .toSorted((one, other) => (String(one["id"]) < String(other["id"]) ? -1 : 1));
}

export async function query(client: Reader, text: string): Promise<Shown[]> {
  return [...(await client.getDatabase().query({ parts: [text], parameters: [] }))];
}

/** What is in the log, whatever keeps it. */
export async function entries(client: Reader): Promise<readonly Shown[]> {
  if (adapter !== "indexeddb") return query(client, "SELECT * FROM _changes");
  const database: unknown = client.getDatabase();
  return (database as { getAll(store: string): Promise<Shown[]> }).getAll("_changes");
}

/** Waits until all of what was written is saved, the log is empty, and collections show it so. */
export async function settled(
  client: Reader,
  ...writes: { isPersisted: { promise: Promise<unknown> } }[]
): Promise<void> {
  await Promise.all(writes.map(({ isPersisted }) => isPersisted.promise));
  await until(async () => (await entries(client)).length === 0);
  await untilShown(client.collections);
}

/** Until what is expected is shown: after a pull, the collection takes a moment. */
export async function showing(client: Reader, names: readonly string[]): Promise<void> {
  const found = (): string => JSON.stringify(shown(client).map(({ name }) => name));
  const sorted = (text: string): string => JSON.stringify((JSON.parse(text) as string[]).toSorted());
  await until(
    () => sorted(found()) === JSON.stringify(names.toSorted()),
    () => `${found()} to be ${JSON.stringify(names)}`,
  );
}

export function idOf(number: number): string {
  return `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;
}

/** A project of the server, in the API's JSON. */
export function project(number: number, name = `p${number}`, updated = number): Record<string, string> {
  const time = JSON.stringify(new Date(Date.UTC(2026, 0, 1) + updated * 1_000).toISOString());
  return {
    id: JSON.stringify(idOf(number)),
    name: JSON.stringify(name),
    color: "null",
    created_at: time,
    updated_at: time,
  };
}
