// The names of tables and columns, as requests for shapes have them.

import type { Column } from "./database.js";

export class Invalid extends Error {
  readonly errors: Readonly<Record<string, readonly string[]>>;

  constructor(name: string, message: string) {
    super(message);
    this.errors = { [name]: [message] };
  }
}

/** `tags`, `"Tags"` or `public.tags`. Without quotes, a name is folded to lower case. */
export function identifier(text: string | null): string {
  const name = /^(?:"?public"?\.)?("(?:[^"]|"")+"|[A-Za-z_][A-Za-z0-9_]*)$/.exec(text ?? "")?.[1];
  if (name === undefined) throw new Invalid("table", text === null ? "can't be blank" : "has invalid format");
  return folded(name);
}

export function folded(name: string): string {
  return name.startsWith('"') ? unquoted(name) : name.toLowerCase();
}

export function unquoted(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name;
}

export function choose(all: readonly Column[], asked: string | null): Column[] {
  const names =
    asked === null ? all.map(({ name }) => name) : (asked.match(/"(?:[^"]|"")+"|[^,"]+/g) ?? []).map(folded);
  const unknown = names.filter((name) => !all.some((column) => column.name === name));
  if (unknown.length > 0)
    throw new Invalid("columns", `The following columns are not found on the table: ${unknown.join(", ")}`);
  const generated = all.filter(({ name, generated }) => generated && names.includes(name)).map(({ name }) => name);
  if (generated.length > 0)
    throw new Invalid(
      "columns",
      `The following columns are generated and cannot be included in the shape: ${generated.join(", ")}`,
    );
  const missing = all.filter(({ key, name }) => key !== undefined && !names.includes(name));
  if (missing.length > 0) throw new Invalid("columns", "The list of columns must include all primary key columns");
  return all.filter(({ name }) => names.includes(name));
}
