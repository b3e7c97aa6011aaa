import { PROTOCOL, type PullAnswer, type PushAnswer } from "./protocol.js";

/** The versions and stamps of the protocol. */
const VERSION = /^\d{1,19}$/;
const STAMP = /^\d{1,15}\.\d{1,9}$/;
const STATUSES: readonly unknown[] = ["applied", "rejected", "superseded", "pending"];

/** The server speaks another version of the protocol. */
export class OtherProtocol extends Error {
  override readonly name = "OtherProtocol";
}

/** Reads the answer to a push. Throws where it isn't one, with the place of what is wrong. */
export function readPushAnswer(answer: unknown): PushAnswer {
  const { results } = envelope(answer);
  for (const [index, result] of list(results, "results").entries()) checkResult(result, `results[${String(index)}]`);
  return answer as PushAnswer;
}

/** The same of a pull. Of one that begins anew, nothing else is used. */
export function readPullAnswer(answer: unknown): PullAnswer {
  const { cursor, changes, more, reset, floors = {} } = envelope(answer);
  if (reset !== undefined) {
    text(reset, "reset");
    return answer as PullAnswer;
  }
  if (typeof more !== "boolean") refuse("more");
  checkCursor(cursor);
  for (const [index, change] of list(changes, "changes").entries()) checkChange(change, `changes[${String(index)}]`);
  for (const [scope, floor] of Object.entries(record(floors, "floors"))) {
    text(floor, `floors[${JSON.stringify(scope)}]`, VERSION);
  }
  return answer as PullAnswer;
}

function envelope(answer: unknown): Readonly<Record<string, unknown>> {
  const fields = record(answer, "the answer");
  const { protocol, stamp } = fields;
  if (protocol !== PROTOCOL) {
    if (typeof protocol !== "number") refuse("protocol");
    throw new OtherProtocol(
      `the server speaks version ${String(protocol)} of the protocol, and not ${String(PROTOCOL)}`,
    );
  }
  text(stamp, "stamp", STAMP);
  return fields;
}

function checkResult(result: unknown, at: string): void {
  const { write_id, status, place, key, error, row } = record(result, at);
  text(write_id, `${at}.write_id`);
  if (!STATUSES.includes(status)) refuse(`${at}.status`);
  if (place !== undefined) {
    const { scope, ...position } = record(place, `${at}.place`);
    text(scope, `${at}.place.scope`);
    checkPosition(position, `${at}.place`);
  }
  if (key !== undefined) checkRow(key, `${at}.key`);
  if (row !== undefined && row !== null) checkRow(row, `${at}.row`);
  if (error !== undefined) {
    const { status: code, message, write_id: refused } = record(error, `${at}.error`);
    if (typeof code !== "number") refuse(`${at}.error.status`);
    text(message, `${at}.error.message`);
    if (refused !== undefined) text(refused, `${at}.error.write_id`);
  }
}

function checkCursor(cursor: unknown): void {
  const { scopes, tables = {}, loads = [] } = record(cursor, "cursor");
  for (const [scope, position] of Object.entries(record(scopes, "cursor.scopes"))) {
    checkPosition(position, `cursor.scopes[${JSON.stringify(scope)}]`);
  }
  record(tables, "cursor.tables");
  for (const load of list(loads, "cursor.loads")) text(record(load, "cursor.loads")["scope"], "cursor.loads");
}

function checkPosition(position: unknown, at: string): void {
  const { epoch, version } = record(position, at);
  text(epoch, `${at}.epoch`);
  text(version, `${at}.version`, VERSION);
}

function checkChange(change: unknown, at: string): void {
  const { table, key, write_id, row, deleted } = record(change, at);
  text(table, `${at}.table`);
  checkRow(key, `${at}.key`);
  if (write_id !== null) text(write_id, `${at}.write_id`);
  if (row !== null) checkRow(row, `${at}.row`);
  if (deleted !== undefined) checkDeleted(record(change, at), at);
}

function checkDeleted({ scope, version, deleted }: Readonly<Record<string, unknown>>, at: string): void {
  const { at: time, device_id } = record(deleted, `${at}.deleted`);
  text(time, `${at}.deleted.at`);
  if (device_id !== null) text(device_id, `${at}.deleted.device_id`);
  text(scope, `${at}.scope`);
  text(version, `${at}.version`, VERSION);
}

function checkRow(row: unknown, at: string): void {
  for (const [column, value] of Object.entries(record(row, at))) if (value !== null) text(value, `${at}.${column}`);
}

function record(value: unknown, at: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) refuse(at);
  return value as Readonly<Record<string, unknown>>;
}

function list(value: unknown, at: string): readonly unknown[] {
  return Array.isArray(value) ? value : refuse(at);
}

function text(value: unknown, at: string, pattern?: RegExp): void {
  if (typeof value !== "string" || pattern?.test(value) === false) refuse(at);
}

function refuse(at: string): never {
  throw new Error(`${at === "the answer" ? at : `\`${at}\``} isn't as the protocol says`);
}
