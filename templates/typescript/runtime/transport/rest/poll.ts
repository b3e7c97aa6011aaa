import type { Model } from "../../client/model.js";
import { keepTrying, type End } from "../attempts.js";
import { bell, onOnline, wait, type Bell, type Source } from "../schedule.js";
import type { Context, Reads } from "../transport.js";
import { urlOf } from "./exchange.js";
import { listedOf, type Listed } from "./places.js";
import { createPuller } from "./pull.js";

/** How many models are read at the same time. */
const MODELS_AT_ONCE = 4;
/**
 * Pulls take at most a tenth of the time. When the user comes back, rows are pulled again if the last pull is older
 * than a tenth of `poll`.
 */
const SHARE = 10;
/** How much earlier or later than `poll` a pull begins, so that clients don't come all at once. */
const JITTER = 0.1;
/** The shortest time between two looks whether the parents are still the same. */
const PARENTS_MS = 100;

/** Reads the API's lists again and again. */
export const restReads: Reads = { run };

async function run(context: Context, models: readonly Model[]): Promise<void> {
  const { reports, pulls, signal } = context;
  const gate = createGate(MODELS_AT_ONCE);
  const polls = new Map<string, Poll>();
  for (const listed of inOrder(models.flatMap((model) => listedOf(model, context.models) ?? []))) {
    polls.set(listed.model.name, createPoll(context, listed, gate, polls.get(listed.parent?.model.name ?? "")));
  }
  // The other models are ready: nothing will come.
  for (const { name } of models) if (!polls.has(name)) reports.model(name, { ready: true });

  /** Pulls a model, or all of them: parents first. */
  async function ask(name: string | undefined): Promise<boolean> {
    if (name !== undefined) return polls.get(name)?.ask() ?? false;
    const asked = new Map<string, Promise<boolean>>();
    for (const [model, poll] of polls) {
      const parent = asked.get(poll.parent ?? "") ?? Promise.resolve(true);
      asked.set(
        model,
        parent.then(() => poll.ask()),
      );
    }
    const answers = await Promise.all(asked.values());
    return answers.length > 0 && answers.every((isWell) => isWell);
  }

  const stop = pulls.serve(ask);
  await Promise.all([...polls.values()].map((poll) => poll.run(signal)));
  stop();
}

/** Sorts models: parents before those that are below them or refer to them, but higher priorities first. */
function inOrder(all: readonly Listed[]): Listed[] {
  const ordered: Listed[] = [];
  const priority = ({ model }: Listed) => model.priority ?? 0;
  const begun = new Set<string>();
  function add(listed: Listed): void {
    if (begun.has(listed.model.name)) return;
    begun.add(listed.model.name);
    const { model, parent } = listed;
    const references = Object.values(model.references);
    for (const other of all) {
      const { name } = other.model;
      const isBefore = references.includes(name) && priority(other) >= priority(listed);
      if (name === parent?.model.name || isBefore) add(other);
    }
    ordered.push(listed);
  }
  for (const listed of [...all].sort((one, other) => priority(other) - priority(one))) add(listed);
  return ordered;
}

/** Reads the lists of one model when it is time. */
interface Poll {
  readonly parent: string | undefined;
  run(signal: AbortSignal): Promise<void>;
  /** Asks for a pull at once. Says whether it has gone well. */
  ask(): Promise<boolean>;
  /** When the first pull has ended, however it has. */
  readonly tried: Promise<void>;
}

function createPoll(context: Context, listed: Listed, gate: Gate, parent: Poll | undefined): Poll {
  const { settings, presence, onLog } = context;
  const { model } = listed;
  const puller = createPuller(context, listed);
  let asks: ((isWell: boolean) => void)[] = [];
  const askers = new Set<() => void>();
  const onAsk: Source = (wake) => {
    if (asks.length > 0) wake();
    askers.add(wake);
    return () => askers.delete(wake);
  };
  let [begun, lasted, dueAt] = [Number.NEGATIVE_INFINITY, 0, 0];
  /** `poll` is multiplied by this: another random number after each pull. */
  let spread = 1;
  /** Whether to pull even if no page is visible. */
  let isUrgent = true;
  let definition = "";
  let isOver = false;
  let noteTried = () => {};
  const tried = new Promise<void>((resolve) => {
    noteTried = resolve;
  });

  function dueBy(time: number): void {
    dueAt = Math.min(dueAt, time);
    isUrgent = true;
  }

  /** When the next pull is due: `poll` after the last one began. */
  function next(): number {
    return Math.max(begun + settings.current().poll * 1_000 * spread, begun + lasted * SHARE);
  }

  /** The earliest time at which pulls don't take more than their part of the time. */
  function soon(): number {
    return Math.max(Date.now(), begun + lasted * SHARE);
  }

  function answer(taken: readonly ((isWell: boolean) => void)[], isWell: boolean): void {
    for (const resolve of taken) resolve(isWell);
  }

  /** Returns when it is time, and says for what. */
  async function due(signal: AbortSignal, changes: Bell): Promise<"all" | "new"> {
    const returns = bell(presence.onReturn);
    const online = bell(onOnline);
    const commits = bell(onLog);
    // Parents may have come during the last pull.
    let isLookedAt = false;
    try {
      while (!signal.aborted) {
        if (asks.length > 0 || online.hasRung()) return "all";
        if (changes.hasRung() && puller.definition() !== definition) return "all";
        if (changes.hasRung()) dueAt = Math.min(dueAt, next());
        changes.silence();
        if (returns.hasRung() && Date.now() - begun > (settings.current().poll * 1_000) / SHARE) dueBy(soon());
        returns.silence();
        if (Date.now() >= dueAt && (isUrgent || (await presence.isSeen()))) return "all";
        if (listed.parent !== undefined && (commits.hasRung() || !isLookedAt)) {
          commits.silence();
          isLookedAt = true;
          if (await puller.hasOtherParents().catch(() => false)) return "new";
          await wait(PARENTS_MS, signal, onAsk);
        }
        // A page that nobody looks at is asked again after a while.
        if (Date.now() >= dueAt) dueAt = Date.now() + settings.current().poll * 1_000;
        const news = listed.parent === undefined ? [] : [commits.source];
        await wait(dueAt - Date.now(), signal, onAsk, returns.source, online.source, changes.source, ...news);
      }
      return "all";
    } finally {
      for (const each of [returns, online, commits]) each.close();
    }
  }

  /** `changes`: of the settings, since the last one began. */
  async function attempt(signal: AbortSignal, changes: Bell, onWell: () => void, isFirst: boolean): Promise<End> {
    if (isFirst) await parent?.tried;
    const part = await due(signal, changes);
    const leave = await gate.enter();
    const taken = part === "all" ? asks : [];
    if (part === "all") asks = [];
    try {
      if (signal.aborted) throw new Error("This tab doesn't lead any more.");
      const start = Date.now();
      if (part === "all") {
        changes.silence();
        definition = puller.definition();
      }
      const isAgain = await puller.pull(part, signal);
      onWell();
      if (part === "all") {
        [begun, lasted] = [start, Date.now() - start];
        spread = 1 - JITTER + 2 * JITTER * Math.random();
        dueAt = next();
        isUrgent = false;
      }
      if (isAgain) dueBy(soon());
      answer(taken, true);
      return { kind: "stopped" };
    } catch (error) {
      answer(taken, false);
      // `keepTrying` decides how long to wait.
      [dueAt, isUrgent] = [0, true];
      throw error;
    } finally {
      leave();
      noteTried();
    }
  }

  return {
    parent: listed.parent?.model.name,
    tried,
    async run(signal) {
      const changes = bell(settings.onChange);
      let isFirst = true;
      await keepTrying(context, [model], signal, {
        attempt: (onWell) => {
          const result = attempt(signal, changes, onWell, isFirst);
          isFirst = false;
          return result;
        },
        url: () => urlOf(settings, listed.list.path),
        wake: onAsk,
      });
      changes.close();
      isOver = true;
      answer(asks, false);
    },
    ask() {
      if (isOver) return Promise.resolve(false);
      return new Promise((resolve) => {
        asks.push(resolve);
        for (const wake of askers) wake();
      });
    },
  };
}

/**
 * Lets a number of callers in at the same time, and the others later, in the order in which they came. When polling
 * stops, each of those who wait comes in and leaves at once, so nobody has to be taken out of the queue.
 */
interface Gate {
  enter(): Promise<() => void>;
}

function createGate(places: number): Gate {
  let free = places;
  const waiting: (() => void)[] = [];
  return {
    async enter() {
      if (free > 0) free -= 1;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      let isIn = true;
      return () => {
        if (!isIn) return;
        isIn = false;
        const next = waiting.shift();
        if (next === undefined) free += 1;
        else next();
      };
    },
  };
}
