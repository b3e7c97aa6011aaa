//! Hooks know each model by the name of its table: what compiles here, and what must not.

import { Refusal, type Hooks } from "../server/sync/index.js";

export const hooks: Hooks = {
  authorize: (write) => {
    // @ts-expect-error There is no such model.
    if (write.table === "nothing") return false;
    if (write.table === "contacts") {
      const name: string | null | undefined = write.value.first_name;
      // @ts-expect-error Deals have a title, contacts have none.
      return name !== write.value.title;
    }
    const key: string = write.table === "countries" ? write.key.code : write.key.id;
    return key !== "";
  },
  beforeWrite: async (write, query) => {
    if (write.table === "contacts" && write.operation === "insert") {
      const name: string = write.value.first_name;
      // @ts-expect-error An insert may leave it out.
      const email: string = write.value.email;
      // @ts-expect-error Only the server sets it.
      const created: unknown = write.value.created_at;
      if (name === email || created === "") throw new Refusal(422, "invalid", "no", "email");
      await query("SELECT 1::text AS one");
      return { ...write.value, email: null, owner_id: write.user.id };
    }
    if (write.table === "deals" && write.operation === "update") {
      // @ts-expect-error A deal stays in its team.
      if (write.value.team_id === "1") return {};
      return { title: `${write.value.title ?? ""}!` };
    }
    // @ts-expect-error Countries can't be written to.
    if (write.table === "countries") return {};
    // @ts-expect-error Notes can be inserted, updated and deleted, and nothing else.
    if (write.table === "notes" && write.operation === "upsert") return {};
    return write.value;
  },
  afterCommit: (writes) => {
    for (const write of writes) if (write.table === "tasks") console.log(write.value.done, write.key.id);
  },
  resolve: ({ table, row, value, columns }) => {
    // Of the models, only deals reject conflicts.
    const only: "deals" = table;
    const title: string = row.title;
    // @ts-expect-error It may be null.
    const stage: string = row.stage;
    // @ts-expect-error Contacts have it.
    if (columns.includes("first_name")) return null;
    return columns.includes("stage") && only ? { title, stage: value.stage ?? stage } : null;
  },
};

export const wrong: Hooks = {
  // @ts-expect-error No model has such a column.
  beforeWrite: () => ({ colour: "red" }),
  // @ts-expect-error Values are text.
  resolve: () => ({ title: 1 }),
};
