// What the client says where a browser keeps a request from an API of another origin: a sentence for each thing to allow.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { corsCause } from "../sqlite/rest/db/transport/rest/exchange.js";
import { ListServer } from "./support/list-server.js";

const page = "http://page.example";
let server: ListServer;

before(async () => {
  server = await ListServer.start();
  // As in a browser.
  Object.defineProperty(globalThis, "location", { value: new URL(`${page}/index.html`), configurable: true });
});
after(() => server.close());

type Method = Parameters<typeof corsCause>[0]["method"];

async function cause(method: Method, headers: Record<string, string>, url = server.url): Promise<string | undefined> {
  const request = {
    method,
    path: "/projects",
    template: "/projects",
    query: "",
    headers: {},
    body: null,
    isSeenElsewhere: false,
  };
  return corsCause(request, `${url}/projects`, new Headers(headers), fetch, AbortSignal.timeout(120_000));
}

const kept = (method: Method): string =>
  `the server is there, but the browser keeps ${method} from it: most likely its CORS settings. `;

const cases: readonly (readonly [string, Method, Record<string, string>, string])[] = [
  [
    "nothing but the origin",
    "GET",
    { Accept: "application/json" },
    `They have to allow the origin ${page}, and to expose ETag where the server answers that`,
  ],
  [
    "a header",
    "POST",
    { Accept: "application/json", "Content-Type": "application/json" },
    `They have to allow the origin ${page} and the header content-type, ` +
      "and to expose Location and X-Txid where the server answers that",
  ],
  [
    "a method",
    "DELETE",
    {},
    `They have to allow the origin ${page} and the method DELETE, and to expose X-Txid where the server answers that`,
  ],
  [
    "a method and headers, of which the config can do without one",
    "PATCH",
    { Authorization: "Bearer x", "Content-Type": "application/json", "Idempotency-Key": "1" },
    `They have to allow the origin ${page}, the method PATCH and ` +
      "the headers authorization, content-type, idempotency-key, and to expose X-Txid where the server answers that. " +
      "A server that can't allow idempotency-key needs `idempotency_key: none` in the config",
  ],
];
for (const [name, method, headers, advice] of cases) {
  test(`to allow: ${name}`, async () => {
    assert.equal(await cause(method, headers), kept(method) + advice);
  });
}

test("nothing is said of the page's own origin, nor of a server that is away", async () => {
  assert.equal(await cause("POST", {}, page), undefined);
  assert.equal(await cause("POST", {}, "http://127.0.0.1:1"), undefined);
});
