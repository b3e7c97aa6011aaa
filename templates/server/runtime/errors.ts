import { sqlState } from "./database.js";

/** A request that is refused as a whole. */
export class RequestError extends Error {
  readonly status: number;
  readonly code: string;
  /** Beside the error in the answer. */
  readonly more: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: string,
    message: string,
    more: Readonly<Record<string, unknown>> = {},
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.more = more;
    this.headers = headers;
  }
}

/** A write that is refused. Throw it in a hook to refuse one. */
export class Refusal extends Error {
  /** As an HTTP API would answer. */
  readonly status: number;
  readonly code: string;
  readonly column: string | undefined;

  constructor(status: number, code: string, message: string, column?: string) {
    super(message);
    this.status = status;
    this.code = code;
    this.column = column;
  }
}

/** Whether an error says that the same transaction may go well a moment later. */
export function isTransient(error: unknown): boolean {
  return ["40001", "40P01", "55P03"].includes(sqlState(error));
}

/** Whether an error is about the request or the database, and not about one write. */
export function isOfRequest(error: unknown): boolean {
  if (error instanceof Refusal) return false;
  const state = sqlState(error);
  return state === "" || state === "55P03" || ["40", "08", "53", "57"].includes(state.slice(0, 2));
}

/** What a client is told of an error of the database: what is wrong with its write, and nothing of tables and statements. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  switch (sqlState(error)) {
    case "23505":
      return new Refusal(409, "exists", "a row with this key or another unique value is there already");
    case "23503":
      return new Refusal(409, "reference", "it refers to a row that isn't there, or other rows refer to this one");
    case "23502":
      return new Refusal(422, "required", "a value that must be there is missing");
    case "42501":
      return new Refusal(403, "forbidden", "the user may not do that");
    default:
      return new Refusal(422, "invalid", "the database doesn't take it");
  }
}
