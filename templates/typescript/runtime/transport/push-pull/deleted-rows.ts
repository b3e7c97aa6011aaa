import type { Model } from "../../client/model.js";
import { isoTimestamp } from "../../client/values.js";
import type { DeletedRow, StoreOperations } from "../../store/store.js";
import type { PullChange } from "./protocol.js";

/**
 * Keeps those of the rows that are to go because they were deleted, by what ends them. Those that are there again are no
 * longer deleted, nor are those whose scope says something else of them now. To be called before the rows go.
 */
export async function keepDeleted(
  { synced, deleted }: StoreOperations,
  model: Model,
  there: ReadonlySet<string>,
  ends: ReadonlyMap<string, readonly PullChange[]>,
): Promise<void> {
  if (!(await deleted.isEmpty(model))) {
    const before = ends.size > 0 ? await deleted.all(model) : [];
    const isTold = ({ rowKey, scope }: DeletedRow) => ends.get(rowKey)?.some((end) => end.scope === scope);
    const untrue = [...there, ...before.filter(isTold).map(({ rowKey }) => rowKey)];
    if (untrue.length > 0) await deleted.remove(model, untrue);
  }
  if (ends.size === 0) return;
  const rows = await synced.readByKey(model, [...ends.keys()]);
  const kept = [...rows].flatMap(([rowKey, members]): DeletedRow[] => {
    const { deleted: told, scope = "", version } = ends.get(rowKey)?.filter((end) => end.deleted !== undefined).at(-1) ?? {};
    if (told === undefined || version === undefined) return [];
    const received = model.fields
      .filter(({ metadata }) => metadata === "synced_at")
      .map(({ name }): [string, string] => [name, JSON.stringify(new Date().toISOString())]);
    const row = { ...members, ...Object.fromEntries(received) };
    return [{ rowKey, members: row, at: isoTimestamp(told.at), device: told.device_id, scope, version }];
  });
  if (kept.length > 0) await deleted.put(model, kept);
}

/** Forgets what was deleted up to these versions, by scope. */
export async function pruneDeleted(
  { deleted }: StoreOperations,
  model: Model,
  floors: Readonly<Record<string, string>>,
): Promise<void> {
  const old = (await deleted.all(model)).filter(({ scope, version }) => {
    return Object.hasOwn(floors, scope) && BigInt(version) <= BigInt(floors[scope] ?? 0);
  });
  if (old.length > 0) {
    await deleted.remove(
      model,
      old.map(({ rowKey }) => rowKey),
    );
  }
}
