/** The median of what `work` takes, in milliseconds. Each run has its preparation, which isn't measured. */
export async function median(runs: number, prepare: () => unknown, work: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run <= runs; run += 1) {
    await prepare();
    const start = performance.now();
    await work();
    // The first one warms up.
    if (run > 0) times.push(performance.now() - start);
  }
  times.sort((one, other) => one - other);
  return times[Math.floor(times.length / 2)] ?? 0;
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  console.log([line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n") + "\n");
}

export function ms(time: number): string {
  return `${time < 10 ? time.toFixed(2) : Math.round(time)} ms`;
}
