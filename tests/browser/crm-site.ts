// A page's own server, with the generated sync server behind it.

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { PGlite } from "@electric-sql/pglite";
import { createSyncServer, nodeHandler, pgliteDatabase, schemaSql, type SyncServer } from "../crm/sync/index.js";
import { Site } from "./site.js";

export class CrmSite {
  /** Whether the sync server is out of order. */
  isAway = false;
  readonly db: PGlite;
  private readonly sync: SyncServer;
  private readonly http: Server;
  private pages: Site | undefined;

  static async start(folder: string): Promise<CrmSite> {
    const db = await PGlite.create();
    await db.exec(schemaSql);
    const site = new CrmSite(db);
    await new Promise<void>((resolve) => site.http.listen(0, "127.0.0.1", resolve));
    const { port } = site.http.address() as AddressInfo;
    site.pages = await Site.start(folder, `http://127.0.0.1:${port}`);
    return site;
  }

  private constructor(db: PGlite) {
    this.db = db;
    const user = { id: "ada", scopes: { user: ["ada"], team: ["1"] } };
    this.sync = createSyncServer({ database: pgliteDatabase(db), authenticate: () => user });
    this.http = createServer(nodeHandler((request) => this.handle(request)));
  }

  private async handle(request: Request): Promise<Response> {
    return this.isAway ? new Response(null, { status: 503 }) : this.sync.handle(request);
  }

  get url(): string {
    return this.pages?.url ?? "";
  }

  async rows(statement: string): Promise<unknown[]> {
    return (await this.db.query(statement)).rows;
  }

  async close(): Promise<void> {
    await this.pages?.close();
    this.http.closeAllConnections();
    this.http.close();
    await this.sync.close();
    await this.db.close();
  }
}
