import { API_ANSWER_MS } from "../client/timing.js";
import type { HeadersRecord } from "../config.js";
import { wait } from "../transport/schedule.js";
import type { Context, Outcome, Outgoing, Writes } from "../transport/transport.js";
import { accept, type Taken } from "./accept.js";
import { answerAmongRows, canDouble } from "./repeats.js";

export interface Sender {
  /** Sends a write. One whose answer was lost, and that the server could take twice, is looked for in its rows first. */
  send(write: Outgoing, headers: HeadersRecord): Promise<Outcome>;
  /** Finds among the rows what key the server has made, where nobody has said. */
  findKey(taken: Taken): Promise<void>;
}

export function createSender({ store, acknowledged, pulls, signal }: Context, writes: Writes): Sender {
  /** Pulls that writes wait for before they are sent again. */
  const pulling = new Map<string, Promise<boolean>>();
  // Node warns of a signal that has many listeners: those of requests have one of their own.
  const requests = new AbortController();
  signal.addEventListener("abort", () => requests.abort(signal.reason), { once: true });

  /** Whether the model's rows have been read since the write was sent last. Where that takes long, others go ahead. */
  async function isPulled({ model, writeId }: Outgoing): Promise<boolean> {
    const pull = pulling.get(writeId) ?? pulls.ask(model.name);
    pulling.set(writeId, pull);
    const patience = new AbortController();
    const result = await Promise.race([pull, wait(API_ANSWER_MS, patience.signal)]);
    patience.abort();
    if (result !== undefined) pulling.delete(writeId);
    return result === true;
  }

  return {
    async send(write, headers) {
      if (write.attempts > 1 && canDouble(write) && !writes.knowsRepeats()) {
        if (!(await isPulled(write))) {
          const message = "it may have been taken, and waits until the rows can be read that say so";
          return { kind: "again", message, isServerError: true, retryAfter: 0 };
        }
        const key = await answerAmongRows(store, write);
        if (key !== undefined) return { kind: "acknowledged", key, txid: null, row: null };
      }
      return writes.send(write, headers, requests.signal);
    },

    async findKey({ write, outcome }) {
      if (!(await isPulled(write))) return;
      await store.transaction(async (within) => {
        const key = await answerAmongRows(within, write);
        if (key !== undefined) await accept(within, [{ write, outcome: { ...outcome, key } }], acknowledged);
      });
    },
  };
}
