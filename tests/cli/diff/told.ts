// What becomes of a log and of the synced tables by what `diff --format json` says, and by nothing else.

export interface Change {
  readonly model: string | null;
  readonly kind: string;
  readonly renamed_from?: string;
  readonly rows: "kept" | "fetched" | "read_again" | "fetched_again" | "removed";
  readonly rejected: null | {
    readonly operations: readonly string[];
    readonly column: string | null;
    readonly when: "always" | "null" | { readonly unfit: string };
  };
}

export interface Case {
  readonly name: string;
  readonly changes: readonly Change[];
  /** The values that don't fit, as JSON. */
  readonly unfit: readonly string[];
}

export interface Entry {
  readonly writeId: string;
  readonly model: string;
  readonly rowKey: string;
  readonly operation: string;
  readonly members: Readonly<Record<string, unknown>>;
}

export interface Outcome {
  /** What stays pending; null: the write is rejected as a whole. */
  readonly kept: Readonly<Record<string, unknown>> | null;
  /** What is rejected of a write that stays. */
  readonly lost: Readonly<Record<string, unknown>>;
}

/** Every row of the old schema has this key. */
const KEY = "id";

/** The changes that concern what the old schema calls by this name. */
export function changesOf({ changes }: Case, model: string): Change[] {
  return changes.filter((change) => (change.kind === "model_renamed" ? change.renamed_from : change.model) === model);
}

/** Of the entries, in their order, what becomes of each. Notes in `used` which statements about rejections were. */
export function outcomes(one: Case, entries: readonly Entry[], used: Set<string>): Outcome[] {
  const neverMade = new Set<string>();
  return entries.map((entry) => {
    const row = `${entry.model} ${entry.rowKey}`;
    let outcome: Outcome = { kept: entry.members, lost: {} };
    for (const change of changesOf(one, entry.model)) outcome = after(one, change, entry, outcome, used);
    const isEmpty = Object.keys(outcome.kept ?? {}).every((column) => column === KEY);
    if (neverMade.has(row) || (entry.operation === "update" && isEmpty)) outcome = { kept: null, lost: {} };
    // A row that is never made takes along what was written to it.
    if (outcome.kept === null && entry.operation === "insert") neverMade.add(row);
    return outcome;
  });
}

function after(one: Case, change: Change, entry: Entry, outcome: Outcome, used: Set<string>): Outcome {
  const { rejected } = change;
  if (rejected === null || !rejected.operations.includes(entry.operation)) return outcome;
  const column = rejected.column ?? KEY;
  const value = entry.members[column];
  if (value === undefined || !applies(one, rejected.when, value)) return outcome;
  used.add(statement(change, entry.operation));
  if (rejected.column === null || outcome.kept === null) return { kept: null, lost: {} };
  const { [column]: _, ...kept } = outcome.kept;
  return { kept, lost: { ...outcome.lost, [column]: value } };
}

function applies({ unfit }: Case, when: NonNullable<Change["rejected"]>["when"], value: unknown): boolean {
  if (when === "always") return true;
  return when === "null" ? value === null : unfit.includes(JSON.stringify(value));
}

function statement(change: Change, operation: string): string {
  return JSON.stringify([change.kind, change.model, change.rejected, operation]);
}

/** Statements that a rejection was told by, each with an operation. */
export function statements({ changes }: Case): string[] {
  return changes.flatMap((change) =>
    (change.rejected?.operations ?? []).map((operation) => statement(change, operation)),
  );
}

/** What becomes of a model's rows: the strongest of what is said. */
export function rowsOf(one: Case, model: string): Change["rows"] {
  const order: Change["rows"][] = ["kept", "fetched", "read_again", "fetched_again", "removed"];
  const told = changesOf(one, model).map(({ rows }) => order.indexOf(rows));
  return order[Math.max(0, ...told)] ?? "kept";
}
