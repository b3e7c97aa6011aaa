import type { Database } from "./sync/index.js";

const CART = `/** What is in the cart, and what it costs. */
export class Cart {
  items = [];

  add(product, quantity = 1) {
    this.items.push({ product, quantity });
  }

  total() {
    let sum = 0;
    for (const { product, quantity } of this.items) {
      sum += product.price * quantity;
    }
    return sum * 1.19;
  }

  remove(product) {
    const index = this.items.findIndex((item) => item.product === product);
    this.items.splice(index, 1);
  }
}
`;

const RETRY = `/** Runs a task again until it succeeds. */
export async function retry(task, { tries = 5, pause = 100 } = {}) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await task();
    } catch (error) {
      if (attempt === tries) throw error;
      await sleep(pause * 2 ** attempt);
    }
  }
}

function sleep(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
`;

const CART_ID = "6b0f6c1e-3c52-4e0e-9a55-0d7c0a5d1a01";
const RETRY_ID = "6b0f6c1e-3c52-4e0e-9a55-0d7c0a5d1a02";

const REVIEWS = [
  [CART_ID, "Prices with tax", "src/cart.js", CART, "grace", "open", "", "2026-11-27 09:12:00+00"],
  [
    RETRY_ID,
    "Try again, ever more slowly",
    "src/retry.js",
    RETRY,
    "ada",
    "approved",
    "Short and clear.",
    "2026-11-26 15:40:00+00",
  ],
];

const COMMENTS = [
  [
    "7c1d2f00-0000-4000-8000-000000000001",
    CART_ID,
    "14",
    "Which country's tax is that? It should come from the address.",
    "ada",
    "2026-11-27 10:02:00+00",
  ],
  [
    "7c1d2f00-0000-4000-8000-000000000002",
    CART_ID,
    "14",
    "Germany's. I'll pass the rate in.",
    "grace",
    "2026-11-27 10:15:00+00",
  ],
  [
    "7c1d2f00-0000-4000-8000-000000000003",
    RETRY_ID,
    "8",
    "With a little chance in it, clients wouldn't all come back at once.",
    "grace",
    "2026-11-26 16:03:00+00",
  ],
];

/** Something to look at, in an empty database. */
export async function seed(database: Database): Promise<void> {
  const [found] = await database.query("SELECT (EXISTS (SELECT FROM reviews))::text AS is_filled");
  if (found?.["is_filled"] === "true") return;
  for (const review of REVIEWS) {
    await database.query(
      `INSERT INTO reviews (id, title, path, code, author, verdict, summary, opened_at)
       VALUES ($1::uuid, $2, $3, $4, $5, $6, $7, $8::timestamptz) ON CONFLICT DO NOTHING`,
      review,
    );
  }
  for (const comment of COMMENTS) {
    await database.query(
      `INSERT INTO comments (id, review_id, line, body, author, is_resolved, written_at)
       VALUES ($1::uuid, $2::uuid, $3::integer, $4, $5, false, $6::timestamptz) ON CONFLICT DO NOTHING`,
      comment,
    );
  }
}
