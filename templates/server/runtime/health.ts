import { PROTOCOL } from "./protocol.js";
import type { Server } from "./server.js";
import { hasNoTables } from "./versions.js";

export interface Health {
  readonly status: "ok" | "unavailable";
  readonly protocol: typeof PROTOCOL;
  readonly schema: string;
  readonly time?: string;
  readonly reason?: "database" | "schema" | "standby";
}

const STATE = "SELECT sync_state() AS state, EXISTS (SELECT FROM sync_meta WHERE key = $1)::text AS has_tables";

/** Whether the server works. */
export async function health({ database, schema, tables, onError }: Server): Promise<Health> {
  const about = { protocol: PROTOCOL, schema } as const;
  try {
    const [row] = await database.query(STATE, [tables]);
    if (row?.["has_tables"] === "false") return { status: "unavailable", ...about, reason: "schema" };
    if (row?.["state"] === "standby") return { status: "unavailable", ...about, reason: "standby" };
    return { status: "ok", ...about, time: new Date().toISOString() };
  } catch (error) {
    onError(error);
    return { status: "unavailable", ...about, reason: hasNoTables(error) ? "schema" : "database" };
  }
}
