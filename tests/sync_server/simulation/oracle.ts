//! What must hold, whatever has happened: told by the edits that were made, by the history of each row that a trigger of the
//! application keeps, and by the tables at the end. It knows nothing of versions and cursors.

import type { WriteResult } from "../../server/sync/index.js";
import type { Store } from "../support/world.js";
import { rowName, type Device, type Entry, type Row, type Witness } from "./device.js";

/** The columns of each table that hold nothing but what the writes of a schedule put there: the write's token. */
export const TOKENS: Readonly<Record<string, readonly string[]>> = {
  contacts: ["first_name", "email"],
  notes: ["body"],
  deals: ["title", "stage"],
  tasks: ["title"],
};

/** The column with the row's scope, and how rows are marked as deleted. */
export const SCOPES: Readonly<Record<string, { kind: "user" | "team"; column: string; live: string }>> = {
  contacts: { kind: "user", column: "owner_id", live: "true" },
  notes: { kind: "user", column: "owner_id", live: "true" },
  deals: { kind: "team", column: "team_id", live: "true" },
  tasks: { kind: "team", column: "team_id", live: "deleted_at IS NULL" },
};

const HISTORY = `
  CREATE TABLE IF NOT EXISTS audit (
    place BIGSERIAL PRIMARY KEY, transaction TEXT NOT NULL, tab TEXT NOT NULL, key TEXT, pushed BOOLEAN NOT NULL,
    before JSONB, after JSONB
  );
  CREATE OR REPLACE FUNCTION audited() RETURNS TRIGGER LANGUAGE plpgsql AS $$
  BEGIN
    INSERT INTO audit (transaction, tab, key, pushed, before, after) VALUES (
      pg_current_xact_id()::TEXT, TG_TABLE_NAME, coalesce(to_jsonb(NEW)->>'id', to_jsonb(OLD)->>'id'),
      coalesce(current_setting('sync.pushed', TRUE), '') <> '', to_jsonb(OLD), to_jsonb(NEW)
    );
    RETURN NULL;
  END $$;`;

export interface Users {
  readonly [token: string]: {
    readonly id: string;
    readonly scopes: { readonly user: string[]; readonly team: string[] };
  };
}

/** Something that must not be. */
export class Fault extends Error {}

interface Write {
  readonly device: Device;
  readonly entry: Omit<Entry, "base" | "stamp" | "place" | "answers">;
  readonly token: string;
  /** What the device showed in these columns when the edit was made. */
  readonly seen: Row;
  status: WriteResult["status"];
  isSettled: boolean;
  /** Whether the server was put back to an earlier state since it was settled: then it may be gone. */
  mayBeLost: boolean;
  /** Whether it may have come to the server while that was in a history that nobody had told it of. */
  isUnsure: boolean;
}

interface Step {
  readonly transaction: string;
  readonly table: string;
  readonly key: string;
  readonly pushed: boolean;
  readonly before: Row | null;
  readonly after: Row | null;
}

export class Oracle implements Witness {
  readonly writes = new Map<string, Write>();
  /** While the server is in a history that nobody has told it of, it can't know what a device has seen. */
  #isBlind = false;
  readonly #store: Store;
  readonly #users: Users;

  constructor(store: Store, users: Users) {
    this.#store = store;
    this.#users = users;
  }

  /** Keeps the history of these tables. */
  async watch(tables: readonly string[]): Promise<void> {
    const triggers = tables.map(
      (table) => `CREATE OR REPLACE TRIGGER audited AFTER INSERT OR UPDATE OR DELETE ON ${table}
        FOR EACH ROW EXECUTE FUNCTION audited();`,
    );
    await this.#store.sql(HISTORY + triggers.join("\n"));
  }

  made(device: Device, entry: Write["entry"], token: string): void {
    const seen = device.disk.rows[rowName(entry.table, entry.key)] ?? {};
    const write = { device, entry, token, seen, isSettled: false, mayBeLost: false, isUnsure: this.#isBlind };
    this.writes.set(entry.writeId, { ...write, status: "pending" });
  }

  /** Whether the server is in a history that nobody has told it of. */
  blind(isBlind: boolean): void {
    this.#isBlind = isBlind;
    for (const write of this.writes.values()) write.isUnsure ||= isBlind && !write.isSettled;
  }

  /** The server is about to be put back to an earlier state. */
  putBack(): void {
    for (const write of this.writes.values()) write.mayBeLost ||= write.isSettled;
  }

  answered(_: Device, { writeId }: Entry, { status }: WriteResult): void {
    const write = this.writes.get(writeId);
    if (write === undefined) return;
    write.status = status;
    write.isSettled ||= status === "superseded";
  }

  /** A settled write shows: the device has the row as the write has made it, or as somebody has made it since. */
  async settled(device: Device, entries: readonly Entry[]): Promise<void> {
    if (entries.length === 0) return;
    const steps = await this.#history();
    const { rows } = device.disk;
    for (const entry of entries) {
      const write = this.writes.get(entry.writeId);
      if (write === undefined) continue;
      write.isSettled = true;
      if (write.isUnsure || entry.operation === "delete") continue;
      const own = steps.filter(({ table, key }) => table === entry.table && ["", entry.key["id"]].includes(key));
      const first = own.findIndex((step) => brings(step, write));
      // Of a write that is later in one column alone, nothing else is to be seen.
      if (first < 0 && entry.table === "tasks" && entry.operation === "update") continue;
      const row = rows[rowName(entry.table, entry.key)];
      const isShown = (step: Step) => (row ? isSame(step, row) : !this.#sees(device, step));
      if (first < 0 || !own.slice(first).some(isShown)) {
        throw new Fault(`${device.id} has settled ${entry.writeId}, and shows ${JSON.stringify(row)} instead`);
      }
    }
  }

  #sees(device: Device, { table, after }: Step): boolean {
    const about = SCOPES[table];
    const user = this.#users[device.user];
    if (about === undefined || user === undefined || after === null || after["deleted_at"] != null) return false;
    return user.scopes[about.kind].includes(String(after[about.column]));
  }

  async #history(): Promise<Step[]> {
    const rows = await this.#store.sql("SELECT * FROM audit ORDER BY place");
    return rows.map((row) => ({
      transaction: String(row["transaction"]),
      table: String(row["tab"]),
      key: String(row["key"] ?? ""),
      pushed: row["pushed"] === true,
      before: row["before"] as Row | null,
      after: row["after"] as Row | null,
    }));
  }

  /** All that must hold when nothing is on its way any more. */
  async check(devices: readonly Device[], tables: readonly string[]): Promise<void> {
    const steps = await this.#history();
    for (const write of this.writes.values()) this.#checkWrite(write, steps);
    this.#checkGroups(steps);
    this.#checkDeletes(steps);
    this.#checkConflicts(steps);
    for (const device of devices) await this.#checkRows(device, tables);
  }

  /** A write counts once, a rejected one never, and that is in the log of its device. */
  #checkWrite(write: Write, steps: readonly Step[]): void {
    const { entry, token, status, mayBeLost, device } = write;
    const { log, rejected } = device.disk;
    if (log.length > 0) throw new Fault(`${device.id} still has ${log.length} writes to send`);
    const isRejected = Object.hasOwn(rejected, entry.writeId);
    if (isRejected !== (status === "rejected")) throw new Fault(`${entry.writeId} is ${status}, its log has another`);
    if (entry.operation === "delete") return;
    for (const column of Object.keys(entry.value).filter((name) => TOKENS[entry.table]?.includes(name))) {
      const times = steps.filter((step) => brings(step, write, column)).length;
      const isPartly = entry.table === "tasks" && entry.operation === "update";
      const least = status === "applied" && !mayBeLost && !isPartly ? 1 : 0;
      const most = status === "applied" || status === "superseded" ? 1 : 0;
      if (times < least || times > most) {
        throw new Fault(`${entry.writeId} (${token}) is ${status}, and \`${column}\` was written ${times} times`);
      }
    }
  }

  /** All of a group, in one transaction. */
  #checkGroups(steps: readonly Step[]): void {
    const groups = new Map<string, Write[]>();
    for (const write of this.writes.values()) {
      groups.set(write.entry.group, [...(groups.get(write.entry.group) ?? []), write]);
    }
    for (const [group, writes] of groups) {
      const isRejected = writes.map(({ status }) => status === "rejected");
      const places = writes
        .flatMap((write) => steps.filter((step) => brings(step, write)))
        .map(({ transaction }) => transaction);
      if (new Set(isRejected).size > 1 || new Set(places).size > 1) {
        throw new Fault(
          `a part of ${group}: ${writes.map(({ entry, status }) => `${entry.writeId} ${status}`).join()}`,
        );
      }
    }
  }

  /** A delete removes one row, once. */
  #checkDeletes(steps: readonly Step[]): void {
    const allowed = new Map<string, number>();
    for (const { entry, status } of this.writes.values()) {
      const name = rowName(entry.table, entry.key);
      if (entry.operation === "delete" && status !== "rejected") allowed.set(name, (allowed.get(name) ?? 0) + 1);
    }
    for (const step of steps.filter(isDelete)) {
      const name = rowName(step.table, { id: step.key });
      const left = (allowed.get(name) ?? 0) - 1;
      if (step.pushed && left < 0) throw new Fault(`${name} was deleted once too often`);
      if (step.pushed) allowed.set(name, left);
    }
  }

  /** `conflict: reject`: nobody writes over what they haven't seen. */
  #checkConflicts(steps: readonly Step[]): void {
    for (const write of this.writes.values()) {
      const { entry, device, seen, token, isUnsure } = write;
      if (isUnsure || entry.table !== "deals" || entry.operation !== "update") continue;
      for (const column of Object.keys(entry.value)) {
        const step = steps.find((one) => brings(one, write, column));
        const before = step?.before?.[column] ?? null;
        const author = [...this.writes.values()].find((other) => before !== null && other.token === before);
        const isSeen = step === undefined || before === (seen[column] ?? null) || author?.device === device;
        if (!isSeen)
          throw new Fault(`${entry.writeId} (${token}) has written over ${before}, which ${device.id} never saw`);
      }
    }
  }

  /** The device shows exactly the rows that its user may see. */
  async #checkRows(device: Device, tables: readonly string[]): Promise<void> {
    const user = this.#users[device.user];
    const expected = new Map<string, string>();
    for (const table of tables.filter((name) => Object.hasOwn(device.tables, name))) {
      const about = SCOPES[table];
      const columns = (device.tables[table] ?? []).map((name) => `'${name}', ${name}::TEXT`).join(", ");
      const own = (about && user?.scopes[about.kind].map((value) => `'${value}'`)) ?? [];
      const condition = about ? `${about.column}::TEXT IN (${["NULL", ...own].join(", ")}) AND ${about.live}` : "true";
      const rows = await this.#store.sql(
        `SELECT jsonb_build_object(${columns})::TEXT AS row FROM ${table} WHERE ${condition}`,
      );
      for (const { row } of rows) {
        const values = JSON.parse(String(row)) as Record<string, string>;
        const key = about ? { id: values["id"] ?? "" } : { code: values["code"] ?? "" };
        expected.set(rowName(table, key), sorted(values));
      }
    }
    const shown = new Map(Object.entries(device.disk.rows).map(([name, row]) => [name, sorted(row)]));
    for (const name of new Set([...expected.keys(), ...shown.keys()])) {
      if (expected.get(name) === shown.get(name)) continue;
      throw new Fault(`${device.id} shows ${name} as ${shown.get(name)}, the server has ${expected.get(name)}`);
    }
  }
}

/** Whether the step is what a write has done: its token comes into a column. */
function brings({ table, before, after }: Step, { entry, token }: Write, only?: string): boolean {
  const columns = only === undefined ? Object.keys(entry.value) : [only];
  const has = (row: Row | null, column: string) => row !== null && plain(row[column]) === token;
  return table === entry.table && columns.some((column) => has(after, column) && !has(before, column));
}

/** A token in a column that needs the form of an address. */
function plain(value: string | null | undefined): string | null {
  return value == null ? null : String(value).replace(/@x$/, "");
}

function isDelete({ before, after }: Step): boolean {
  return before !== null && (after === null || (before["deleted_at"] == null && after["deleted_at"] != null));
}

/** Whether the row is in the state that the step has left. */
function isSame({ after }: Step, row: Row): boolean {
  if (after === null || after["deleted_at"] != null) return false;
  return Object.entries(row).every(([name, value]) => {
    const other = after[name];
    return (other == null ? null : String(other)) === value || other === undefined;
  });
}

function sorted(row: Row): string {
  return JSON.stringify(Object.entries(row).sort(([one], [other]) => (one < other ? -1 : 1)));
}
