import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Locator, Page } from "playwright-core";

/** How long to wait for what should be so: a busy machine is slow. */
const PATIENCE_MS = 240_000;

/** A tab with the page, as its user sees it. */
export class Tab {
  /** What no page should say. */
  readonly complaints: string[] = [];
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
    page.setDefaultTimeout(PATIENCE_MS);
    page.on("pageerror", (error) => this.complaints.push(error.stack ?? error.message));
    page.on("console", (message) => {
      const isExpected = message.text().startsWith("Failed to load resource");
      if (message.type() === "error" && !isExpected) this.complaints.push(message.text());
    });
  }

  async open(url: string): Promise<void> {
    await this.page.goto(url);
    await this.page.getByRole("status").waitFor();
  }

  get name(): Locator {
    return this.page.getByLabel("Name", { exact: true });
  }

  contact(name: string): Locator {
    return this.page.getByRole("listitem", { name, exact: true });
  }

  /** Below the name, in the list. */
  mail(name: string): Locator {
    return this.contact(name).locator(".mail");
  }

  alert(text: string): Locator {
    return this.page.getByRole("alert").filter({ hasText: text });
  }

  button(name: string): Locator {
    return this.page.getByRole("button", { name, exact: true });
  }

  async add(name: string): Promise<void> {
    await this.name.fill(name);
    await this.button("Add").click();
    // Then the page has taken it. A click is nobody's where the button moves between its two halves.
    await this.page.waitForFunction(
      (field) => field instanceof HTMLInputElement && field.value === "",
      await this.name.elementHandle(),
    );
  }

  async select(name: string): Promise<void> {
    await this.button(name).click();
    await this.page.getByRole("heading", { name, exact: true }).waitFor();
  }

  async setMail(name: string, mail: string): Promise<void> {
    await this.select(name);
    const field = this.page.getByLabel("Mail", { exact: true });
    await field.fill(mail);
    await field.blur();
  }

  async says(status: string): Promise<void> {
    await this.page.getByRole("status").filter({ hasText: status }).waitFor();
  }

  async shows(name: string, saved?: "saved" | "unsaved"): Promise<void> {
    await this.contact(name).waitFor();
    const mark = this.contact(name).getByText("not saved yet");
    if (saved !== undefined) await mark.waitFor({ state: saved === "saved" ? "detached" : "visible" });
  }

  async isWithout(name: string): Promise<void> {
    await this.contact(name).waitFor({ state: "detached" });
  }

  async showsMail(name: string, mail: string): Promise<void> {
    await this.mail(name)
      .and(this.page.getByText(mail === "" ? "no mail" : mail, { exact: true }))
      .waitFor();
  }

  async screenshot(name: string): Promise<void> {
    const folder = join("screenshots", process.env["ADAPTER"] ?? "");
    await mkdir(folder, { recursive: true });
    await this.page.screenshot({ path: join(folder, `${name.replaceAll(/\W+/g, "-")}.png`) });
  }
}
