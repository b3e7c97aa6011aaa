import type { Entry, StoreOperations } from "../store/store.js";
import type { Outgoing, Writes } from "../transport/transport.js";
import { refuse } from "./accept.js";
import { composed } from "./compose.js";
import { createKnown, type Models } from "./known.js";
import { findSendable, type Look, type Sendable, type Waiting } from "./queue.js";
import { canDouble, noteEarlier } from "./repeats.js";

/** A write that the log has as sent: it may leave once that is committed. */
export interface Claim extends Sendable {
  readonly write: Outgoing;
}

export interface Claimed {
  readonly claims: readonly Claim[];
  /** Entries that can't be sent at all. */
  readonly rejected: readonly Entry[];
  readonly waiting: Waiting;
}

/** Takes out of the queue what is next, and marks it as sent. */
export async function claim(
  within: StoreOperations,
  models: Models,
  writes: Writes,
  look: Look,
): Promise<Claimed> {
  const known = createKnown(within, models);
  const { found, waiting } = await findSendable(within, known, models, look);
  await known.prepareToCompose(found.flatMap(({ entries }) => entries));
  const claims: Claim[] = [];
  const rejected: Entry[] = [];
  for (const sendable of found) {
    const write = await composed(known, models, writes, sendable.entries);
    if (typeof write !== "string") {
      claims.push({ ...sendable, write });
      continue;
    }
    const writeIds = sendable.entries.map(({ writeId }) => writeId);
    rejected.push(...(await refuse(within, writeIds, { status: null, message: write, body: "" })));
  }
  const sent = claims.map(({ write }) => write);
  await noteEarlier(
    within,
    sent.filter((write) => write.attempts === 1 && canDouble(write)),
  );
  if (sent.length > 0) await within.log.markSent(sent);
  return { claims, rejected, waiting };
}
