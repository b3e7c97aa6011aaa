import { PROTOCOL } from "./protocol.js";
import type { Server } from "./server.js";

export interface Health {
  readonly status: "ok" | "unavailable";
  readonly protocol: typeof PROTOCOL;
  readonly schema: string;
  readonly time?: string;
  readonly reason?: "database" | "standby";
}

/** Whether the server works. */
export async function health({ database, schema, onError }: Server): Promise<Health> {
  const about = { protocol: PROTOCOL, schema } as const;
  try {
    const [row] = await database.transaction("snapshot", (query) => query("SELECT sync_state() AS state"));
    if (row?.["state"] === "standby") return { status: "unavailable", ...about, reason: "standby" };
    return { status: "ok", ...about, time: new Date().toISOString() };
  } catch (error) {
    onError(error);
    return { status: "unavailable", ...about, reason: "database" };
  }
}
