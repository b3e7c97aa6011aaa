import { createHash } from "node:crypto";

import { textArray } from "./database.js";
import { RequestError } from "./errors.js";
import type { Positions } from "./protocol.js";
import { CHANNEL } from "./push.js";
import { scopesOf, type Server, type User } from "./server.js";
import { ask, headsOf, positions, type Heads } from "./versions.js";

const COMMENT_AFTER = 25_000;
/** A stream ends then, so that a user who has lost a scope doesn't hear of it for long. */
const END_AFTER = 600_000;
/** How long a lost connection of the database is left alone. */
const LISTEN_AGAIN_AFTER = 1_000;

/** One connection that listens for all streams of this process. */
export class Pokes {
  readonly #server: Server;
  readonly #streams = new Set<(scope: string) => void>();
  #listening: Promise<() => Promise<void>> | undefined;

  constructor(server: Server) {
    this.#server = server;
  }

  /** A stream of events for a user. `seen` is the id of the last event that the device has had. */
  async stream(user: User, seen: string | null, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const scopes = scopesOf(user);
    let wake = () => {};
    let isNews = true;
    const heard = (scope: string) => {
      // An empty one stands for all: something may have been missed.
      if (scope !== "" && !scopes.some((own) => own.slice(0, 1_000) === scope)) return;
      isNews = true;
      wake();
    };
    // First subscribe, then look: what comes in between isn't missed.
    this.#streams.add(heard);
    try {
      await this.#listen();
    } catch (error) {
      this.#streams.delete(heard);
      throw error;
    }
    const end = Date.now() + END_AFTER;
    let sent: Positions = {};
    let last = seen;
    let isOpen = true;
    const close = () => {
      isOpen = false;
      this.#streams.delete(heard);
      wake();
    };
    signal.addEventListener("abort", close);
    if (signal.aborted) close();
    const encoder = new TextEncoder();
    const look = async () => {
      const { answer } = await ask(this.#server, user, `sync_heads(${textArray("$4")})`, [JSON.stringify(scopes)]);
      const state = positions(headsOf(answer as Heads));
      const id = createHash("sha256").update(JSON.stringify(state)).digest("hex").slice(0, 16);
      const isSame = (scope: string) =>
        sent[scope]?.version === state[scope]?.version && sent[scope]?.epoch === state[scope]?.epoch;
      const changed = Object.fromEntries(Object.entries(state).filter(([scope]) => !isSame(scope)));
      sent = state;
      if (id === last || Object.keys(changed).length === 0) return "";
      last = id;
      return `event: poke\nid: ${id}\ndata: ${JSON.stringify({ scopes: changed })}\n\n`;
    };
    const failed = (error: unknown): never => {
      close();
      if (!(error instanceof RequestError)) this.#server.onError(error);
      throw error;
    };
    const stream = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(encoder.encode(": connected\n\n")),
      pull: async (controller) => {
        for (let text = ""; text === "";) {
          if (isNews) {
            isNews = false;
            text = await look().catch(failed);
          } else {
            text = await waitFor((resolve) => (wake = resolve));
            // Not only when it has heard of news: whoever has written may have crashed before saying so.
            isNews = true;
          }
          if (!isOpen || Date.now() > end) {
            close();
            return controller.close();
          }
          if (text !== "") controller.enqueue(encoder.encode(text));
        }
      },
      cancel: close,
    });
    return stream;
  }

  /** Ends the connection that listens. */
  async close(): Promise<void> {
    const listening = this.#listening;
    this.#listening = undefined;
    await (
      await listening
    )?.();
  }

  #listen(): Promise<unknown> {
    const lost = () => {
      this.#listening = undefined;
      setTimeout(() => this.#again(), LISTEN_AGAIN_AFTER).unref?.();
    };
    const heard = (scope: string) => this.#streams.forEach((stream) => stream(scope));
    this.#listening ??= this.#server.database.listen(CHANNEL, heard, lost);
    this.#listening.catch(() => (this.#listening = undefined));
    return this.#listening;
  }

  /** Listens again, and lets all streams look for what they have missed. */
  #again(): void {
    if (this.#streams.size === 0) return;
    this.#listen().then(
      () => this.#streams.forEach((stream) => stream("")),
      (error: unknown) => {
        this.#server.onError(error);
        setTimeout(() => this.#again(), LISTEN_AGAIN_AFTER).unref?.();
      },
    );
  }
}

/** Waits for news: `""`. Gives a comment where none comes for a while, so that nobody in between ends the connection. */
function waitFor(onNews: (resolve: () => void) => void): Promise<string> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(": still here\n\n"), COMMENT_AFTER);
    onNews(() => {
      clearTimeout(timer);
      resolve("");
    });
  });
}
