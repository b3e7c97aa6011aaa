import type { Contact } from "./generated/index.js";

export function nameOf(contact: Contact): string {
  return `${contact.first_name} ${contact.last_name}`.trim();
}

export function count(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
}
