import { idOf } from "./rows.js";

/** What the API of the bench has: rows of ten columns, and small ones of three. */
export const LISTS = {
  items: (number: number, text: string) => ({
    id: idOf(number),
    name: text,
    description: number % 3 === 0 ? null : `What there is to say of number ${number}`,
    status: ["open", "waiting", "closed"][number % 3],
    owner: number % 2 === 0 ? `owner${number % 100}@example.com` : null,
    quantity: (number * 7919) % 1000,
    is_active: number % 5 !== 0,
    due_at: number % 4 === 0 ? null : "2026-06-01T12:00:00Z",
    created_at: "2026-01-01T00:00:00Z",
    updated_at: "2026-01-01T00:00:00Z",
  }),
  notes: (number: number, text: string) => ({ id: idOf(number), text, is_done: number % 2 === 0 }),
};

export type ListName = keyof typeof LISTS;

export const PAGE_ROWS = 1_000;

export function pathOf(list: ListName, page: number): string {
  return `/${list}?limit=${PAGE_ROWS}&offset=${page * PAGE_ROWS}`;
}

/** An answer of the API; `texts` has what is other than at first, by the row's number. */
export function pageOf(list: ListName, page: number, total: number, texts: ReadonlyMap<number, string>): string {
  const rows = Array.from({ length: Math.min(PAGE_ROWS, total - page * PAGE_ROWS) }, (_, index) => {
    const number = page * PAGE_ROWS + index;
    return LISTS[list](number, texts.get(number) ?? `Text ${number}`);
  });
  return JSON.stringify({ items: rows, total });
}
