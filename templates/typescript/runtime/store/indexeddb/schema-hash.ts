import { models } from "../../../schema/index.js";

/** The version of what is stored besides the models, and of how values are. */
export const LOG_VERSION = 1;

/** Identifies the schema. Short, because every request to a sync server has it: two FNV-1a hashes of 32 bits. */
export const schemaHash = [0x811c9dc5, 0x9dc5811c].map(hashed).join("");

function hashed(start: number): string {
  const text = [LOG_VERSION, ...models.map(({ tablesHash }) => tablesHash)].join();
  const hash = [...text].reduce((before, one) => Math.imul(before ^ one.charCodeAt(0), 0x01000193), start);
  return (hash >>> 0).toString(16).padStart(8, "0");
}
