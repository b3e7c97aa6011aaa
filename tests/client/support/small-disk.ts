import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { appendFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A small disk, on a machine that lets us have one: says so where it doesn't. */
export async function onSmallDisk(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "sync-patterns-disk-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=128m", "tmpfs", folder], { stdio: "pipe" });
  } catch (error) {
    console.error(`\n*** NO FULL DISK WAS TESTED: a small one can't be mounted here: ${String(error)} ***\n`);
    await rm(folder, { recursive: true });
    return;
  }
  try {
    await work(folder);
  } finally {
    execFileSync("umount", ["--lazy", folder]);
    await rm(folder, { recursive: true });
  }
}

/** Leaves no room on the disk of a folder. Gives what makes room again. */
export function fill(folder: string): () => Promise<void> {
  const file = join(folder, "ballast");
  const block = Buffer.alloc(4_096, 1);
  assert.throws(() => {
    for (;;) appendFileSync(file, block);
  }, /ENOSPC/);
  return () => rm(file);
}
