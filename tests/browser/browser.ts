import { mkdtemp, readdir, readFile, readlink, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type BrowserContext } from "playwright-core";

const FLAGS = [
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-gpu",
  "--disable-quic",
  "--disable-sync",
  // What the second compiler of WebAssembly takes for a database, no test gets back.
  "--js-flags=--liftoff-only",
  "--no-first-run",
];

/** A Chromium with a profile of its own, which outlives it. */
export class Browser {
  private context: BrowserContext | undefined;
  private process = 0;
  private readonly profile: string;

  /** `folder`: where the profile is made. */
  static async start(folder = tmpdir()): Promise<Browser> {
    const browser = new Browser(await mkdtemp(join(folder, "sync-patterns-browser-")));
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
      viewport: { width: 1040, height: 700 },
    });
    this.process = await owner(this.profile);
  }

  /** Ends it and its helpers at once, without a chance to write anything down. */
  async kill(): Promise<void> {
    const { tabs } = this;
    const gone = new Promise((resolve) => tabs.once("close", resolve));
    // It leads a group of its own.
    process.kill(-this.process, "SIGKILL");
    await gone;
    this.context = undefined;
    await rm(join(this.profile, "SingletonLock"), { force: true });
  }

  async close(): Promise<void> {
    await this.context?.close();
    await rm(this.profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** The process that has a profile. */
async function owner(profile: string): Promise<number> {
  try {
    // Chromium notes there which process it is: host-pid.
    const note = await readlink(join(profile, "SingletonLock"));
    return Number(note.slice(note.lastIndexOf("-") + 1));
  } catch {
    // A build without windows doesn't; there is one for Linux only. Its helpers say what type they are.
    for (const id of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
      const command = await readFile(join("/proc", id, "cmdline"), "utf8").catch(() => "");
      if (command.includes(`--user-data-dir=${profile}`) && !command.includes("--type=")) return Number(id);
    }
    throw new Error(`no process has ${profile}`);
  }
}
