// A TanStack Start application (tests/server_functions) in the process of a test.

import { createRequire } from "node:module";
import { join } from "node:path";
import { type createSyncServer, kept, type SyncServer } from "../../sync/index.js";
import type { Incoming } from "../server/faults.js";
import { application, built } from "./server-functions.js";

/** Gives the application's own answer to a request. `open` makes its sync server. */
export function startApplication(
  open: (create: typeof createSyncServer) => SyncServer,
): (request: Request) => Promise<Response> {
  kept("test", () => open);
  const server = built<{ default: { fetch(request: Request): Promise<Response> } }>("server/server.js");
  return async (request) => (await server).default.fetch(request);
}

/** A page's browser sends a cookie where others send this header. */
export function authorizationOf(cookie: string): string {
  return `Bearer ${decodeURIComponent(/token=([^;]*)/.exec(cookie)?.[1] ?? "")}`;
}

/** What a call of a function would have asked the endpoint for. Any other request stays as it is. */
export function asEndpoint(call: Incoming): Incoming {
  if (!call.url.pathname.startsWith("/_serverFn/")) return call;
  const at = (endpoint: string): URL => new URL(`/sync/${endpoint}`, call.url);
  const headers = { ...call.headers, authorization: authorizationOf(String(call.headers["cookie"])) };
  if (call.method === "GET") return { ...call, url: at("poke"), headers, call };
  const { fromJSON } = createRequire(join(application ?? "", "package.json"))("seroval") as {
    fromJSON(json: unknown): { readonly data: object };
  };
  const { data } = fromJSON(JSON.parse(call.body));
  return { ...call, url: at("changes" in data ? "push" : "pull"), headers, body: JSON.stringify(data), call };
}
