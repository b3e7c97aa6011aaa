import type { Contact } from "./generated/index.js";

export function nameOf(contact: Contact): string {
  return `${contact.first_name} ${contact.last_name}`.trim();
}

export const DONE = { insert: "New", update: "Change of", delete: "Deletion of" };

/** A contact by its name, any other row by its model's. */
export function rowOf(model: string, contact: Contact | undefined): string {
  return contact === undefined ? model.replace(/s$/, "") : nameOf(contact);
}

export function count(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
}
