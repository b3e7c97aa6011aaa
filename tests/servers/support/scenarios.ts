// What is so with every server, however it lists its rows.

import assert from "node:assert/strict";
import { until } from "../../client/support/until.js";
import type { Backend } from "./backend.js";
import type { Client, Row } from "./client.js";
import type { Asked } from "./proxy.js";
import type { World } from "./world.js";

/** A model, and how somebody else reads and writes it. */
export interface Subject {
  readonly model: string;
  readonly path: string;
  readonly key: string;
  /** Whether the server makes the key. */
  readonly isServerKey: boolean;
  readonly update: "PATCH" | "PUT";
  /** The field with a text, and one that is independent of it. */
  readonly text: string;
  readonly other: { readonly name: string; readonly values: readonly [unknown, unknown] };
  /** What a new row needs besides its text. */
  readonly needs?: () => Promise<Row>;
  /** What follows a path: a slash, perhaps. */
  readonly end?: string;
  readonly type?: string;
  /** What a body is that has these fields, where it isn't just them; `key`: of the row that is there. */
  readonly body?: (fields: Row, key?: unknown) => unknown;
  /** The row in an answer, where that isn't the answer. */
  readonly row?: (answer: unknown) => Row;
  /** All rows of the server. */
  all(): Promise<Row[]>;
}

export class Others {
  readonly subject: Subject;
  private readonly world: World<Backend>;

  constructor(world: World<Backend>, subject: Subject) {
    this.world = world;
    this.subject = subject;
  }

  async make(text: string, more: Row = {}): Promise<Row> {
    const { path, end = "", needs, type, body = (fields: Row) => fields, row: rowOf } = this.subject;
    const row = { ...(await needs?.()), [this.subject.text]: text, ...more };
    const answer = await this.world.ask("POST", path + end, body(row), type);
    return rowOf?.(answer) ?? (answer as Row);
  }

  async change(row: Row, change: Row): Promise<void> {
    const { update, text, other, needs, type, key, body = (fields: Row) => fields } = this.subject;
    const [now = row] = (await this.subject.all()).filter((one) => one[this.subject.key] === row[this.subject.key]);
    const whole = { ...(await needs?.()), [text]: now[text], [other.name]: now[other.name], ...change };
    await this.world.ask(update, this.at(row), body(update === "PUT" ? whole : change, row[key]), type);
  }

  async remove(row: Row): Promise<void> {
    await this.world.ask("DELETE", this.at(row), undefined, this.subject.type);
  }

  private at(row: Row): string {
    const { path, key, end = "" } = this.subject;
    return `${path}/${String(row[key])}${end}`;
  }
}

export function scenarios(world: World<Backend>, subject: Subject): void {
  const { test } = world;
  const { model, key, text, other, path } = subject;
  const others = new Others(world, subject);

  /** Nobody has anything that the others haven't. */
  async function converged(...clients: Client[]): Promise<void> {
    for (const client of clients) await client.allSettled();
    for (const client of clients) await client.shows(model, subject.all);
  }

  const isList = ({ pathname }: URL): boolean => pathname === path + (subject.end ?? "");

  const keyOf = (client: Client, name: string): string | number => {
    const row = client.of(model).toArray.find((row) => row[text] === name);
    assert.ok(row, `${name} is shown`);
    return row[key] as string | number;
  };

  async function insert(client: Client, name: string, more: Row = {}): Promise<void> {
    const row = { ...(await subject.needs?.()), [text]: name, ...more };
    await client.of(model).insert(row).isPersisted.promise;
  }

  async function set(client: Client, name: string, change: Row): Promise<void> {
    const saved = client.of(model).update(keyOf(client, name), (draft) => void Object.assign(draft, change));
    await saved.isPersisted.promise;
  }

  /** What a subscriber sees of some rows: whether one that is on the server all along is taken away for a moment. */
  function watch(client: Client): { readonly gone: string[]; readonly stop: () => void } {
    const gone: string[] = [];
    const subscription = client.of(model).subscribeChanges((changes) => {
      for (const { type, value } of changes) if (type === "delete") gone.push(String(value[text]));
    });
    return { gone, stop: () => subscription.unsubscribe() };
  }

  test(`${model}: all pages arrive, and what others do to them`, async () => {
    const rows: Row[] = [];
    for (let index = 1; index <= 17; index += 1) rows.push(await others.make(`row ${String(index).padStart(2, "0")}`));
    const client = await world.readyClient();
    await converged(client);
    assert.equal(client.rows(model).length, 17);
    assert.ok(world.proxy.requests("GET", path).length > 2, "in several pages");
    const [first, second, last] = [rows[0], rows[8], rows[16]];
    assert.ok(first && second && last);
    await others.change(first, { [other.name]: other.values[0] });
    await others.remove(second);
    await others.remove(last);
    await others.make("one more");
    await converged(client);
    assert.equal(client.rows(model).length, 16);
  });

  test(`${model}: two clients and others write, offline as well, and all end equal`, async () => {
    const shared = await others.make("shared");
    await others.make("of the others");
    const [one, two] = [await world.readyClient(), await world.readyClient()];
    await converged(one, two);
    let isDown = true;
    world.proxy.before = () => {
      if (isDown) throw new Error("nobody is there");
    };
    await insert(one, "made offline");
    await set(one, "made offline", { [other.name]: other.values[0] });
    await set(one, "shared", { [text]: "renamed" });
    await set(two, "shared", { [other.name]: other.values[1] });
    await two.of(model).delete(keyOf(two, "of the others")).isPersisted.promise;
    await until(() => one.generated.getSyncStatus().pending === 3);
    isDown = false;
    await converged(one, two);
    const rows = await subject.all();
    const names = rows.map((row) => row[text]).toSorted();
    const either = subject.update === "PUT" && names.includes("shared") ? "shared" : "renamed";
    assert.deepEqual(names, ["made offline", either]);
    const [row] = rows.filter((row) => row[key] === shared[key]);
    // With PUT alone, and no ETag, whoever comes last sets the whole row.
    const isWhole = subject.update === "PUT" && row?.[text] === "renamed";
    if (!isWhole) assert.deepEqual(row?.[other.name], other.values[1], "another field than the other client's");
    assert.deepEqual(rows.find((row) => row[text] === "made offline")?.[other.name], other.values[0]);
    for (const client of [one, two]) assert.deepEqual(client.generated.getRejectedChanges(), []);
  });

  test(`${model}: a new row has the server's key, and what was written under the other finds it`, async () => {
    const client = await world.readyClient();
    let release = (): void => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    world.proxy.after = async ({ method }) => (method === "POST" ? held : undefined);
    await insert(client, "new");
    await until(() => world.proxy.requests("POST", path).length === 1);
    await set(client, "new", { [other.name]: other.values[0] });
    release();
    await converged(client);
    const [row, ...more] = await subject.all();
    assert.deepEqual(more, []);
    assert.deepEqual(row?.[other.name], other.values[0]);
    if (subject.isServerKey) assert.ok(Number(row?.[key]) > 0);
  });

  test(`${model}: an edit of a row that others have deleted is told`, async () => {
    const row = await others.make("to be deleted");
    const client = await world.readyClient();
    await converged(client);
    let isHeld = true;
    const cut = ({ method, url }: Asked): void => {
      if (isHeld && method === "GET" && isList(url)) throw new Error("nothing arrives");
    };
    // Nor does the answer to what was asked before.
    [world.proxy.before, world.proxy.after] = [cut, cut];
    await others.remove(row);
    await set(client, "to be deleted", { [other.name]: other.values[0] });
    await until(() => client.generated.getSyncStatus().rejected === 1);
    isHeld = false;
    await converged(client);
    assert.deepEqual(
      client.generated.getRejectedChanges().map(({ model, status }) => [model, status]),
      [[model, 404]],
    );
  });

  test(`${model}: pages that shift while they are read take no row away`, async () => {
    for (let index = 1; index <= 12; index += 1) await others.make(`row ${String(index).padStart(2, "0")}`);
    const client = await world.readyClient();
    await converged(client);
    const { gone, stop } = watch(client);
    const removed: string[] = [];
    let left = 4;
    // After each page, somebody deletes a row of it and makes one: the pages after it begin elsewhere.
    world.proxy.after = async ({ method, url }) => {
      if (method !== "GET" || !isList(url) || left === 0) return;
      left -= 1;
      const rows = (await subject.all()).toSorted((one, two) => (String(one[text]) < String(two[text]) ? -1 : 1));
      const [first] = rows;
      if (first === undefined) return;
      removed.push(String(first[text]));
      await others.remove(first);
      await others.make(`shift ${left}`);
    };
    // Something has to have changed, so that pages are read at all.
    await others.make("zero");
    await until(() => left === 0);
    world.proxy.after = () => {};
    await converged(client);
    stop();
    assert.deepEqual(
      gone.filter((name) => !removed.includes(name)),
      [],
      "shown all along",
    );
  });

  test(`${model}: a page that fails leaves what is there`, async () => {
    for (let index = 1; index <= 12; index += 1) await others.make(`row ${index}`);
    const client = await world.readyClient();
    await converged(client);
    const { gone, stop } = watch(client);
    let failures = 0;
    let pages = 0;
    world.proxy.before = ({ method, url }) => {
      if (method !== "GET" || !isList(url)) return;
      pages += 1;
      if (pages % 2 === 0 && failures < 3) {
        failures += 1;
        throw new Error("cut between two pages");
      }
    };
    await others.make("one more");
    await until(() => failures === 3);
    await converged(client);
    stop();
    assert.deepEqual(gone, []);
  });
}
