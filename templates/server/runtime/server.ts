import { textArray, type Database, type Query } from "./database.js";
import type { Models, ServerModel } from "./model.js";
import type { Values } from "./protocol.js";

/** Who sends a request. */
export interface User {
  readonly id: string;
  /** The values of each kind of scope that the user sees and writes to. */
  readonly scopes: Readonly<Record<string, readonly string[]>>;
  /** What the document's `role_permissions` are about. */
  readonly roles?: readonly string[];
}

/** A write of any model, as hooks see it. */
export interface Write {
  readonly user: User;
  readonly table: string;
  readonly operation: "insert" | "update" | "delete";
  readonly key: Readonly<Record<string, string>>;
  readonly value: Values;
}

/** A write of any model that meets a change of somebody else. */
export interface Conflict extends Write {
  readonly row: Values;
  readonly columns: readonly string[];
}

/** The application's hooks, for any model: `hooks.ts` has them by the types of each. */
export interface Hooks {
  readonly authorize?: (write: Write, query: Query) => boolean | Promise<boolean>;
  readonly beforeWrite?: (write: Write, query: Query) => Values | Promise<Values>;
  readonly afterCommit?: (writes: readonly Write[]) => void | Promise<void>;
  readonly resolve?: (conflict: Conflict, query: Query) => Values | null | Promise<Values | null>;
}

/** All that the endpoints share. */
export interface Server {
  readonly database: Database;
  readonly models: Models;
  readonly schema: string;
  /** The key of `sync_meta` that tells that the database has this server's tables. */
  readonly tables: string;
  readonly hooks: Hooks;
  /** Hears of failures, which clients are told nothing of. */
  readonly onError: (error: unknown) => void;
}

/** The scope of the rows that everybody sees. */
export const EVERYBODY = "*";

export function scopeKey(kind: string, value: string): string {
  return `${kind}:${value}`;
}

/** The scopes of a user, in the order in which they are locked. */
export function scopesOf(user: User): string[] {
  const own = Object.entries(user.scopes).flatMap(([kind, values]) => values.map((value) => scopeKey(kind, value)));
  return [...new Set([EVERYBODY, ...own])].sort();
}

/** The values of the model's scope column that the user sees; null where everybody sees all rows. */
export function scopeValues(model: ServerModel, user: User): readonly string[] | null {
  if (model.scope === undefined) return null;
  return Object.hasOwn(user.scopes, model.scope.kind) ? (user.scopes[model.scope.kind] ?? []) : [];
}

/** A condition that rows of a table are in the user's scopes; `parameter` has their values as a JSON array. */
export function inScope(model: ServerModel, table: string, parameter: string): string {
  const column = model.scope && model.columns[model.scope.column];
  if (column === undefined) return `${parameter}::text IS NOT NULL`;
  return `${table}.${column.sql}::text = ANY (${textArray(parameter)})`;
}

/** A condition that a row isn't marked as deleted. */
export function isLive(model: ServerModel, table: string): string {
  const column = model.softDelete && model.columns[model.softDelete.column];
  if (model.softDelete === undefined || column === undefined) return "true";
  return model.softDelete.as === "time" ? `${table}.${column.sql} IS NULL` : `${table}.${column.sql} IS NOT TRUE`;
}
