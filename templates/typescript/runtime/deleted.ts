import { models } from "../schema/index.js";
import { parsed, textOf, type Members } from "./client/json.js";
import { own, type Field, type Model } from "./client/model.js";
import { compareTimes, isoTimestamp, shownInteger } from "./client/values.js";
import type { Client } from "./init.js";
import type { Entry, StoreOperations } from "./store/store.js";

/** A row that was deleted. */
interface Deleted {
  readonly members: Members;
  readonly at: string;
  readonly device: string | null;
  /** The delete, while the server hasn't it or its rows don't show it. */
  readonly writeId: string | null;
}

/** Lists the rows of a model that were deleted, as they were: the newest first. */
export async function deletedRows({ whenOpen }: Client, name: string): Promise<object[]> {
  const model = models.find((one) => one.name === name);
  if (model === undefined) throw new TypeError(`There is no model ${name}.`);
  const { store } = await whenOpen();
  const rows = await store.receive((within) => deletedOf(within, model));
  return rows.sort((one, other) => compareTimes(other.at, one.at)).map((row) => shownRow(model, row));
}

async function deletedOf(within: StoreOperations, model: Model): Promise<Deleted[]> {
  const newest = await newestStarts(within, model);
  const kept = (await within.deleted.all(model)).filter(({ rowKey }) => newest.get(rowKey)?.operation !== "insert");
  const deletes = [...newest.values()].filter(({ operation }) => operation === "delete");
  if (deletes.length === 0) return kept.map((row) => ({ ...row, writeId: null }));
  const device = await within.meta.clientId();
  const rows = await within.synced.readByKey(
    model,
    deletes.map(({ rowKey }) => rowKey),
  );
  const waiting = deletes.flatMap(({ rowKey, at, writeId }): Deleted[] => {
    const members = rows.get(rowKey);
    return members === undefined ? [] : [{ members, at: isoTimestamp(at), device, writeId }];
  });
  return [...kept.map((row) => ({ ...row, writeId: null })), ...waiting];
}

const AT_ONCE = 1_000;

/** Of each row, the newest edit that has deleted it or made it anew, and that the server's rows don't show yet. */
async function newestStarts({ log }: StoreOperations, { name }: Model): Promise<Map<string, Entry>> {
  const entries = await log.acknowledged();
  for (let last: Entry | undefined; ;) {
    const some: Entry[] = await log.pending(last?.id ?? null, AT_ONCE);
    entries.push(...some);
    last = some.at(-1);
    if (last === undefined || some.length < AT_ONCE) break;
  }
  const starts = entries.filter(({ model, operation }) => model === name && operation !== "update");
  const inOrder = starts.sort((one, other) => (BigInt(one.id) < BigInt(other.id) ? -1 : 1));
  return new Map(inOrder.map((entry) => [entry.rowKey, entry]));
}

function shownRow(model: Model, { members, at, device, writeId }: Deleted): object {
  const fields = model.fields.map((field): [string, unknown] => {
    if (field.metadata === "device_id") return [field.name, device];
    return [field.name, shown(field, own(members, field.name) ?? "null")];
  });
  return Object.fromEntries([
    ...fields,
    ["_deleted_at", at],
    ["_has_local_changes", writeId !== null],
    ["_pending_write_id", writeId],
  ]);
}

/** What the application sees of a value that is given as JSON text. */
function shown(field: Field, json: string): unknown {
  if (json === "null") return null;
  switch (field.type) {
    case "int64":
      return shownInteger(field, textOf(json));
    case "int32":
    case "float":
      return Number(textOf(json));
    case "boolean":
    case "json":
      return parsed(json);
    default:
      return textOf(json);
  }
}
