/** What is measured. Each run has its preparation, which isn't. */
export interface Work {
  readonly prepare?: () => unknown;
  readonly run: () => Promise<unknown>;
}

/**
 * The median of what each work takes, in milliseconds. They take turns, so that whatever else the machine does meets all of them alike.
 * A server runs for days, so the first tenth warms up and isn't counted.
 */
export async function medians<T extends readonly Work[]>(runs: number, works: T): Promise<{ [K in keyof T]: number }> {
  const warmUp = Math.max(1, Math.ceil(runs / 10));
  const times: number[][] = works.map(() => []);
  for (let round = 0; round < runs + warmUp; round += 1) {
    for (const [index, { prepare, run }] of works.entries()) {
      await prepare?.();
      const start = performance.now();
      await run();
      if (round >= warmUp) times[index]?.push(performance.now() - start);
    }
  }
  const middle = (all: number[]) => all.sort((one, other) => one - other)[Math.floor(all.length / 2)] ?? 0;
  return times.map(middle) as { [K in keyof T]: number };
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  console.log([line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n") + "\n");
}

export function ms(time: number): string {
  return `${time < 10 ? time.toFixed(2) : Math.round(time)} ms`;
}
