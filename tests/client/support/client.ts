import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import {
  type Command,
  type CrashPoint,
  type ModelName,
  type Reply,
  type ReplyError,
  type Settings,
  sql,
  type Statement,
  type Write,
} from "./protocol.js";
import { until } from "./until.js";

export type Row = Readonly<Record<string, unknown>>;

/** Something that fails, and is tried again. */
export interface SyncError {
  readonly model: string | null;
  readonly url: string | null;
  readonly message: string;
}

export interface Status {
  readonly online: boolean;
  readonly waitingForAuth: boolean;
  readonly signedOut: boolean;
  readonly pending: number;
  readonly held: number;
  readonly oldestPending: string | null;
  readonly rejected: number;
  readonly opening: boolean;
  readonly lastError: string | null;
  readonly errors: readonly SyncError[];
  readonly models: Readonly<
    Record<string, { readonly ready: boolean; readonly rows: number; readonly error: string | null }>
  >;
}

export interface Rejected {
  readonly model: string;
  readonly operation: string;
  readonly rowKey: string;
  readonly writeId: string;
  readonly status: number | null;
  readonly message: string;
}

export class ClientError extends Error {
  readonly status: number | null | undefined;

  constructor({ name, message, status }: ReplyError) {
    super(message);
    this.name = name;
    this.status = status;
  }
}

/** A generated client in a process of its own. */
export class Client {
  readonly exit: Promise<unknown>;
  private readonly child: ChildProcessByStdio<Writable, Readable, null>;
  private readonly waiting = new Map<number, { resolve: (result: unknown) => void; reject: (error: Error) => void }>();
  private sent = 0;

  constructor() {
    const script = fileURLToPath(new URL("child.js", import.meta.url));
    this.child = spawn(process.execPath, ["--enable-source-maps", script], { stdio: ["pipe", "pipe", "inherit"] });
    this.exit = once(this.child, "exit");
    this.child.stdin.on("error", () => {});
    createInterface({ input: this.child.stdout }).on("line", (line) => this.hear(JSON.parse(line) as Reply));
    void this.exit.then(() => {
      for (const { reject } of this.waiting.values()) reject(new Error("the client's process has ended"));
      this.waiting.clear();
    });
  }

  private hear(reply: Reply): void {
    const asked = this.waiting.get(reply.number);
    this.waiting.delete(reply.number);
    if ("error" in reply) asked?.reject(new ClientError(reply.error));
    else asked?.resolve(reply.result);
  }

  private ask<T>(command: Command): Promise<T> {
    this.sent += 1;
    const number = this.sent;
    return new Promise<T>((resolve, reject) => {
      this.waiting.set(number, { resolve: resolve as (result: unknown) => void, reject });
      this.child.stdin.write(`${JSON.stringify({ number, command })}\n`);
    });
  }

  /** `wal`: with SQLite's write-ahead log. */
  async open(options: { directory?: string; sync?: boolean; wal?: boolean } & Settings): Promise<void> {
    await this.ask({ do: "open", ...options });
  }

  /** Opens a folder by a second client in the same process. */
  async openAnother(directory: string): Promise<void> {
    await this.ask({ do: "open another", directory });
  }

  async configure(settings: Settings): Promise<void> {
    await this.ask({ do: "configure", ...settings });
  }

  /** Runs a statement. Its values come as text, or null, whatever the database makes of them. */
  async sql(
    parts: TemplateStringsArray,
    ...parameters: (string | number | null)[]
  ): Promise<Record<string, string | null>[]> {
    const rows = await this.ask<Row[]>({ do: "query", statement: sql(parts, ...parameters) });
    const text = (value: unknown): string | null => (value === null ? null : String(value));
    return rows.map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, text(value)])));
  }

  async transaction(...statements: Statement[]): Promise<void> {
    await this.ask({ do: "transaction", statements });
  }

  async exec(script: string): Promise<void> {
    await this.ask({ do: "exec", script });
  }

  /** What the collection of a model holds, with what the view says of local changes. */
  async shown(model: ModelName): Promise<Row[]> {
    return this.ask({ do: "rows", model });
  }

  /** The same, though not all rows have come yet. */
  async shownSoFar(model: ModelName): Promise<Row[]> {
    return this.ask({ do: "rows so far", model });
  }

  /** What the collection of a model holds, as the API has it. */
  async rows(model: ModelName): Promise<Row[]> {
    const rows = await this.shown(model);
    return rows.map(({ _has_local_changes: _, _pending_write_id: __, ...row }) => row);
  }

  /** Writes to collections, in one transaction, and waits until it is saved. */
  /** The last that shows the collection goes away. */
  async leave(model: ModelName): Promise<void> {
    await this.ask({ do: "leave", model });
  }

  async save(...writes: Write[]): Promise<void> {
    await this.ask({ do: "save", writes });
  }

  async status(): Promise<Status> {
    return this.ask({ do: "status" });
  }

  /** All that it has told since it was started. */
  async errors(): Promise<SyncError[]> {
    return this.ask({ do: "errors" });
  }

  async rejected(): Promise<Rejected[]> {
    return this.ask({ do: "rejected" });
  }

  async retry(writeId: string): Promise<void> {
    await this.ask({ do: "retry", writeId });
  }

  async discard(writeId: string): Promise<void> {
    await this.ask({ do: "discard", writeId });
  }

  async clear(unsent?: "refuse" | "discard"): Promise<void> {
    await this.ask({ do: "clear", ...(unsent && { unsent }) });
  }

  async close(): Promise<void> {
    await this.ask({ do: "close" });
  }

  /** Entries of the log that aren't settled, rejected ones left out. */
  async unsettled(): Promise<Record<string, string | null>[]> {
    return this.sql`SELECT * FROM _changes WHERE status <> 'rejected' ORDER BY id`;
  }

  async allSettled(): Promise<void> {
    let entries: unknown[] = [];
    let status: Status | undefined;
    await until(
      async () => {
        entries = await this.unsettled();
        status = await this.status();
        return entries.length === 0;
      },
      () => `an empty log: ${JSON.stringify(status)}; it holds ${JSON.stringify(entries, null, 2)}`,
    );
  }

  async ready(): Promise<void> {
    let status: Status | undefined;
    await until(
      async () => {
        status = await this.status();
        const models = Object.values(status.models);
        return models.length > 0 && models.every(({ ready }) => ready);
      },
      () => `the first sync: ${JSON.stringify(status)}`,
    );
  }

  /** Dies as soon as a request with this method comes to this point, after so many others have. Await `exit`. */
  async crashAt(at: CrashPoint, method: string, after = 0): Promise<void> {
    await this.ask({ do: "crash", at, method, after });
  }

  /** As the power cut does it. */
  async kill(): Promise<void> {
    this.child.kill("SIGKILL");
    await this.exit;
  }
}
