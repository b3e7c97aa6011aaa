// Rows that a delete only marks: shapes leave them out, so they go and don't come back.

import assert from "node:assert/strict";
import { adapter, type Client as Generated, inMemory } from "./support/generated.js";
import { until } from "./support/until.js";
import { World } from "./support/world.js";

const { createClient } = (await import(`../${adapter}/electric/index.js`)) as Generated;
const { models } = (await import(
  `../${adapter}/electric/schema/index.js`
)) as typeof import("../pglite/electric/schema/index.js");

const world = new World();
const { test } = world;

const OWN = "00000000-0000-4000-8000-000000000001";
const OTHER = "00000000-0000-4000-8000-000000000002";
const BEFORE = "00000000-0000-4000-8000-000000000003";

/** As of a model with a column that says so. */
function markDeletes(shapeParams?: string): ReturnType<Generated["createClient"]> {
  for (const model of models) {
    if (model.name === "projects") Object.assign(model, { where: `"color" = 'gone' IS NOT TRUE` });
  }
  const { url } = world.server;
  return createClient({
    apiBaseUrl: url,
    electricUrl: url,
    headers: { authorization: "Bearer member" },
    ...(shapeParams !== undefined && { shapeParams: () => ({ where: shapeParams }) }),
  });
}

async function showing(client: ReturnType<typeof markDeletes>, names: readonly string[]): Promise<void> {
  const shown = (): string[] => client.collections.projects.toArray.map(({ name }) => name).toSorted();
  await until(
    () => JSON.stringify(shown()) === JSON.stringify(names),
    () => `${JSON.stringify(shown())} to be ${JSON.stringify(names)}: ${JSON.stringify(client.getSyncStatus())}`,
  );
}

test("a row that is only marked as deleted goes, and comes when it isn't any more", async () => {
  const { db } = world.server;
  await db.exec(`
    CREATE FUNCTION mark() RETURNS TRIGGER LANGUAGE plpgsql AS $$
      BEGIN UPDATE projects SET color = 'gone' WHERE id = OLD.id; RETURN NULL; END
    $$;
    CREATE TRIGGER mark BEFORE DELETE ON projects FOR EACH ROW EXECUTE FUNCTION mark();
    INSERT INTO projects (id, name, color)
    VALUES ('${OWN}', 'own', NULL), ('${OTHER}', 'other', 'red'), ('${BEFORE}', 'before', 'gone');
  `);
  const client = markDeletes();
  try {
    await client.initializeDatabase(inMemory());
    await client.collections.projects.preload();
    await showing(client, ["other", "own"]);
    await client.collections.projects.delete(OWN).isPersisted.promise;
    await until(async () => (await client.listChanges()).length === 0);
    await showing(client, ["other"]);
    assert.deepEqual((await db.query("SELECT color FROM projects WHERE name = 'own'")).rows, [{ color: "gone" }]);

    await db.exec(`UPDATE projects SET color = 'gone' WHERE id = '${OTHER}'`);
    await showing(client, []);
    await db.exec(`UPDATE projects SET color = 'blue' WHERE id IN ('${BEFORE}', '${OWN}')`);
    await showing(client, ["before", "own"]);
  } finally {
    await client.closeDatabase();
    await db.exec("DROP TRIGGER mark ON projects; DROP FUNCTION mark");
  }
});

test("what the application asks for holds as well", async () => {
  await world.server.db.exec(`
    INSERT INTO projects (id, name, color)
    VALUES ('${OWN}', 'own', NULL), ('${OTHER}', 'other', 'gone'), ('${BEFORE}', 'before', 'red');
  `);
  const client = markDeletes("name = 'own' OR name = 'other'");
  try {
    await client.initializeDatabase(inMemory());
    await client.collections.projects.preload();
    await showing(client, ["own"]);
  } finally {
    await client.closeDatabase();
  }
});
