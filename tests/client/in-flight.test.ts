// Several writes on their way at once: whatever the order of the answers, and whichever of them is a failure, each write
// arrives once, those of one row in their order, and a child after its parent.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type { ListAnswer, ListRequest } from "./support/list-server.js";
import { entries, idOf, project, Reading, shown, type Reader } from "./support/reader.js";
import { random } from "./support/random.js";
import { isLong, some } from "./support/size.js";
import { until } from "./support/until.js";

const reading = new Reading();
const { test } = reading;

/** A write that the server has received, and answers when the test says so. */
interface Held {
  readonly request: ListRequest;
  readonly row: string;
  answer(answer?: ListAnswer): void;
}

class Gate {
  held: Held[] = [];
  readonly keys: string[] = [];
  /** Called with each write that arrives, before it is held. */
  onArrival: (row: string, method: string) => void = () => {};

  constructor() {
    reading.server.before = (request) => this.hold(request);
  }

  private hold(request: ListRequest): Promise<ListAnswer | undefined> | undefined {
    if (request.method === "GET") return undefined;
    this.keys.push(String(request.headers["idempotency-key"]));
    const row = `${request.method === "POST" ? "new in " : ""}${request.url.pathname}`;
    this.onArrival(row, request.method);
    return new Promise((resolve) => {
      const held: Held = {
        request,
        row,
        answer: (answer) => {
          this.held = this.held.filter((one) => one !== held);
          resolve(answer);
        },
      };
      this.held.push(held);
    });
  }

  async holds(count: number): Promise<void> {
    await until(
      () => this.held.length === count,
      () => `${this.held.length} writes to be ${count}`,
    );
  }

  /** From now on, everything is answered at once. */
  open(): void {
    for (const held of this.held) held.answer();
    reading.server.before = (request) => {
      if (request.method !== "GET") this.keys.push(String(request.headers["idempotency-key"]));
      return undefined;
    };
  }
}

function permutations(count: number): number[][] {
  if (count === 0) return [[]];
  return permutations(count - 1).flatMap((order) =>
    Array.from({ length: count }, (_, place) => [...order.slice(0, place), count - 1, ...order.slice(place)]),
  );
}

async function isEmpty(client: Reader): Promise<boolean> {
  return (await entries(client)).every(({ status }) => status === "rejected");
}

function served(): unknown[] {
  const rows = [...reading.server.table("/projects").values()];
  return rows
    .map((row) => Object.fromEntries(Object.entries(row).map(([name, json]) => [name, JSON.parse(json) as unknown])))
    .map(({ id, name }) => ({ id, name }))
    .toSorted((one, other) => (String(one.id) < String(other.id) ? -1 : 1));
}

function named(client: Reader): unknown[] {
  return shown(client).map(({ id, name }) => ({ id, name }));
}

/** Renames so many projects in one transaction; gives when it is saved. */
async function rename(client: Reader, count: number, name: string): Promise<void> {
  const { projects } = client.collections;
  const transaction = client.writeTogether(() => {
    for (let number = 1; number <= count; number += 1) {
      projects.update(idOf(number), (draft) => void (draft.name = `${name} ${number}`));
    }
  });
  await transaction.isPersisted.promise;
}

async function ready(count: number): Promise<Reader> {
  for (let number = 1; number <= count; number += 1) reading.server.put("/projects", project(number));
  return reading.client();
}

test("an edit leaves soon that came while the one before had arrived but had no answer", async () => {
  const client = await ready(1);
  const { projects } = client.collections;
  const id = idOf(1);
  const rename = async (name: string) => {
    await projects.update(id, (draft) => void (draft.name = name)).isPersisted.promise;
  };
  let answer = () => {};
  const held = new Promise<void>((resolve) => (answer = resolve));
  reading.server.after = ({ method }) => (method === "PATCH" ? held : undefined);
  await rename("one");
  await until(() => reading.server.written.length === 1);
  await rename("two");
  await client.syncNow("projects");
  // The row has the write's id: only the second one is left.
  await until(async () => (await entries(client)).length === 1);
  answer();
  await until(
    () => isEmpty(client),
    () => JSON.stringify(served()),
    // The log is read each minute in any case.
    30_000,
  );
  assert.deepEqual(served(), [{ id, name: "two" }]);
});

for (const count of [1, 2, 3, 4, 5, 6]) {
  test(`${count} answers in any order`, async () => {
    const client = await ready(count);
    const gate = new Gate();
    // All orders of six would take minutes: a quarter of them does.
    const orders = permutations(count).filter((_, index) => count < 6 || index % 4 === 0);
    for (const order of some(orders, isLong ? 24 : 12)) {
      gate.keys.length = 0;
      await rename(client, count, order.join(""));
      await gate.holds(count);
      const arrived = gate.held.toSorted((one, other) => (one.row < other.row ? -1 : 1));
      for (const index of order) arrived[index]?.answer();
      await until(() => isEmpty(client));
      assert.equal(new Set(gate.keys).size, count);
      assert.equal(gate.keys.length, count, "each is sent once");
      await until(() => JSON.stringify(named(client)) === JSON.stringify(served()));
    }
  });
}

const failures: readonly ListAnswer[] = [500, 429, 403, 422].map((status) => ({
  status,
  body: JSON.stringify({ detail: `refused with ${status}` }),
}));

for (const failure of failures) {
  test(`a ${failure.status ?? 0} among four answers in any order`, async () => {
    const client = await ready(4);
    for (const order of some(permutations(4), isLong ? 6 : 3)) {
      for (let failing = 0; failing < 4; failing += 1) {
        const gate = new Gate();
        await rename(client, 4, `${order.join("")} ${failing}`);
        await gate.holds(4);
        const arrived = gate.held.toSorted((one, other) => (one.row < other.row ? -1 : 1));
        for (const index of order) arrived[index]?.answer(index === failing ? failure : undefined);
        gate.open();
        const isOver = async (): Promise<boolean> => {
          // What waits for a while goes on at once.
          client.configureSync({});
          return isEmpty(client);
        };
        await until(isOver);
        const isRejected = failure.status === 422;
        await until(() => client.getRejectedChanges().length === (isRejected ? 1 : 0));
        for (const { writeId } of client.getRejectedChanges()) await client.discardChange(writeId);
        await until(() => client.getRejectedChanges().length === 0);
        assert.equal(new Set(gate.keys).size, 4, "a write keeps its key");
        assert.equal(gate.keys.length, isRejected ? 4 : 5, "only what has failed is sent again");
        await until(() => JSON.stringify(named(client)) === JSON.stringify(served()));
      }
    }
  });
}

test("concurrency says how many are on their way", async () => {
  const client = await ready(9);
  client.configureSync({ concurrency: 1 });
  const gate = new Gate();
  await rename(client, 9, "one by one");
  for (let number = 1; number <= 9; number += 1) {
    await gate.holds(1);
    assert.equal(gate.held[0]?.row, `/projects/${idOf(number)}`, "in the order of the log");
    gate.held[0]?.answer();
    await until(() => gate.keys.length === Math.min(number + 1, 9));
  }
  await until(() => isEmpty(client));
  client.configureSync({ concurrency: 3 });
  await rename(client, 9, "three");
  await gate.holds(3);
  gate.open();
  await until(() => isEmpty(client));
});

test("updates of one row that follow one another are one request, however many others are on their way", async () => {
  const client = await ready(6);
  const gate = new Gate();
  await rename(client, 6, "first");
  await gate.holds(6);
  for (let round = 0; round < 10; round += 1) await rename(client, 6, `round ${round}`);
  gate.open();
  await until(() => isEmpty(client));
  assert.equal(gate.keys.length, 12);
  await until(() => JSON.stringify(named(client)) === JSON.stringify(served()));
});

const SCHEDULES = isLong ? 12 : 2;
const STEPS = 60;

for (let seed = 1; seed <= SCHEDULES; seed += 1) {
  test(`rows that refer to each other, schedule ${seed}`, async () => {
    const next = random(seed);
    const pick = <T>(choices: readonly T[]): T | undefined => choices[Math.floor(next() * choices.length)];
    const client = await ready(3);
    const gate = new Gate();
    const { projects, tasks } = client.collections;
    const parents = new Map<string, string>();
    const made: string[] = [];
    gate.onArrival = (row) => {
      assert.ok(gate.held.length < 6, "no more than six at once");
      const others = gate.held.map((held) => held.row);
      assert.ok(row.startsWith("new in") || !others.includes(row), `${row} is on its way already`);
    };
    for (let step = 0; step < STEPS; step += 1) {
      const choice = next();
      const [project, task] = [pick([...projects.keys()]), pick([...tasks.keys()])];
      if (choice < 0.15) {
        const id = randomUUID();
        projects.insert({ id, name: `made ${step}` } as Parameters<typeof projects.insert>[0]);
        made.push(id);
      } else if (choice < 0.35 && project !== undefined) {
        const id = randomUUID();
        tasks.insert({ id, project_id: project, title: `task ${step}` } as Parameters<typeof tasks.insert>[0]);
        parents.set(id, String(project));
      } else if (choice < 0.5 && project !== undefined) {
        projects.update(project, (draft) => void (draft.name = `name ${step}`));
      } else if (choice < 0.6 && task !== undefined) {
        tasks.update(task, (draft) => void (draft.title = `title ${step}`));
      } else {
        const failure = next() < 0.15 ? failures[0] : undefined;
        pick(gate.held)?.answer(failure);
        if (failure !== undefined) client.configureSync({});
      }
      if (next() < 0.3) await new Promise((resolve) => setTimeout(resolve, next() * 10));
    }
    const isOver = async (): Promise<boolean> => {
      for (const held of [...gate.held]) held.answer();
      client.configureSync({});
      return isEmpty(client);
    };
    await until(isOver);
    assert.deepEqual(client.getRejectedChanges(), []);
    // The server knows each parent before its child, and each row's writes have come in their order.
    const { written } = reading.server;
    const place = (id: string): number => written.findIndex(({ method, key }) => method === "POST" && key === id);
    for (const [child, parent] of parents) {
      if (made.includes(parent)) assert.ok(place(parent) < place(child), `${child} comes before its parent`);
    }
    for (const key of new Set(written.map((write) => write.key))) {
      const steps = written
        .filter((write) => write.key === key)
        .map(({ set }) => Number(/\d+/.exec(set["name"] ?? set["title"] ?? "")?.[0]));
      assert.deepEqual(
        steps,
        steps.toSorted((one, other) => one - other),
        key,
      );
    }
    assert.equal(new Set(written.map(({ key, set }) => JSON.stringify([key, set]))).size, written.length);
    await until(() => JSON.stringify(named(client)) === JSON.stringify(served()));
  });
}
