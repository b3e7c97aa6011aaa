import { name, sql, type Connection, type Driver, type Row } from "../driver.js";
import {
  MARKS,
  tabChannel,
  toRemote,
  type Announcement,
  type Place,
  type Reply,
  type Request,
  type WorkerMessage,
} from "./messages.js";

/** A transaction of a tab. */
interface Session {
  readonly connection: Connection;
  /** Stores the token and commits; without a token, rolls back. */
  readonly end: (token: string | undefined) => Promise<void>;
}

/**
 * The worker's side of a database that tabs share. Each tab has such a worker; the one that holds the lock opens the
 * database and serves all tabs, the others wait for their turn.
 */
export function serveTabs(open: (place: Place) => Promise<Driver>): void {
  let driver: Driver | undefined;
  addEventListener("message", (event: MessageEvent<WorkerMessage>) => {
    const message = event.data;
    if (message.type === "open") {
      void navigator.locks.request(message.shared, async () => {
        tellTab({ type: "opening" });
        try {
          driver = await open(message.place);
          await serve(driver, message.shared);
        } catch (error) {
          tellTab({ type: "failed", error: toRemote(error) });
          return;
        }
        // The lock is this worker's for as long as it lives.
        await new Promise(() => {});
      });
    } else if (message.type === "close") {
      void (async () => {
        try {
          await driver?.close();
        } finally {
          tellTab({ type: "closed" });
        }
      })();
    }
  });
}

function tellTab(message: WorkerMessage): void {
  postMessage(message);
}

async function serve(driver: Driver, shared: string): Promise<void> {
  const owner = crypto.randomUUID();
  const connected = new Set<string>();
  const announcements = new BroadcastChannel(shared);
  const announce = (announcement: Announcement) => announcements.postMessage(announcement);

  await driver.exec(`CREATE TABLE IF NOT EXISTS ${MARKS} (client TEXT PRIMARY KEY, token TEXT NOT NULL)`);
  await forgetClosedTabs(driver, shared);

  announcements.addEventListener("message", (event: MessageEvent<Announcement>) => {
    if (event.data.type !== "hello" || connected.has(event.data.client)) return;
    const { client } = event.data;
    connected.add(client);
    serveTab(driver, shared, owner, client, () => {
      connected.delete(client);
      void driver.query(sql`DELETE FROM ${name(MARKS)} WHERE client = ${client}`).catch(() => {});
    });
  });
  driver.onCommit(() => announce({ type: "commit" }));
  announce({ type: "owner" });
}

/** Deletes the tokens of tabs that are closed. */
async function forgetClosedTabs(driver: Driver, shared: string): Promise<void> {
  const { held = [] } = await navigator.locks.query();
  const names = new Set(held.map((lock) => lock.name));
  for (const { client } of await driver.query(sql`SELECT client FROM ${name(MARKS)}`)) {
    if (names.has(tabChannel(shared, String(client)))) continue;
    await driver.query(sql`DELETE FROM ${name(MARKS)} WHERE client = ${client ?? null}`);
  }
}

/** Serves a tab until it closes, and then rolls its open transactions back. */
function serveTab(driver: Driver, shared: string, owner: string, client: string, onGone: () => void): void {
  const lockAndChannel = tabChannel(shared, client);
  const channel = new BroadcastChannel(lockAndChannel);
  const sessions = new Map<number, Session>();
  let isGone = false;

  function reply(message: Reply): void {
    if (!isGone) channel.postMessage(message);
  }

  function connectionOf(id: number | undefined): Connection {
    return id === undefined ? driver : session(id).connection;
  }

  function session(id: number): Session {
    const found = sessions.get(id);
    if (found === undefined) throw new Error("This transaction is over.");
    return found;
  }

  async function mark(connection: Connection, token: string): Promise<void> {
    await connection.query(sql`
      INSERT INTO ${name(MARKS)} (client, token)
      VALUES (${client}, ${token})
      ON CONFLICT (client) DO UPDATE SET token = excluded.token
    `);
  }

  /** Returns once the transaction has begun; it lasts until the tab ends it. */
  function begin(id: number): Promise<void> {
    return new Promise((begun, failed) => {
      let end: (token: string | undefined) => void = () => {};
      const ended = new Promise<string | undefined>((resolve) => {
        end = resolve;
      });
      const done = driver.transaction(async (connection) => {
        if (isGone) throw rolledBack;
        sessions.set(id, { connection, end: (token) => (end(token), done) });
        begun();
        const token = await ended;
        sessions.delete(id);
        if (token === undefined) throw rolledBack;
        await mark(connection, token);
      });
      done.catch(failed);
    });
  }

  async function perform(request: Request): Promise<Row[]> {
    switch (request.type) {
      case "query":
        return connectionOf(request.in).query(request.statement);
      case "exec":
        await connectionOf(request.in).exec(request.script);
        return [];
      case "begin":
        await begin(request.id);
        return [];
      case "commit":
        await session(request.in).end(request.token);
        return [];
      case "rollback":
        await session(request.in)
          .end(undefined)
          .catch((error: unknown) => {
            if (error !== rolledBack) throw error;
          });
        return [];
    }
  }

  channel.addEventListener("message", (event: MessageEvent<Request>) => {
    const request = event.data;
    if (request.owner !== owner) return;
    const { id } = request;
    perform(request).then(
      (rows) => reply({ type: "result", owner, id, rows }),
      (error: unknown) => reply({ type: "error", owner, id, error: toRemote(error) }),
    );
  });
  reply({ type: "welcome", owner });

  void navigator.locks.request(lockAndChannel, () => {
    isGone = true;
    channel.close();
    for (const { end } of sessions.values()) end(undefined).catch(() => {});
    onGone();
  });
}

const rolledBack = new Error("The transaction was given up.");
