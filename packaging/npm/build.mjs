// Packs the npm packages: one with the program for each platform, and the launcher that depends on all of them.
//
//   node packaging/npm/build.mjs --binaries FOLDER --out FOLDER [--platforms NAME,NAME] [--repository URL]
//
// --binaries    has a folder for each Rust target, with the program in it
// --out         where the tarballs go
// --platforms   names from platforms.json, where it isn't all
// --repository  where the sources are, if not where Cargo.toml says: npm's provenance compares it
//
// Prints the tarballs in the order in which to publish them.

import { execFileSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const here = dirname(fileURLToPath(import.meta.url));
const repository = join(here, "../..");

function main() {
  const { values: options } = parseArgs({
    options: {
      binaries: { type: "string" },
      out: { type: "string" },
      platforms: { type: "string" },
      repository: { type: "string" },
    },
  });
  if (!options.binaries || !options.out) throw new Error("--binaries FOLDER and --out FOLDER are required");
  const platforms = choose(options.platforms).map((platform) => ({
    ...platform,
    program: join(options.binaries, platform.target, platform.os === "win32" ? "sync-patterns.exe" : "sync-patterns"),
  }));
  const missing = platforms.filter(({ program }) => !existsSync(program));
  if (missing.length > 0) throw new Error(`no such file: ${missing.map(({ program }) => program).join(", ")}`);

  const common = manifest(options.repository);
  mkdirSync(options.out, { recursive: true });
  const tarballs = platforms.map((platform) => packPlatform(platform, common, options.out));
  console.log([...tarballs, packLauncher(platforms, common, options.out)].join("\n"));
}

function choose(names) {
  const platforms = readJson(join(here, "platforms.json"));
  if (names === undefined) return platforms;
  return names.split(",").map((name) => {
    const platform = platforms.find((platform) => platform.name === name);
    if (!platform) throw new Error(`no platform ${name}: there are ${platforms.map(({ name }) => name).join(", ")}`);
    return platform;
  });
}

/** What Cargo.toml says and every package repeats. */
function manifest(url) {
  const arguments_ = [
    "metadata",
    "--no-deps",
    "--format-version",
    "1",
    "--manifest-path",
    join(repository, "Cargo.toml"),
  ];
  const { packages } = JSON.parse(execFileSync("cargo", arguments_, { encoding: "utf8" }));
  const crate = packages.find(({ name }) => name === "sync-patterns");
  const source = url ?? crate.repository;
  return {
    version: crate.version,
    description: crate.description,
    license: crate.license,
    homepage: `${source}#readme`,
    repository: { type: "git", url: `git+${source}.git` },
  };
}

function packPlatform({ name, os, cpu, libc, program }, common, out) {
  return pack("platform", out, (template, folder) => {
    const file = os === "win32" ? "sync-patterns.exe" : "sync-patterns";
    copyFileSync(program, join(folder, file));
    chmodSync(join(folder, file), 0o755);
    const fits = { os: [os], cpu: [cpu], ...(libc && { libc: [libc] }) };
    return { ...template, ...common, name: packageName(template, name), files: [file], ...fits };
  });
}

function packLauncher(platforms, common, out) {
  return pack("launcher", out, (template, folder) => {
    copyFileSync(join(here, "launcher/sync-patterns.js"), join(folder, "sync-patterns.js"));
    // What messages name, and what users copy to write templates of their own.
    for (const name of ["docs", "templates"]) cpSync(join(repository, name), join(folder, name), { recursive: true });
    const dependencies = platforms.map(({ name }) => [packageName(template, name), common.version]);
    return { ...template, ...common, optionalDependencies: Object.fromEntries(dependencies) };
  });
}

function packageName({ name }, platform) {
  return `${name}-${platform}`;
}

/** Packs a folder that `fill` puts the files of a package into, and gives its manifest for. */
function pack(kind, out, fill) {
  const folder = mkdtempSync(join(tmpdir(), "sync-patterns-npm-"));
  try {
    copyFileSync(join(here, kind, "README.md"), join(folder, "README.md"));
    copyFileSync(join(repository, "LICENSE"), join(folder, "LICENSE"));
    const text = JSON.stringify(fill(readJson(join(here, kind, "package.json")), folder), null, 2);
    writeFileSync(join(folder, "package.json"), `${text}\n`);
    const packed = execFileSync("npm", ["pack", "--silent", "--pack-destination", resolve(out)], {
      cwd: folder,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "inherit"],
    });
    return join(out, packed.trim());
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function readJson(path) {
  return JSON.parse(readFileSync(path, "utf8"));
}

try {
  main();
} catch (error) {
  console.error(`build.mjs: ${error.message}`);
  process.exitCode = 1;
}
