/** Why a write was refused for good. */
export interface Rejection {
  /** The HTTP status; null where no request was made. */
  readonly status: number | null;
  readonly message: string;
  /** The answer's body, as text. */
  readonly body: string;
}

/** A write that the server has refused. */
export class RejectedError extends Error implements Rejection {
  override readonly name = "RejectedError";
  readonly status: number | null;
  readonly body: string;

  constructor(rejection: Rejection) {
    super(rejection.message);
    this.status = rejection.status;
    this.body = rejection.body;
  }
}
