import { useState } from "react";

import { contactsCollection, useContacts, useRejectedChanges, useSyncStatus, type Contact } from "./generated/index.js";
import { Avatar } from "./Avatar.js";
import { nameOf } from "./names.js";

interface Selection {
  readonly selected: string | undefined;
  readonly onSelect: (id: string) => void;
}

/** Contacts are optimistic: whatever is done with them is saved on the device at once, online or not. */
export function ContactList({ selected, onSelect }: Selection) {
  const { data: contacts } = useContacts();
  const { opening } = useSyncStatus();
  const [search, setSearch] = useState("");
  const wanted = search.trim().toLowerCase();
  const found = contacts.filter((contact) =>
    `${nameOf(contact)} ${contact.email ?? ""}`.toLowerCase().includes(wanted),
  );
  const sorted = found.toSorted((one, other) => nameOf(one).localeCompare(nameOf(other)));
  return (
    <section className="card list" aria-label="All contacts">
      <NewContact onAdded={onSelect} />
      <input
        className="search"
        type="search"
        aria-label="Search"
        placeholder="Search"
        value={search}
        onChange={(event) => setSearch(event.target.value)}
      />
      {sorted.length === 0 ? (
        <p className="empty">
          {opening ? "Loading …" : wanted === "" ? "No contacts yet. Add the first." : "Nobody is called so."}
        </p>
      ) : (
        <ul aria-label="Contacts">
          {sorted.map((contact) => (
            <ContactRow
              key={contact.id}
              contact={contact}
              isSelected={contact.id === selected}
              onSelect={() => onSelect(contact.id)}
            />
          ))}
        </ul>
      )}
    </section>
  );
}

function NewContact({ onAdded }: { onAdded: (id: string) => void }) {
  const [name, setName] = useState("");
  const [first = "", ...rest] = name.trim().split(/\s+/);

  function add(): void {
    const id = crypto.randomUUID();
    contactsCollection.insert({ id, first_name: first, last_name: rest.join(" ") });
    setName("");
    onAdded(id);
  }

  return (
    <form
      className="new"
      onSubmit={(event) => {
        event.preventDefault();
        add();
      }}
    >
      <input
        aria-label="Name"
        placeholder="First and last name"
        autoComplete="off"
        value={name}
        onChange={(event) => setName(event.target.value)}
      />
      <button className="primary" disabled={first === ""}>
        Add
      </button>
    </form>
  );
}

interface RowProps {
  readonly contact: Contact;
  readonly isSelected: boolean;
  readonly onSelect: () => void;
}

function ContactRow({ contact, isSelected, onSelect }: RowProps) {
  const name = nameOf(contact);
  const isRefused = useRejectedChanges().some(({ rowKey }) => rowKey === contact.id);
  return (
    <li aria-label={name}>
      <button className="row" aria-label={name} aria-current={isSelected} onClick={onSelect}>
        <Avatar name={name} />
        <span className="who">
          <span className="name">{name}</span>
          <span className="mail">{contact.email ?? "no mail"}</span>
        </span>
        {contact._has_local_changes && <span className="badge">not saved yet</span>}
        {isRefused && <span className="badge bad">refused</span>}
      </button>
    </li>
  );
}
