// A thread of a page that hears and does nothing until a test wakes it: as long as the test takes, however slow the machine.

import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export class Sleep {
  private readonly http: Server;
  private waiting: ServerResponse[] = [];

  static async start(): Promise<Sleep> {
    const sleep = new Sleep();
    await new Promise<void>((resolve) => sleep.http.listen(0, "127.0.0.1", resolve));
    return sleep;
  }

  private constructor() {
    this.http = createServer((_, response) => void this.waiting.push(response));
  }

  /** Has a page or a worker wait for an answer, and do nothing else meanwhile. Returns once it does; gives what says that it is over. */
  async begin(thread: {
    evaluate(work: (url: string) => void, url: string): Promise<void>;
  }): Promise<{ readonly over: Promise<void> }> {
    const begun = new Promise((resolve) => this.http.once("request", resolve));
    const over = thread.evaluate(
      (url) => {
        const request = new XMLHttpRequest();
        request.open("GET", url, false);
        request.send();
      },
      `http://127.0.0.1:${(this.http.address() as AddressInfo).port}/`,
    );
    over.catch(() => {});
    await begun;
    return { over };
  }

  wake(): void {
    for (const response of this.waiting) response.writeHead(204, { "access-control-allow-origin": "*" }).end();
    this.waiting = [];
  }

  async close(): Promise<void> {
    this.wake();
    this.http.closeAllConnections();
    await new Promise((resolve) => this.http.close(resolve));
  }
}
