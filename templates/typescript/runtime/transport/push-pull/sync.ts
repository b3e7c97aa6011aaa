import type { Model } from "../../client/model.js";
import type { Context, Reads } from "../transport.js";
import { createLost } from "./lost.js";
import { poke } from "./poke.js";
import { createPuller } from "./pull.js";
import { push } from "./push.js";
import { createSkew } from "./skew.js";
import { createTurns } from "./turns.js";

/** Rows from a sync server, which takes the writes of its models, too. */
export const pushPull: Reads = {
  sends: true,
  run,
};

async function run(context: Context, models: readonly Model[]): Promise<void> {
  const { signal } = context;
  const turns = createTurns();
  const lost = createLost();
  const skew = createSkew();
  const puller = createPuller(context, models, turns, lost, skew);
  const names = new Set(models.map(({ name }) => name));
  const stop = context.pulls.serve((model) =>
    model === undefined || names.has(model) ? puller.ask() : Promise.resolve(false),
  );
  const pull = () => void puller.ask();
  await Promise.all([puller.run(signal), push(context, models, turns, lost, skew, pull), poke(context, pull)]);
  stop();
}
