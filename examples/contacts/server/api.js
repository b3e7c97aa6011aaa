import { createHash } from "node:crypto";

import { check, models } from "./models.js";
import { Problem } from "./problem.js";
import { insert, list, read, remove, update } from "./rows.js";

/** @typedef {import("./database.js").Database} Database */
/** @typedef {import("./database.js").Transaction} Transaction */
/** @typedef {{ status: number, body: unknown }} Answer */

/**
 * The API that openapi.yaml describes: a function from a request to its answer.
 * @param {Database} database
 * @returns {(request: Request) => Promise<Response>}
 */
export function createApi(database) {
  return async (request) => {
    const { pathname, searchParams } = new URL(request.url);
    const [, table, id] = /^\/api\/(contacts|notes)(?:\/([^/]+))?$/.exec(pathname) ?? [];
    const model = table === undefined ? undefined : models[table];
    try {
      if (table === undefined || model === undefined) throw new Problem(404, "There is no such path.");
      if (request.method === "GET") {
        return tagged(
          request,
          await (id === undefined ? list(database, table, searchParams) : read(database, table, id)),
        );
      }
      const body = await request.text();
      const { status, body: row } = await database.transaction((transaction) =>
        once(transaction, request, () => write(transaction, request.method, table, model, id, body)),
      );
      return row === null ? new Response(null, { status }) : Response.json(row, { status });
    } catch (error) {
      const { status, message } = error instanceof Problem ? error : refusal(error, model?.conflict);
      return Response.json({ detail: message }, { status });
    }
  };
}

/**
 * @param {Transaction} transaction
 * @param {string} method
 * @param {string} table
 * @param {import("./models.js").Model} model
 * @param {string | undefined} id
 * @param {string} body
 * @returns {Promise<Answer>}
 */
async function write(transaction, method, table, model, id, body) {
  if (method === "POST" && id === undefined) {
    return { status: 201, body: await insert(transaction, table, check(model, body, "create")) };
  }
  if (method === "PATCH" && id !== undefined && model.changeable.length > 0) {
    return { status: 200, body: await update(transaction, table, id, check(model, body, "update")) };
  }
  if (method === "DELETE" && id !== undefined) {
    await remove(transaction, table, id);
    return { status: 204, body: null };
  }
  throw new Problem(405, `${method} can't be done here.`);
}

/**
 * Does the work, or gives its answer again: a client that didn't get the answer sends the request once more, under the
 * same key. The answer is kept in the transaction of the work. A refusal isn't kept, since there is nothing to repeat.
 * @param {Transaction} transaction
 * @param {Request} request
 * @param {() => Promise<Answer>} work
 * @returns {Promise<Answer>}
 */
async function once(transaction, request, work) {
  const key = request.headers.get("Idempotency-Key");
  if (key === null) return work();
  const { rows } = await transaction.query("SELECT status, body FROM answers WHERE key = $1", [key]);
  const [known] = /** @type {Answer[]} */ (rows);
  if (known !== undefined) return known;
  const answer = await work();
  const kept = [key, answer.status, answer.body && JSON.stringify(answer.body)];
  await transaction.query("INSERT INTO answers (key, status, body) VALUES ($1, $2, $3)", kept);
  return answer;
}

/**
 * An answer with a tag of its content: to a client that has it already, only that is said.
 * @param {Request} request
 * @param {unknown} content
 */
function tagged(request, content) {
  const body = JSON.stringify(content);
  const tag = `"${createHash("sha256").update(body).digest("base64url")}"`;
  const headers = { "Content-Type": "application/json", ETag: tag };
  if (request.headers.get("If-None-Match") === tag) return new Response(null, { status: 304, headers });
  return new Response(body, { headers });
}

/**
 * What an error of the database says to the person who has sent the request.
 * @param {unknown} error
 * @param {string | undefined} conflict
 */
function refusal(error, conflict) {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "23503") return { status: 409, message: conflict };
  if (code === "23505") return { status: 409, message: "It is there already." };
  if (code === "22P02") return { status: 404, message: "An id is a UUID." };
  console.error(error);
  return { status: 500, message: "Something is wrong in the server." };
}
