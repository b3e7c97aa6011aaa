import { inputsIn, makeKey, own, rowKey, type CollectionKey, type Field, type Model } from "../client/model.js";
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

/** `inputs` keeps what no row shows, until the row is saved. */
export function rowSchema<Input extends object, Shown extends object>(
  model: Model,
  inputs: Inputs,
): RowSchema<Input, Shown> {
  function validate(value: Readonly<Record<string, unknown>>): object {
    const row = completed(model, value);
    // TanStack DB validates changed rows, too, and those have none.
    if (model.inputs?.some((name) => own(value, name) !== undefined)) inputs.keep(model, row, inputsIn(model, value));
    return row;
  }

  return {
    "~standard": {
      version: 1,
      vendor: "sync-patterns",
      // The only cast: what is added here makes an input a whole row.
      validate: (value) => ({ value: validate(value as Readonly<Record<string, unknown>>) as Shown }),
    },
  };
}

/** Values of new rows that no row shows, such as passwords, until these rows are saved. Nothing else has them. */
export interface Inputs {
  keep(model: Model, row: object, values: Readonly<Record<string, unknown>>): void;
  /** Throws where the model needs some, and none were given. */
  of(model: Model, row: object): Readonly<Record<string, unknown>>;
  forget(model: Model, row: object): void;
}

export function createInputs(): Inputs {
  const kept = new Map<string, Readonly<Record<string, unknown>>>();
  const nameOf = (model: Model, row: object) => JSON.stringify([model.name, rowKey(model, row)]);
  return {
    keep: (model, row, values) => void kept.set(nameOf(model, row), values),
    of: (model, row) => inputsIn(model, kept.get(nameOf(model, row)) ?? {}),
    forget: (model, row) => void kept.delete(nameOf(model, row)),
  };
}

function completed(model: Model, given: Readonly<Record<string, unknown>>): object {
  const fields = model.fields.map((field) => [field.name, own(given, field.name) ?? omitted(model, field)]);
  const bookkeeping = "tablesHash" in model ? { _has_local_changes: true, _pending_write_id: null } : {};
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
