/** How long the client waits, in milliseconds. A build for tests replaces this file. */

/** After a first failure; each further one doubles it, up to the longest. */
export const FIRST_RETRY_MS = 1_000;
export const LONGEST_RETRY_MS = 60_000;
/** The longest `Retry-After` that is obeyed. */
export const LONGEST_RETRY_AFTER_MS = 3_600_000;
/** Until a shape is tried again that the server doesn't know: before it can work, somebody has to change something. */
export const BROKEN_RETRY_MS = 60_000;

/** Between two pulls of a list. */
export const POLL_MS = 30_000;

/** Between two pulls from a sync server that can't tell when there is something new. */
export const PULL_MS = 5_000;
/** The longest silence of a sync server that can: it says something every 25 seconds. */
export const POKE_SILENCE_MS = 60_000;

/** The longest wait for the application's `headers`. */
export const HEADERS_MS = 60_000;
/** The longest wait for an answer of the API. */
export const API_ANSWER_MS = 60_000;
/** The longest wait for the rest of a list's answer, once it has begun. */
export const LIST_BODY_MS = 300_000;
/** A live request that is answered sooner, with nothing new, hasn't waited for news at the server. */
export const LIVE_MS = 200;
/** The longest wait for a shape's answer to begin. Electric holds a live request for 20 seconds; later, it is lost. */
export const SHAPE_ANSWER_MS = 45_000;
/** The longest wait for the rest of a shape's answer: a snapshot can be long. */
export const SHAPE_BODY_MS = 300_000;
/** The longest wait for the stream to show a write's transaction, in a collection without a local database. */
export const TXID_MS = 30_000;

/** The longest that answers wait to be noted together, while more writes leave. */
export const NOTED_MS = 50;
/** How long a stream waits for more rows that this device has written, while some are still to come. */
export const GATHERED_MS = 20;
/** The longest that a change of what is pending waits to be counted. */
export const COUNTED_MS = 100;
/** How long an acknowledged update may take to arrive. Later, a synced row that equals it counts as its arrival. */
export const ARRIVAL_MS = 3_000;
/**
 * How long an acknowledged write may stay away from the stream, where a snapshot doesn't show it and nothing tells whether it
 * is older: so long may Electric lag behind PostgreSQL.
 */
export const LAG_MS = 60_000;
/** How often the log is read without a notice of a change, because a notice can get lost. */
export const IDLE_MS = 60_000;

/** How long other tabs have to answer that they are visible. */
export const VISIBLE_ANSWER_MS = 500;

/** Until the leading tab tries again after a failure. */
export const LEADER_RETRY_MS = 1_000;
/** How often the leading tab is asked to give up its lock. */
export const LEADER_INTERRUPT_MS = 500;
/** After so long without an answer, the tab that has the database open counts as asleep. */
export const OWNER_ANSWER_MS = 5_000;
/** How long a worker has to close the database. */
export const CLOSE_MS = 2_000;
/** The longest that a close waits until collections show what is saved. */
export const CLOSING_SHOWN_MS = 5_000;

/** Until changed keys are read again after a failure; each further one doubles it, up to the longest. */
export const FIRST_READ_RETRY_MS = 100;
export const LONGEST_READ_RETRY_MS = 5_000;
/** From the first rows of a first load that are shown until the next ones are, should it take so long. */
export const LOADING_SHOWN_MS = 5_000;
/** The longest that synced rows may be hidden, because TanStack DB holds them back while a transaction lasts. */
export const HELD_MS = 300;
