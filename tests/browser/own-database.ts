import { createRequire } from "node:module";
import { join } from "node:path";

interface Client {
  connect(): Promise<void>;
  query(statement: string): Promise<{ readonly rows: readonly Record<string, unknown>[] }>;
  end(): Promise<void>;
}

/** A database of its own in a PostgreSQL, with the driver that an application in `folder` has. */
export class OwnDatabase {
  private readonly open: (url: string) => Promise<Client>;
  private readonly server: string;
  readonly url: string;
  private readonly name = `tests_${String(process.pid)}`;

  constructor(folder: string, server: string) {
    const { Client } = createRequire(join(folder, "package.json"))("pg") as { Client: new (url: string) => Client };
    this.open = async (url) => {
      const client = new Client(url);
      await client.connect();
      return client;
    };
    this.server = server;
    const url = new URL(server);
    url.pathname = this.name;
    this.url = url.href;
  }

  /** Makes it, empty. */
  async create(): Promise<void> {
    await this.run(this.server, `CREATE DATABASE ${this.name}`);
  }

  /** As another application. */
  async query(statement: string): Promise<readonly Record<string, unknown>[]> {
    return this.run(this.url, statement);
  }

  async drop(): Promise<void> {
    await this.run(this.server, `DROP DATABASE IF EXISTS ${this.name} WITH (FORCE)`);
  }

  private async run(url: string, statement: string): Promise<readonly Record<string, unknown>[]> {
    const client = await this.open(url);
    try {
      return (await client.query(statement)).rows;
    } finally {
      await client.end();
    }
  }
}
