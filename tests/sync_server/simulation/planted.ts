//! Copies of the server and of the model client with a bug in them, to see that the simulation finds it.

import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import type { run } from "./schedule.js";

/** A text of a file, and what stands there instead. */
interface Edit {
  readonly files: readonly string[];
  readonly from: string;
  readonly to: string;
}

export interface Bug {
  readonly name: string;
  /** Whether it shows only where two transactions run at one time. */
  readonly needsConcurrency: boolean;
  /** A schedule that shows it: others would take longer. */
  readonly first: number;
  readonly edits: readonly Edit[];
}

const server = (file: string) => [`server/sync/${file}`, `server/older/${file}`];

/** What puts the commits of a scope in order. */
const LOCK = "PERFORM FROM sync_scope AS s WHERE s.scope = ANY (_scopes) ORDER BY s.scope FOR NO KEY UPDATE;";

/** Lets each statement give its rows their versions, as those of a push do, and not the COMMIT. */
const AT_ONCE: Edit = {
  files: server("schema-sql.js"),
  from: "SELECT coalesce(current_setting('sync.request', TRUE), '') = 'on';",
  to: "SELECT TRUE;",
};

export const BUGS: readonly Bug[] = [
  {
    name: "a sequence for the version",
    needsConcurrency: true,
    first: 19,
    edits: [
      AT_ONCE,
      {
        files: server("schema-sql.js"),
        from: "CREATE TABLE IF NOT EXISTS sync_meta (",
        to: "CREATE SEQUENCE IF NOT EXISTS sync_versions;\nCREATE TABLE IF NOT EXISTS sync_meta (",
      },
      {
        files: server("schema-sql.js"),
        from: LOCK,
        to: "",
      },
      {
        files: server("schema-sql.js"),
        from: `UPDATE sync_scope AS s
SET version = s.version + c.rows
FROM (SELECT t.scope, count(*) AS rows FROM touched AS t GROUP BY t.scope) AS c
WHERE s.scope = c.scope
RETURNING s.scope, s.version - c.rows AS start`,
        to: `SELECT c.scope, setval('sync_versions', nextval('sync_versions') + c.rows) - c.rows AS start
FROM (SELECT t.scope, count(*) AS rows FROM touched AS t GROUP BY t.scope) AS c`,
      },
      {
        files: server("schema-sql.js"),
        from: "'version', s.version::TEXT,",
        to: "'version', (SELECT coalesce(max(r.version), 0) FROM sync_row AS r WHERE r.scope = s.scope)::TEXT,",
      },
    ],
  },
  {
    name: "a version that is read after the commit of what it stands for",
    needsConcurrency: true,
    first: 0,
    edits: [
      {
        files: server("pull.js"),
        from: "const found = headsOf(page.heads);",
        to: `const found = headsOf((await ask(server, user, "sync_heads(ARRAY(SELECT jsonb_array_elements_text($4::text::jsonb)))", [
          JSON.stringify(scopesOf(user)),
        ])).answer);`,
      },
    ],
  },
  {
    name: "a missing lock",
    needsConcurrency: true,
    first: 197,
    edits: [AT_ONCE, { files: server("schema-sql.js"), from: LOCK, to: "" }],
  },
  {
    name: "a missing tombstone",
    needsConcurrency: false,
    first: 0,
    edits: [
      {
        files: server("schema-sql.js"),
        from: "FROM _old_rows AS _o\nWHERE NOT EXISTS (",
        to: "FROM _old_rows AS _o\nWHERE FALSE AND NOT EXISTS (",
      },
    ],
  },
  {
    name: "answers that are pruned by age",
    needsConcurrency: false,
    first: 12,
    edits: [
      {
        files: server("schema-sql.js"),
        from: "AND w.answered_at < now() - INTERVAL '1 day'",
        to: "AND w.at < now() - INTERVAL '30 days'",
      },
    ],
  },
  {
    name: "a poke that leaves a scope out",
    needsConcurrency: false,
    first: 0,
    edits: [
      {
        files: server("poke.js"),
        from: "filter(([scope]) => !isSame(scope))",
        to: 'filter(([scope]) => !isSame(scope) && scope !== "team:1")',
      },
    ],
  },
  {
    name: "settlement by a page's cursor",
    needsConcurrency: false,
    first: 34,
    edits: [
      {
        files: ["tests/simulation/device.js"],
        from: "            if (page.more)\n                return;",
        to: "            if (page.more) {\n                settled = settle(disk, answers);\n                return;\n            }",
      },
    ],
  },
];

/** The simulation with a bug in it. */
export async function plant({ name, edits }: Bug): Promise<typeof run> {
  const home = fileURLToPath(new URL("../..", import.meta.url));
  const copy = `${home}planted/${name.replaceAll(/\W+/g, "-")}/`;
  for (const folder of ["server", "tests/simulation", "tests/support"]) {
    await mkdir(copy + folder, { recursive: true });
    await cp(home + folder, copy + folder, { recursive: true });
  }
  for (const { files, from, to } of edits) {
    for (const file of files) {
      const text = await readFile(copy + file, "utf8");
      if (!text.includes(from)) throw new Error(`${file} has no longer what the bug stands for: ${from}`);
      await writeFile(
        copy + file,
        text.replaceAll(from, () => to),
      );
    }
  }
  return ((await import(`${copy}tests/simulation/schedule.js`)) as { run: typeof run }).run;
}
