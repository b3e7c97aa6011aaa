import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

import type { ListName } from "./pages.js";

export interface Command {
  readonly list: ListName;
  readonly rows: number;
  /** Without it, the list begins anew. */
  readonly change?: { readonly number: number; readonly text: string };
}

export interface Server {
  readonly url: string;
  /** Returns when the answers are there. */
  tell(command: Command): Promise<void>;
}

export async function startServer(): Promise<Server> {
  const child = fork(fileURLToPath(new URL("./server-process.js", import.meta.url)));
  const [port] = (await once(child, "message")) as [number];
  return {
    url: `http://127.0.0.1:${port}`,
    async tell(command) {
      const done = once(child, "message");
      child.send(command);
      await done;
    },
  };
}
