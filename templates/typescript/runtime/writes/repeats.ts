import { parsed, type Members } from "../client/json.js";
import { own, ownKey, ownKeyIn, type Model } from "../client/model.js";
import { madeKeyOf, type MadeKey, type StoreOperations } from "../store/store.js";
import type { Outgoing } from "../transport/transport.js";

/**
 * A new row whose answer was lost may be on the server, under a key that nobody here knows. Before it is sent again the
 * rows are pulled: one that equals it, and that wasn't there when it was first sent, is its answer.
 */

/** By the id of the write, keys of equal rows that were there before it was first sent. */
type Earlier = Readonly<Record<string, readonly string[]>>;

const EARLIER = "sent";

/** Whether the server could make the row of this write twice. */
export function canDouble({ model, operation }: Outgoing): boolean {
  const isPulled = model.transport === "rest" && model.list !== undefined;
  return isPulled && operation === "insert" && model.keyOrigin === "server" && ownKey(model) !== undefined;
}

/** To be called in the transaction that marks writes as sent for the first time. */
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

/** The key of the row that is the answer to a write, in rows that have been pulled since it was sent last. */
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

/** What the server was told of the row. */
function sentMembers({ action, members }: Outgoing): Members {
  const names = [...(action.body ?? []), ...Object.values(action.parameters ?? {})];
  return Object.fromEntries(Object.entries(members).filter(([name]) => names.includes(name)));
}
