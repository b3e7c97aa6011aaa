import { elementsOf, membersOf, messageOf, textOf, type Members } from "../../client/json.js";
import type { List, Model } from "../../client/model.js";
import { API_ANSWER_MS, POLL_MS } from "../../client/timing.js";
import type { ServerRow } from "../../store/store.js";
import { wait, within } from "../schedule.js";
import type { Context, Reads } from "../transport.js";

const PULLED = "pulled";

/** Rows by the API's own lists. */
export const restReads: Reads = {
  async run(context) {
    const { models, reports, presence, settings, signal } = context;
    while (!signal.aborted) {
      for (const model of models) {
        if (model.list === undefined || (model.list.parents ?? []).length > 0) continue;
        try {
          await pull(context, model, model.list);
          reports.error(model.name, null);
        } catch (error) {
          if (!signal.aborted) reports.error(model.name, messageOf(error));
        }
      }
      await wait(POLL_MS, signal, settings.onChange, presence.onReturn);
    }
  },

  async progress(store, model) {
    const at = (await store.meta.get(PULLED, model.name)) ?? null;
    return { rows: 0, of: null, ready: at !== null, lastSync: at, error: null };
  },
};

/** Reads the whole list, and commits it at once. */
async function pull({ store, settings, reports, signal }: Context, model: Model, list: List): Promise<void> {
  const sent = await store.log.sent(model.name);
  const acknowledged = sent.filter(({ status }) => status === "acknowledged").map(({ writeId }) => writeId);
  const rows = new Map<string, ServerRow>();
  for (let count = -1, offset = 0; count !== 0; offset += count) {
    const found = await page(offset);
    for (const row of found) rows.set(store.synced.keyOf(model, row), row);
    count = list.page.by === "offset" ? found.length : 0;
  }
  const at = new Date().toISOString();
  await store.transaction(async (within) => {
    await within.synced.upsert(model, [...rows.values()]);
    await within.synced.deleteOthers(model, [...rows.values()]);
    await within.log.settle(acknowledged);
    await within.meta.set(PULLED, model.name, at);
  });
  reports.model(model.name, { rows: rows.size, ready: true, lastSync: at });

  async function page(offset: number): Promise<ServerRow[]> {
    const query = new URLSearchParams();
    if (list.page.by === "offset") {
      query.set(list.page.offset, String(offset));
      if (list.page.size !== undefined) query.set(list.page.size.parameter, String(list.page.size.rows));
    }
    const { apiBaseUrl, fetch } = settings.current();
    const url = `${apiBaseUrl.replace(/\/$/, "")}${list.path}${query.size > 0 ? `?${query.toString()}` : ""}`;
    const limit = within(API_ANSWER_MS, signal);
    try {
      const headers = { Accept: "application/json", ...(await settings.headers()) };
      const response = await fetch(url, { headers, cache: "no-store", signal: limit.signal });
      if (!response.ok) throw new Error(`${url} has answered ${String(response.status)}.`);
      return rowsIn(await response.text(), list, url).map((members) => serverRow(model, members));
    } finally {
      limit.done();
    }
  }
}

function rowsIn(answer: string, list: List, url: string): Members[] {
  const inside = (json: string, place: readonly string[]) =>
    place.reduce((text, name) => membersOf(text)?.[name] ?? "null", json);
  const elements = elementsOf(inside(answer, list.rows ?? []));
  if (elements === undefined) throw new Error(`The answer of ${url} has no list where the document has it.`);
  return elements.map((element) => membersOf(inside(element, list.row ?? [])) ?? {});
}

function serverRow(model: Model, members: Members): ServerRow {
  return new Map(
    model.fields.map((field) => {
      const json = members[field.name] ?? "null";
      return [field.name, json === "null" ? null : field.type === "json" ? json : textOf(json)];
    }),
  );
}
