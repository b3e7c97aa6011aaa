import { z } from "zod";

export const PROTOCOL = 1;
export const MAX_CHANGES = 500;
export const MAX_BYTES = 1_000_000;
export const MAX_ROWS = 5_000;

const id = z.string().min(1).max(64);
const version = z.string().regex(/^(0|[1-9]\d{0,18})$/);
const position = z.object({ epoch: z.string().max(64), version });
const scopes = z.record(z.string(), position);
const request = { protocol: z.literal(PROTOCOL), schema: z.string().max(64), client_id: id };

const change = z.object({
  write_id: id,
  transaction_id: z.string().max(64),
  table: z.string(),
  operation: z.enum(["insert", "update", "delete"]),
  key: z.record(z.string(), z.string()),
  value: z.record(z.string(), z.string().nullable()),
  base: z.number().int().nonnegative().nullish(),
  edited_at: z
    .string()
    .regex(/^\d{1,15}\.\d{1,9}$/)
    .nullish(),
});

const load = z.object({ scope: z.string(), tables: z.array(z.string()), version, head: version });

const cursor = z.object({ scopes, tables: z.record(z.string(), z.string()), loads: z.array(load) });

export const pushRequest = z.object({
  ...request,
  now: z.number().nonnegative().max(1e14),
  skew: z.number().min(-1e14).max(1e14).optional(),
  answered: z.array(id).max(2_000).default([]),
  bases: z.array(scopes).max(1_000).default([]),
  changes: z.array(change),
});

export const pullRequest = z.object({
  ...request,
  tables: z.record(z.string(), z.array(z.string())),
  cursor: cursor.nullable(),
  limit: z.number().int().min(1).max(MAX_ROWS).default(1_000),
});

export type PushRequest = z.infer<typeof pushRequest>;
export type PullRequest = z.infer<typeof pullRequest>;
export type Change = z.infer<typeof change>;
export type Cursor = z.infer<typeof cursor>;
export type Load = z.infer<typeof load>;
/** What clients send, before it is checked. */
export type PushBody = Sent<z.input<typeof pushRequest>>;
export type PullBody = Sent<
  Omit<z.input<typeof pullRequest>, "cursor"> & { cursor: (Pick<Cursor, "scopes"> & Partial<Cursor>) | null }
>;
type Sent<T> = T extends object ? { readonly [K in keyof T]: Sent<T[K]> } : T;

export type Positions = z.infer<typeof scopes>;

/** A version of a scope. */
export interface Place {
  readonly scope: string;
  readonly epoch: string;
  readonly version: string;
}

/** Why a write is rejected. */
export interface WriteError {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly column?: string;
  /** The write of the group that was refused. */
  readonly write_id: string;
}

/** A row's columns as text. */
export type Values = Readonly<Record<string, string | null>>;

export interface WriteResult {
  readonly write_id: string;
  readonly status: "applied" | "rejected" | "superseded" | "pending";
  readonly repeated: boolean;
  readonly place?: Place;
  readonly key?: Readonly<Record<string, string>>;
  readonly row?: Values | null;
  readonly error?: WriteError;
}

export interface PushAnswer {
  readonly protocol: typeof PROTOCOL;
  readonly stamp: string;
  readonly results: readonly WriteResult[];
}

export interface PulledChange {
  readonly table: string;
  readonly key: Readonly<Record<string, string>>;
  readonly version: string;
  readonly scope: string;
  readonly write_id: string | null;
  readonly row: Values | null;
  /** When the row was deleted, and by which device. Absent: it has only left the user's scope, or the client doesn't ask. */
  readonly deleted?: { readonly at: string; readonly device_id: string | null };
}

export type Reset = "epoch" | "ahead" | "floor" | "scope";

export interface PullAnswer {
  readonly protocol: typeof PROTOCOL;
  readonly stamp: string;
  readonly cursor: Cursor | null;
  readonly changes: readonly PulledChange[];
  readonly more: boolean;
  readonly reset?: Reset;
  /** With the last page, for a client that keeps deleted rows: up to which versions they were forgotten, by scope. */
  readonly floors?: Readonly<Record<string, string>>;
}
