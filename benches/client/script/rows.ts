/** A row of the server, each column as PostgreSQL's text. */
export interface ServerRow {
  readonly id: string;
  readonly first_name: string;
  readonly last_name: string;
  readonly email: string;
  readonly created_at: string;
  readonly updated_at: string;
}

export function idOf(number: number): string {
  return `00000000-0000-4000-8000-${number.toString(16).padStart(12, "0")}`;
}

export function rowOf(number: number): ServerRow {
  return {
    id: idOf(number),
    first_name: `First ${number}`,
    last_name: `Last ${(number * 7919) % 1000003}`,
    email: `mail${number}@example.com`,
    created_at: "2026-01-01 00:00:00+00",
    updated_at: "2026-01-01 00:00:00+00",
  };
}

export function rowsUpTo(count: number): ServerRow[] {
  return Array.from({ length: count }, (_, number) => rowOf(number));
}
