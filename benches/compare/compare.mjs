// Runs openapi-typescript, @hey-api/openapi-ts and orval beside ours on the same documents, and prints wall time, CPU time and
// peak memory as multiples of ours, as Markdown; peak memory as multiples of the document as well. The versions are those of
// package.json.
//
//   npm ci --prefix benches/compare && cargo build --release
//   node benches/compare/compare.mjs [--runs 3] DOCUMENT…
//
// Each tool gets a new folder for each run, with a `node_modules` as a front end has one, and writes everything that it writes by
// default. Ours takes all models.

import { spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { basename, extname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

/** A run that takes longer has failed. */
const TIMEOUT = 120_000;

const here = fileURLToPath(new URL(".", import.meta.url));
const target = process.env.CARGO_TARGET_DIR ?? join(here, "..", "..", "target");
const ours = resolve(target, "release", process.platform === "win32" ? "sync-patterns.exe" : "sync-patterns");

const { values, positionals } = parseArgs({
  options: { runs: { type: "string", default: "3" } },
  allowPositionals: true,
});
if (positionals.length === 0) stop("usage: node benches/compare/compare.mjs [--runs 3] DOCUMENT…");
if (!existsSync(ours)) stop(`there is no ${ours}: run \`cargo build --release\``);
if (!existsSync(join(here, "node_modules"))) stop("run `npm ci --prefix benches/compare` first");

const { dependencies } = JSON.parse(readFileSync(join(here, "package.json"), "utf8"));
const tools = [
  {
    name: "sync-patterns",
    command: (document, out) => [ours, "generate", "--all", "-q", "-s", document, "-o", out],
  },
  {
    name: "the same again, with nothing to change",
    again: true,
    command: (document, out) => [ours, "generate", "--all", "-q", "-s", document, "-o", out],
  },
  npm("openapi-typescript", "bin/cli.js", (document, out) => [document, "-o", join(out, "schema.ts")]),
  npm("@hey-api/openapi-ts", "bin/run.js", (document, out) => ["-i", document, "-o", out]),
  npm("orval", "dist/bin/orval.js", (document, out) => ["--input", document, "--output", join(out, "client.ts")]),
];

console.log(`${cpus().length} × ${cpus()[0].model}, Node ${process.versions.node}, the median of ${values.runs} runs\n`);
for (const document of positionals.map((path) => resolve(path))) {
  const megabytes = statSync(document).size / 1e6;
  console.log(`| ${basename(document)}, ${megabytes.toFixed(1)} MB | wall time | CPU time | peak memory |\n|---|---|---|---|`);
  let reference;
  for (const tool of tools) {
    const measured = await median(tool, document);
    if (measured.failure) {
      console.log(`| ${tool.name} | fails: ${measured.failure} | | |`);
      continue;
    }
    reference ??= measured;
    const cell = (key, text) => `${text} (${(measured[key] / reference[key]).toFixed(1)} ×)`;
    const times = (measured.memory / megabytes).toFixed(0);
    const seconds = (key) => cell(key, `${measured[key].toFixed(2)} s`);
    console.log(`| ${tool.name} | ${seconds("wall")} | ${seconds("cpu")} | ${cell("memory", `${Math.round(measured.memory)} MB`)}, ${times} × the document |`);
  }
  console.log();
}

function npm(name, program, options) {
  const script = join(here, "node_modules", name, program);
  return {
    name: `${name} ${dependencies[name]}`,
    command: (document, out) => [process.execPath, script, ...options(document, out)],
  };
}

/** The run in the middle by wall time, or why one failed. */
async function median(tool, document) {
  const runs = [];
  for (let run = 0; run < Number(values.runs); run++) {
    const folder = mkdtempSync(join(tmpdir(), "sync-patterns-compare-"));
    try {
      // A name or a folder must not decide how a tool reads the document.
      const copy = join(folder, `openapi${extname(document)}`);
      copyFileSync(document, copy);
      mkdirSync(join(folder, "node_modules"));
      const out = join(folder, "out");
      if (tool.again) await measure(tool.command(copy, out), folder);
      const measured = await measure(tool.command(copy, out), folder);
      const isEmpty = !existsSync(out) || readdirSync(out).length === 0;
      runs.push(isEmpty && !measured.failure ? { failure: "it writes nothing" } : measured);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
    if (runs.at(-1).failure) return runs.at(-1);
  }
  return runs.sort((one, other) => one.wall - other.wall)[Math.floor(runs.length / 2)];
}

/** Wall and CPU time in seconds, and peak memory in MB, as the system's `time` has them of one process and its children. */
function measure(command, folder) {
  return new Promise((done) => {
    const flag = process.platform === "darwin" ? "-l" : "-v";
    const child = spawn("/usr/bin/time", [flag, ...command], { cwd: folder, stdio: ["ignore", "ignore", "pipe"], timeout: TIMEOUT });
    let said = "";
    child.stderr.on("data", (data) => (said += data));
    child.on("error", (error) => stop(`/usr/bin/time can't be run: ${error.message}`));
    child.on("close", (code) => {
      if (code !== 0) return done({ failure: reason(said, code) });
      const number = (pattern) => Number(pattern.exec(said)?.[1] ?? Number.NaN);
      const [wall, user, system, memory] =
        flag === "-l"
          ? [number(/([\d.]+) real/), number(/([\d.]+) user/), number(/([\d.]+) sys/), number(/(\d+)\s+maximum resident/) / 1e6]
          : [elapsed(said), number(/User time.*: ([\d.]+)/), number(/System time.*: ([\d.]+)/), number(/Maximum resident.*: (\d+)/) / 1e3];
      done({ wall, cpu: user + system, memory });
    });
  });
}

/** GNU's `time` has it in hours, minutes and seconds. */
function elapsed(said) {
  const parts = /Elapsed .*: ([\d:.]+)/.exec(said)?.[1].split(":") ?? ["NaN"];
  return parts.reduce((sum, part) => sum * 60 + Number(part), 0);
}

function reason(said, code) {
  if (code === null) return `it took more than ${TIMEOUT / 1000} s`;
  // Without the colours of a terminal.
  const lines = said.replace(/\u001b\[[\d;]*m/g, "").split("\n");
  const line = lines.find((line) => /error|cannot|can't/i.test(line)) ?? `exit code ${code}`;
  return line.trim().replaceAll("|", "\\|").slice(0, 120);
}

function stop(message) {
  console.error(message);
  process.exit(1);
}
