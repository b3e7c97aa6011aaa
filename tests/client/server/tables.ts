/** A table of the server, and how its API writes it: what the documents in fixtures/workspace and fixtures/contacts say. */
export interface Table {
  /** Its place in the API. */
  readonly path: string;
  /** Its name in Postgres. */
  readonly name: string;
  readonly key: string;
  readonly ddl: string;
  readonly update: "PATCH" | "PUT";
  /** The properties that bodies may have. */
  readonly create: readonly string[];
  readonly change: readonly string[];
  /** Property to column, where they differ. */
  readonly columns?: Readonly<Record<string, string>>;
  /** Properties that only a manager may set to anything but false. */
  readonly managers?: readonly string[];
  /** GET and PUT give an ETag, and PUT may ask for one. */
  readonly etag?: boolean;
  /** How the list comes in pages, and the parameter with which it gives only what has changed since. */
  readonly paging: "none" | "offset" | "page";
  readonly since?: string;
  /** What is answered: the row as JSON, and the transaction that wrote it. */
  readonly created: (row: string, txid: string) => string;
  readonly changed: (row: string, txid: string) => string | undefined;
  readonly deleted: (txid: string) => string | undefined;
}

const row = (row: string): string => row;
const nothing = (): undefined => undefined;
const withTransaction = (row: string, txid: string): string => `${row.slice(0, -1)},"txid":${txid}}`;

const task = ["project_id", "title", "done", "priority", "approved", "estimate", "effort", "due_at", "details"];

export const tables: readonly Table[] = [
  {
    path: "projects",
    name: "projects",
    key: "id",
    ddl: `CREATE TABLE projects (
      id UUID PRIMARY KEY,
      name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 80),
      color TEXT,
      write_id TEXT,
      created_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
      updated_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp()
    )`,
    update: "PATCH",
    create: ["id", "name", "color", "write_id"],
    change: ["name", "color", "write_id"],
    paging: "offset",
    since: "updated_since",
    created: row,
    changed: row,
    deleted: nothing,
  },
  {
    path: "tasks",
    name: "tasks",
    key: "id",
    ddl: `CREATE DOMAIN details AS JSONB;
    CREATE TABLE tasks (
      id UUID PRIMARY KEY,
      project_id UUID NOT NULL REFERENCES projects ON DELETE CASCADE,
      title TEXT NOT NULL CHECK (title <> ''),
      done BOOLEAN NOT NULL DEFAULT false,
      priority INTEGER NOT NULL DEFAULT 3,
      approved BOOLEAN NOT NULL DEFAULT false,
      estimate NUMERIC,
      effort BIGINT,
      due_at TIMESTAMPTZ,
      details details,
      write_id TEXT,
      created_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp()
    )`,
    update: "PATCH",
    create: ["id", ...task, "write_id"],
    change: [...task, "write_id"],
    managers: ["approved"],
    paging: "offset",
    created: row,
    changed: row,
    deleted: nothing,
  },
  {
    path: "accounts",
    name: "accounts",
    key: "id",
    ddl: `CREATE TABLE accounts (
      id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      name TEXT NOT NULL CHECK (name <> ''),
      credit NUMERIC,
      created_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp()
    )`,
    update: "PATCH",
    create: ["name", "credit"],
    change: ["name", "credit"],
    paging: "page",
    created: withTransaction,
    changed: (row, txid) => `{"account":${row},"txid":${txid}}`,
    deleted: (txid) => `{"txid":${txid}}`,
  },
  {
    path: "invoices",
    name: "invoices",
    key: "id",
    ddl: `CREATE TABLE invoices (
      id BIGINT GENERATED ALWAYS AS IDENTITY (START 100) PRIMARY KEY,
      account_id BIGINT NOT NULL REFERENCES accounts ON DELETE CASCADE,
      amount NUMERIC NOT NULL,
      note TEXT,
      paid BOOLEAN NOT NULL DEFAULT false
    )`,
    update: "PUT",
    create: ["account_id", "amount", "note", "paid"],
    change: ["account_id", "amount", "note", "paid"],
    etag: true,
    paging: "offset",
    created: row,
    changed: row,
    deleted: nothing,
  },
  {
    path: "settings",
    name: "settings",
    key: "name",
    ddl: `CREATE TABLE settings (
      name TEXT PRIMARY KEY,
      value TEXT NOT NULL CHECK (value <> ''),
      write_id TEXT
    )`,
    update: "PATCH",
    create: ["name", "value", "write_id"],
    change: ["value", "write_id"],
    paging: "none",
    created: row,
    changed: row,
    deleted: nothing,
  },
  {
    path: "labels",
    name: "tags",
    key: "id",
    ddl: `CREATE TABLE tags (
      id UUID PRIMARY KEY,
      label_name TEXT NOT NULL CHECK (label_name <> ''),
      color TEXT,
      internal_rank INTEGER NOT NULL DEFAULT 7
    )`,
    update: "PATCH",
    create: ["id", "name", "color"],
    change: ["name", "color"],
    columns: { name: "label_name" },
    paging: "none",
    created: row,
    changed: nothing,
    deleted: nothing,
  },
  {
    path: "contacts",
    name: "contacts",
    key: "id",
    ddl: `CREATE TABLE contacts (
      id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
      first_name TEXT NOT NULL CHECK (first_name <> ''),
      last_name TEXT NOT NULL,
      email TEXT CONSTRAINT "a mail address has an @" CHECK (email LIKE '%@%'),
      write_id TEXT,
      created_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
      updated_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp()
    )`,
    update: "PATCH",
    create: ["id", "first_name", "last_name", "email", "write_id"],
    change: ["first_name", "last_name", "email", "write_id"],
    paging: "none",
    created: row,
    changed: row,
    deleted: nothing,
  },
  {
    path: "notes",
    name: "notes",
    key: "id",
    ddl: `CREATE TABLE notes (
      id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
      contact_id UUID NOT NULL CONSTRAINT "a contact with notes stays" REFERENCES contacts,
      text TEXT NOT NULL CONSTRAINT "a note has 40 characters at most" CHECK (length(text) <= 40),
      write_id TEXT,
      created_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp()
    )`,
    update: "PATCH",
    create: ["id", "contact_id", "text", "write_id"],
    change: [],
    paging: "none",
    created: row,
    changed: row,
    deleted: nothing,
  },
];
