import { getSyncStatus } from "../client/index.js";
import { pull } from "./client.js";
import { PAGE_ROWS, pathOf } from "./pages.js";
import { median, milliseconds, ratio, table, timed } from "./report.js";
import type { Server } from "./server.js";

/** Of so many pulls, one compares all rows with the table. */
const THOROUGH = 10;

/** Pulls rows that are as they were, beside `fetch` and `JSON.parse` of the same answers, in turn. */
export async function unchanged(
  adapter: string,
  server: Server,
  rows: number,
  rounds: number,
  counted: { readonly requests: number },
): Promise<void> {
  const pages = rows / PAGE_ROWS;
  const times = { bare: [] as number[], ordinary: [] as number[], thorough: [] as number[] };
  // The pull after the start was the first one.
  for (let number = 1; number <= rounds * THOROUGH; number += 1) {
    const bare = await timed(async () => {
      for (let page = 0; page < pages; page += 1) {
        const response = await fetch(server.url + pathOf("items", page));
        JSON.parse(await response.text());
      }
    });
    const before = counted.requests;
    const time = await timed(() => pull("items"));
    if (counted.requests - before !== pages) throw new Error(`${counted.requests - before} requests, not ${pages}`);
    // Until then, the engine compiles.
    if (number < THOROUGH) continue;
    times.bare.push(bare);
    times[number % THOROUGH === 0 ? "thorough" : "ordinary"].push(time);
  }
  if (getSyncStatus().models["items"]?.rows !== rows) throw new Error(`not all ${rows} rows are there`);
  const bare = median(times.bare);
  table(
    [adapter, "rows", "`fetch` and `JSON.parse`", "the pull", "pull ÷ bare"],
    (["ordinary", "thorough"] as const).map((kind) => {
      const time = median(times[kind]);
      const name = kind === "ordinary" ? "nothing has changed" : "the same, compared with the table";
      return [name, String(rows), milliseconds(bare), milliseconds(time), ratio(time, bare)];
    }),
  );
}
