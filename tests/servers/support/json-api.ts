// Objects of JSON:API, as somebody else writes and reads them.

import type { Row } from "./client.js";

export function jsonApi(fields: Row, key?: unknown): unknown {
  const { id = key, ...attributes } = fields;
  return { data: { type: "articles", ...(id !== undefined && { id }), attributes } };
}

export function rowOfJsonApi(answer: unknown): Row {
  const { data } = answer as { readonly data: { readonly id: string; readonly attributes: Row } };
  return { id: data.id, ...data.attributes };
}
