// node initial-data.mjs public/database.tar.gz
//
// Writes the data folder of a new, empty PGlite into that file. Databases that begin with it are there in a fraction of
// the time: `initializeDatabase({ initialData: "/database.tar.gz" })`. To be run where the application is built. A file
// that the installed PGlite has made stays as it is.
//
// An application for browsers has no types of Node, so this isn't checked:
// @ts-nocheck

import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { PGlite } from "@electric-sql/pglite";

/** A header of gzip has ten bytes, and then the comment, if the fourth byte says that there is one. */
const HEADER = 10;
const HAS_COMMENT = 0x10;

const [file] = process.argv.slice(2);
if (file === undefined) {
  console.error("Which file? node initial-data.mjs public/database.tar.gz");
  process.exit(1);
}
const comment = `PGlite ${version()}\0`;
if (existsSync(file) && readFileSync(file).subarray(HEADER).toString("latin1").startsWith(comment)) process.exit();

const folder = mkdtempSync(join(tmpdir(), "pglite-"));
try {
  await fill(folder);
  const packed = gzipSync(await tarOf(folder), { level: 9 });
  packed[3] = HAS_COMMENT;
  mkdirSync(dirname(file), { recursive: true });
  // A reader never sees half a file.
  const unfinished = `${file}.${process.pid}`;
  writeFileSync(unfinished, Buffer.concat([packed.subarray(0, HEADER), Buffer.from(comment), packed.subarray(HEADER)]));
  renameSync(unfinished, file);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Of the PGlite that is installed. */
function version() {
  const entry = fileURLToPath(import.meta.resolve("@electric-sql/pglite"));
  return JSON.parse(readFileSync(join(dirname(entry), "../package.json"), "utf8")).version;
}

/** Makes a database that takes little room: PGlite writes each file that has changed as a whole. */
async function fill(folder) {
  const pg = await PGlite.create(folder, {
    // Segments of the write-ahead log: 1 MB instead of 16.
    initDbStartParams: ["--wal-segsize=1"],
    startParams: [...PGlite.defaultStartParams, "-c", "min_wal_size=2MB"],
  });
  // Two thirds of the files are templates for further databases, and PGlite has one.
  await pg.exec("UPDATE pg_database SET datistemplate = false WHERE datname <> 'postgres'");
  for (const template of ["template1", "template0"]) await pg.exec(`DROP DATABASE ${template}`);
  await pg.exec("VACUUM");
  // Frees the log's segments.
  for (const statement of ["CHECKPOINT", "SELECT pg_switch_wal()", "CHECKPOINT"]) await pg.exec(statement);
  await pg.close();
}

/** The folder as PGlite packs it, without opening the database again. */
async function tarOf(folder) {
  const closed = await PGlite.create(folder, { noInitDb: true });
  const tar = await closed.dumpDataDir("none");
  await closed.close();
  return Buffer.from(await tar.arrayBuffer());
}
