import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A server that a test runs against. */
export interface Backend {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * A server written in Python, with its database in a file of its own. The process ends when its standard input does, and
 * so with this one, however that ends.
 */
export class Python implements Backend {
  private readonly script: string;
  private readonly folder: string;
  private readonly port: number;
  private readonly more: readonly string[];
  private process: ChildProcess | undefined;

  static async start(script: string, more: readonly string[] = []): Promise<Python> {
    const folder = await mkdtemp(join(tmpdir(), "sync-patterns-server-"));
    const python = new Python(script, folder, await freePort(), more);
    await python.up();
    return python;
  }

  private constructor(script: string, folder: string, port: number, more: readonly string[]) {
    this.more = more;
    this.script = script;
    this.folder = folder;
    this.port = port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** As the power cut does it; what was committed is still there. */
  async down(): Promise<void> {
    const { process: running } = this;
    this.process = undefined;
    if (running?.exitCode !== null || running.signalCode !== null) return;
    running.kill("SIGKILL");
    await once(running, "exit");
  }

  async up(): Promise<void> {
    const program = process.env["PYTHON"] ?? "python3";
    const flags = ["--port", String(this.port), "--database", join(this.folder, "app.db"), ...this.more];
    const child = spawn(program, [this.script, ...flags], { stdio: ["pipe", "inherit", "inherit"] });
    this.process = child;
    child.stdin.on("error", () => {});
    const deadline = Date.now() + 240_000;
    for (;;) {
      // Whatever it answers, it is there.
      const answer = await fetch(this.url).catch(() => undefined);
      await answer?.text();
      if (answer !== undefined) return;
      if (child.exitCode !== null) throw new Error(`${this.script} has ended with ${child.exitCode}`);
      if (Date.now() > deadline) throw new Error(`${this.script} doesn't answer`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async close(): Promise<void> {
    await this.down();
    await rm(this.folder, { recursive: true, force: true });
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("there is no free port");
  return address.port;
}
