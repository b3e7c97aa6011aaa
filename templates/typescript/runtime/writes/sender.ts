import { parsed, type Members } from "../client/json.js";
import { own, ownKey, ownKeyIn, type Model } from "../client/model.js";
import { API_ANSWER_MS } from "../client/timing.js";
import type { HeadersRecord } from "../config.js";
import { madeKeyOf, type MadeKey, type StoreOperations } from "../store/store.js";
import { wait } from "../transport/schedule.js";
import type { Context, Outcome, Outgoing, Writes } from "../transport/transport.js";
import { accept, type Taken } from "./settle.js";

export interface Sender {
  /** Sends a write. One whose answer was lost, and that the server could take twice, is looked for in its rows first. */
  send(write: Outgoing, headers: HeadersRecord): Promise<Outcome>;
  /** Finds among the rows what key the server has made, where nobody has said. */
  findKey(taken: Taken): Promise<void>;
}

export function createSender({ store, acknowledged, pulls, signal }: Context, writes: Writes): Sender {
  /** Pulls that writes wait for before they are sent again. */
  const pulling = new Map<string, Promise<boolean>>();

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
          return { kind: "again", message, retryAfter: 0 };
        }
        const key = await answerAmongRows(store, write);
        if (key !== undefined) return { kind: "acknowledged", key, txid: null, row: null, isFromRows: true };
      }
      return writes.send(write, headers, signal);
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

/**
 * A new row whose answer was lost may be on the server, under a key that nobody here knows. Before it is sent again the
 * rows are pulled: one that equals it, and that wasn't there when it was first sent, is its answer.
 */

/** By write id: the keys of equal rows that the server had before the write was sent for the first time. */
type Earlier = Readonly<Record<string, readonly string[]>>;

const EARLIER = "sent";

/** Whether the server could make the row of this write twice. */
export function canDouble({ model, operation }: Outgoing): boolean {
  const isPulled = model.transport === "rest" && model.list !== undefined;
  return isPulled && operation === "insert" && model.keyOrigin === "server" && ownKey(model) !== undefined;
}

/** Notes which equal rows the server has. Call it in the transaction that first marks the writes as sent. */
export async function noteEarlier(within: StoreOperations, writes: readonly Outgoing[]): Promise<void> {
  for (const model of new Set(writes.map((write) => write.model))) {
    const known = await readEarlier(within, model);
    const underWay = new Set((await within.log.sent(model.name)).map((entry) => entry.writeId));
    const earlier = new Map(Object.entries(known).filter(([id]) => underWay.has(id)));
    for (const write of writes.filter((one) => one.model === model)) {
      earlier.set(write.writeId, await within.synced.find(model, sentMembers(write)));
    }
    await within.meta.set(EARLIER, model.name, JSON.stringify(Object.fromEntries(earlier) satisfies Earlier));
  }
}

/** Gives the key of the row that an insert has made on the server, among rows that were pulled after it was sent. */
export async function answerAmongRows(within: StoreOperations, write: Outgoing): Promise<MadeKey | undefined> {
  const { model, writeId } = write;
  const earlier = own(await readEarlier(within, model), writeId);
  if (earlier === undefined) return undefined;
  for (const key of await within.synced.find(model, sentMembers(write))) {
    const isTaken = earlier.includes(key) || (await within.log.isMadeKey(model.name, ownKeyIn(model, key)));
    if (!isTaken) return madeKeyOf(model, ownKeyIn(model, key)) ?? undefined;
  }
  return undefined;
}

async function readEarlier({ meta }: StoreOperations, model: Model): Promise<Earlier> {
  const text = await meta.get(EARLIER, model.name);
  return (text === undefined ? undefined : (parsed(text) as Earlier | undefined)) ?? {};
}

/** The members of the row that the request had. */
function sentMembers({ action, members }: Outgoing): Members {
  const names = [...(action.body ?? []), ...Object.values(action.parameters ?? {})];
  return Object.fromEntries(Object.entries(members).filter(([name]) => names.includes(name)));
}
