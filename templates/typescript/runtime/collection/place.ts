/** The database that an edit is for: the one that is open when it is written, or was open last, or is being opened. */
export interface Place {
  /** Its name or folder; undefined where the application brings the database, and before the first one. */
  readonly directory: string | undefined;
  /** Its client id, once it was opened: one database may have several names. */
  id?: string;
}

/**
 * Whether an edit may go into the open database. What was written before any was asked for, or for one that the application
 * brings and that never opened, goes into the first, unless that is being closed for it: then `present`, where new edits
 * belong, is another.
 */
export function isFor(edit: Place, open: Place, present: Place): boolean {
  if (edit.directory === undefined && edit.id === undefined) return open === present;
  const isNamed = edit.directory !== undefined && edit.directory === open.directory;
  return isNamed || (edit.id !== undefined && edit.id === open.id);
}

/** Says why edits for these databases wait while another is open; null where none do. */
export function waitingFor(places: readonly Place[]): string | null {
  if (places.length === 0) return null;
  const names = [...new Set(places.map(({ directory }) => directory ?? "one that the application brings"))].join(", ");
  if (places.length === 1) return `An edit in this page waits for another database, ${names}: open that to save it.`;
  return `${String(places.length)} edits in this page wait for other databases, ${names}: open those to save them.`;
}
