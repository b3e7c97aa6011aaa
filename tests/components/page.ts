// What each page of a framework has in common: what the test asks of it, and what it counts.

import type { store as Store } from "./generated/index.js";

type Client = typeof import("./generated/index.js");

/** How often each component has rendered; of selectors, how often they have run. */
export const counts: Record<string, number> = {};

export function count(name: string): void {
  counts[name] = (counts[name] ?? 0) + 1;
}

/** Makes a new list each time: the same as before, if the names are. */
export function names(store: typeof Store): string[] {
  count("names selected");
  return [...store.contacts.values()].map(({ first_name }) => first_name).sort();
}

export function mailOf(id: string): (store: typeof Store) => string {
  return (store) => store.contacts.get(id)?.email ?? "no mail";
}

/** The row whose mail the page shows. */
export const shownId = "7c1d3f52-8f0b-4b0e-9e57-d9a6a6a5c001";

/** What the test calls in the page. `mount` shows the components in `#root`, and gives what takes them away. */
export async function serve(client: Client, mount: (root: Element) => () => void): Promise<void> {
  const { initializeDatabase, store, flushed } = client;
  // With this query, tabs have one database.
  const directory = location.search === "?shared" ? "opfs://components" : "memory://";
  const database = await initializeDatabase({ directory, sync: false });
  const { query } = database;
  Object.assign(database, {
    query: (statement: Parameters<typeof query>[0]) => {
      if (/status <> 'acknowledged'\s+ORDER BY id LIMIT/.test(statement.parts.join("?"))) count("queue read");
      return query.call(database, statement);
    },
  });
  await store.contacts.ready();
  let unmount = () => {};
  const page = {
    counts,
    shownId,
    mount: () => {
      unmount = mount(document.querySelector("#root") as Element);
    },
    unmount: () => unmount(),
    store,
    flushed,
  };
  Object.assign(window, { page });
}
