import { createColumnMapper, FetchError, type ShapeStreamOptions } from "@electric-sql/client";
import type { CollectionConfig } from "@tanstack/db";
import { electricCollectionOptions, type ElectricCollectionUtils } from "@tanstack/electric-db-collection";

import { jsonMembers, parsed, type Members } from "../client/json.js";
import {
  collectionKeyOf,
  own,
  ownKey,
  rowKey,
  type CollectionKey,
  type Field,
  type Model,
  type Operation,
} from "../client/model.js";
import { BROKEN_RETRY_MS, TXID_MS } from "../client/timing.js";
import { isDefault, jsonOf, refuseUnfit, shownInteger, type Column, type Columns } from "../client/values.js";
import { RejectedError, type ClientBase, type HeadersRecord, type Settings } from "../config.js";
import { explanation, isOutOfBounds, shapeOf } from "../transport/electric/request.js";
import { restWrites } from "../transport/rest/send.js";
import { bell, wait } from "../transport/schedule.js";
import { createInputs, rowSchema, type Inputs, type RowSchema } from "./rows.js";

type Fields = Record<string, unknown>;

interface Mutation {
  readonly type: "insert" | "update" | "delete";
  readonly original: object;
  readonly modified: object;
  readonly changes: object;
}

/**
 * Options of a collection that reads a shape and writes to the API, with nothing kept on the device: a write that
 * doesn't reach the server is undone, and its transaction throws.
 */
export function electricCollection<Input extends object, Shown extends object, Key extends CollectionKey>(
  model: Model,
  { settings, collectionId }: ClientBase,
): CollectionConfig<Shown, Key, RowSchema<Input, Shown>, ElectricCollectionUtils> & {
  schema: RowSchema<Input, Shown>;
  utils: ElectricCollectionUtils;
} {
  const { create, update, delete: remove } = model.operations;
  const inputs = createInputs();
  const saver = createSaver(model, settings, inputs);
  const options = electricCollectionOptions({
    id: collectionId(model.name),
    schema: rowSchema<Fields, Fields>(model, inputs),
    getKey: collectionKeyOf(model),
    shapeOptions: shapeOptions(model, settings),
    ...(create && { onInsert: saver(create) }),
    ...(update && { onUpdate: saver(update) }),
    ...(remove && { onDelete: saver(remove) }),
  });
  // Electric's types ask for rows with an index signature, which an interface doesn't have.
  return options as unknown as ReturnType<typeof electricCollection<Input, Shown, Key>>;
}

/** Never aborts: these collections are not closed. */
const unending = new AbortController().signal;

/** Makes handlers that send each write of a transaction by an operation of the API. */
function createSaver(model: Model, settings: Settings, inputs: Inputs) {
  const { send } = restWrites(settings);

  /** Sends one write. Gives the server's transaction, where the answer tells it. */
  async function write(action: Operation, mutation: Mutation): Promise<string | null> {
    const { type, original, modified, changes } = mutation;
    const written = new Map(Object.entries(type === "insert" ? modified : type === "update" ? changes : {}));
    for (const field of model.fields) refuseUnfit(model, field, written.get(field.name));
    const writeId = crypto.randomUUID();
    const set =
      type === "insert" ? modified : type === "update" ? { ...keyOnly(model, original), ...changes } : original;
    const request = {
      model,
      action,
      operation: type,
      rowKey: rowKey(model, modified),
      writeIds: [writeId],
      writeId,
      attempts: 1,
      members: members(model, set, type === "insert"),
      inputs: type === "insert" ? jsonMembers(inputs.of(model, modified)) : {},
      before: type === "insert" ? {} : members(model, original, false),
    };
    const outcome = await send(request, await settings.headers(unending), unending);
    if (type === "insert") inputs.forget(model, modified);
    if (outcome.kind === "acknowledged") return outcome.txid;
    const isAnswer = outcome.kind === "rejected" || outcome.kind === "refused";
    throw new RejectedError(isAnswer ? outcome.rejection : { status: null, message: outcome.message, body: "" });
  }

  return (action: Operation) =>
    async ({ transaction }: { transaction: { mutations: readonly Mutation[] } }) => {
      const txids: number[] = [];
      for (const mutation of transaction.mutations) {
        const txid = await write(action, mutation);
        if (txid !== null) txids.push(Number(txid));
      }
      return txids.length === 0 ? undefined : { txid: txids, timeout: TXID_MS };
    };
}

function keyOnly(model: Model, row: object): object {
  return Object.fromEntries(Object.entries(row).filter(([name]) => model.key.includes(name)));
}

/** A row's members as JSON text, without a temporary key and without what an insert leaves out. */
function members(model: Model, row: object, isInsert: boolean): Members {
  const values = new Map<string, unknown>(Object.entries(row));
  const given = model.fields.filter(
    (field) => values.has(field.name) && !(isInsert && isOmitted(model, field, values)),
  );
  return Object.fromEntries(given.map((field) => [field.name, jsonText(field, values.get(field.name), isInsert)]));
}

function isOmitted(model: Model, field: Field, values: ReadonlyMap<string, unknown>): boolean {
  const isTemporary = model.keyOrigin === "server" && ownKey(model)?.name === field.name;
  return isTemporary || field.insert === "never" || (values.get(field.name) ?? null) === null;
}

function jsonText(field: Field, value: unknown, isInsert: boolean): string {
  if (field.type !== "int64") return JSON.stringify(value);
  return String(isInsert && isDefault(field, value) ? field.default : value);
}

/** Converts PostgreSQL's text of a value to the model's type. */
function shown(field: Field, text: string | null, column: Column | undefined): unknown {
  if (text === null) return null;
  return field.type === "int64" ? shownInteger(field, text) : parsed(jsonOf(field, text, column));
}

/** Read when the stream starts, so that `configureSync` may be called until then. */
function shapeOptions(model: Model, settings: Settings): ShapeStreamOptions<unknown> {
  let sent: HeadersRecord = {};
  let types: Columns = {};
  let anew = -Infinity;

  /** Where Electric hasn't come as far as what was read, the shape is read from its start: once a minute, should that go on. */
  async function orAnew(response: Response): Promise<Response> {
    if (response.status !== 400 || performance.now() - anew < BROKEN_RETRY_MS) return response;
    const text = await response.text();
    if (!isOutOfBounds(response.status, parsed(text))) return new Response(text, response);
    anew = performance.now();
    return new Response(JSON.stringify([{ headers: { control: "must-refetch" } }]), { status: 409 });
  }

  const columns = model.fields.map((field) => [own(model.columns, field.name) ?? field.name, field.name]);
  const names: Record<string, string> = Object.fromEntries(columns);
  return {
    get url() {
      return `${settings.current().electricUrl.replace(/\/$/, "")}/v1/shape`;
    },
    get params() {
      return shapeOf(model, Object.keys(names), settings.current().shapeParams(model.name));
    },
    columnMapper: createColumnMapper(names),
    // An update has only the columns that it changes.
    transformer: (row) =>
      Object.fromEntries(
        model.fields
          .filter((field) => Object.hasOwn(row, field.name))
          .map((field) => {
            const column = own(types, own(model.columns, field.name) ?? field.name);
            return [field.name, shown(field, row[field.name] as string | null, column)];
          }),
      ),
    fetchClient: async (input, init) => {
      sent = await settings.headers(init?.signal ?? unending);
      const headers = new Headers(init?.headers);
      for (const [name, value] of Object.entries(sent)) headers.set(name, value);
      const response = await orAnew(await settings.current().fetch(input, { ...init, headers }));
      const schema = response.headers.get("electric-schema");
      if (schema === null) return response;
      types = (parsed(schema) as Columns | undefined) ?? types;
      // Of columns that it doesn't know, the stream gives the text of each value.
      const all = new Headers(response.headers);
      all.set("electric-schema", "{}");
      return new Response(response.body, { status: response.status, headers: all });
    },
    onError: async (error) => {
      const changes = bell(settings.onChange);
      const isRefused = error instanceof FetchError && (error.status === 401 || error.status === 403);
      // The application may have changed them while the request was under way.
      const isOutdated = isRefused && JSON.stringify(await settings.headers(unending)) !== JSON.stringify(sent);
      const said = error instanceof FetchError ? explanation(model, error) : error.message;
      if (!isRefused) console.error(`${model.name}: ${said}`);
      if (!isOutdated) {
        await wait(isRefused ? Infinity : BROKEN_RETRY_MS, unending, changes.source);
      }
      changes.close();
      return {};
    },
  };
}
