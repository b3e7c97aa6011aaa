// What the client adds: files to a repository, bytes to a bundle. What a page loads before it runs stands beside what it
// loads then: the code that syncs, what makes a database, and its worker. Packages are weighed on their own, each as a whole.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build, type Rolldown } from "vite";

const PACKAGES = ["@electric-sql/pglite", "@electric-sql/client", "@tanstack/db", "@tanstack/react-db", "idb"];
const NOT_OURS = [...PACKAGES, /^@electric-sql\//, "@sqlite.org/sqlite-wasm", "react", "react/jsx-runtime"];

interface Size {
  readonly raw: number;
  readonly zipped: number;
}

interface Bundle {
  /** What the page loads before it runs. */
  readonly start: Size;
  /** That, and what it loads to sync: every page does that which isn't offline. */
  readonly syncing: Size;
  readonly all: Size;
}

/** The application `source`, minified, with `external` left out. */
async function bundled(source: string, external: readonly (string | RegExp)[]): Promise<Bundle> {
  const entry = "\0entry.js";
  const plugins = () => [
    {
      name: "entry",
      resolveId: (id: string) => (id === "virtual:entry" ? entry : undefined),
      load: (id: string) => (id === entry ? source : undefined),
    },
  ];
  const options = { external: [...external], input: "virtual:entry", preserveEntrySignatures: "strict" as const };
  const result = (await build({
    configFile: false,
    logLevel: "error",
    plugins: plugins(),
    worker: { format: "es", rolldownOptions: { external: [...external] } },
    build: { write: false, minify: "oxc", target: "es2022", assetsInlineLimit: 0, rolldownOptions: options },
  })) as Rolldown.RolldownOutput;
  const chunks = new Map(result.output.flatMap((file) => (file.type === "chunk" ? [[file.fileName, file] as const] : [])));
  const sizeWith = (isLoaded: (chunk: Rolldown.OutputChunk) => boolean) => {
    const loaded = new Set([...chunks.values()].filter(isLoaded));
    // A set is gone through with what is added meanwhile.
    for (const { imports } of loaded) {
      for (const name of imports) {
        const chunk = chunks.get(name);
        if (chunk !== undefined) loaded.add(chunk);
      }
    }
    return sum([...loaded].map(({ code }) => sizeOf(code)));
  };
  return {
    start: sizeWith(({ isEntry }) => isEntry),
    syncing: sizeWith(({ isEntry, facadeModuleId }) => isEntry || facadeModuleId?.endsWith("/db/sync.ts") === true),
    all: sum(result.output.map((file) => sizeOf(file.type === "chunk" ? file.code : file.source))),
  };
}

function sizeOf(content: string | Uint8Array): Size {
  const bytes = Buffer.from(content);
  return { raw: bytes.length, zipped: gzipSync(bytes, { level: 9 }).length };
}

function sum(sizes: readonly Size[]): Size {
  return {
    raw: sizes.reduce((total, { raw }) => total + raw, 0),
    zipped: sizes.reduce((total, { zipped }) => total + zipped, 0),
  };
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1_000).toFixed(bytes < 100_000 ? 1 : 0)} kB`;
}

const counts = [1, 10, 50];
const lines: string[] = [];
for (const count of counts) {
  const folder = `models-${count}`;
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => /\.\w+$/.test(name));
  const total = sum(files.map((name) => sizeOf(readFileSync(join(folder, name)))));
  const { start, syncing, all } = await bundled(`export * from "/${folder}/index.ts";`, NOT_OURS);
  const cells = [count, files.length, ...[total.raw, start.zipped, syncing.zipped, all.zipped, all.raw].map(kilobytes)];
  lines.push(`| ${cells.join(" | ")} |`);
}
const header =
  "| models | files | in the repository | min + gzip, at the start | with what syncs | with all the rest | all, minified |";
console.log([header, "|---|---|---|---|---|---|---|", ...lines, ""].join("\n"));

// With what an application needs of `idb`; the other databases' own downloads are left out.
const others = NOT_OURS.filter((name) => name !== "idb");
const stores: string[] = [];
for (const adapter of ["pglite", "sqlite", "indexeddb"]) {
  const { start, syncing, all } = await bundled(`export * from "/store-${adapter}/index.ts";`, others);
  stores.push(`| ${[adapter, ...[start.zipped, syncing.zipped, all.zipped].map(kilobytes)].join(" | ")} |`);
}
const ofStores = "| 1 model, transport `rest` | min + gzip, at the start | with what syncs | with all the rest |";
console.log([ofStores, "|---|---|---|---|", ...stores, ""].join("\n"));

console.log(["| package, all of it | minified | min + gzip |", "|---|---|---|"].join("\n"));
for (const name of PACKAGES) {
  const apart = name === "@tanstack/react-db" ? ["@tanstack/db", "react"] : [];
  const { all } = await bundled(`export * from "${name}";`, apart);
  console.log(`| \`${name}\` | ${kilobytes(all.raw)} | ${kilobytes(all.zipped)} |`);
}
