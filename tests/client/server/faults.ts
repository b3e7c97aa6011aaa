import { asApi } from "./pushed.js";

/** A request as it came in. */
export interface Incoming {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  /** How it came, where that was a call of a server function. */
  readonly call?: Incoming;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  /** Compressed, where the client takes that. */
  readonly isCompressed?: boolean;
  /** In place of a body: goes on as long as it likes. */
  readonly stream?: AsyncIterable<Uint8Array>;
}

/**
 * Where a request can go wrong: when it has come in; inside the transaction that it makes, which is then rolled back;
 * after the commit; and after the first half of the answer.
 */
export type Step = "arrived" | "writing" | "committed" | "answering";

/** An answer that depends on the request. */
export interface Answering {
  readonly by: (request: Incoming) => Answer;
}

export interface Fault {
  /**
   * Method and path: `PATCH /projects`; a star stands for any method, or for all of the API. `rows` stands for what brings
   * rows to clients, which none of the others means.
   */
  readonly on: string;
  /** What else must be so of the request. */
  readonly where?: (request: Incoming) => boolean;
  readonly at: Step;
  /** How often: once, unless told. */
  readonly times?: number;
  /**
   * Cut the connection; cut all of them, and accept none until `revive`; answer this; handle the request twice; wait,
   * and then go on; or answer what depends on the request.
   */
  readonly what: "reset" | "kill" | "repeat" | Answer | (() => Promise<void>) | Answering;
}

/** Thrown to cut the connection of a request. */
export class Disconnect extends Error {}

/** Thrown to answer something else. */
export class Instead extends Error {
  readonly answer: Answer;

  constructor(answer: Answer) {
    super(`answered with ${answer.status}`);
    this.answer = answer;
  }
}

export class Faults {
  private faults: { fault: Fault; left: number; met: number }[] = [];
  private readonly kill: () => void;
  private readonly isForRows: (request: Incoming) => boolean;

  constructor(kill: () => void, isForRows: (request: Incoming) => boolean) {
    this.kill = kill;
    this.isForRows = isForRows;
  }

  /** Gives a function that says how many requests have met the fault, and one that ends it. */
  add(fault: Fault): { met: () => number; end: () => void } {
    const entry = { fault, left: fault.times ?? 1, met: 0 };
    this.faults.push(entry);
    return {
      met: () => entry.met,
      end: () => {
        entry.left = 0;
      },
    };
  }

  clear(): void {
    this.faults = [];
  }

  /** Lets happen what is meant to, at this step of this request. True: to be handled once more. */
  async at(step: Step, request: Incoming): Promise<boolean> {
    let again = false;
    for (const entry of this.faults) {
      if (entry.left <= 0 || entry.fault.at !== step || !this.matches(entry.fault, request)) continue;
      entry.left -= 1;
      entry.met += 1;
      const { what } = entry.fault;
      if (typeof what === "function") await what();
      else if (what === "repeat") again = true;
      else if (what === "reset") throw new Disconnect(step);
      else if (what === "kill") {
        this.kill();
        throw new Disconnect(step);
      } else throw new Instead("by" in what ? what.by(request) : what);
    }
    return again;
  }

  private matches(fault: Fault, request: Incoming): boolean {
    const edits = asApi(request);
    // A push without edits is itself.
    return (edits.length > 0 ? edits : [request]).some((each) => this.isMeant(fault, each));
  }

  private isMeant({ on, where }: Fault, request: Incoming): boolean {
    const [method, path] = on.split(" ");
    if (this.isForRows(request) !== (on === "rows")) return false;
    if (on !== "rows" && method !== "*" && method !== request.method) return false;
    const isPath = on === "rows" || path === "*" || `${request.url.pathname}/`.startsWith(`${path}/`);
    return isPath && (where?.(request) ?? true);
  }
}

/** The same answer, so many times. */
export function status(status: number, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, headers, body: JSON.stringify({ detail: `injected ${status}` }) };
}
