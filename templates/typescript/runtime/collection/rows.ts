import { makeKey, own, type CollectionKey, type Field, type Model } from "../client/model.js";
import { shownDefault } from "../client/values.js";

/**
 * Completes a new row, so that it can be shown before it is saved. Has the form of a Standard Schema, which is how
 * TanStack DB knows that an insert takes less than a row has.
 */
export interface RowSchema<Input, Shown> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: "sync-patterns";
    readonly validate: (value: unknown) => { readonly value: Shown };
    readonly types?: { readonly input: Input; readonly output: Shown };
  };
}

export function rowSchema<Input extends object, Shown extends object>(model: Model): RowSchema<Input, Shown> {
  return {
    "~standard": {
      version: 1,
      vendor: "sync-patterns",
      // The only cast: what is added here makes an input a whole row.
      validate: (value) => ({ value: completed(model, value as Readonly<Record<string, unknown>>) as Shown }),
    },
  };
}

function completed(model: Model, given: Readonly<Record<string, unknown>>): object {
  const fields = model.fields.map((field) => [field.name, own(given, field.name) ?? omitted(model, field)]);
  const bookkeeping = "sqlHash" in model ? { _has_local_changes: true, _pending_write_id: null } : {};
  return { ...Object.fromEntries(fields), ...bookkeeping };
}

/** What the view will show for a column that an insert leaves out. */
function omitted(model: Model, field: Field): unknown {
  if (model.key.includes(field.name)) return model.keyOrigin === "given" || field.fromPath ? null : makeKey(field);
  if (field.default !== undefined) return shownDefault(field);
  if (field.standIn === undefined) return null;
  const now = new Date().toISOString();
  return field.type === "date" ? now.slice(0, 10) : now;
}

/** The part of a collection that a hook for one row uses. */
export interface RowSource<Shown> {
  get(key: CollectionKey): Shown | undefined;
  subscribeChanges(callback: (changes: readonly { readonly key: unknown }[]) => void): { unsubscribe(): void };
}

/** Calls `listener` whenever the row changes. */
export function onRow<Shown>(collection: RowSource<Shown>, key: CollectionKey, listener: () => void): () => void {
  const subscription = collection.subscribeChanges((changes) => {
    if (changes.some((change) => change.key === key)) listener();
  });
  return () => subscription.unsubscribe();
}
