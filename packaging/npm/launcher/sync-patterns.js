#!/usr/bin/env node
// Runs the program, which is in the package for this platform.
"use strict";

const { spawn } = require("node:child_process");
const { constants } = require("node:os");
const { sep } = require("node:path");
const { name, optionalDependencies } = require("./package.json");

const platform = `${process.platform}-${process.arch}`;
const packages = Object.keys(optionalDependencies).filter(
  (dependency) => dependency === `${name}-${platform}` || dependency.startsWith(`${name}-${platform}-`),
);
// An installer that doesn't know of `libc` takes both of Linux's. The one that is linked statically runs with either C library.
packages.sort((a, b) => Number(b.endsWith("-musl")) - Number(a.endsWith("-musl")));

const program = packages.map(resolve).find((path) => path !== undefined);
if (program !== undefined) {
  run(program);
} else if (packages.length > 0) {
  fail(
    `the package with the program for ${platform} isn't installed (${packages.join(" or ")})`,
    "install again on this machine, with optional dependencies; npm may want node_modules and package-lock.json removed before",
  );
} else {
  fail(
    `there is no package with the program for ${platform}`,
    "with Rust on the machine (https://rustup.rs), run `cargo install sync-patterns`",
  );
}

function resolve(dependency) {
  try {
    return require.resolve(`${dependency}/sync-patterns${process.platform === "win32" ? ".exe" : ""}`);
  } catch {
    return undefined;
  }
}

function run(path) {
  const env = { SYNC_PATTERNS_COMMAND: command(), ...process.env };
  const child = spawn(path, process.argv.slice(2), { stdio: "inherit", env });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => {
    fail(
      `${path} doesn't start (${error.code})`,
      "if node_modules comes from another machine, install again on this one",
    );
  });
  child.on("exit", (code, signal) => {
    process.exitCode = signal === null ? code : 128 + constants.signals[signal];
    if (signal === null) return;
    // Whoever waits for us is to see what ended the program.
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

/** What people type to run this: messages name it. */
function command() {
  const manager = (process.env.npm_config_user_agent ?? "").split("/")[0];
  const runners = { npm: "npx", pnpm: "pnpm exec", yarn: "yarn", bun: "bunx" };
  if (Object.hasOwn(runners, manager)) return `${runners[manager]} sync-patterns`;
  // A package of the project, or of a project around it, is on no PATH; one that is installed for all is.
  const home = __dirname.split(`${sep}node_modules${sep}`)[0];
  return process.cwd() === home || process.cwd().startsWith(home + sep) ? "npx sync-patterns" : "sync-patterns";
}

function fail(message, help) {
  console.error(`error: ${message}\n  help: ${help}`);
  process.exitCode = 2;
}
