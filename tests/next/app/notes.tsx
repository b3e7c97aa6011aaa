"use client";

import { useEffect, useState } from "react";

import type { notesCollection, SyncStatus, useNotes } from "../src/generated/indexeddb";

/** What a page uses of a client, whatever its database. */
interface Client {
  readonly configureSync: (settings: { readonly apiBaseUrl: string }) => void;
  readonly initializeDatabase: () => Promise<unknown>;
  readonly notesCollection: Pick<typeof notesCollection, "insert">;
  readonly useNotes: typeof useNotes;
  readonly useSyncStatus: () => Pick<SyncStatus, "pending">;
}

export function Notes({ client }: { readonly client: Client }) {
  const { data } = client.useNotes();
  const { pending } = client.useSyncStatus();
  const [state, setState] = useState("opening");

  useEffect(() => {
    client.configureSync({ apiBaseUrl: "/api" });
    client.initializeDatabase().then(
      () => setState("open"),
      (error: unknown) => setState(String(error)),
    );
  }, [client]);

  return (
    <main>
      <p role="status">
        {state}, {pending} unsent
      </p>
      <button onClick={() => client.notesCollection.insert({ id: crypto.randomUUID(), title: "From the page" })}>
        Add
      </button>
      <ul>
        {data.map((note) => (
          <li key={note.id}>{note.title}</li>
        ))}
      </ul>
    </main>
  );
}
