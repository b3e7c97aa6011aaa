import assert from "node:assert/strict";
import type { Page } from "playwright-core";

/** For a page that isn't open yet: what it gives asserts, once the database is there, that this began with the file. */
export function beginsWithFile(page: Page): () => Promise<void> {
  const said: string[] = [];
  page.on("console", (message) => said.push(message.text()));
  const file = page.waitForResponse((answer) => answer.url().endsWith("/database.tar.gz"));
  file.catch(() => {});
  return async () => {
    assert.equal((await file).status(), 200);
    assert.deepEqual(
      said.filter((text) => text.startsWith("The new database is made without")),
      [],
    );
  };
}
