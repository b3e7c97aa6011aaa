import type { Model } from "../../client/model.js";
import { isoTimestamp } from "../../client/values.js";
import type { DeletedRow, StoreOperations } from "../../store/store.js";
import type { PullChange } from "./protocol.js";

/**
 * Keeps those of the rows that are to go because they were deleted. Those that are there again are no longer deleted. To be
 * called before the rows go.
 */
export async function keepDeleted(
  { synced, deleted }: StoreOperations,
  model: Model,
  there: ReadonlySet<string>,
  gone: ReadonlyMap<string, PullChange>,
): Promise<void> {
  if (there.size > 0 && !(await deleted.isEmpty(model))) await deleted.remove(model, [...there]);
  if (gone.size === 0) return;
  const rows = await synced.readByKey(model, [...gone.keys()]);
  const kept = [...rows].flatMap(([rowKey, members]): DeletedRow[] => {
    const { deleted: told, scope = "", version } = gone.get(rowKey) ?? {};
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
