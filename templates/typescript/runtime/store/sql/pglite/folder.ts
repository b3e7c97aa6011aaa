/** The parts of Node that are used here: an application for browsers has no types of it. */
interface Node {
  readonly platform: string;
  getBuiltinModule?(id: string): unknown;
}

interface Files {
  mkdirSync(folder: string, options: { readonly recursive: true }): void;
  realpathSync(folder: string): string;
  readdirSync(folder: string): string[];
  rmSync(file: string, options: { readonly force: true }): void;
}

interface System {
  tmpdir(): string;
}

interface Net {
  createServer(onConnection: (socket: Socket) => void): Server;
  connect(path: string): Socket;
}

interface Socket {
  once(event: "connect" | "error", listener: (error: SystemError) => void): unknown;
  destroy(): void;
}

interface Server {
  once(event: "error", listener: (error: SystemError) => void): unknown;
  listen(path: string, onListening: () => void): unknown;
  close(onClosed: () => void): unknown;
  unref(): unknown;
}

type Release = () => Promise<void>;

type SystemError = Error & { readonly code?: string };

/** What the names of sockets begin with; the rest is chance, so that no name comes twice. */
const PREFIX = ".open-";
/** Bytes of a socket's path: systems have room for 104, and Node cuts off what is longer. */
const LONGEST_PATH = 100;
/** How often, and how long apart, a folder is tried: of two that come at the same moment, each may see the other. */
const ATTEMPTS = 5;
const PAUSE_MS = 100;

/**
 * Keeps a folder for this client, until the function that it returns is called. PGlite itself doesn't notice that
 * somebody else has the folder open, and each would overwrite what the other has saved.
 *
 * Whoever has the folder open listens on a socket in it. The system closes that when the process ends, however it ends:
 * a socket that nobody listens on is one of a process that was killed, and is taken away.
 */
export async function keepFolder(folder: string): Promise<Release> {
  const { process } = globalThis as { readonly process?: Node };
  if (process?.getBuiltinModule === undefined) {
    throw new Error("A database in a folder needs Node 20.16, 22.3, or later.");
  }
  const [files, net, system] = ["node:fs", "node:net", "node:os"].map(process.getBuiltinModule) as [Files, Net, System];
  files.mkdirSync(folder, { recursive: true });
  const path = files.realpathSync(folder);
  const isWindows = process.platform === "win32";
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const release = isWindows ? await takePipe(net, path) : await takeSocket(net, files, system, path);
    if (release !== undefined) return release;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS * (0.5 + Math.random())));
  }
  throw new Error(
    `The database in ${path} is open already, in another process or by another client of this one. Only one can have ` +
      "it open: close the other, use its client, or give this one a folder of its own.",
  );
}

/** In Windows a name for all processes, that is free again when its process ends. */
async function takePipe(net: Net, folder: string): Promise<Release | undefined> {
  try {
    return await listen(net, `\\\\.\\pipe\\sync-patterns-${await digest(folder)}`);
  } catch (error) {
    if ((error as SystemError).code === "EADDRINUSE") return undefined;
    throw error;
  }
}

/** Listens first, and then looks for others: of two, the later sees the earlier. Undefined where there is another. */
async function takeSocket(net: Net, files: Files, system: System, folder: string): Promise<Release | undefined> {
  const name = `${PREFIX}${crypto.randomUUID().slice(0, 8)}`;
  let place = folder;
  let close: Release;
  try {
    if (new TextEncoder().encode(`${place}/${name}`).length > LONGEST_PATH) throw new Error("The path is too long.");
    close = await listen(net, `${place}/${name}`);
  } catch {
    // Some file systems have no sockets, either.
    place = `${system.tmpdir()}/sync-patterns-${await digest(folder)}`;
    files.mkdirSync(place, { recursive: true });
    close = await listen(net, `${place}/${name}`);
  }
  const release = async () => {
    await close();
    files.rmSync(`${place}/${name}`, { force: true });
  };
  for (const other of files.readdirSync(place)) {
    if (!other.startsWith(PREFIX) || other === name) continue;
    if (await isAlive(net, `${place}/${other}`)) {
      await release();
      return undefined;
    }
    files.rmSync(`${place}/${other}`, { force: true });
  }
  return release;
}

/** Returns the function that ends it. */
function listen(net: Net, path: string): Promise<Release> {
  return new Promise((resolve, reject) => {
    const server = net.createServer((socket) => socket.destroy());
    server.once("error", reject);
    server.listen(path, () => resolve(() => new Promise((closed) => server.close(() => closed()))));
    // It keeps no process alive.
    server.unref();
  });
}

/** Whether a process listens there. Only what the system says of a socket without one is taken for none. */
function isAlive(net: Net, path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", ({ code = "" }) => resolve(!["ECONNREFUSED", "ENOENT"].includes(code)));
  });
}

/** A short name for a path. */
async function digest(path: string): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(path)));
  return [...bytes.slice(0, 8)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
