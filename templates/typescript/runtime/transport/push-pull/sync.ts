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
  // One listener on the signal, however many requests there are.
  const own = new AbortController();
  const end = () => own.abort();
  context.signal.addEventListener("abort", end);
  if (context.signal.aborted) end();
  const { signal } = own;
  const turns = createTurns();
  const lost = createLost();
  const skew = createSkew();
  const puller = createPuller(context, models, turns, lost, skew);
  const names = new Set(models.map(({ name }) => name));
  const stop = context.pulls.serve((model) =>
    model === undefined || names.has(model) ? puller.ask() : Promise.resolve(false),
  );
  const pull = () => void puller.ask();
  const within = { ...context, signal };
  await Promise.all([puller.run(signal), push(within, models, turns, lost, skew, pull), poke(within, pull)]);
  stop();
  context.signal.removeEventListener("abort", end);
}
