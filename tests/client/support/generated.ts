// The clients that these tests run on: one for each database and each way in which rows come.

import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Transport } from "../server/rows.js";

const database = process.env["ADAPTER"];
export const adapter = database === "sqlite" || database === "indexeddb" ? database : "pglite";
export const isSqlite = adapter === "sqlite";
export const isIndexedDb = adapter === "indexeddb";
const given = process.env["TRANSPORT"];
export const transport: Transport = given === "rest" || given === "push-pull" ? given : "electric";

/** What all of them have. */
export type Client = Omit<typeof import("../../pglite/electric/index.js"), "pgliteDriver">;

/** Modules in JavaScript that tests share with those in Rust. */
export async function shared<Module>(name: string): Promise<Module> {
  return (await import(pathToFileURL(join(process.env["SHARED_MODULES"] ?? "", name)).href)) as Module;
}

// Node has no IndexedDB.
if (isIndexedDb) await shared("durable-indexeddb.mjs");

/** Where a database is that is gone with the process, and that no other client has. */
export function inMemory(): { readonly directory: string } {
  return { directory: isIndexedDb ? randomUUID() : "memory://" };
}

/** The client of fixtures/workspace. */
export async function generated(): Promise<Client> {
  return (await import(`../../${adapter}/${transport}/index.js`)) as Client;
}

/** Seconds from one poll to the next. */
export const POLL = 0.5;
