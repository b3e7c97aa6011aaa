// A generated client in a process of its own, so that it can crash. One command a line comes in, one answer goes out.

import { join } from "node:path";
import { createInterface } from "node:readline";
import {
  adapter,
  type Client,
  generated,
  inMemory,
  isIndexedDb,
  isSqlite,
  POLL,
  shared,
  transport,
} from "./generated.js";
import { openFile } from "./native.js";
import type { Command, CrashPoint, ModelName, Reply, ReplyError, Request, Settings, Write } from "./protocol.js";
import { application, page, serverFunctions } from "./server-functions.js";
import { type Speaker, speakerOf } from "./speaker.js";

type DatabaseOptions = NonNullable<Parameters<Client["initializeDatabase"]>[0]>;

const client = await generated();

const collections = {
  accounts: client.accountsCollection,
  invoices: client.invoicesCollection,
  labels: client.labelsCollection,
  projects: client.projectsCollection,
  settings: client.settingsCollection,
  tasks: client.tasksCollection,
};

/** What the tests need of each of them. Their types differ in the rows. */
interface AnyCollection {
  readonly toArray: readonly object[];
  preload(): Promise<void>;
  cleanup(): Promise<void>;
  insert(row: object): unknown;
  update(key: string | number, change: (draft: object) => void): unknown;
  delete(key: string | number): unknown;
}

function collection(model: ModelName): AnyCollection {
  return collections[model] as unknown as AnyCollection;
}

/** As the client has told them. */
const errors: unknown[] = [];
client.onSyncError((error) => errors.push(error));

let crash: { at: CrashPoint; method: string; after: number } | undefined;

function isCrash(at: CrashPoint, method: string): boolean {
  if (crash?.at !== at || crash.method !== method) return false;
  crash.after -= 1;
  return crash.after < 0;
}

/** The signal needs a moment. */
function die(): Promise<never> {
  process.kill(process.pid, "SIGKILL");
  return new Promise<never>(() => {});
}

/** A pull of a sync server is a POST that writes nothing. */
function isPull(input: Parameters<typeof fetch>[0]): boolean {
  return String(input instanceof Request ? input.url : input).endsWith("/sync/pull");
}

const send = globalThis.fetch;

const observedFetch: typeof fetch = async (input, init) => {
  const method = isPull(input) ? "GET" : (init?.method ?? "GET");
  if (isCrash("request", method)) return die();
  const response = await send(input, init);
  if (!isCrash("answer", method)) return response;
  await response.text();
  return die();
};

const pushPull = application === undefined ? undefined : await serverFunctions(observedFetch);

function configure({ url, poll, electricUrl, token, user, verdicts, shapeParams, writeParams }: Settings): void {
  if (url !== undefined) page.url = url;
  if (token !== undefined) page.cookie = `token=${encodeURIComponent(token)}`;
  client.configureSync({
    ...(url !== undefined && { electricUrl: url, apiBaseUrl: url, syncUrl: `${url}/sync` }),
    ...(poll !== undefined && { poll }),
    ...(electricUrl !== undefined && { electricUrl }),
    ...(token !== undefined && { headers: { authorization: `Bearer ${token}` } }),
    ...(user !== undefined && { user }),
    ...(shapeParams && { shapeParams: (model: string) => shapeParams[model] ?? {} }),
    ...(writeParams && { writeParams: (model: string) => writeParams[model] ?? {} }),
    ...(verdicts && { onAnswer: ({ status }) => verdicts[status] }),
  });
}

async function perform(command: Command): Promise<unknown> {
  switch (command.do) {
    case "open": {
      client.configureSync({ fetch: observedFetch, poll: POLL, ...(pushPull && { pushPull: pushPull as never }) });
      configure(command);
      const { directory, sync = true } = command;
      // In memory at once: a test may ask for something else before it is open.
      const where = directory === undefined ? inMemory() : await place(directory, command.wal);
      await client.initializeDatabase({ sync, ...where });
      return null;
    }
    case "open another":
      await client.createClient().initializeDatabase({ sync: false, ...(await place(command.directory)) });
      return null;
    case "configure":
      return configure(command);
    case "query":
      return (await speaker()).query(command.statement);
    case "transaction":
      return (await speaker()).transaction(async (connection) => {
        for (const statement of command.statements) await connection.query(statement);
      });
    case "exec":
      return (await speaker()).exec(command.script);
    case "status":
      return client.getSyncStatus();
    case "errors":
      return errors;
    case "rejected":
      return client.getRejectedChanges();
    case "close":
      return client.closeDatabase();
    case "retry":
      return client.retryChange(command.writeId);
    case "discard":
      return client.discardChange(command.writeId);
    case "clear":
      return client.clearDatabase(command.unsent && { unsent: command.unsent });
    case "rows":
      return rows(command.model);
    case "rows so far":
      collection(command.model)
        .preload()
        .catch(() => {});
      return rowsOf(command.model);
    case "leave":
      return collection(command.model).cleanup();
    case "save":
      return save(command.writes);
    case "crash":
      crash = { ...command };
      return null;
  }
}

let overIndexedDb: Promise<Speaker> | undefined;

/** What speaks SQL to the open database. */
async function speaker(): Promise<Speaker> {
  const database = client.getDatabase();
  if (!isIndexedDb) return database;
  return (overIndexedDb ??= speakerOf(new URL(`../../${adapter}/${transport}/`, import.meta.url)));
}

async function place(directory: string, wal = false): Promise<DatabaseOptions> {
  if (isIndexedDb) {
    const { keepIn } = await shared<{ keepIn(folder: string, name: string): Promise<void> }>("durable-indexeddb.mjs");
    await keepIn(directory, directory);
  }
  if (!isSqlite) return { directory };
  const { nativeDriver } = client as unknown as typeof import("../../sqlite/electric/index.js");
  const database = openFile(join(directory, "client.db"));
  if (wal) database.exec("PRAGMA journal_mode = WAL");
  // For a test that makes commits fail by it.
  database.exec("PRAGMA foreign_keys = ON");
  return { driver: nativeDriver(database) };
}

async function rows(model: ModelName): Promise<object[]> {
  await collection(model).preload();
  return rowsOf(model);
}

function rowsOf(model: ModelName): object[] {
  // What TanStack DB adds to a row begins with a dollar.
  return collection(model).toArray.map((row) =>
    Object.fromEntries(Object.entries(row).filter(([name]) => !name.startsWith("$"))),
  );
}

async function save(writes: readonly Write[]): Promise<void> {
  for (const { model } of writes) await collection(model).preload();
  const transaction = client.writeTogether(() => {
    for (const write of writes) {
      const target = collection(write.model);
      if ("insert" in write) target.insert(write.insert);
      else if ("set" in write) target.update(write.update, (draft) => void Object.assign(draft, write.set));
      else target.delete(write.delete);
    }
  });
  await transaction.isPersisted.promise;
}

function errorOf(error: unknown): ReplyError {
  if (!(error instanceof Error)) return { name: "unknown", message: String(error) };
  const status = "status" in error && typeof error.status === "number" ? { status: error.status } : {};
  return { name: error.name, message: error.message, ...status };
}

function reply(answer: Reply): void {
  const text = JSON.stringify(answer, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value));
  process.stdout.write(`${text}\n`);
}

const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => {
  const { number, command } = JSON.parse(line) as Request;
  perform(command).then(
    (result) => reply({ number, result: result ?? null }),
    (error: unknown) => reply({ number, error: errorOf(error) }),
  );
});
// The test is over, or has died.
lines.on("close", () => process.exit());
