import { useContacts, useNotes, useSyncStatus } from "./generated/index.js";
import { count } from "./names.js";

/** What is on this device, and of when it is. */
export function Totals() {
  const { data: contacts } = useContacts();
  const { data: notes } = useNotes();
  const { models, persisted } = useSyncStatus();
  return (
    <footer aria-label="On this device">
      <span>
        {count(contacts.length, "contact")}, {time(models["contacts"]?.lastSync)}
      </span>
      <span>
        {count(notes.length, "note")}, {time(models["notes"]?.lastSync)}
      </span>
      {persisted === false && <span>The browser may delete this data when the disk is full.</span>}
    </footer>
  );
}

function time(at: string | null | undefined): string {
  if (at === null || at === undefined) return "not read from the server yet";
  return `as the server had them at ${new Date(at).toLocaleTimeString()}`;
}
