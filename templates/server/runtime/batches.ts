import type { Edit } from "./apply.js";
import { textArray, type Query } from "./database.js";
import type { ServerModel } from "./model.js";

/** What else than the rows of a table can show in which order they are written, as `sync_order` gives it. */
interface Order {
  /** Whether something looks at other rows when one is written: a trigger, a policy, a reference. */
  readonly is_seen: boolean;
  /** The columns of unique values, beside the primary key; `*` stands for all columns. */
  readonly unique: readonly string[];
}

const FREE: Order = { is_seen: false, unique: [] };
const STRICT: Order = { is_seen: true, unique: ["*"] };

/** Makes one statement of edits that are alike, where nothing can tell that from one statement for each in their order. */
export class Batches {
  readonly #query: Query;
  readonly #orders = new Map<ServerModel, Order>();

  constructor(query: Query) {
    this.#query = query;
  }

  async of(edits: readonly Edit[]): Promise<Edit[][]> {
    const free = batches(edits, () => FREE);
    // Of several kinds, or of updates, there may be more batches.
    const [[first] = [], ...others] = free;
    if (others.length === 0 && first?.step.operation !== "update") return free;
    if (free.length === batches(edits, () => STRICT).length) return free;
    await this.#look(new Set(edits.map(({ step }) => step.model)));
    return batches(edits, (model) => this.#orders.get(model) ?? STRICT);
  }

  async #look(models: ReadonlySet<ServerModel>): Promise<void> {
    const unknown = [...models].filter((model) => !this.#orders.has(model));
    if (unknown.length === 0) return;
    const tables = JSON.stringify(unknown.map(({ table }) => table));
    const [row] = await this.#query(`SELECT sync_order(${textArray("$1")})::text AS orders`, [tables]);
    const orders = JSON.parse(row?.["orders"] ?? "{}") as Record<string, Order>;
    for (const model of unknown) this.#orders.set(model, orders[model.table] ?? STRICT);
  }
}

/**
 * Edits that one statement can make each: of one model and operation, the same columns, different rows. Where a row comes again,
 * what has come before it is written first. Rows of other models may go before, as long as nothing looks at them: references are
 * checked at the end.
 */
function batches(edits: readonly Edit[], orderOf: (model: ServerModel) => Order): Edit[][] {
  const done: Edit[][] = [];
  let open = new Map<string, Edit[]>();
  let rows = new Set<string>();
  let last: { kind: string; isSeen: boolean } | undefined;
  for (const edit of edits) {
    const { model, rowKey } = edit.step;
    const row = model.name + rowKey;
    const order = orderOf(model);
    const kind = kindOf(edit, order);
    const isSeen = order.is_seen || order.unique.length > 0;
    const isOutOfOrder = last !== undefined && last.kind !== kind && (isSeen || last.isSeen);
    if (rows.has(row) || isOutOfOrder) {
      done.push(...open.values());
      open = new Map();
      rows = new Set();
    }
    rows.add(row);
    last = { kind, isSeen };
    const alike = open.get(kind);
    if (alike === undefined) open.set(kind, [edit]);
    else alike.push(edit);
  }
  return [...done, ...open.values()];
}

/** The same text for edits that one statement can make. */
function kindOf({ step, writeId }: Edit, { unique }: Order): string {
  const { model, operation, value } = step;
  const names = Object.keys(value);
  // An update may take a value that another one of the same statement gives up.
  const isUnique = (name: string) =>
    unique.includes("*") || unique.some((one) => model.columns[name]?.sql === quoted(one));
  // What only the owner may set is looked at row by row.
  const isAlone =
    names.some((name) => model.columns[name]?.ownerOnly) || (operation === "update" && names.some(isUnique));
  return isAlone ? writeId : JSON.stringify([model.name, operation, ...names]);
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
