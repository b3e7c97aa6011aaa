import { spawn, type ChildProcess } from "node:child_process";
import { createServer, type AddressInfo } from "node:net";

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A script of an example's `package.json` that runs, as in a terminal. */
export class NpmRun {
  /** What it has printed. */
  said = "";
  private readonly child: ChildProcess;

  constructor(folder: string, command: readonly string[], settings: Readonly<Record<string, string>>) {
    // With its own PGlite, from nothing, and no database of the developer.
    const { NODE_OPTIONS: _, DATABASE_URL: __, ...inherited } = process.env;
    // A group of its own, as a terminal makes one: Ctrl-C reaches all of it.
    this.child = spawn("npm", command, {
      cwd: folder,
      env: { ...inherited, ...settings },
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [this.child.stdout, this.child.stderr])
      stream?.on("data", (data: Buffer) => (this.said += data.toString()));
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** Ctrl-C. */
  async stop(): Promise<void> {
    if (this.hasEnded) return;
    const end = new Promise((resolve) => this.child.once("exit", resolve));
    process.kill(-(this.child.pid ?? 0), "SIGINT");
    await end;
  }
}
