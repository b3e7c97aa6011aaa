import { Server } from "../server/server.js";
import { transport } from "./generated.js";

/** A server for the client at hand: an API, with what its transport needs beside it, or the generated sync server. */
export async function startServer(): Promise<Server> {
  return Server.start(transport === "push-pull" ? (await import("./sync-server.js")).syncing : transport);
}
