// What each framework's page with a conflict has in common: the words for a refused change, and what the test calls.

import type { RejectedChange } from "./pushed/index.js";

type Client = typeof import("./pushed/index.js");

/** What the device wanted, and what the server has. */
export function bothSides({ model, values, serverRow, rejectedWith }: RejectedChange): string {
  const wanted = values["stage"] ?? values["title"];
  const found = serverRow === null ? "" : `, and there is ${JSON.stringify(serverRow)}`;
  return `${model}: ${String(wanted)}${found}${rejectedWith === null ? "" : ", with another"}`;
}

/** Opens the client, and shows the components in `#root`. */
export async function serve(client: Client, mount: (root: Element) => void): Promise<void> {
  const { configureSync, dealsCollection, initializeDatabase, tasksCollection, writeTogether } = client;
  configureSync({ syncUrl: "/api/sync", user: "ada", headers: {} });
  await initializeDatabase({ directory: "memory://" });
  await Promise.all([dealsCollection.preload(), tasksCollection.preload()]);
  mount(document.querySelector("#root") as Element);
  const conflict = {
    has: (deal: string) => dealsCollection.has(deal),
    /** A task and the deal's stage, together. */
    async write(deal: string, stage: string): Promise<void> {
      const written = writeTogether(() => {
        tasksCollection.insert({ id: crypto.randomUUID(), title: `call about ${stage}`, team_id: 1 });
        dealsCollection.update(deal, (draft) => {
          draft.stage = stage;
        });
      });
      await written.isPersisted.promise;
    },
    /** Nobody waits for the next try. */
    tryAtOnce: () => configureSync({}),
  };
  Object.assign(window, { page: null, conflict });
}
