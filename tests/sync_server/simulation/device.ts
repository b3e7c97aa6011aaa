//! A small client that keeps to the protocol of docs/push-pull.md, and has nothing but what it has written to its disk.

import type {
  Cursor,
  Place,
  Positions,
  PullAnswer,
  PushAnswer,
  SyncServer,
  WriteError,
  WriteResult,
} from "../../server/sync/index.js";

export type Row = Readonly<Record<string, string | null>>;

/** A write that isn't settled yet. */
export interface Entry {
  readonly writeId: string;
  readonly group: string;
  readonly table: string;
  readonly operation: "insert" | "update" | "delete";
  key: Record<string, string>;
  value: Record<string, string | null>;
  readonly base: Positions | null;
  readonly stamp: string;
  /** Where it is to be seen, once the server has applied it. */
  place: Place | null;
  /** How many answers had come when this one came. */
  answers: number;
}

interface Copy {
  rows: Record<string, Row>;
  cursor: Cursor | null;
}

interface Disk extends Copy {
  /** Whether the cursor is that of a last page. */
  isLast: boolean;
  log: Entry[];
  rejected: Record<string, WriteError>;
  /** Writes that will never be sent again, for the server to forget. */
  answered: string[];
  /** What a reset asks for: a copy that replaces the old one on the last page. */
  fresh: Copy | null;
  stamp: { time: number; counter: number };
  answers: number;
  /** What the cursor said of the columns of tables that have had others since. */
  outdated: Record<string, string>;
  /** How many rows have got a temporary key again. */
  reopened: number;
}

/** What becomes of a request on its way. */
export type Fate = "arrives" | "request lost" | "answer lost" | "doubled" | "comes again later";

/** Hears what a device takes from the server. */
export interface Witness {
  answered(device: Device, entry: Entry, result: WriteResult): void;
  /** Entries that are settled, with the rows that the device shows now. */
  settled(device: Device, entries: readonly Entry[]): Promise<void>;
}

type Send = (endpoint: "push" | "pull", body: string) => Promise<unknown>;

export class Device {
  #disk = JSON.stringify({
    log: [],
    rejected: {},
    answered: [],
    rows: {},
    cursor: null,
    isLast: false,
    fresh: null,
    stamp: { time: 0, counter: 0 },
    answers: 0,
    outdated: {},
    reopened: 0,
  } satisfies Disk);
  /** An answer to a pull that is still on its way. */
  #held: { page: PullAnswer; answers: number; cursor: string } | null = null;
  /** Requests that come to the server a second time. */
  readonly late: string[] = [];
  readonly user: string;
  readonly id: string;
  /** How far its clock is off, in milliseconds. */
  skew: number;
  tables: Readonly<Record<string, readonly string[]>>;
  schema: string;
  server: () => SyncServer;
  readonly #witness: Witness;

  constructor(
    about: Pick<Device, "user" | "id" | "skew" | "tables" | "schema" | "server"> & { readonly witness: Witness },
  ) {
    this.user = about.user;
    this.id = about.id;
    this.skew = about.skew;
    this.tables = about.tables;
    this.schema = about.schema;
    this.server = about.server;
    this.#witness = about.witness;
  }

  get disk(): Disk {
    return JSON.parse(this.#disk) as Disk;
  }

  /** A local transaction. */
  #commit(change: (disk: Disk) => void): void {
    const disk = this.disk;
    change(disk);
    this.#disk = JSON.stringify(disk);
  }

  /** What isn't on the disk is gone; a copy that wasn't whole begins again. */
  crash(): void {
    this.#held = null;
    this.#commit((disk) => {
      if (disk.fresh !== null) disk.fresh = { rows: {}, cursor: null };
    });
  }

  /** From now on it has these columns, whose values come with the next pull. */
  upgrade(tables: Device["tables"], schema: string): void {
    this.#commit(({ cursor, outdated }) => {
      for (const [name, columns] of Object.entries(cursor?.tables ?? {})) {
        if (tables[name]?.length !== this.tables[name]?.length) outdated[name] = columns;
      }
    });
    this.tables = tables;
    this.schema = schema;
  }

  /** Edits of one local transaction. */
  edit(edits: readonly Pick<Entry, "writeId" | "group" | "table" | "operation" | "key" | "value">[]): void {
    this.#commit((disk) => {
      for (const edit of edits) {
        const base = seenBy(disk, edit.table);
        const now = this.#now();
        disk.stamp =
          now > disk.stamp.time ? { time: now, counter: 0 } : { ...disk.stamp, counter: disk.stamp.counter + 1 };
        const stamp = `${disk.stamp.time}.${disk.stamp.counter}`;
        disk.log.push({ ...edit, base, stamp, place: null, answers: 0 });
      }
    });
  }

  /** Sends the first writes of the log, and takes the answer. */
  async push(limit: number, fate: Fate): Promise<void> {
    const body = this.#batch(limit);
    if (body === null) return;
    const answer = (await this.#exchange("push", body, fate)) as PushAnswer | null;
    if (answer === null) return;
    const { answered, entries } = this.#takeResults(JSON.parse(body) as { answered: string[] }, answer);
    for (const [entry, result] of answered) this.#witness.answered(this, entry, result);
    await this.#witness.settled(this, entries);
  }

  #batch(limit: number): string | null {
    const { log, answered } = this.disk;
    const waiting = log.filter(({ place }) => place === null);
    const sent: Entry[] = [];
    for (const entry of waiting) {
      if (sent.length >= limit && sent.at(-1)?.group !== entry.group) break;
      sent.push(entry);
    }
    if (sent.length === 0 && answered.length === 0) return null;
    const bases = [...new Set(sent.flatMap(({ base }) => (base ? [JSON.stringify(base)] : [])))];
    return JSON.stringify({
      protocol: 1,
      schema: this.schema,
      client_id: this.id,
      now: this.#now(),
      answered,
      bases: bases.map((base) => JSON.parse(base) as Positions),
      changes: sent.map(({ writeId, group, table, operation, key, value, base, stamp }, index) => ({
        id: String(index),
        write_id: writeId,
        transaction_id: group,
        table,
        operation,
        key,
        value,
        base: base && bases.indexOf(JSON.stringify(base)),
        edited_at: stamp,
      })),
    });
  }

  #takeResults(request: { answered: string[] }, { results, stamp }: PushAnswer) {
    const answered: [Entry, WriteResult][] = [];
    const entries: Entry[] = [];
    this.#commit((disk) => {
      this.#hear(disk, stamp);
      disk.answers += 1;
      disk.answered = disk.answered.filter((writeId) => !request.answered.includes(writeId));
      for (const result of results) {
        const entry = disk.log.find(({ writeId, place }) => writeId === result.write_id && place === null);
        if (entry === undefined || result.status === "pending") continue;
        answered.push([entry, result]);
        if (result.key !== undefined) rename(disk, entry, result.key);
        if (result.status === "rejected" && result.error) disk.rejected[entry.writeId] = result.error;
        if (result.status === "applied" && result.place) {
          entry.place = result.place;
          entry.answers = disk.answers;
          continue;
        }
        disk.log.splice(disk.log.indexOf(entry), 1);
        if (result.status !== "rejected") disk.answered.push(entry.writeId);
        if (result.status === "applied") entries.push(entry);
      }
    });
    return { answered, entries };
  }

  /** Asks for one page. Gives whether there are more. */
  async pull(limit: number, fate: Fate): Promise<boolean> {
    const { fresh, cursor, answers } = this.disk;
    const from = fresh ? fresh.cursor : cursor;
    const answer = await this.#exchange("pull", this.#pullBody(from, limit), fate);
    if (answer === null) return false;
    return this.#takePage(answer as PullAnswer, answers);
  }

  /** Asks for one page, whose answer takes its time. */
  async hold(limit: number): Promise<void> {
    const { fresh, cursor, answers } = this.disk;
    const from = fresh ? fresh.cursor : cursor;
    const answer = await this.#exchange("pull", this.#pullBody(from, limit), "arrives");
    if (answer !== null) this.#held = { page: answer as PullAnswer, answers, cursor: JSON.stringify(from) };
  }

  /** Takes that page, unless another one has come before it. */
  async takeHeld(): Promise<void> {
    const held = this.#held;
    this.#held = null;
    const { fresh, cursor } = this.disk;
    if (held?.cursor === JSON.stringify(fresh ? fresh.cursor : cursor)) await this.#takePage(held.page, held.answers);
  }

  /** Whether it has all that a poke tells of. */
  hasSeen(poke: Positions): boolean {
    const { fresh, cursor, isLast } = this.disk;
    const isSeen = ([scope, { epoch, version }]: [string, Positions[string]]) => {
      const seen = cursor?.scopes[scope];
      return seen?.epoch === epoch && BigInt(seen.version) >= BigInt(version);
    };
    return fresh === null && isLast && Object.entries(poke).every(isSeen);
  }

  /** Hears a poke, and pulls where that tells of something new. */
  async hear(poke: Positions): Promise<void> {
    if (this.hasSeen(poke)) return;
    while (await this.pull(1_000, "arrives"));
  }

  #pullBody(cursor: Cursor | null, limit: number): string {
    const { schema, id, tables } = this;
    return JSON.stringify({ protocol: 1, schema, client_id: id, tables, cursor, limit });
  }

  async #takePage(page: PullAnswer, answers: number): Promise<boolean> {
    let settled: Entry[] = [];
    this.#commit((disk) => {
      this.#hear(disk, page.stamp);
      if (page.reset) {
        disk.fresh = { rows: {}, cursor: null };
        if (page.reset === "epoch" || page.reset === "ahead") disk.log.forEach((entry) => reopen(disk, entry));
        return;
      }
      const copy = disk.fresh ?? disk;
      for (const { table, key, row } of page.changes) {
        if (row === null) delete copy.rows[rowName(table, key)];
        else copy.rows[rowName(table, key)] = row;
      }
      copy.cursor = page.cursor;
      if (disk.fresh === null) disk.isLast = !page.more;
      if (page.more) return;
      if (disk.fresh) Object.assign(disk, disk.fresh, { fresh: null, isLast: true });
      settled = settle(disk, answers);
    });
    await this.#witness.settled(this, settled);
    return page.more;
  }

  #hear({ stamp }: Disk, text: string): void {
    const [time = 0, counter = 0] = text.split(".").map(Number);
    if (time > stamp.time || (time === stamp.time && counter > stamp.counter)) Object.assign(stamp, { time, counter });
  }

  #now(): number {
    return Date.now() + this.skew;
  }

  async #exchange(endpoint: "push" | "pull", body: string, fate: Fate): Promise<unknown> {
    if (fate === "request lost") return null;
    if (fate === "comes again later" && endpoint === "push") this.late.push(body);
    const answers = await Promise.all(
      Array.from({ length: fate === "doubled" ? 2 : 1 }, () => this.send(endpoint, body)),
    );
    return fate === "answer lost" ? null : (answers.find((answer) => answer !== null) ?? null);
  }

  /** The answer; null where the server is out of order for the moment. */
  readonly send: Send = async (endpoint, body) => {
    const headers = { "content-type": "application/json", authorization: this.user };
    const request = new Request(`http://localhost/api/sync/${endpoint}`, { method: "POST", headers, body });
    const answer = await this.server().handle(request);
    const text = await answer.text();
    if (answer.status === 503) return null;
    if (answer.status !== 200) throw new Error(`${endpoint} was answered with ${answer.status}: ${text}`);
    return JSON.parse(text);
  };
}

export function rowName(table: string, key: Readonly<Record<string, string>>): string {
  return `${table} ${Object.values(key).join(" ")}`;
}

/**
 * The base of an edit: scopes whose rows are all there, as of their versions. Nothing for a table that has got columns whose
 * values aren't there yet.
 */
function seenBy({ cursor, outdated }: Disk, table: string): Positions | null {
  const columns = cursor?.tables[table];
  if (cursor === null || columns === undefined || columns === outdated[table]) return null;
  const loading = new Set(cursor.loads.map(({ scope }) => scope));
  return Object.fromEntries(Object.entries(cursor.scopes).filter(([scope]) => !loading.has(scope)));
}

/**
 * Takes what a last page has brought out of the log. Where the page has another epoch for a place, or nothing of its scope, the
 * write may be lost, and is sent again. A page that was asked for before the answer came says nothing.
 */
function settle(disk: Disk, answers: number): Entry[] {
  const told = disk.log.filter(({ place, answers: own }) => place !== null && own <= answers);
  const isReached = ({ place }: Entry) => {
    const seen = place && disk.cursor?.scopes[place.scope];
    return seen?.epoch === place?.epoch && BigInt(seen?.version ?? 0) >= BigInt(place?.version ?? 0);
  };
  const isComparable = ({ place }: Entry) => place && disk.cursor?.scopes[place.scope]?.epoch === place.epoch;
  const settled = told.filter(isReached);
  disk.log = disk.log.filter((entry) => !settled.includes(entry));
  for (const entry of told) if (!isComparable(entry)) reopen(disk, entry);
  disk.answered.push(...settled.map(({ writeId }) => writeId));
  return settled;
}

/** A write that the server may have lost is to be sent again. What it has called the row, it may call another one now. */
function reopen(disk: Disk, entry: Entry): void {
  if (entry.place === null) return;
  entry.place = null;
  if (entry.table === "notes" && entry.operation === "insert") {
    disk.reopened += 1;
    rename(disk, entry, { id: `-${1_000_000 + disk.reopened}` });
  }
}

/** Gives a row another key, in the writes of it: those up to an insert of another row that was called the same. */
function rename(disk: Disk, entry: Entry, key: Readonly<Record<string, string>>): void {
  const before = entry.key["id"];
  const isSame = (other: Entry) => other.table === entry.table && other.key["id"] === before;
  const later = disk.log.slice(disk.log.indexOf(entry) + 1);
  const end = later.findIndex((other) => isSame(other) && other.operation === "insert");
  for (const other of end < 0 ? later : later.slice(0, end)) if (isSame(other)) other.key = { ...key };
  entry.key = { ...key };
}
