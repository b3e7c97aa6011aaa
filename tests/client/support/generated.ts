// The clients that these tests run on: one for each database and each way in which rows come.

import type { Transport } from "../server/rows.js";

export const adapter = process.env["ADAPTER"] === "sqlite" ? "sqlite" : "pglite";
export const isSqlite = adapter === "sqlite";
const given = process.env["TRANSPORT"];
export const transport: Transport = given === "rest" || given === "push-pull" ? given : "electric";

/** What all of them have. */
export type Client = Omit<typeof import("../../pglite/electric/index.js"), "pgliteDriver">;

/** The client of fixtures/workspace. */
export async function generated(): Promise<Client> {
  return (await import(`../../${adapter}/${transport}/index.js`)) as Client;
}

/** Seconds from one poll to the next. */
export const POLL = 0.5;
