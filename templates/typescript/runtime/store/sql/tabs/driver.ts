import { isRead, name, sql, type Connection, type Driver, type Row } from "../driver.js";
import { connectTab, type OnSilent, type Owner } from "./connection.js";
import { MARKS, type Place } from "./messages.js";

/**
 * Makes a driver of a database that tabs share. The worker of one tab has it open; when that tab closes, the worker of
 * another opens it. Transactions that were running are repeated then, unless they had been committed.
 */
export async function joinTabs(worker: Worker, shared: string, place: Place, onSilent: OnSilent): Promise<Driver> {
  const tab = await connectTab(worker, shared, place, onSilent);

  async function wasCommitted(token: string): Promise<boolean> {
    const rows = await driver.query(
      sql`SELECT 1 FROM ${name(MARKS)} WHERE client = ${tab.client} AND token = ${token}`,
    );
    return rows.length > 0;
  }

  /** Runs `work` with the owner, and again with the next one if the owner is lost meanwhile. */
  async function withOwner<T>(work: (owner: Owner) => Promise<T>): Promise<T> {
    for (;;) {
      const owner = await tab.owner();
      try {
        return await work(owner);
      } catch (error) {
        if (!owner.isLost) throw error;
      }
    }
  }

  const driver: Driver = {
    shared,

    async query(statement) {
      // A read can be repeated.
      if (isRead(statement)) return withOwner((owner) => owner.ask({ type: "query", statement }));
      return driver.transaction((connection) => connection.query(statement));
    },

    async exec(script) {
      return driver.transaction((connection) => connection.exec(script));
    },

    transaction(work) {
      return withOwner(async (owner) => {
        const { result, id } = await begun(owner, work);
        const token = crypto.randomUUID();
        try {
          await owner.ask({ type: "commit", in: id, token });
        } catch (error) {
          if (!(owner.isLost && (await wasCommitted(token)))) throw error;
        }
        return result;
      });
    },

    onCommit: tab.onCommit,
    close: tab.close,
  };
  return driver;
}

/** Begins a transaction and runs its work; the caller commits it. */
async function begun<T>(
  owner: Owner,
  work: (connection: Connection) => Promise<T>,
): Promise<{ readonly result: T; readonly id: number }> {
  const id = await owner.begin();
  try {
    return { id, result: await work(within(owner, id)) };
  } catch (error) {
    await owner.ask({ type: "rollback", in: id }).catch(() => {});
    throw error;
  }
}

function within(owner: Owner, id: number): Connection {
  return {
    query: (statement): Promise<Row[]> => owner.ask({ type: "query", statement, in: id }),
    exec: async (script) => {
      await owner.ask({ type: "exec", script, in: id });
    },
  };
}
