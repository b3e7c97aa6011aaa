import { models } from "../schema/index.js";
import type { Model } from "./client/model.js";
import { transport } from "./client/transports.js";
import { startSyncWorker } from "./sync-worker.js";
import { createPasses } from "./transport/schedule.js";
import { createAcknowledged, type Context } from "./transport/transport.js";

/** Brings in the rows of all models and sends their writes, for one user, until the signal aborts. */
export async function syncModels(given: Omit<Context, "acknowledged" | "passes">): Promise<void> {
  const context = { ...given, acknowledged: createAcknowledged(), passes: createPasses() };
  const reads = Object.entries(transport.reads).map(([name, { run }]) =>
    run(
      context,
      models.filter((model) => model.transport === name),
    ),
  );
  const writes = transport.writes?.(context.settings);
  await Promise.all([...reads, writes === undefined ? undefined : startSyncWorker(context, writes, isSentElsewhere)]);
}

/** Whether the writes of a model go to another server than the API. */
function isSentElsewhere(model: Model | undefined): boolean {
  return model !== undefined && transport.reads[model.transport]?.sends === true;
}
