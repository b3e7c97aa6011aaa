import type { Entry, EntryId, StoreOperations } from "../store/store.js";
import type { Source } from "../transport/schedule.js";
import {
  asParent,
  hasReferences,
  nameOf,
  nameOfParent,
  parentsIn,
  parentsOf,
  type Known,
  type Models,
  type ParentName,
} from "./known.js";

const PAGE = 50;
/** The most entries that one request has. */
const TOGETHER = 50;

/** Rows with an entry that is being sent, or that has to wait. Later entries of these rows must wait, too. */
interface Passed {
  readonly rows: ReadonlySet<string>;
  /**
   * Rows that such an entry refers to, each with the row of that entry: if one were deleted before, the server might
   * delete the referring row too.
   */
  readonly parents: ReadonlyMap<string, ParentName>;
}

/** Entries that are sent in one request, and what has to wait for it. */
export interface Sendable extends Passed {
  readonly entries: readonly [Entry, ...Entry[]];
}

/**
 * What a look has passed over, because it has to wait. The next look goes on after it, unless something has changed that
 * an entry waits for: so a thousand entries that wait for a parent aren't asked about each time.
 */
export interface Waiting {
  /** The last entry that the look has come to. */
  readonly upTo: EntryId | null;
  readonly entries: readonly Entry[];
  readonly passed: Passed;
  /** Entries that wait for the time of their next try. */
  readonly heldBack: readonly Entry[];
  /** Rows whose entries others wait for, and what these entries were, and whether one was under way. */
  readonly blockers: ReadonlyMap<string, { readonly row: ParentName; readonly state: string }>;
}

export const nothingWaits: Waiting = {
  upTo: null,
  entries: [],
  passed: { rows: new Set(), parents: new Map() },
  heldBack: [],
  blockers: new Map(),
};

/** Remembers what looks at the queue have found, and whether there is a reason for another one. */
export interface Looks {
  /** Whether there may be more to send than the last look has found. */
  isOutdated: boolean;
  /** What the last look has passed over. */
  waiting: Waiting;
  /** Says that there may be more to send. */
  outdated(): void;
  /** Says that something is to be sent again that a look has already passed. */
  anew(): void;
  /** Wakes who waits for a reason. */
  wake(): void;
  readonly source: Source;
}

export function createLooks(): Looks {
  let wake = () => {};
  const looks: Looks = {
    isOutdated: true,
    waiting: nothingWaits,
    outdated() {
      looks.isOutdated = true;
      wake();
    },
    anew() {
      looks.waiting = { ...nothingWaits };
      looks.outdated();
    },
    wake: () => wake(),
    source: (ring) => {
      wake = ring;
      return () => {
        wake = () => {};
      };
    },
  };
  return looks;
}

export interface Look {
  /** How much to find. */
  readonly limit: number;
  /** What is under way. */
  readonly busy: readonly Sendable[];
  /** Whether an entry that keeps failing has to wait for its next try. */
  readonly isHeldBack: (entry: Entry) => boolean;
  /** What the last look has passed over. */
  readonly before: Waiting;
}

/**
 * Finds what is to be sent next: the first entries of the log that needn't wait, of independent rows. Others are sent ahead
 * of an entry that waits, but none of its row and none that depends on it.
 */
export async function findSendable(
  { log }: StoreOperations,
  known: Known,
  models: Models,
  { limit, busy, isHeldBack, before }: Look,
): Promise<{ readonly found: readonly Sendable[]; readonly waiting: Waiting }> {
  const taken = new Set<string>();
  const underWay = { rows: new Set<string>(), parents: new Map<string, ParentName>(), blockers: new Set<string>() };
  for (const sendable of busy) take(sendable);

  const start = (await isAsBefore()) ? before : nothingWaits;
  let { upTo } = start;
  const entries = [...start.entries];
  const passed = { rows: new Set(start.passed.rows), parents: new Map(start.passed.parents) };
  const heldBack = [...start.heldBack];
  const blockers = new Map(start.blockers);
  const found: Sendable[] = [];
  async function isAsBefore(): Promise<boolean> {
    if (before.entries.length === 0) return true;
    if (!before.heldBack.every(isHeldBack)) return false;
    // What has left the log doesn't come back under an old id, so as many are the same.
    const unsent = before.entries.filter(({ attempts }) => attempts === 0);
    if (unsent.length > 0 && (await log.countUnsent(before.upTo ?? 0)) !== unsent.length) return false;
    await known.prepareParents([...before.blockers.values()].map(({ row }) => row));
    for (const { row, state } of before.blockers.values()) if ((await stateOf(row)) !== state) return false;
    return true;
  }

  /** Whether others have to wait for a row depends on nothing else. What is under way may have left the log already. */
  async function stateOf(row: ParentName): Promise<string> {
    const entries = (await known.ofParent(row)).map(({ id, operation, status }) => `${String(id)} ${operation} ${status}`);
    return [...(underWay.blockers.has(nameOfParent(row)) ? ["under way"] : []), ...entries].join(", ");
  }

  function take(sendable: Sendable): void {
    for (const { writeId } of sendable.entries) taken.add(writeId);
    for (const row of sendable.rows) underWay.rows.add(row);
    underWay.blockers.add(nameOfParent(asParent(models, sendable.entries[0])));
    for (const [parent, row] of sendable.parents) underWay.parents.set(parent, row);
  }

  async function waitFor(row: ParentName): Promise<void> {
    blockers.set(nameOfParent(row), { row, state: await stateOf(row) });
  }

  /** Whether an entry has to wait. Notes what for. */
  async function mustWait(entry: Entry): Promise<boolean> {
    const own = asParent(models, entry);
    const isDelete = entry.operation === "delete";
    if (passed.rows.has(nameOf(entry)) || (isDelete && passed.parents.has(nameOfParent(own)))) return true;
    if (isHeldBack(entry)) {
      heldBack.push(entry);
      return true;
    }
    const referring = isDelete ? underWay.parents.get(nameOfParent(own)) : undefined;
    const blocker = underWay.rows.has(nameOf(entry)) ? own : (referring ?? (await heldBy(known, models, entry)));
    if (blocker !== undefined) await waitFor(blocker);
    return blocker !== undefined;
  }

  for (let isMore = true; isMore && found.length < limit; ) {
    const page = await log.pending(upTo, PAGE);
    isMore = page.length === PAGE;
    await known.prepareToFind(page);
    for (const entry of page) {
      if (found.length === limit) break;
      upTo = entry.id;
      if (taken.has(entry.writeId)) continue;
      if (await mustWait(entry)) {
        entries.push(entry);
        // Whether it is still there is known by its row.
        if (entry.attempts > 0) await waitFor(asParent(models, entry));
        const { rows, parents } = await passedBy(known, models, [entry]);
        for (const row of rows) passed.rows.add(row);
        for (const [parent, row] of parents) passed.parents.set(parent, row);
      } else {
        const set = await together(known, models, entry);
        const sendable = { entries: set, ...(await passedBy(known, models, set)) };
        found.push(sendable);
        take(sendable);
      }
    }
  }
  return { found, waiting: { upTo, entries, passed, heldBack, blockers } };
}

async function passedBy(known: Known, models: Models, entries: readonly [Entry, ...Entry[]]): Promise<Passed> {
  const [first] = entries;
  const own = asParent(models, first);
  const parents = new Map<string, ParentName>();
  if (hasReferences(models, first)) {
    const model = models.get(first.model);
    // The rows that it refers to on the server, and those that the entries make it refer to.
    const isNew = model === undefined || first.operation === "insert";
    const before = isNew ? undefined : await known.synced(model, first.rowKey);
    const referred = [...parentsOf(model, before ?? {}), ...entries.flatMap((entry) => parentsIn(model, entry))];
    for (const parent of referred) parents.set(nameOfParent(parent), own);
  }
  return { rows: new Set([nameOf(first)]), parents };
}

/** The row that an entry has to wait for: the server doesn't know it yet, and it is the entry's own, or referred to. */
async function heldBy(known: Known, models: Models, entry: Entry): Promise<ParentName | undefined> {
  const own = asParent(models, entry);
  if (entry.operation !== "insert" && (await isNameless(known, models, own, () => known.ofRow(entry)))) return own;
  for (const parent of parentsIn(models.get(entry.model), entry)) {
    if (nameOfParent(parent) === nameOfParent(own)) continue;
    const entries = await known.ofParent(parent);
    if (isUnsent(entries, entry) || (await isNameless(known, models, parent, async () => entries))) return parent;
  }
  return undefined;
}

/** Whether the server has taken the row's insert, but hasn't told yet which key it has made. */
async function isNameless(
  known: Known,
  models: Models,
  row: ParentName,
  read: () => Promise<readonly Entry[]>,
): Promise<boolean> {
  if (models.get(row.model)?.keyOrigin !== "server") return false;
  const isTaken = (await read()).some((entry) => entry.operation === "insert" && entry.status === "acknowledged");
  return isTaken && !(await known.isMadeKey(row));
}

/** Whether the insert that a reference relies on is still to be sent, or was rejected. */
export function isUnsent(entries: readonly Entry[], child: Entry): boolean {
  const at = (entry: Entry) => BigInt(String(entry.id));
  const earlier = entries.filter((entry) => at(entry) < at(child));
  const valid = (entry: Entry) => entry.operation === "insert" && entry.status !== "rejected";
  const made = earlier.filter(valid).at(-1);
  if (made !== undefined) return made.status === "pending";
  // A rejected insert moves to the end of the log when it is sent again.
  const later = entries
    .slice(earlier.length)
    .find((entry) => entry.operation !== "update" && entry.status !== "rejected");
  if (later !== undefined) return later.operation === "insert" && later.status === "pending";
  return entries.some((entry) => entry.operation === "insert");
}

/**
 * Finds the entries that are sent in one request with `first`: consecutive updates of one row. Entries that were sent
 * together once are always sent together, under the same write id.
 */
async function together(known: Known, models: Models, first: Entry): Promise<readonly [Entry, ...Entry[]]> {
  if (first.sentWith === null && !isUnsentUpdate(first)) return [first];
  const pending = (await known.ofRow(first)).filter((entry) => entry.status === "pending");
  const following = pending.slice(pending.findIndex(({ writeId }) => writeId === first.writeId) + 1);
  if (first.sentWith !== null) return [first, ...following.filter((entry) => entry.sentWith === first.sentWith)];
  const set: [Entry, ...Entry[]] = [first];
  for (const entry of following) {
    const isPart = set.length < TOGETHER && isUnsentUpdate(entry) && entry.user === first.user;
    if (!isPart || (await heldBy(known, models, entry)) !== undefined) break;
    set.push(entry);
  }
  return set;
}

function isUnsentUpdate(entry: Entry): boolean {
  return entry.operation === "update" && entry.sentWith === null && entry.attempts === 0;
}
