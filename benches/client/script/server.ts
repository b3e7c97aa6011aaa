import { once } from "node:events";
import { Worker } from "node:worker_threads";

export type Command =
  | { readonly type: "fill"; readonly rows: number }
  | { readonly type: "change"; readonly number: number; readonly email: string }
  | { readonly type: "latency"; readonly milliseconds: number };

export interface Server {
  readonly url: string;
  /** Begins anew with so many rows. */
  fill(rows: number): Promise<void>;
  /** Somebody else changes a row. */
  change(number: number, email: string): void;
  /** How long each write takes. */
  setLatency(milliseconds: number): Promise<void>;
}

export async function startServer(): Promise<Server> {
  const worker = new Worker(new URL("./server-thread.js", import.meta.url));
  worker.unref();
  const [port] = (await once(worker, "message")) as [number];
  async function tell(command: Command): Promise<void> {
    const done = once(worker, "message");
    worker.postMessage(command);
    await done;
  }
  return {
    url: `http://127.0.0.1:${port}`,
    fill: (rows) => tell({ type: "fill", rows }),
    change: (number, email) => void tell({ type: "change", number, email }),
    setLatency: (milliseconds) => tell({ type: "latency", milliseconds }),
  };
}
