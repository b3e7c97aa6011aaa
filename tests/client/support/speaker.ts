// SQL for tests whatever the database is: that of the database itself, or over the store of IndexedDB.

import { shared } from "./generated.js";

export type Value = string | number | bigint | null;
export type Row = Readonly<Record<string, Value>>;

export interface Statement {
  readonly parts: readonly string[];
  readonly parameters: readonly Value[];
}

export interface Connection {
  query(statement: Statement): Promise<Row[]>;
  exec(script: string): Promise<void>;
}

export interface Speaker extends Connection {
  transaction<T>(work: (connection: Connection) => Promise<T>): Promise<T>;
}

/** What `indexeddb-sql.mjs` makes of a store. */
interface Sql {
  run(statement: string, parameters?: readonly unknown[]): Promise<Row[]>;
  exec(script: string): Promise<void>;
}

/** Speaks SQL to the store that the default client of a generated folder has open. */
export async function speakerOf(folder: URL): Promise<Speaker> {
  const from = (path: string): Promise<unknown> => import(new URL(path, folder).href);
  const { defaultClient } = (await from("db/init.js")) as Pick<
    typeof import("../../indexeddb/rest/db/init.js"),
    "defaultClient"
  >;
  const { models } = (await from("schema/index.js")) as typeof import("../../indexeddb/rest/schema/index.js");
  const { objectOf } = (await from("db/client/json.js")) as typeof import("../../indexeddb/rest/db/client/json.js");
  const { keyParts, rejectionOf } = (await from(
    "db/store/store.js",
  )) as typeof import("../../indexeddb/rest/db/store/store.js");
  const { sqlOver } = await shared<{ sqlOver(options: object): Promise<Sql> }>("indexeddb-sql.mjs");
  // Each open has a store of its own.
  let { store } = await defaultClient.whenOpen();
  const code = { keyParts, objectOf, rejectionOf };
  const { run, exec } = await sqlOver({ store: () => store, models, code });

  async function ready(): Promise<void> {
    store = (await defaultClient.whenOpen()).store;
  }

  const connection: Connection = {
    async query({ parts, parameters }) {
      await ready();
      return run(parts.join("?"), parameters);
    },
    async exec(script) {
      await ready();
      await exec(script);
    },
  };
  return {
    ...connection,
    async transaction(work) {
      await ready();
      await run("BEGIN");
      try {
        const result = await work(connection);
        await run("COMMIT");
        return result;
      } catch (error) {
        await run("ROLLBACK");
        throw error;
      }
    },
  };
}
