import { RequestError } from "./errors.js";
import { health, type Health } from "./health.js";
import { checkBody, errorAnswer, jsonAnswer, readRequest } from "./http.js";
import { Pokes } from "./poke.js";
import {
  pullRequest,
  pushRequest,
  type PullAnswer,
  type PullRequest,
  type PushAnswer,
  type PushRequest,
} from "./protocol.js";
import { pull } from "./pull.js";
import { push } from "./push.js";
import type { Server, User } from "./server.js";
import { unavailable } from "./versions.js";
import { sqlState } from "./database.js";

type Endpoint = (request: Request) => Promise<Response>;

/** The endpoints. Each is a function from a request to an answer, for any framework. */
export interface SyncServer {
  readonly push: Endpoint;
  readonly pull: Endpoint;
  readonly poke: Endpoint;
  readonly health: Endpoint;
  /** Answers a request by the last part of its path: `/api/sync/push`. */
  readonly handle: Endpoint;
  /** The same for a framework that reads requests and writes answers itself. */
  readonly functions: SyncFunctions;
  /** Ends the connection that listens for changes. */
  close(): Promise<void>;
}

/** What the endpoints do. Where one would refuse, its answer is thrown: a `Response` with its status. */
export interface SyncFunctions {
  /** Who sends the request. */
  user(request: Request): Promise<User>;
  readPush(body: unknown): PushRequest;
  readPull(body: unknown): PullRequest;
  push(user: User, request: PushRequest): Promise<PushAnswer>;
  pull(user: User, request: PullRequest): Promise<PullAnswer>;
  health(): Promise<Health>;
}

export function endpoints(
  server: Server,
  authenticate: (request: Request) => User | null | Promise<User | null>,
): SyncServer {
  const pokes = new Pokes(server);

  async function userOf(request: Request): Promise<User> {
    const user = await authenticate(request);
    if (user === null) throw new RequestError(401, "unauthenticated", "there is no user");
    return user;
  }

  function refusal(error: unknown): Response {
    const isDown = isDatabaseDown(error);
    if (isDown) server.onError(error);
    return errorAnswer(isDown ? unavailable("the database doesn't answer") : error, server.onError);
  }

  const guarded = (method: string, answer: Endpoint): Endpoint => {
    return async (request) => {
      try {
        if (request.method !== method) {
          throw new RequestError(405, "method", `the method must be ${method}`, {}, { allow: method });
        }
        return await answer(request);
      } catch (error) {
        return refusal(error);
      }
    };
  };

  const all = {
    push: guarded("POST", async (request) => {
      const user = await userOf(request);
      return jsonAnswer(200, await push(server, user, await readRequest(request, pushRequest)));
    }),
    pull: guarded("POST", async (request) => {
      const user = await userOf(request);
      return jsonAnswer(200, await pull(server, user, await readRequest(request, pullRequest)));
    }),
    poke: guarded("GET", async (request) => {
      const user = await userOf(request);
      const stream = await pokes.stream(user, request.headers.get("last-event-id"), request.signal);
      return new Response(stream, {
        headers: { "content-type": "text/event-stream", "cache-control": "no-store, no-transform" },
      });
    }),
    health: guarded("GET", async () => {
      const state = await health(server);
      return jsonAnswer(state.status === "ok" ? 200 : 503, state);
    }),
  };

  const handle: Endpoint = async (request) => {
    const name = new URL(request.url).pathname.replace(/\/$/, "").split("/").at(-1) ?? "";
    if (!Object.hasOwn(all, name)) {
      return errorAnswer(new RequestError(404, "not_found", "there is no such endpoint"), server.onError);
    }
    return all[name as keyof typeof all](request);
  };

  return { ...all, handle, functions: functionsOf(server, userOf, refusal), close: () => pokes.close() };
}

function functionsOf(
  server: Server,
  userOf: (request: Request) => Promise<User>,
  refusal: (error: unknown) => Response,
): SyncFunctions {
  const orRefusal = async <T>(result: Promise<T>): Promise<T> => {
    return result.catch((error: unknown) => {
      throw refusal(error);
    });
  };
  const read = <T>(check: () => T): T => {
    try {
      return check();
    } catch (error) {
      throw refusal(error);
    }
  };
  return {
    user: (request) => orRefusal(userOf(request)),
    readPush: (body) => read(() => checkBody(body, pushRequest)),
    readPull: (body) => read(() => checkBody(body, pullRequest)),
    push: (user, request) => orRefusal(push(server, user, request)),
    pull: (user, request) => orRefusal(pull(server, user, request)),
    async health() {
      const state = await health(server);
      if (state.status !== "ok") throw jsonAnswer(503, state);
      return state;
    },
  };
}

/** Whether the database is out of reach, or has no room for another connection. */
function isDatabaseDown(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  const isNetwork = typeof code === "string" && /^(ECONN|ENOTFOUND|ETIMEDOUT|EPIPE|CONNECTION_|CONNECT_)/.test(code);
  return (
    isNetwork ||
    ["08", "53", "57"].includes(sqlState(error).slice(0, 2)) ||
    ["40001", "40P01", "55P03", "25006"].includes(sqlState(error))
  );
}
