import type { Connection, Driver, Row } from "../client/db/store/sql/driver.js";
import { itemsCollection } from "../client/index.js";
import { pull } from "./client.js";
import { idOf } from "./rows.js";
import type { Server } from "./server.js";

/** A driver, and all rows that its queries give. */
export function watched(driver: Driver): { readonly driver: Driver; readonly given: Row[] } {
  const given: Row[] = [];
  const watch = (connection: Connection): Connection => ({
    exec: (script) => connection.exec(script),
    async query(statement) {
      const rows = await connection.query(statement);
      given.push(...rows);
      return rows;
    },
  });
  return {
    given,
    driver: {
      ...driver,
      ...watch(driver),
      transaction: (work) => driver.transaction((connection) => work(watch(connection))),
    },
  };
}

/** Throws unless one row of the list that changes is the only one that is written, read and shown. */
export async function oneChange(server: Server, rows: number, given: Row[]): Promise<void> {
  await itemsCollection.preload();
  const number = Math.floor(rows / 2);
  const shown: string[] = [];
  const subscription = itemsCollection.subscribeChanges((changes) => {
    for (const { key, value } of changes) shown.push(`${String(key)} ${value.name}`);
  });
  given.length = 0;
  await server.tell({ list: "items", rows, change: { number, text: "changed" } });
  await pull("items");
  while (itemsCollection.get(idOf(number))?.name !== "changed") await new Promise((resolve) => setTimeout(resolve, 5));
  // Time for others to come, if there are any.
  await new Promise((resolve) => setTimeout(resolve, 200));
  subscription.unsubscribe();
  // The feed has a key for each row that was written; rows that are read have all columns.
  const written = given.flatMap(({ row_key: key }) => (key == null ? [] : [key]));
  const read = given.flatMap((row) => ("quantity" in row ? [row["id"]] : []));
  const counts = { shown: shown.length, written: written.length, read: read.length };
  console.error("one of", rows, "changes", counts);
  if (Object.values(counts).some((count) => count !== 1)) throw new Error("other rows were written, read or shown");
}
