import type { PGliteInterface, QueryOptions } from "@electric-sql/pglite";

import { database } from "./defaults.js";
import type { Connection, Driver, Statement } from "./driver.js";
import { joinTabs } from "./tabs.js";
import { turns } from "./turns.js";

/** What a driver is made of: an instance of the application's own has all of it. */
export interface PgliteInstance
  extends Pick<PGliteInterface, "waitReady" | "query" | "exec" | "transaction" | "listen" | "close"> {
  readonly parsers: Readonly<Record<string, unknown>>;
  readonly serializers: Readonly<Record<string, unknown>>;
  syncToFs(): Promise<void>;
}

/**
 * Opens a directory: `idb://…` in the browser, where all tabs share it; `memory://`, or a folder in Node, for this
 * thread alone.
 */
export async function openPglite(directory: string = `idb://${database}`): Promise<Driver> {
  if (!directory.startsWith("idb://")) {
    const { PGlite } = await import("@electric-sql/pglite");
    return pgliteDriver(await PGlite.create(directory));
  }
  if (globalThis.navigator?.locks === undefined) {
    throw new Error("The local database needs a browser and a secure context: https, or localhost.");
  }
  const worker = new Worker(new URL("./pglite-worker.js", import.meta.url), { type: "module" });
  return joinTabs(worker, `sync-patterns:${directory}`, directory);
}

/** Gives values as PostgreSQL's text, and takes them so. */
export async function pgliteDriver(pg: PgliteInstance): Promise<Driver> {
  await pg.waitReady;
  await pg.exec("SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'; SET bytea_output = 'hex'");
  const options = textOnly(pg);
  const inTurn = turns();
  const listeners = new Set<() => void>();
  const unlisten = await pg.listen("_changed_keys", () => {
    for (const listener of listeners) listener();
  });

  function connection(target: Pick<PgliteInstance, "exec"> & Pick<PGliteInterface, "query">): Connection {
    return {
      async query(statement) {
        const { rows } = await target.query<Record<string, string | null>>(
          textOf(statement),
          [...statement.parameters],
          options,
        );
        return rows;
      },
      async exec(script) {
        await target.exec(script);
      },
    };
  }

  const direct = connection(pg);
  return {
    query: (statement) => inTurn(() => direct.query(statement)),
    exec: (script) => inTurn(() => direct.exec(script)),
    transaction: (work) =>
      inTurn(async () => {
        const result = await pg.transaction((transaction) => work(connection(transaction)));
        // PGlite 0.5 does so after a statement, and not after COMMIT.
        await pg.syncToFs();
        return result;
      }),
    onCommit(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: () =>
      inTurn(async () => {
        listeners.clear();
        await unlisten();
        await pg.close();
      }),
  };
}

/** Neither reads nor writes any type but text. Arrays have types of their own, which only an instance knows. */
function textOnly(pg: PgliteInstance): QueryOptions {
  const asText = (types: Readonly<Record<string, unknown>>) =>
    Object.fromEntries(Object.keys(types).map((type) => [type, String]));
  return { parsers: asText(pg.parsers), serializers: asText(pg.serializers) };
}

function textOf(statement: Statement): string {
  return statement.parts.map((part, index) => (index === 0 ? part : `$${index}${part}`)).join("");
}
