// Electric's HTTP API and a backend's, from memory and on a thread of their own, so that the client's work is what is
// measured. Snapshots are made before the clock starts.

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { parentPort } from "node:worker_threads";

import { idOf, rowOf } from "./rows.js";
import type { Command } from "./server.js";

/** As large as Electric makes them. */
const CHUNK_BYTES = 10_000_000;
const PATIENCE_MS = 20_000;

const columns = ["id", "first_name", "last_name", "email", "created_at", "updated_at", "write_id"];
const schema = JSON.stringify(
  Object.fromEntries(
    columns.map((name) => [name, { type: name === "id" ? "uuid" : name.endsWith("_at") ? "timestamptz" : "text" }]),
  ),
);

let handle = 0;
let snapshot: string[] = [];
let log: string[] = [];
let latency = 0;
let waiting: (() => void)[] = [];

function message(operation: string, value: { readonly id: string }, more: object = {}): string {
  const headers = { operation, relation: ["public", "contacts"], ...more };
  return JSON.stringify({ key: `"public"."contacts"/"${value.id}"`, value, headers });
}

function fill(rows: number): void {
  const chunks: string[][] = [[]];
  let size = 0;
  for (let number = 0; number < rows; number += 1) {
    const text = message("insert", { ...rowOf(number), write_id: null } as { id: string });
    if (size > CHUNK_BYTES) {
      chunks.push([]);
      size = 0;
    }
    size += text.length;
    chunks.at(-1)?.push(text);
  }
  snapshot = chunks.map((chunk) => `[${chunk.join(",")}]`);
  log = [];
  handle += 1;
  wake();
}

/** A row has changed: all who wait hear of it. */
function change(value: { readonly id: string }): void {
  const position = log.length + 1;
  log.push(message("update", value, { txids: [position], lsn: String(position), op_position: 0 }));
  wake();
}

function wake(): void {
  const woken = waiting;
  waiting = [];
  for (const resolve of woken) resolve();
}

async function shape(query: URLSearchParams, response: ServerResponse): Promise<void> {
  const offset = query.get("offset") ?? "-1";
  if (query.get("table") !== "contacts") return nothing(query.get("live") === "true", response);
  const [, index] = /^0_(\d+)$/.exec(offset) ?? [];
  const next = offset === "-1" ? 0 : index === undefined ? snapshot.length : Number(index) + 1;
  const chunk = snapshot[next];
  if (chunk !== undefined) return respond(response, `0_${next === snapshot.length - 1 ? "inf" : next}`, chunk, false);
  const seen = offset.startsWith("0_") ? 0 : Number(offset.split("_")[0]);
  const isLive = query.get("live") === "true";
  if (isLive && log.length === seen) {
    await new Promise<void>((resolve) => {
      waiting.push(resolve);
      setTimeout(resolve, PATIENCE_MS).unref();
      response.on("close", resolve);
    });
  }
  const news = [...log.slice(seen), JSON.stringify({ headers: { control: "up-to-date" } })];
  respond(response, log.length === 0 ? "0_inf" : `${log.length}_0`, `[${news.join(",")}]`, isLive);
}

/** The shape of a table without rows. */
async function nothing(isLive: boolean, response: ServerResponse): Promise<void> {
  if (isLive) await new Promise((resolve) => void setTimeout(resolve, PATIENCE_MS).unref());
  respond(response, "0_inf", JSON.stringify([{ headers: { control: "up-to-date" } }]), isLive);
}

function respond(response: ServerResponse, offset: string, body: string, isLive: boolean): void {
  response.writeHead(200, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
    "electric-handle": String(handle),
    "electric-offset": offset,
    ...(isLive ? { "electric-cursor": "1" } : { "electric-schema": schema }),
  });
  response.end(body);
}

async function api(request: IncomingMessage, path: string, response: ServerResponse): Promise<void> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  if (latency > 0) await pause(latency);
  // A new row is refused.
  if (request.method === "POST") return void response.writeHead(422, { "content-type": "application/json" }).end("{}");
  const row = { ...(JSON.parse(Buffer.concat(parts).toString()) as object), id: path.split("/").at(-1) ?? "" };
  change(row);
  const body = JSON.stringify(row);
  response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
  response.end(body);
}

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  const url = new URL(request.url ?? "/", "http://localhost");
  void (url.pathname === "/v1/shape" ? shape(url.searchParams, response) : api(request, url.pathname, response));
});

parentPort?.on("message", (command: Command) => {
  if (command.type === "change") change({ id: idOf(command.number), email: command.email } as { id: string });
  else if (command.type === "latency") latency = command.milliseconds;
  else fill(command.rows);
  parentPort?.postMessage("done");
});
server.listen(0, "127.0.0.1", () => parentPort?.postMessage((server.address() as AddressInfo).port));
