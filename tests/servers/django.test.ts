// Django REST Framework: page numbers with a link to the next page, and its cursor pagination.

import { Python } from "./support/backend.js";
import type { Row } from "./support/client.js";
import { scenarios, type Subject } from "./support/scenarios.js";
import { World } from "./support/world.js";

const world = new World("django", () => Python.start(process.env["SCRIPT"] ?? ""), empty);

/** Follows the links. */
async function all(path: string): Promise<Row[]> {
  const rows: Row[] = [];
  for (let next: string | null = path; next !== null;) {
    const page = (await world.ask("GET", next)) as { results: Row[]; next: string | null };
    rows.push(...page.results);
    ({ next } = page);
  }
  return rows;
}

let customer: Row | undefined;

const customers: Subject = {
  model: "customers",
  path: "/api/customers",
  end: "/",
  key: "id",
  isServerKey: true,
  update: "PATCH",
  text: "name",
  other: { name: "credit", values: ["1.50", "-20.00"] },
  all: () => all("/api/customers/"),
};

const visits: Subject = {
  model: "visits",
  path: "/api/visits",
  end: "/",
  key: "id",
  isServerKey: true,
  update: "PATCH",
  text: "note",
  other: { name: "minutes", values: [5, 90] },
  needs: async () => {
    customer ??= (await world.ask("POST", "/api/customers/", { name: "C" })) as Row;
    return { customer: customer["id"] };
  },
  all: () => all("/api/visits/"),
};

async function empty(): Promise<void> {
  for (const { id } of await visits.all()) await world.ask("DELETE", `/api/visits/${String(id)}/`);
  for (const { id } of await customers.all()) await world.ask("DELETE", `/api/customers/${String(id)}/`);
  customer = undefined;
}

scenarios(world, customers);
scenarios(world, visits);
