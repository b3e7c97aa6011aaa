import type { Incoming } from "./faults.js";
import { tables } from "./tables.js";

/** An edit in a push, as the sync server gets it. */
export interface Change {
  readonly id: string;
  readonly write_id: string;
  readonly transaction_id: string;
  readonly table: string;
  readonly operation: "insert" | "update" | "delete";
  readonly key: Readonly<Record<string, string>>;
  readonly value: Readonly<Record<string, string | null>>;
}

export interface PushBody {
  readonly answered: readonly string[];
  readonly changes: readonly Change[];
}

/** What a request asks the API for: itself, or each of the edits of a push, as the API would have got it. */
export function asApi<R extends Incoming>(request: R): R[] {
  if (request.url.pathname !== "/sync/push") return [request];
  return (JSON.parse(request.body) as PushBody).changes.map((change) => {
    const table = tables.find(({ path }) => path === change.table);
    const key = change.key[table?.key ?? ""] ?? "";
    const path = change.operation === "insert" ? change.table : `${change.table}/${encodeURIComponent(key)}`;
    const method = { insert: "POST", update: table?.update ?? "PATCH", delete: "DELETE" }[change.operation];
    const body = JSON.stringify(change.operation === "insert" ? { ...change.key, ...change.value } : change.value);
    return { ...request, method, url: new URL(`/${path}`, request.url), body };
  });
}
