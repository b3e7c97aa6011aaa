// The hooks in components of a framework, in a page: what they show, when they render, and that they end with the page.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import type { Page } from "playwright-core";
import { build, defaultClientConditions, type Plugin } from "vite";
import { until } from "../client/support/until.js";
import { Browser } from "./browser.js";
import { CrmSite } from "./crm-site.js";
import { Site } from "./site.js";

const framework = process.env["FRAMEWORK"] ?? "react";
const root = resolve("components", framework);

/** What the page has for the test. */
declare global {
  interface Window {
    readonly page: {
      readonly counts: Readonly<Record<string, number>>;
      readonly shownId: string;
      readonly store: {
        readonly contacts: {
          add(row: { id?: string; first_name: string; last_name: string }): string;
          update(id: string, change: (draft: { first_name: string; email: string | null }) => void): void;
          delete(id: string): boolean;
        };
        readonly notes: { add(row: { contact_id: string; text: string }): string; ready(): Promise<void> };
      };
      mount(): void;
      unmount(): void;
      flushed(): Promise<void>;
    };
    /** The same in the page with a conflict. */
    readonly conflict: {
      has(deal: string): boolean;
      write(deal: string, stage: string): Promise<void>;
      tryAtOnce(): void;
    };
  }
}

/** Components of Svelte, by the compiler that the application would have. */
function svelte(): Plugin {
  type Compile = (text: string, options: { filename: string; generate: "client" }) => { js: { code: string } };
  const { compile, compileModule } = createRequire(join(root, "src/main.ts"))("svelte/compiler") as {
    compile: Compile;
    compileModule: Compile;
  };
  return {
    name: "svelte",
    transform(text, id) {
      const compiler = id.endsWith(".svelte") ? compile : id.endsWith(".svelte.js") ? compileModule : undefined;
      return compiler?.(text, { filename: id, generate: "client" }).js.code;
    },
  };
}

let browser: Browser;
let site: Site;
let page: Page;
const complaints: string[] = [];

before(async () => {
  await build({
    root,
    logLevel: "error",
    worker: { format: "es" },
    build: {
      target: "es2022",
      rollupOptions: { input: ["index.html", "conflict.html"].map((name) => join(root, name)) },
    },
    ...(framework === "svelte" && {
      plugins: [svelte()],
      resolve: { conditions: ["svelte", ...defaultClientConditions] },
    }),
  });
  site = await Site.start(join(root, "dist"), "http://127.0.0.1:1");
  browser = await Browser.start();
  page = await open(site.url);
});

after(async () => {
  await browser?.close();
  await site?.close();
});

async function open(url: string): Promise<Page> {
  const opened = await browser.tabs.newPage();
  opened.setDefaultTimeout(240_000);
  opened.on("pageerror", (error) => complaints.push(String(error)));
  opened.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  await opened.goto(url);
  await opened
    .waitForFunction(() => "page" in window)
    .catch((error: unknown) => {
      throw new Error(`${String(error)}\n${complaints.join("\n")}`);
    });
  return opened;
}

async function shows(id: string, text: string, tab: Page = page): Promise<void> {
  let found: string | null = null;
  await until(
    async () => {
      found = await tab.locator(`#${id}`).textContent();
      return found?.trim() === text;
    },
    () => `#${id} to show ${JSON.stringify(text)}, and not ${JSON.stringify(found)}`,
  );
}

async function counts(): Promise<Record<string, number>> {
  return page.evaluate(() => ({ ...window.page.counts }));
}

/** Runs something in the page; gives which of the counts have risen when all is saved, and shown: these at least. */
async function rises(expected: readonly string[], work: (shownId: string) => void): Promise<string[]> {
  const earlier = await counts();
  await page.evaluate(work, await page.evaluate(() => window.page.shownId));
  await page.evaluate(() => window.page.flushed());
  const risen = async (): Promise<string[]> => {
    const later = await counts();
    return Object.keys(later)
      .filter((name) => later[name] !== earlier[name])
      .sort();
  };
  await until(async () => {
    const names = await risen();
    return expected.every((name) => names.includes(name));
  });
  // Others have a moment as well: the queue is read after a pause, at most.
  await new Promise((done) => setTimeout(done, 500));
  return risen();
}

test("components show what the store and the log have", async () => {
  await page.evaluate(() => window.page.mount());
  await shows("names", "");
  await shows("mail", "no mail");
  await shows("queue", "");
  await page.evaluate(
    (id) => {
      window.page.store.contacts.add({ id, first_name: "Ada", last_name: "Lovelace" });
    },
    await page.evaluate(() => window.page.shownId),
  );
  await shows("names", "Ada");
  await shows("queue", "insert pending");
});

test("only what shows something else renders again", async () => {
  const all = ["Mail", "Queue", "names selected", "queue read"];
  const mail = await rises(all, (id) =>
    window.page.store.contacts.update(id, (draft) => {
      draft.email = "ada@example.org";
    }),
  );
  await shows("mail", "ada@example.org");
  await shows("queue", "insert pending, update pending");
  assert.deepEqual(mail, all);

  // The queue shows two, and another model's rows are in no selection.
  const note = await rises([], (id) => window.page.store.notes.add({ contact_id: id, text: "A note." }));
  assert.deepEqual(
    note.filter((name) => !/selected|read/.test(name)),
    [],
  );

  const name = await rises(["Names"], (id) =>
    window.page.store.contacts.update(id, (draft) => {
      draft.first_name = "Augusta";
    }),
  );
  await shows("names", "Augusta");
  assert.deepEqual(
    name.filter((part) => !/selected|read/.test(part)),
    ["Names"],
  );
});

test("a page that has left the components does no work for them, and may come back", async () => {
  await page.evaluate(() => window.page.unmount());
  assert.equal(await page.locator("#root p").count(), 0);
  const work = await rises([], () => {
    window.page.store.contacts.add({ first_name: "Grace", last_name: "Hopper" });
  });
  assert.deepEqual(work, []);
  await page.evaluate(() => window.page.mount());
  await shows("names", "Augusta Grace");
  await shows("queue", "insert pending, update pending");
  await page.evaluate(() => window.page.unmount());
  assert.deepEqual(complaints, []);
});

test("the queue of a tab has what another one has written", async () => {
  const [one, other] = [await open(`${site.url}?shared`), await open(`${site.url}?shared`)];
  for (const tab of [one, other]) {
    await tab.evaluate(() => window.page.mount());
    await shows("queue", "", tab);
  }
  await one.evaluate(() => {
    window.page.store.contacts.add({ first_name: "Edith", last_name: "Clarke" });
  });
  await shows("queue", "insert pending", other);
  await other.evaluate(() => {
    window.page.store.contacts.add({ first_name: "Joan", last_name: "Clarke" });
  });
  await shows("queue", "insert pending, insert pending", one);
  await one.close();
  await shows("queue", "insert pending, insert pending", other);
  assert.deepEqual(complaints, []);
});

test("a refused group is shown with the server's row, and is sent again or given up as a whole", async () => {
  const crm = await CrmSite.start(join(root, "dist"));
  const deal = "7c1d3f52-8f0b-4b0e-9e57-d9a6a6a5c002";
  await crm.db.exec(`INSERT INTO deals (id, title, stage, team_id) VALUES ('${deal}', 'D', 'new', 1)`);
  const tab = await open(`${crm.url}/conflict.html`);
  await until(() => tab.evaluate((id) => window.conflict.has(id), deal));

  const lists = async (expected: readonly string[]): Promise<void> => {
    let found: readonly string[] = [];
    await until(
      async () => {
        found = await tab.locator("li p").allTextContents();
        return isDeepStrictEqual(found, expected);
      },
      () => `${JSON.stringify(expected)}, and not ${JSON.stringify(found)}`,
    );
  };
  /** Writes a stage while somebody else writes another. */
  const meet = async (mine: string, theirs: string): Promise<void> => {
    crm.isAway = true;
    await tab.evaluate(([id, stage]) => window.conflict.write(id, stage), [deal, mine] as const);
    await crm.db.exec(`UPDATE deals SET stage = '${theirs}'`);
    crm.isAway = false;
    await tab.evaluate(() => window.conflict.tryAtOnce());
    const row = JSON.stringify({ id: deal, title: "D", stage: theirs, team_id: 1 });
    await lists([`tasks: call about ${mine}, with another`, `deals: ${mine}, and there is ${row}`]);
  };
  const press = async (model: string, button: string): Promise<void> => {
    await tab
      .locator("li", { hasText: `${model}: ` })
      .getByText(button)
      .click();
    await lists([]);
  };

  await meet("lost", "won");
  await press("tasks", "Give up");
  assert.deepEqual(await crm.rows("SELECT stage FROM deals"), [{ stage: "won" }]);
  await meet("open", "paid");
  await press("deals", "Send again");
  await until(async () => isDeepStrictEqual(await crm.rows("SELECT stage FROM deals"), [{ stage: "open" }]));
  assert.deepEqual(await crm.rows("SELECT title FROM tasks"), [{ title: "call about open" }]);
  await tab.close();
  await crm.close();
});
