import { openDatabase } from "./database.server.js";
import { seed } from "./seed.server.js";
import { drizzleDatabase } from "./sync/drizzle.js";
import type { Query, Write } from "./sync/index.js";
import { createSyncRoutes } from "./sync/sveltekit.js";

// The first request opens it: a build loads this file as well.
export const sync = createSyncRoutes(async () => {
  const { db, close } = await openDatabase();
  await seed(db);
  // adapter-node tells when the last request has been answered.
  process.once("sveltekit:shutdown", () => void sync.close().then(close));
  return {
    database: drizzleDatabase(db),
    // The notes are everybody's who is signed in: the model has no scope.
    authenticate: ({ locals }) => (locals.user === null ? null : { id: locals.user, scopes: {} }),
    authorize,
  };
});

/** People sign what they write; who brings a note back doesn't change whose it is. */
async function authorize({ operation, key, value, user }: Write, query: Query): Promise<boolean> {
  if (operation !== "insert") return true;
  const [note] = await query("SELECT author FROM notes WHERE id = $1::uuid", [key.id]);
  return value.author === (note?.["author"] ?? user.id);
}
