export function median(times: readonly number[]): number {
  return [...times].sort((one, other) => one - other)[Math.floor(times.length / 2)] ?? Number.NaN;
}

export function milliseconds(time: number): string {
  return `${time < 10 ? time.toFixed(3) : time.toFixed(0)} ms`;
}

export function ratio(time: number, other: number): string {
  return (time / other).toFixed(2);
}

export function table(header: readonly string[], lines: readonly (readonly string[])[]): void {
  const row = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  console.log([row(header), row(header.map(() => "---")).replaceAll(" ", ""), ...lines.map(row), ""].join("\n"));
}

export async function timed(work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
