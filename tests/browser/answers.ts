import assert from "node:assert/strict";
import { until } from "../client/support/until.js";
import { gate, type Test } from "./world.js";

export function answers(test: Test): void {
  test("a confirmed note waits for the server, and shows its refusal", async (world) => {
    const contact = await world.addElsewhere("Ada");
    const tab = await world.open();
    await tab.select("Ada");
    const notes = tab.page.getByRole("region", { name: "Notes" });
    const note = tab.page.getByLabel("Note", { exact: true });

    const answer = gate();
    const slow = world.server.faults.add({ on: "POST /notes", at: "arrived", what: () => answer.passed });
    await note.fill("Likes tea");
    await tab.button("Save").click();
    await until(
      () => slow.met() === 1,
      () => "the request",
    );
    await tab.button("Saving …").waitFor();
    await tab.screenshot("note 1 waits");
    answer.open();
    await tab.button("Save").waitFor();
    await notes.getByRole("listitem").filter({ hasText: "Likes tea" }).waitFor();
    await until(async () => (await note.inputValue()) === "");
    await tab.screenshot("note 2 saved");

    await note.fill(`Much longer than what the server takes as a note ${"and more ".repeat(12)}`);
    await tab.button("Save").click();
    // Until it is taken back, the bar shows it as well.
    await notes.getByRole("alert").filter({ hasText: "text has 140 characters at most" }).waitFor();
    await notes.getByRole("listitem").filter({ hasText: "Much longer" }).waitFor({ state: "detached" });
    assert.match(await note.inputValue(), /^Much longer/);
    await tab.screenshot("note 3 refused");
    await tab.says("everything is saved");
    const { rows } = await world.server.db.query("SELECT contact_id, text FROM notes");
    assert.deepEqual(rows, [{ contact_id: contact, text: "Likes tea" }]);
  });

  test("a refused delete comes back, and can be discarded or tried again", async (world) => {
    const contact = await world.addElsewhere("Ada");
    await world.elsewhere("POST", "/notes", { contact_id: contact, text: "Stays" });
    const tab = await world.open();
    const refusal = tab.alert("This contact has notes");

    await tab.select("Ada");
    await tab.button("Delete Ada").click();
    await refusal.waitFor();
    await tab.shows("Ada");
    await tab.screenshot("delete 1 refused");
    await tab.button("Discard").click();
    await refusal.waitFor({ state: "detached" });
    await tab.shows("Ada", "saved");
    assert.deepEqual(await world.names(), ["Ada"]);

    await tab.button("Delete Ada").click();
    await refusal.waitFor();
    await world.server.db.exec("DELETE FROM notes");
    await tab.button("Try again").click();
    await tab.isWithout("Ada");
    await refusal.waitFor({ state: "detached" });
    await until(
      async () => (await world.names()).length === 0,
      () => "the contact gone on the server",
    );
    await tab.says("Online · everything is saved");
    await tab.screenshot("delete 2 tried again");
  });

  test("a mail that is cleared is null on the server", async (world) => {
    await world.addElsewhere("Ada");
    const tab = await world.open();
    await tab.setMail("Ada", "ada@example.com");
    await until(
      async () => (await world.contacts())[0]?.email === "ada@example.com",
      () => "the mail on the server",
    );
    await tab.shows("Ada", "saved");
    await tab.setMail("Ada", "");
    await until(
      async () => (await world.contacts())[0]?.email === null,
      () => "no mail on the server",
    );
    await tab.shows("Ada", "saved");
    await tab.showsMail("Ada", "");
    await tab.page.reload();
    await tab.showsMail("Ada", "");
    await tab.screenshot("mail cleared");
  });

  test("a mail that the server refuses is taken back, with the reason", async (world) => {
    await world.addElsewhere("Ada");
    const tab = await world.open();
    await tab.setMail("Ada", "nonsense");
    await tab.alert("email has to be a mail address").waitFor();
    await tab.says("Online · 1 change refused");
    await tab.showsMail("Ada", "");
    await tab.screenshot("mail refused");
    await tab.button("Discard").click();
    await tab.says("Online · everything is saved");
    await tab.shows("Ada", "saved");
  });
}
