/** What a test asks of a client in another process, a JSON line each; the answer has the same number. */
export type Command =
  | ({ readonly do: "open"; readonly directory?: string; readonly sync?: boolean; readonly wal?: boolean } & Settings)
  | { readonly do: "open another"; readonly directory: string }
  | ({ readonly do: "configure" } & Settings)
  | { readonly do: "query"; readonly statement: Statement }
  | { readonly do: "transaction"; readonly statements: readonly Statement[] }
  | { readonly do: "exec"; readonly script: string }
  | { readonly do: "status" | "errors" | "rejected" | "close" }
  | { readonly do: "retry" | "discard"; readonly writeId: string }
  | { readonly do: "clear"; readonly unsent?: "refuse" | "discard" }
  | { readonly do: "rows" | "rows so far" | "leave"; readonly model: ModelName }
  | { readonly do: "save"; readonly writes: readonly Write[] }
  | { readonly do: "crash"; readonly at: CrashPoint; readonly method: string; readonly after: number };

export interface Settings {
  readonly url?: string;
  /** Seconds from one poll to the next, where not a moment. */
  readonly poll?: number;
  /** Where the shapes are, if not there. */
  readonly electricUrl?: string;
  readonly token?: string;
  readonly user?: string | null;
  /** Parameters of the shapes, by model. */
  readonly shapeParams?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Parameters of the query of writes, by model. */
  readonly writeParams?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Says how answers with these statuses are taken. */
  readonly verdicts?: Readonly<Record<string, "acknowledged" | "rejected" | "retry">>;
}

/** Before a request to the API leaves, and when its answer has been received. */
export type CrashPoint = "request" | "answer";

export type ModelName = "accounts" | "invoices" | "labels" | "projects" | "settings" | "tasks";

/** A change of a collection. All of one command are one transaction. */
export type Write =
  | { readonly model: ModelName; readonly insert: object }
  | { readonly model: ModelName; readonly update: string | number; readonly set: object }
  | { readonly model: ModelName; readonly delete: string | number };

export interface Statement {
  readonly parts: readonly string[];
  readonly parameters: readonly (string | number | null)[];
}

export interface Request {
  readonly number: number;
  readonly command: Command;
}

export type Reply =
  { readonly number: number; readonly result: unknown } | { readonly number: number; readonly error: ReplyError };

export interface ReplyError {
  readonly name: string;
  readonly message: string;
  readonly status?: number | null;
}

/** A statement: values between its parts become parameters. */
export function sql(parts: TemplateStringsArray, ...parameters: (string | number | null)[]): Statement {
  return { parts: [...parts], parameters };
}
