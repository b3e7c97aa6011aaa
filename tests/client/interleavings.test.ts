// Any interleaving of writers on the server, writes of this device and pages of any size: at the end the client shows the
// server's rows, and on the way there no row of this device goes back, and no row that nobody touches flickers. The
// number of schedules is in SYNC_PATTERNS_INTERLEAVINGS; SYNC_PATTERNS_SEED runs one of them again.

import assert from "node:assert/strict";
import { byCursor, byOffset, byPage, type Style } from "./support/list-server.js";
import { entries, idOf, project, Reading, type Reader } from "./support/reader.js";
import { random } from "./support/random.js";
import { until } from "./support/until.js";

const reading = new Reading();
const { test } = reading;

const SCHEDULES = Number(process.env["SYNC_PATTERNS_INTERLEAVINGS"] ?? 8);
const given = process.env["SYNC_PATTERNS_SEED"];
const seeds = given === undefined ? Array.from({ length: SCHEDULES }, (_, index) => index + 1) : [Number(given)];

const STEPS = 25;
const ROWS = 9;
/** Nobody writes these. */
const STILL = [3, 6, 9];

interface State {
  readonly name: string;
  readonly isLocal: boolean;
}

for (const seed of seeds) {
  test(`schedule ${seed}`, () => new Schedule(seed).run());
}

class Schedule {
  private readonly seed: number;
  private readonly next: () => number;
  /** The names that a row has had on the server, in their order. Each is given once. */
  private readonly history = new Map<string, string[]>();
  /** What subscribers saw of each row, in its order; undefined: no row. */
  private readonly seen = new Map<string, (State | undefined)[]>();
  /** The names that this device has given. */
  private readonly ours = new Set<string>();
  private names = 0;

  constructor(seed: number) {
    this.seed = seed;
    this.next = random(seed);
  }

  async run(): Promise<void> {
    const { server } = reading;
    const size = 1 + Math.floor(this.next() * 5);
    const { list, style } = this.pick(styles(size));
    reading.lists({ projects: { path: "/projects", page: { by: "none" }, ...list } });
    server.style = style;
    server.answersRows = this.next() < 0.7;
    for (let number = 1; number <= ROWS; number += 1) this.serverWrites(number);
    server.after = async ({ method, url }) => {
      const id = url.pathname.split("/")[2];
      if (method === "PATCH" && id !== undefined) this.note(id);
      if (method === "GET" && this.next() < 0.5) this.somebodyWrites();
      if (this.next() < 0.3) await new Promise((resolve) => setTimeout(resolve, this.next() * 20));
    };
    const client = await reading.client();
    const { projects } = client.collections;
    projects.subscribeChanges(() => this.look(client));
    const pulls: Promise<void>[] = [];
    for (let step = 0; step < STEPS; step += 1) {
      const choice = this.next();
      if (choice < 0.4) this.deviceWrites(client);
      else if (choice < 0.7) pulls.push(client.syncNow("projects"));
      else this.somebodyWrites();
      await new Promise((resolve) => setTimeout(resolve, this.next() * 15));
    }
    await Promise.all(pulls);
    // From here on nobody writes.
    server.after = ({ method, url }) => {
      if (method === "PATCH") this.note(url.pathname.split("/")[2] ?? "");
    };
    await until(
      async () => {
        await client.syncNow("projects");
        // The row was gone.
        for (const { writeId } of client.getRejectedChanges()) await client.discardChange(writeId);
        const log = await entries(client);
        return log.length === 0 && this.shown(client) === this.served();
      },
      () => `seed ${this.seed}: ${this.shown(client)} to be ${this.served()}`,
    );
    this.check();
  }

  private pick<T>(choices: readonly [T, ...T[]]): T {
    return choices[Math.floor(this.next() * choices.length)] ?? choices[0];
  }

  private name(): string {
    this.names += 1;
    return `n${this.names}`;
  }

  private moving(): number {
    const number = 1 + Math.floor(this.next() * ROWS);
    return STILL.includes(number) ? number - 1 : number;
  }

  private serverWrites(number: number): void {
    reading.server.put("/projects", project(number, this.name()));
    this.note(idOf(number));
  }

  private somebodyWrites(): void {
    const number = this.moving();
    if (this.next() < 0.25) reading.server.table("/projects").delete(idOf(number));
    else this.serverWrites(number);
  }

  private deviceWrites(client: Reader): void {
    const id = idOf(this.moving());
    const { projects } = client.collections;
    if (!projects.has(id)) return;
    const name = this.name();
    this.ours.add(name);
    projects.update(id, (draft) => void (draft.name = name));
  }

  /** Notes what a row is called on the server now. */
  private note(id: string): void {
    const row = reading.server.table("/projects").get(id);
    if (row === undefined) return;
    const names = this.history.get(id) ?? [];
    const name = String(JSON.parse(row["name"] ?? "null"));
    if (names.at(-1) !== name) names.push(name);
    this.history.set(id, names);
  }

  private look(client: Reader): void {
    for (let number = 1; number <= ROWS; number += 1) {
      const id = idOf(number);
      const row = client.collections.projects.get(id);
      const state = row && { name: row.name, isLocal: row._has_local_changes };
      const states = this.seen.get(id) ?? [];
      const last = states.at(-1);
      if (states.length === 0 || last?.name !== state?.name || last?.isLocal !== state?.isLocal) states.push(state);
      this.seen.set(id, states);
    }
  }

  private shown(client: Reader): string {
    return JSON.stringify(client.collections.projects.toArray.map(({ id, name }) => `${id} ${name}`).toSorted());
  }

  private served(): string {
    const rows = [...reading.server.table("/projects")];
    return JSON.stringify(rows.map(([id, row]) => `${id} ${String(JSON.parse(row["name"] ?? "null"))}`).toSorted());
  }

  private check(): void {
    for (const number of STILL) {
      const states = (this.seen.get(idOf(number)) ?? []).filter((state, index) => index > 0 || state !== undefined);
      assert.ok(states.length <= 1, `seed ${this.seed}: row ${number} flickers: ${JSON.stringify(states)}`);
    }
    for (const [id, states] of this.seen) {
      const names = this.history.get(id) ?? [];
      let acknowledged = -1;
      let wasLocal: string | undefined;
      for (const state of states) {
        if (state === undefined) continue;
        if (state.isLocal) {
          wasLocal = state.name;
          continue;
        }
        // Shown before it is saved, and refused in the end.
        if (!names.includes(state.name) && this.ours.has(state.name)) continue;
        // Settled: the server's row is this write, or a later one.
        if (wasLocal !== undefined) acknowledged = Math.max(acknowledged, names.indexOf(wasLocal));
        wasLocal = undefined;
        const index = names.indexOf(state.name);
        const message = `seed ${this.seed}: ${id} goes back to ${state.name}: ${JSON.stringify({ states, names })}`;
        assert.ok(index >= acknowledged, message);
      }
    }
  }
}

function styles(size: number): [Listed, ...Listed[]] {
  const limit = { parameter: "limit", rows: 100 };
  return [
    { list: { page: { by: "offset", offset: "offset", size: limit } }, style: byOffset(size) },
    {
      list: { page: { by: "page", page: "page", first: 0, last: ["last"] }, rows: ["content"] },
      style: byPage(size, 0),
    },
    {
      list: { page: { by: "cursor", cursor: "cursor", next: ["meta", "next_cursor"] }, rows: ["items"] },
      style: byCursor(size),
    },
  ];
}

interface Listed {
  readonly list: object;
  readonly style: Style;
}
