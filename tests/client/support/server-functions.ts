// Server functions of a TanStack Start application (tests/server_functions), called as its page calls them.

import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { PushPullFunctions } from "../../pglite/push-pull/index.js";

/** The application's folder, where its functions are called in place of the endpoints. */
export const application = process.env["START_APPLICATION"];

/** A module of the built application. */
export async function built<T>(file: string): Promise<T> {
  return (await import(pathToFileURL(join(application ?? "", "dist", file)).href)) as T;
}

/** Where the page would be, and the cookie that its browser has. */
export const page = { url: "", cookie: "" };

/** The functions as the page has them, in Node. `send` is what the browser's `fetch` does. */
export async function serverFunctions(send: typeof fetch): Promise<PushPullFunctions> {
  // Start's own code for browsers asks for options there.
  Object.assign(globalThis, { window: {} });
  globalThis.fetch = async (input, init) => {
    const request = new Request(input instanceof Request ? input : new URL(input, page.url), init);
    request.headers.set("cookie", page.cookie);
    request.headers.set("sec-fetch-site", "same-origin");
    return send(request);
  };
  await built("client/client.js");
  return (globalThis as unknown as { pushPull: PushPullFunctions }).pushPull;
}
