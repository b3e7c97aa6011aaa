import { openDatabase } from "./database.server.js";
import { seed } from "./seed.server.js";
import { userOf } from "./session.server.js";
import { createSyncServer, type Query, type Write } from "./sync/index.js";

const database = await openDatabase();
await seed(database);

export const sync = createSyncServer({
  database,
  // The reviews are everybody's who is signed in: no model has a scope.
  authenticate: (request) => {
    const user = userOf(request);
    return user === null ? null : { id: user, scopes: {} };
  },
  authorize,
});

/** People sign what they write, and nobody changes the words of somebody else. */
async function authorize(write: Write, query: Query): Promise<boolean> {
  const { user, table, operation, key, value } = write;
  if (operation === "insert") return value.author === user.id;
  if (table === "reviews" || (operation === "update" && value.body === undefined)) return true;
  const [comment] = await query("SELECT author FROM comments WHERE id = $1::uuid", [key.id]);
  return comment === undefined || comment["author"] === user.id;
}
