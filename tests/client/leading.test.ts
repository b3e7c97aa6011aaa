// Which tab syncs for all is asked of tabs with code of any version, and told as it is.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { afterEach, test } from "node:test";
import { watchLeader } from "../sqlite/rest/db/tabs/leader.js";
import { openReports, type Leader, type Reports } from "../sqlite/rest/db/tabs/reports.js";
import { createPresence } from "../sqlite/rest/db/transport/schedule.js";
import { until } from "./support/until.js";

let name = "";
let open: { close(): void }[] = [];
afterEach(() => {
  for (const one of open) one.close();
  open = [];
});

/** A tab with the code of today. */
function tab(): Reports {
  const reports = openReports({}, "schema", name, createPresence());
  open.push(reports);
  return reports;
}

const facts = { unreachable: [], waiting: [], signedOut: false, errors: {}, tried: [], models: {} };

/** What a tab that syncs said to the others by its version, and how it failed at what it didn't know. */
const VERSIONS: Readonly<Record<string, (notice: unknown) => unknown>> = {
  "before it was asked who syncs": (notice) => {
    if (notice === "ask") return { facts };
    if (typeof notice === "string" && !["returned", "visible", "visible?"].includes(notice)) {
      throw new TypeError(`Cannot use 'in' operator to search for 'pull' in ${notice}`);
    }
    return undefined;
  },
  "when it was asked by a text": (notice) => {
    if (notice === "ask") return { facts };
    return notice === "leads?" ? "leads" : undefined;
  },
};

/** A tab with the code of a version that syncs. Gives what it has heard, and couldn't take. */
function older(version: string): {
  readonly heard: unknown[];
  readonly failures: unknown[];
  say(notice: unknown): void;
} {
  const channel = new BroadcastChannel(name);
  const heard: unknown[] = [];
  const failures: unknown[] = [];
  channel.onmessage = ({ data }: MessageEvent<unknown>) => {
    heard.push(data);
    try {
      const answer = VERSIONS[version]?.(data);
      if (answer !== undefined) channel.postMessage(answer);
    } catch (error) {
      failures.push(error);
    }
  };
  open.push(channel);
  return { heard, failures, say: (notice) => channel.postMessage(notice) };
}

function start(): void {
  name = randomUUID();
}

for (const version of Object.keys(VERSIONS)) {
  test(`a tab with code from ${version} is no tab that is asleep`, async () => {
    start();
    const { failures } = older(version);
    const reports = tab();
    assert.equal(await reports.leader(), "older");
    assert.deepEqual(failures, []);
  });

  test(`a tab that had synced with code from ${version}, and one that syncs now`, async () => {
    start();
    const { heard, failures } = older(version);
    const [first, second] = [tab(), tab()];
    first.leads(true);
    assert.equal(await second.leader(), "awake");
    // It takes what is said of the sync, too.
    first.error("the API", "503");
    await until(() => heard.some((notice) => JSON.stringify(notice).includes("503")));
    await until(() => second.current().lastError === "503");
    assert.deepEqual(failures, []);
  });
}

test("a tab that asks by a text is answered", async () => {
  start();
  const asking = older("when it was asked by a text");
  const reports = tab();
  asking.say("leads?");
  reports.leads(true);
  await until(() => {
    asking.say("leads?");
    return asking.heard.includes("leads");
  });
});

test("a tab that doesn't sync any more doesn't say that it does", async () => {
  start();
  const [first, second] = [tab(), tab()];
  first.leads(true);
  first.error("the API", "503");
  assert.equal(await second.leader(), "awake");
  first.leads(false);
  // What it has said before may still be on its way.
  await until(async () => (await second.leader()) === "silent");
});

test("what is told where edits wait is what the tab is", async () => {
  let which: Leader = "older";
  const told: (string | null)[] = [];
  let isWaiting = true;
  const stop = watchLeader(
    () => isWaiting,
    () => Promise.resolve(which),
    (message) => told.push(message),
  );
  try {
    await until(() => told.at(-1)?.includes("open since before an update") === true);
    which = "silent";
    await until(() => told.at(-1)?.includes("put it to sleep") === true);
    which = "awake";
    await until(() => told.at(-1) === null);
    which = "silent";
    await until(() => told.at(-1) !== null);
    isWaiting = false;
    await until(() => told.at(-1) === null);
  } finally {
    stop();
  }
});
