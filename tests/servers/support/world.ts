import { after, afterEach, before, test as nodeTest } from "node:test";
import type { Backend } from "./backend.js";
import { Client, type Row } from "./client.js";
import { Proxy } from "./proxy.js";

/** A list of a server, as somebody who isn't our client reads it. */
export interface Others {
  /** All rows that there are. */
  all(): Promise<Row[]>;
  make(row: Row): Promise<Row>;
  change(row: Row, change: Row): Promise<void>;
  remove(row: Row): Promise<void>;
}

/** A server for all tests of a file, and a proxy before it; clients for each test. */
export class World<B extends Backend = Backend> {
  readonly name: string;
  private readonly start: () => Promise<B>;
  private running: { readonly backend: B; readonly proxy: Proxy } | undefined;
  private clients: Client[] = [];

  /** `empty`: removes what a test has left on the server. */
  constructor(name: string, start: () => Promise<B>, empty: () => Promise<void>) {
    this.name = name;
    this.start = start;
    before(async () => {
      const backend = await this.start();
      this.running = { backend, proxy: await Proxy.start(() => backend.url) };
    });
    afterEach(async () => {
      this.proxy.reset();
      await Promise.all(this.clients.map((client) => client.close()));
      this.clients = [];
      await empty();
    });
    after(async () => {
      await this.running?.proxy.close();
      await this.running?.backend.close();
    });
  }

  /** With a limit, so that a hang has a name. */
  readonly test = (name: string, work: () => Promise<void>): void => {
    void nodeTest(name, { timeout: 600_000 }, work);
  };

  get backend(): B {
    if (!this.running) throw new Error("the server isn't running yet");
    return this.running.backend;
  }

  get proxy(): Proxy {
    if (!this.running) throw new Error("the server isn't running yet");
    return this.running.proxy;
  }

  async client(settings: object = {}, name: string = this.name): Promise<Client> {
    const client = await Client.open(name, this.proxy.url, settings);
    this.clients.push(client);
    return client;
  }

  async readyClient(settings: object = {}): Promise<Client> {
    const client = await this.client(settings);
    await client.ready();
    return client;
  }

  /** A request to the server by somebody else. */
  async ask(method: string, path: string, body?: unknown, type = "application/json"): Promise<unknown> {
    const url = new URL(path, this.backend.url);
    const response = await fetch(url, {
      method,
      headers: { accept: type, "content-type": type },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === "" ? undefined : (JSON.parse(text) as unknown);
  }
}
