import type { Opened } from "./database.server.js";
import { notes } from "./sync/schema.js";

const NOTES = [
  {
    title: "Try this first",
    body: "Open a private window and sign in as the other one. Write here: it is there while you type on.",
    color: "yellow",
    author: "ada",
    created_at: "2026-11-27 09:00:00+00",
  },
  {
    title: "Then take the network away",
    body: "The browser's tools can do that, or Ctrl-C in the terminal. Go on writing, and look at the queue.",
    color: "green",
    author: "grace",
    created_at: "2026-11-27 09:10:00+00",
  },
  {
    title: "Groceries",
    body: "Coffee\nOats\nTwo lemons\nSomething for the cat",
    color: "blue",
    author: "ada",
    created_at: "2026-11-26 17:30:00+00",
  },
  {
    title: "Moth",
    body: "Taped into the logbook, 15:45, panel F. First actual case.",
    color: "pink",
    author: "grace",
    created_at: "2026-11-25 15:45:00+00",
  },
];

/** Something to look at, in an empty database. */
export async function seed(db: Opened): Promise<void> {
  const [found] = await db.select({ id: notes.id }).from(notes).limit(1);
  if (found !== undefined) return;
  const row = (note: (typeof NOTES)[number], place: number) => ({
    ...note,
    id: `6b0f6c1e-3c52-4e0e-9a55-0d7c0a5d1b0${String(place)}`,
    is_pinned: place === 0,
  });
  await db.insert(notes).values(NOTES.map(row));
}
