import { mkdtemp, readlink, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type BrowserContext } from "playwright-core";

const FLAGS = [
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-gpu",
  "--disable-quic",
  "--disable-sync",
  "--no-first-run",
];

/** A Chromium with a profile of its own, which outlives it. */
export class Browser {
  private context: BrowserContext | undefined;
  private readonly profile: string;

  static async start(): Promise<Browser> {
    const browser = new Browser(await mkdtemp(join(tmpdir(), "sync-patterns-browser-")));
    await browser.launch();
    return browser;
  }

  private constructor(profile: string) {
    this.profile = profile;
  }

  get tabs(): BrowserContext {
    if (this.context === undefined) throw new Error("The browser isn't running.");
    return this.context;
  }

  async launch(): Promise<void> {
    this.context = await chromium.launchPersistentContext(this.profile, {
      executablePath: process.env["CHROMIUM"] ?? "chromium",
      args: FLAGS,
      chromiumSandbox: false,
      headless: true,
      viewport: { width: 720, height: 480 },
    });
  }

  /** Ends it without a chance to write anything down. */
  async kill(): Promise<void> {
    const { tabs } = this;
    const gone = new Promise((resolve) => tabs.once("close", resolve));
    // Chromium notes there which process has the profile: host-pid.
    const owner = await readlink(join(this.profile, "SingletonLock"));
    process.kill(Number(owner.slice(owner.lastIndexOf("-") + 1)), "SIGKILL");
    await gone;
    this.context = undefined;
    await rm(join(this.profile, "SingletonLock"), { force: true });
  }

  async close(): Promise<void> {
    await this.context?.close();
    await rm(this.profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
