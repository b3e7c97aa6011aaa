// What these tests use of a generated client. The servers' models differ, and so their types do.

import { isDeepStrictEqual } from "node:util";
import { until, untilShown } from "../../client/support/until.js";

export type Row = Readonly<Record<string, unknown>>;

interface Saved {
  readonly isPersisted: { readonly promise: Promise<unknown> };
}

export interface Change {
  readonly type: "insert" | "update" | "delete";
  readonly key: string | number;
  readonly value: Row;
}

export interface Collection {
  readonly toArray: readonly Row[];
  preload(): Promise<void>;
  has(key: string | number): boolean;
  get(key: string | number): Row | undefined;
  insert(row: object): Saved;
  update(key: string | number, change: (draft: Record<string, unknown>) => void): Saved;
  delete(key: string | number): Saved;
  subscribeChanges(listener: (changes: readonly Change[]) => void): { unsubscribe(): void };
}

interface Status {
  readonly online: boolean;
  readonly pending: number;
  readonly rejected: number;
  readonly lastError: string | null;
  readonly models: Readonly<
    Record<string, { readonly ready: boolean; readonly rows: number; readonly error: string | null }>
  >;
}

interface Statement {
  readonly parts: readonly string[];
  readonly parameters: readonly unknown[];
}

export interface Generated {
  readonly collections: Readonly<Record<string, Collection>>;
  configureSync(settings: object): void;
  initializeDatabase(options?: object): Promise<{ query(statement: Statement): Promise<readonly Row[]> }>;
  getDatabase(): { query(statement: Statement): Promise<readonly Row[]> };
  closeDatabase(): Promise<void>;
  getSyncStatus(): Status;
  getRejectedChanges(): readonly {
    readonly model: string;
    readonly status: number | null;
    readonly message: string;
    readonly writeId: string;
  }[];
  listChanges(): Promise<readonly object[]>;
  retryChange(writeId: string): Promise<void>;
  syncNow(model?: string): Promise<void>;
}

interface Index {
  createClient(options: object): Generated;
}

/** Seconds from one poll to the next. */
const POLL = 0.3;

const adapter = process.env["ADAPTER"] === "pglite" ? "pglite" : "sqlite";

let made = 0;

/** A client of a server's document, which has everything that the server has as soon as it is `ready`. */
export class Client {
  readonly generated: Generated;

  static async open(server: string, apiBaseUrl: string, settings: object = {}): Promise<Client> {
    const index = (await import(`../${server}/${adapter}/index.js`)) as Index;
    made += 1;
    const database = `client ${made}`;
    const client = new Client(index.createClient({ database, apiBaseUrl, poll: POLL, ...settings }));
    await client.generated.initializeDatabase({ directory: "memory://" });
    await Promise.all(Object.values(client.generated.collections).map((collection) => collection.preload()));
    return client;
  }

  private constructor(generated: Generated) {
    this.generated = generated;
  }

  of(model: string): Collection {
    const collection = this.generated.collections[model];
    if (collection === undefined) throw new Error(`there is no model ${model}`);
    return collection;
  }

  /** Rows of a collection as the API has them. */
  rows(model: string): Row[] {
    return this.of(model).toArray.map((row) =>
      Object.fromEntries(Object.entries(row).filter(([name]) => !/^(\$|_has_local|_pending_write)/.test(name))),
    );
  }

  async unsettled(): Promise<readonly Row[]> {
    const parts = ["SELECT * FROM _changes WHERE status <> 'rejected' ORDER BY id"];
    return this.generated.getDatabase().query({ parts, parameters: [] });
  }

  changes(): Promise<readonly object[]> {
    return this.generated.listChanges();
  }

  /** Waits until the log is empty, and collections show it so: they do a moment later than the database. */
  async allSettled(): Promise<void> {
    let entries: readonly Row[] = [];
    await until(
      async () => (entries = await this.unsettled()).length === 0,
      () =>
        `an empty log: ${JSON.stringify(this.generated.getSyncStatus())}; it holds ${JSON.stringify(entries, null, 2)}`,
    );
    await untilShown(this.generated.collections);
  }

  async ready(): Promise<void> {
    const status = () => this.generated.getSyncStatus();
    await until(
      () => Object.values(status().models).length > 0 && Object.values(status().models).every(({ ready }) => ready),
      () => `the first pull: ${JSON.stringify(status())}`,
    );
  }

  /** Waits until a collection shows these rows: as the server has them, whatever their order. */
  async shows(model: string, rows: () => Promise<readonly Row[]> | readonly Row[]): Promise<void> {
    let [found, expected]: Row[][] = [[], []];
    await until(
      async () => {
        expected = inOrder(await rows());
        found = inOrder(this.rows(model));
        return isDeepStrictEqual(found, expected);
      },
      () =>
        `${model}:\n${JSON.stringify(found)}\nto be\n${JSON.stringify(expected)}\n${JSON.stringify(this.generated.getSyncStatus())}`,
    );
  }

  async close(): Promise<void> {
    await this.generated.closeDatabase();
  }
}

/** By their text, and with moments in one way of writing them. */
function inOrder(rows: readonly Row[]): Row[] {
  const moment = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;
  const same = (value: unknown): unknown =>
    typeof value === "string" && moment.test(value) ? new Date(value).toISOString() : value;
  const alike = rows.map((row) =>
    Object.fromEntries(
      Object.entries(row)
        .map(([name, value]) => [name, same(value)] as const)
        .toSorted(([one], [other]) => (one < other ? -1 : 1)),
    ),
  );
  return alike.toSorted((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1));
}
