/** How long the client waits, in milliseconds. A build for tests replaces this file. */

/** After a first failure; each further one doubles it, up to the longest. */
export const FIRST_RETRY_MS = 1_000;
export const LONGEST_RETRY_MS = 60_000;
/** The longest `Retry-After` that is obeyed. */
export const LONGEST_RETRY_AFTER_MS = 3_600_000;
/** Until a shape is tried again that the server doesn't know: somebody has to change something first. */
export const BROKEN_RETRY_MS = 60_000;

/** Between two pulls of a list. */
export const POLL_MS = 30_000;

/** The longest wait for the application's `headers`. */
export const HEADERS_MS = 60_000;
/** The longest wait for an answer of the API. */
export const API_ANSWER_MS = 60_000;
/** The longest wait for the rest of a list's answer, once it has begun. */
export const LIST_BODY_MS = 300_000;
/** The longest wait for a shape's answer to begin. Electric holds a live request for 20 seconds; later, it is lost. */
export const SHAPE_ANSWER_MS = 45_000;
/** Until all of it is there: a snapshot can be long. */
export const SHAPE_BODY_MS = 300_000;
/** For the stream to show a transaction that the API has told, in a collection without a local database. */
export const TXID_MS = 30_000;

/** The longest that answers wait to be noted together, while more writes leave. */
export const NOTED_MS = 50;
/** How long a stream waits for more rows that this device has written, while some are still to come. */
export const GATHERED_MS = 20;
/** The longest that a change of what is pending waits to be counted. */
export const COUNTED_MS = 100;
/** For a write that the server has taken to arrive, before the row that is there is taken to show it. */
export const ARRIVAL_MS = 3_000;
/** The log is read so often, should a notice of a change have got lost. */
export const IDLE_MS = 60_000;

/** For other tabs to say that they are visible. */
export const VISIBLE_ANSWER_MS = 500;

/** Until the leading tab tries again after a failure. */
export const LEADER_RETRY_MS = 1_000;
/** How often the leading tab is asked to give up its lock. */
export const LEADER_INTERRUPT_MS = 500;
/** For a worker to close the database. */
export const CLOSE_MS = 2_000;

/** Until changed keys are read again after a failure; each further one doubles it, up to the longest. */
export const FIRST_READ_RETRY_MS = 100;
export const LONGEST_READ_RETRY_MS = 5_000;
/** TanStack DB holds what is synced into a collection while a transaction of its own lasts: for so long at most. */
export const HELD_MS = 300;
