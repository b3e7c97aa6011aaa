import { ConflictRefusal, scopesFor } from "./apply.js";
import { textArray, type Query } from "./database.js";
import type { Refusal } from "./errors.js";
import type { Item } from "./items.js";
import type { ServerModel } from "./model.js";
import type { PushRequest, WriteResult } from "./protocol.js";
import { scopesOf, type User } from "./server.js";
import { headsOf, type Head, type Heads } from "./versions.js";

/** The results, those of applied changes without their places. */
export async function resultsOf(query: Query, user: User, items: readonly Item[]): Promise<WriteResult[]> {
  const own = new Set(scopesOf(user));
  const now = await headsOfKnown(query, items);
  return items.map((item): WriteResult => {
    const { known, step, refusal, outcome } = item;
    const result = { write_id: item.change.write_id, repeated: false };
    if (known !== undefined) return { ...upToDate(known, own, now), repeated: true };
    if (refusal !== undefined) return { ...result, status: "rejected", ...rejection(item, refusal) };
    if (outcome === "pending" || step === undefined) return { ...result, status: "pending" };
    if (outcome === "superseded") return { ...result, status: "superseded" };
    return { ...result, status: "applied", ...(step.hasMadeKey ? { key: step.key } : {}) };
  });
}

/** The scopes of stored answers, as they are now. */
async function headsOfKnown(query: Query, items: readonly Item[]): Promise<Map<string, Head>> {
  const scopes = new Set(items.flatMap(({ known }) => known?.place?.scope ?? []));
  if (scopes.size === 0) return new Map();
  const [row] = await query(`SELECT sync_heads(${textArray("$1")})::text AS heads`, [JSON.stringify([...scopes])]);
  return headsOf(JSON.parse(row?.["heads"] ?? "{}") as Heads);
}

function rejection({ change, refused }: Item, refusal: Refusal): Pick<WriteResult, "error" | "row"> {
  const { status, code, message, column } = refusal;
  const write_id = refused ?? change.write_id;
  const error = { status, code, message, ...(column === undefined ? {} : { column }), write_id };
  const isOwn = refusal instanceof ConflictRefusal && write_id === change.write_id;
  return isOwn ? { error, row: refusal.row } : { error };
}

/** A stored answer, with a place that will still be reached. */
function upToDate(answer: WriteResult, own: ReadonlySet<string>, now: ReadonlyMap<string, Head>): WriteResult {
  const { place, ...rest } = answer;
  const head = place && now.get(place.scope);
  if (place === undefined) return answer;
  if (head === undefined || !own.has(place.scope)) return rest;
  if (head.epoch === place.epoch) return answer;
  return { ...rest, place: { scope: place.scope, epoch: head.epoch, version: String(head.version) } };
}

/** What `sync_answer` gives. */
interface Answered {
  readonly heads: Heads;
  /** Of each answer; null where its row is nowhere that the user sees. */
  readonly places: readonly (readonly [scope: string | null, version: string | null])[];
  readonly stored: number;
}

/**
 * Stores the answers, rejections included: a request that was held up on its way must not apply what the user has given up. Gives
 * them with the places where the rows of applied changes are to be seen.
 */
export async function remember(
  query: Query,
  user: User,
  request: PushRequest,
  items: readonly Item[],
  results: readonly WriteResult[],
): Promise<WriteResult[]> {
  const models = new Set<ServerModel>();
  const answers = results.flatMap((result, index): unknown[][] => {
    const { hash = "", step, outcome } = items[index] ?? {};
    if (result.repeated || result.status === "pending" || hash === "") return [];
    const answer = [result.write_id, hash, result];
    if (step === undefined || outcome !== "applied") return [answer];
    models.add(step.model);
    return [[...answer, step.model.name, step.rowKey]];
  });
  if (answers.length === 0) return [...results];
  const scopes = new Set([...models].flatMap((model) => scopesFor(model, user)));
  const [row] = await query(`SELECT sync_answer($1, $2, $3, ${textArray("$4")}, $5::text::jsonb)::text AS done`, [
    user.id,
    request.client_id,
    request.schema,
    JSON.stringify([...scopes]),
    JSON.stringify(answers),
  ]);
  const done = JSON.parse(row?.["done"] ?? "{}") as Answered;
  // Another device with a copy of the database has sent one of them at this moment: once more, to find it.
  if (done.stored < answers.length) throw Object.assign(new Error("a write has come twice"), { code: "40001" });
  const places = new Map(answers.map(([writeId], index) => [writeId, done.places[index]]));
  return results.map((result) => {
    const [scope, version] = places.get(result.write_id) ?? [];
    const epoch = scope == null ? undefined : done.heads[scope]?.epoch;
    return scope == null || version == null || epoch === undefined
      ? result
      : { ...result, place: { scope, epoch, version } };
  });
}
