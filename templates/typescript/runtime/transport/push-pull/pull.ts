import { keepsDeleted, type Model } from "../../client/model.js";
import { Ended, keepTrying, reportWell, type End } from "../attempts.js";
import { showsEarly } from "../loading.js";
import { writeLeftOut, type Misfit } from "../misfits.js";
import { aborted, type Source } from "../schedule.js";
import type { Context } from "../transport.js";
import { readPullAnswer } from "./answers.js";
import { readPulled, writePulled } from "./clock.js";
import { pruneDeleted } from "./deleted-rows.js";
import { ask, Refused, syncUrl } from "./exchange.js";
import type { Lost } from "./lost.js";
import { findUnfit, readLoaded, takePage, type Copy, type Page, type Pull } from "./page.js";
import { PROTOCOL, type Cursor, type PullAnswer, type PullChange, type PullRequest } from "./protocol.js";
import type { Skew } from "./skew.js";
import type { Turns } from "./turns.js";

/** The most rows of one answer: while a model is filled, and later. */
const FILLED_AT_ONCE = 5_000;
const PULLED_AT_ONCE = 1_000;
/** How often in a row a pull may have to begin anew. */
const RESETS = 3;

/** Pulls the rows of all models of a sync server when somebody asks for it. */
export interface Puller {
  run(signal: AbortSignal): Promise<void>;
  /** Asks for a pull that begins from now on. Says whether it has gone well. */
  ask(): Promise<boolean>;
}

export function createPuller(
  context: Context,
  models: readonly Model[],
  turns: Turns,
  lost: Lost,
  skew: Skew,
): Puller {
  const { store, settings, reports } = context;
  const names = new Set(models.map(({ name }) => name));
  let asks: ((isWell: boolean) => void)[] = [];
  const askers = new Set<() => void>();
  let isOver = false;
  /** What the server had forgotten at the last pull. */
  let forgotten = JSON.stringify({});
  /** Whether the last pull has failed, or none has begun yet. */
  let isDue = true;

  const onAsk: Source = (wake) => {
    askers.add(wake);
    if (asks.length > 0) wake();
    return () => askers.delete(wake);
  };

  async function attempt(signal: AbortSignal, onWell: () => void): Promise<End> {
    if (!isDue && asks.length === 0) await untilAsked(signal);
    if (signal.aborted) return { kind: "stopped" };
    const taken = asks;
    asks = [];
    isDue = true;
    try {
      await pull(signal, onWell);
      isDue = false;
      for (const resolve of taken) resolve(true);
      return { kind: "stopped" };
    } catch (error) {
      for (const resolve of taken) resolve(false);
      if (!(error instanceof Refused)) throw error;
      const { message, status } = error;
      return { kind: "broken", message, status, url: syncUrl(settings, "pull") };
    }
  }

  async function untilAsked(signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const stops = [onAsk(() => end()), aborted(signal)(() => end())];
      function end(): void {
        for (const stop of stops) stop();
        resolve();
      }
      if (signal.aborted) end();
    });
  }

  /** Pulls until the last page. */
  async function pull(signal: AbortSignal, onWell: () => void): Promise<void> {
    let leave = await turns.enter();
    try {
      let { cursor, state } = await begin();
      const isToShow = new Map([...state.filled].map((name) => [name, showsEarly()]));
      for (let resets = 0; ;) {
        const headers = await settings.headers(signal);
        const request = await requestFor(cursor, state);
        const answer = await skew.measure(() => ask(settings, "pull", request, headers, signal, readPullAnswer));
        signal.throwIfAborted();
        if (answer.reset !== undefined) {
          resets += 1;
          if (resets > RESETS) throw broken(`the server asks again and again to begin anew: ${answer.reset}`);
          await forget(answer.reset);
          ({ cursor, state } = await begin());
          continue;
        }
        if (answer.more && JSON.stringify(answer.cursor) === JSON.stringify(cursor)) {
          throw broken("the server says that there is more, and doesn't go on");
        }
        const page = await take(answer, state, isToShow);
        lost.forget(page.reached);
        lost.note(page.lost);
        onWell();
        report(page, !answer.more);
        if (!answer.more) {
          await forgetDeleted(answer.floors ?? {});
          return;
        }
        cursor = answer.cursor;
        // Edits may go out while many rows come in; but not one again whose row may be among them.
        if (state.filled.size > 0 && !(await isUnanswered())) {
          leave();
          leave = await turns.enter();
        }
      }
    } finally {
      leave();
    }
  }

  /** Rows that the tables can't hold are left out alone. `isToShow`: whether a model's rows are shown now, by model. */
  async function take(answer: PullAnswer, state: Pull, isToShow: ReadonlyMap<string, () => boolean>): Promise<Page> {
    // The last page shows all.
    const present = new Set(answer.more ? answer.changes.map(({ table }) => table) : []);
    const shown = new Set([...present].filter((name) => isToShow.get(name)?.() === true));
    const bring = (unfit: ReadonlyMap<PullChange, Misfit>) =>
      store.receive((within) => takePage(within, models, answer, state, { shown, unfit }));
    try {
      return await bring(new Map());
    } catch (error) {
      const unfit = await findUnfit(store, models, answer.changes);
      if (unfit.size === 0) throw error;
      return bring(unfit);
    }
  }

  /** What the server has forgotten so long after its delete, the device forgets as well. */
  async function forgetDeleted(floors: NonNullable<PullAnswer["floors"]>): Promise<void> {
    const text = JSON.stringify(floors);
    if (text === forgotten) return;
    await store.receive(async (within) => {
      for (const model of models) if (keepsDeleted(model)) await pruneDeleted(within, model, floors);
    });
    forgotten = text;
  }

  function broken(message: string): Ended {
    return new Ended({ kind: "broken", message, url: syncUrl(settings, "pull") });
  }

  async function begin(): Promise<{ cursor: Cursor | null; state: Pull }> {
    const taken = (await store.log.acknowledged()).filter(({ model }) => names.has(model));
    const stored = await readPulled(store);
    const filled = new Set<string>();
    let isDropped = false;
    for (const { name } of models) {
      const loaded = await readLoaded(store, name);
      if (loaded?.isComplete !== true) filled.add(name);
      // An upgrade has dropped its rows, and the server would go on after them.
      const hasCome = stored.cursor?.tables === undefined || Object.hasOwn(stored.cursor.tables, name);
      if (loaded === undefined && stored.cursor !== null && hasCome) isDropped = true;
    }
    const cursor = isDropped ? null : stored.cursor;
    const copy = cursor === null ? await copyFor() : undefined;
    if (cursor === null) {
      await store.transaction(async (within) => {
        for (const model of models) {
          await writeLeftOut(within, model, {});
          // Nobody knows whether the user may still see them.
          if (keepsDeleted(model)) await within.deleted.clear(model);
        }
      });
    }
    return { cursor, state: { taken, copy, filled } };
  }

  /** Where there are rows already, what comes is compared with them. */
  async function copyFor(): Promise<Copy | undefined> {
    const areEmpty = await Promise.all(models.map((model) => store.synced.isEmpty(model)));
    return areEmpty.every(Boolean) ? undefined : new Map(models.map(({ name }) => [name, new Set()]));
  }

  async function forget(reset: NonNullable<PullAnswer["reset"]>): Promise<void> {
    const reopened = await store.transaction(async (within) => {
      await writePulled(within, { cursor: null, isLast: false });
      if (reset !== "epoch" && reset !== "ahead") return [];
      // The server may have lost what it had taken.
      const taken = (await within.log.acknowledged()).filter(({ model }) => names.has(model));
      const writeIds = taken.map(({ writeId }) => writeId);
      await within.log.reopen(writeIds);
      return writeIds;
    });
    lost.note(reopened);
  }

  async function isUnanswered(): Promise<boolean> {
    for (const { name } of models) {
      if ((await store.log.sent(name)).some(({ status }) => status === "pending")) return true;
    }
    return false;
  }

  async function requestFor(cursor: Cursor | null, { filled }: Pull): Promise<PullRequest> {
    return {
      protocol: PROTOCOL,
      schema: store.version,
      client_id: await store.meta.clientId(),
      tables: Object.fromEntries(models.map((model) => [model.name, pulledOf(model)])),
      cursor,
      limit: filled.size > 0 ? FILLED_AT_ONCE : PULLED_AT_ONCE,
    };
  }

  function report({ rows, problems }: Page, isLast: boolean): void {
    const lastSync = new Date().toISOString();
    for (const model of models) {
      reportWell(reports, model, problems.get(model.name) ?? null, syncUrl(settings, "pull"));
      const known = reports.current().models[model.name];
      const count = (known?.rows ?? 0) + (known?.ready === true ? 0 : (rows.get(model.name) ?? 0));
      reports.model(model.name, { rows: count, of: null, ...(isLast && { ready: true, lastSync }) });
    }
  }

  return {
    async run(signal) {
      await keepTrying(context, models, signal, {
        attempt: (onWell) => attempt(signal, onWell),
        url: () => syncUrl(settings, "pull"),
        wake: onAsk,
      });
      isOver = true;
      for (const resolve of asks) resolve(false);
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

/** The columns that the server tells. */
function pulledOf({ fields }: Model): string[] {
  return fields.filter(({ metadata }) => metadata !== "synced_at").map(({ name }) => name);
}
