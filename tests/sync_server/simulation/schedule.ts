//! A random schedule of all that can happen to a server and its clients, and what must hold behind it.

import type { Positions } from "../../server/sync/index.js";
import type { Store } from "../support/world.js";
import { random } from "../support/random.js";
import { Backend, crash } from "./backend.js";
import { Device, type Entry, type Fate } from "./device.js";
import { Fault, Oracle, SCOPES, type Users } from "./oracle.js";

const STEPS = 45;

/** The columns that a client of the document as it was asks for, and one of the document as it is. */
const OLDER = {
  contacts: ["id", "first_name", "email", "owner_id"],
  notes: ["id", "body", "contact_id", "owner_id"],
  deals: ["id", "title", "team_id"],
  countries: ["code", "name"],
};
const NEWER = { ...OLDER, deals: ["id", "title", "stage", "team_id"], tasks: ["id", "title", "done", "team_id"] };

/** Statements that read what others may be about to change. */
const LOOKS = /r\.column_versions::text|sync_pull/;

const FATES: readonly Fate[] = ["request lost", "answer lost", "doubled", "comes again later"];

type User = "ada" | "bob" | "eve";

export interface Outcome {
  readonly fault: unknown;
  readonly steps: readonly string[];
}

/** Whether the server begins with the newer document. */
export function startsUpgraded(seed: number): boolean {
  return random(seed)() < 0.5;
}

/** Runs the schedule of a seed. */
export async function run(store: Store, seed: number): Promise<Outcome> {
  const schedule = new Schedule(store, seed);
  try {
    await schedule.run();
    return { fault: null, steps: schedule.steps };
  } catch (fault) {
    const { steps, failure } = schedule;
    return { fault, steps: failure === undefined ? steps : [...steps, `the server's last error: ${String(failure)}`] };
  }
}

class Schedule {
  readonly steps: string[] = [];
  readonly #store: Store;
  readonly #random: () => number;
  readonly #users = {
    ada: { id: "ada", scopes: { user: ["ada"], team: ["1", "2"] } },
    bob: { id: "bob", scopes: { user: ["bob"], team: ["1"] } },
    eve: { id: "eve", scopes: { user: ["eve"], team: ["2"] } },
  } satisfies Users;
  readonly #oracle: Oracle;
  #backend!: Backend;
  #devices: Device[] = [];
  /** Keys that rows have, or had. */
  readonly #keys: Record<string, string[]> = { contacts: [], notes: [], deals: [], tasks: [] };
  #number = 0;
  #isDisturbed = false;
  /** Whether the server was put back, and nobody has told it. */
  #isUntold = false;

  constructor(store: Store, seed: number) {
    this.#store = store;
    this.#random = random(seed);
    this.#oracle = new Oracle(store, this.#users);
  }

  #chance(share: number): boolean {
    return this.#random() < share;
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  #pick<T>(values: readonly T[]): T {
    const value = values[this.#below(values.length)];
    if (value === undefined) throw new Error("there is nothing to pick from");
    return value;
  }

  /** What has last failed in the server. */
  get failure(): unknown {
    return this.#backend.errors.at(-1);
  }

  async run(): Promise<void> {
    this.#backend = await Backend.start(this.#store, this.#users, this.#oracle, this.#chance(0.5));
    this.#devices = (["ada", "ada", "bob", "eve"] as const).map((user, index) =>
      this.#device(user, `${user}-${index}`),
    );
    await this.#backend.foreign(["INSERT INTO countries VALUES ('at', 'Austria')"]);
    try {
      for (let step = 0; step < STEPS; step += 1) await this.#step();
      await this.#end();
    } finally {
      // Where a fault has ended it.
      await this.#backend.endLate("ROLLBACK");
    }
  }

  #device(user: User, id: string): Device {
    const isNew = this.#backend.isUpgraded && this.#chance(0.7);
    return new Device({
      user,
      id,
      skew: this.#chance(0.5) ? 0 : this.#below(7_200_000) - 3_600_000,
      tables: isNew ? NEWER : OLDER,
      schema: isNew ? "newer" : "older",
      server: () => this.#backend.server,
      witness: this.#oracle,
    });
  }

  async #step(): Promise<void> {
    const device = this.#pick(this.#devices);
    const kinds: [number, () => Promise<void>][] = [
      [30, () => this.#edit(device)],
      [22, () => this.#push(device)],
      [22, () => this.#pull(device)],
      [4, () => this.#slowPull(device)],
      [10, () => this.#poke(device)],
      [14, () => this.#foreign()],
      [this.#store.connect ? 8 : 0, () => this.#lateTransaction()],
      [this.#store.connect ? 4 : 0, () => this.#atOnce()],
      [3, () => this.#secondArrival(device)],
      [3, () => this.#crash(device)],
      [1, () => this.#truncate()],
      [2, () => this.#backUp()],
      [3, () => this.#putBack()],
      [1, () => this.#promote()],
      [2, () => this.#prune()],
      [2, () => this.#days()],
      [2, () => this.#changeScopes()],
      [3, () => this.#upgrade(device)],
    ];
    let place = this.#random() * kinds.reduce((sum, [weight]) => sum + weight, 0);
    const [, act] = kinds.find(([weight]) => (place -= weight) < 0) ?? kinds[0] ?? [];
    await act?.();
  }

  #say(text: string): void {
    this.steps.push(text);
  }

  async #edit(device: Device): Promise<void> {
    const group = `g${(this.#number += 1)}`;
    const count = this.#chance(0.3) ? 2 + this.#below(3) : 1;
    const edits = Array.from({ length: count }, () => this.#oneEdit(device, group));
    for (const { edit, token } of edits) this.#oracle.made(device, edit, token);
    device.edit(edits.map(({ edit }) => edit));
    this.#say(
      `${device.id} edits ${edits.map(({ edit, token }) => `${edit.operation} ${edit.table} ${edit.key["id"]} ${token}`).join(", ")}`,
    );
  }

  #oneEdit(
    device: Device,
    group: string,
  ): { edit: Omit<Entry, "base" | "stamp" | "place" | "answers">; token: string } {
    const token = `w${(this.#number += 1)}`;
    const tables = Object.keys(device.tables).filter((name) => Object.hasOwn(SCOPES, name));
    // Conflicts need more than one who writes to a row.
    const table = this.#chance(0.3) ? "deals" : this.#pick(tables);
    const shown = Object.keys(device.disk.rows).filter((name) => name.startsWith(`${table} `));
    const known =
      shown.length > 0 && this.#chance(0.9) ? shown.map((name) => name.split(" ")[1] ?? "") : this.#keys[table];
    const operation = known?.length
      ? this.#pick(["insert", "update", "update", "update", "delete"] as const)
      : "insert";
    const edit = { writeId: token, group, table, operation };
    if (operation === "insert") {
      const key = { id: table === "notes" ? `-${(this.#number += 1)}` : this.#newKey(table) };
      return { edit: { ...edit, key, value: this.#newRow(device, table, token) }, token };
    }
    const key = { id: this.#pick(known ?? []) };
    return { edit: { ...edit, key, value: operation === "delete" ? {} : this.#change(device, table, token) }, token };
  }

  #newKey(table: string): string {
    const known = this.#keys[table] ?? [];
    // A key that a deleted row had comes again.
    if (known.length > 0 && this.#chance(0.15)) return this.#pick(known);
    const key = `00000000-0000-4000-8000-${String((this.#number += 1)).padStart(12, "0")}`;
    known.push(key);
    return key;
  }

  #newRow(device: Device, table: string, token: string): Record<string, string> {
    switch (table) {
      case "contacts":
        return { first_name: token };
      case "notes":
        return { body: token };
      default:
        // Now and then, of a team that isn't the user's.
        return { title: token, team_id: this.#chance(0.1) ? "2" : this.#pick(this.#teams(device)) };
    }
  }

  #teams(device: Device): readonly string[] {
    const { team } = this.#users[device.user as User].scopes;
    return team.length > 0 ? team : ["1"];
  }

  #change(device: Device, table: string, token: string): Record<string, string> {
    switch (table) {
      case "contacts":
        return this.#chance(0.5) ? { first_name: token } : { email: `${token}@x` };
      case "notes":
        return { body: token };
      case "deals":
        return device.tables["deals"]?.includes("stage") && this.#chance(0.6) ? { stage: token } : { title: token };
      default:
        return this.#chance(0.3) ? { title: token, team_id: this.#pick(this.#teams(device)) } : { title: token };
    }
  }

  #fate(): Fate {
    return this.#chance(0.3) ? this.#pick(FATES) : "arrives";
  }

  async #push(device: Device, fate = this.#fate()): Promise<void> {
    this.#say(`${device.id} pushes, ${fate}${this.#disturb(device)}`);
    await device.push(1 + this.#below(8), fate);
    this.#backend.disturb = () => Promise.resolve();
  }

  async #pull(device: Device, fate = this.#fate()): Promise<void> {
    const pages = 1 + this.#below(4);
    const limit = this.#chance(0.5) ? 1 + this.#below(5) : 1_000;
    this.#say(`${device.id} pulls ${pages} pages of ${limit}, ${fate}${this.#disturb(device)}`);
    for (let page = 0; page < pages && (await device.pull(limit, fate)); page += 1);
    this.#backend.disturb = () => Promise.resolve();
  }

  /** A poke that goes its way, or doesn't: nobody's rows may depend on it. */
  async #poke(device: Device): Promise<void> {
    const poke = await this.#backend.poke(device.user);
    const how = this.#pick(["comes", "comes", "is lost", "comes twice", "comes too early", "is of another scope"]);
    this.#say(`a poke of ${device.id} ${how}: ${JSON.stringify(poke)}`);
    if (poke === null || how === "is lost") return;
    if (how === "comes too early") return device.hear(mapped(poke, ([scope, at]) => [scope, later(at)]));
    if (how === "is of another scope") return device.hear(mapped(poke, ([scope, at]) => [`${scope}9`, at]));
    await device.hear(poke);
    if (how === "comes twice") await device.hear(poke);
    if (!device.hasSeen(poke)) throw new Fault(`${device.id} can't pull what it was poked for`);
  }

  /** Lets the server crash at one of the next statements, or somebody else write in between: to the same row, best of all. */
  #disturb(device: Device): string {
    if (this.#isDisturbed || this.#chance(0.4)) return "";
    const same = this.#same(device);
    const canWrite = this.#store.connect !== undefined && this.#chance(0.8);
    const at = this.#chance(same ? 0.2 : 0.5) ? this.#below(16) : null;
    let left = at ?? 0;
    let hasLooked = false;
    this.#backend.disturb = async (statement) => {
      const isNow = at === null ? hasLooked : left === 0;
      hasLooked ||= LOOKS.test(statement);
      left -= 1;
      if (!isNow) return;
      this.#backend.disturb = () => Promise.resolve();
      if (!canWrite) throw crash();
      this.#isDisturbed = true;
      const other = this.#pick(this.#devices.filter((one) => one !== device));
      await (same === undefined && this.#chance(0.3) ? other.push(5, "arrives") : this.#foreign(same));
      this.#isDisturbed = false;
    };
    const moment = at === null ? "after it has looked" : `at statement ${at}`;
    return `, ${canWrite ? "somebody writes" : "the server crashes"} ${moment}`;
  }

  /** An update of a row that the device is about to write to as well. */
  #same(device: Device): string[] | undefined {
    const known = device.disk.log.filter(({ table, operation, place }) => {
      return table === "deals" && operation === "update" && place === null;
    });
    const column = this.#backend.isUpgraded ? this.#pick(["title", "stage"]) : "title";
    if (known.length === 0) return undefined;
    return [`UPDATE deals SET ${column} = 'f${(this.#number += 1)}' WHERE id = '${this.#pick(known).key["id"]}'`];
  }

  /** The answer to a pull takes its time: the device pushes in the meantime. */
  async #slowPull(device: Device): Promise<void> {
    this.#say(`${device.id} pulls, and hears of it later`);
    await device.hold(1_000);
    await this.#push(device);
    await device.takeHeld();
  }

  async #foreign(statements = Array.from({ length: 1 + this.#below(3) }, () => this.#statement())): Promise<void> {
    const isDone = await this.#backend.foreign(statements);
    this.#say(`somebody writes${isDone ? "" : ", in vain"}: ${statements.join("; ")}`);
  }

  #statement(): string {
    const table = this.#pick(this.#backend.tables.filter((name) => Object.hasOwn(SCOPES, name) && name !== "notes"));
    const token = `f${(this.#number += 1)}`;
    const about = SCOPES[table];
    const scope = about?.kind === "team" ? this.#pick(["1", "2", "3"]) : `'${this.#pick(["ada", "bob", "eve"])}'`;
    const title = table === "contacts" ? "first_name" : "title";
    const known = this.#keys[table] ?? [];
    if (known.length === 0 || this.#chance(0.3)) {
      const columns = `id, ${title}, ${about?.column}`;
      return `INSERT INTO ${table} (${columns}) VALUES ('${this.#newKey(table)}', '${token}', ${scope})`;
    }
    const where = `WHERE id = '${this.#pick(known)}'`;
    const stage = table === "deals" && this.#backend.isUpgraded ? "stage" : title;
    return this.#pick([
      `UPDATE ${table} SET ${title} = '${token}' ${where}`,
      `UPDATE ${table} SET ${stage} = '${token}' ${where}`,
      `UPDATE ${table} SET ${about?.column} = ${scope} ${where}`,
      `UPDATE ${table} SET ${about?.column} = ${scope}, ${title} = '${token}' ${where}`,
      `DELETE FROM ${table} ${where}`,
      `UPDATE ${table} SET ${about?.column} = ${scope} WHERE ${about?.column} <> ${scope}`,
    ]);
  }

  /** A transaction that commits after others that have begun later. */
  async #lateTransaction(): Promise<void> {
    if (this.#backend.hasLate) {
      const how = this.#chance(0.8) ? "COMMIT" : "ROLLBACK";
      if (this.#chance(0.7)) {
        await this.#foreign();
        for (const device of this.#devices) while (await device.pull(1_000, "arrives"));
        this.#say("all pull");
      }
      this.#say(`the late transaction ends: ${how}`);
      return this.#backend.endLate(how);
    }
    const statements = Array.from({ length: 1 + this.#below(2) }, () => this.#statement());
    this.#say(`a late transaction begins: ${statements.join("; ")}`);
    await this.#backend.begin(statements);
  }

  /** All devices at one moment. */
  async #atOnce(): Promise<void> {
    this.#say("all at once");
    this.#isDisturbed = true;
    const all = this.#devices.map((device) =>
      this.#chance(0.7) ? this.#push(device, "arrives") : this.#pull(device, "arrives"),
    );
    await Promise.all([...all, this.#foreign()]);
    this.#isDisturbed = false;
  }

  async #secondArrival(device: Device): Promise<void> {
    const body = device.late.shift();
    if (body === undefined) return;
    this.#say(`a request of ${device.id} comes again`);
    await device.send("push", body);
  }

  #crash(device: Device): Promise<void> {
    this.#say(`${device.id} crashes`);
    device.crash();
    return Promise.resolve();
  }

  async #truncate(): Promise<void> {
    const table = this.#pick(this.#backend.tables.filter((name) => Object.hasOwn(SCOPES, name)));
    await this.#backend.endLate();
    this.#say(`TRUNCATE ${table}`);
    await this.#backend.truncate(table);
  }

  async #backUp(): Promise<void> {
    if (this.#isUntold) return;
    this.#say("a backup is made");
    await this.#backend.backUp();
  }

  /** A backup is put back. Nothing that was on its way outlives that. */
  async #putBack(): Promise<void> {
    if (!this.#backend.hasBackup || this.#isUntold) return;
    const isNewDatabase = this.#chance(0.5);
    this.#say(`the backup is put back${isNewDatabase ? " into a new database" : ""}`);
    for (const device of this.#devices) device.late.length = 0;
    await this.#backend.putBack(isNewDatabase);
    if (isNewDatabase) return;
    this.#isUntold = true;
    this.#oracle.blind(true);
    const steps = this.#chance(0.5) ? 0 : this.#below(6);
    for (let step = 0; step < steps; step += 1) await this.#step();
    await this.#tell();
  }

  async #tell(): Promise<void> {
    if (!this.#isUntold) return;
    this.#say("sync_new_epoch()");
    await this.#backend.endLate();
    await this.#store.sql("SELECT sync_new_epoch()");
    this.#isUntold = false;
    this.#oracle.blind(false);
  }

  async #promote(): Promise<void> {
    this.#say("a standby is promoted");
    await this.#store.sql("UPDATE sync_meta SET value = 'another/00000002' WHERE key = 'identity'");
  }

  async #prune(): Promise<void> {
    await this.#backend.endLate();
    this.#say("sync_prune()");
    await this.#store.sql("SELECT sync_prune('90 days')");
  }

  /** Requests that are on their way don't live that long. */
  async #days(): Promise<void> {
    await this.#backend.endLate();
    this.#say("100 days pass");
    for (const device of this.#devices) device.late.length = 0;
    await this.#store.sql(`
      UPDATE sync_row SET at = at - interval '100 days';
      UPDATE sync_client SET seen_at = seen_at - interval '100 days';
      UPDATE sync_write SET at = at - interval '100 days', answered_at = answered_at - interval '100 days'`);
  }

  #changeScopes(): Promise<void> {
    const { scopes } = this.#users[this.#pick(["ada", "bob", "eve"] as const)];
    const value = this.#pick(["1", "2"]);
    scopes.team = scopes.team.includes(value) ? scopes.team.filter((one) => one !== value) : [...scopes.team, value];
    this.#say(`scopes: ${JSON.stringify(this.#users)}`);
    return Promise.resolve();
  }

  async #upgrade(device: Device): Promise<void> {
    if (!this.#backend.isUpgraded) {
      if (this.#isUntold) return;
      this.#say("the server is upgraded");
      return this.#backend.upgrade();
    }
    this.#say(`${device.id} is upgraded`);
    device.upgrade(NEWER, "newer");
  }

  /** Everything comes to rest. */
  async #end(): Promise<void> {
    await this.#backend.endLate();
    await this.#tell();
    const isQuiet = () => this.#devices.every(({ disk }) => disk.log.length === 0 && disk.fresh === null);
    for (let round = 0; round < 30 && !(round > 0 && isQuiet()); round += 1) {
      for (const device of this.#devices) {
        // After a push, a pull follows; otherwise, from now on, only where the server says so.
        const isToPull = round === 0 || device.disk.log.length > 0;
        await device.push(100, "arrives");
        if (!isToPull) await device.hear((await this.#backend.poke(device.user)) ?? {});
        else while (await device.pull(1_000, "arrives"));
      }
    }
    for (const device of this.#devices) await device.hear((await this.#backend.poke(device.user)) ?? {});
    const { errors } = this.#backend;
    const unknown = errors.filter(
      (error) => !/crashed|duplicate key|foreign key|lock timeout|deadlock/.test(String(error)),
    );
    if (unknown.length > 0) throw new Fault(`the server failed: ${String(unknown[0])}`);
    await this.#oracle.check(this.#devices, this.#backend.tables);
  }
}

function mapped(poke: Positions, change: (one: [string, Positions[string]]) => [string, Positions[string]]): Positions {
  return Object.fromEntries(Object.entries(poke).map(change));
}

/** What the server doesn't have yet. */
function later({ epoch, version }: Positions[string]): Positions[string] {
  return { epoch, version: String(BigInt(version) + 1n) };
}
