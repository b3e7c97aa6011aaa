import { useState } from "react";

import { Avatar } from "./Avatar.js";
import { contactsCollection, useContact, type Contact } from "./generated/index.js";
import { nameOf } from "./names.js";
import { Notes } from "./Notes.js";

export function ContactDetails({ id, onClose }: { id: string; onClose: () => void }) {
  const contact = useContact(id);
  if (contact === undefined) {
    return (
      <section className="card details empty" aria-label="Details">
        <p className="big">This contact is gone</p>
        <button onClick={onClose}>All contacts</button>
      </section>
    );
  }
  const name = nameOf(contact);
  return (
    <section className="card details" aria-label="Details">
      <button className="back" onClick={onClose}>
        ‹ All contacts
      </button>
      <div className="title">
        <Avatar name={name} />
        <h2>{name}</h2>
        {contact._has_local_changes && <span className="badge">not saved yet</span>}
        <button className="quiet bad" aria-label={`Delete ${name}`} onClick={() => contactsCollection.delete(id)}>
          Delete
        </button>
      </div>
      <div className="fields">
        <Field contact={contact} name="first_name" label="First name" />
        <Field contact={contact} name="last_name" label="Last name" />
        <Field contact={contact} name="email" label="Mail" />
      </div>
      <Notes contactId={id} />
    </section>
  );
}

interface FieldProps {
  readonly contact: Contact;
  readonly name: "first_name" | "last_name" | "email";
  readonly label: string;
}

/** Saves what was typed when the field is left. */
function Field({ contact, name, label }: FieldProps) {
  const [typed, setTyped] = useState<string>();
  const shown = contact[name] ?? "";

  function save(): void {
    setTyped(undefined);
    const text = typed?.trim();
    if (text === undefined || text === shown) return;
    contactsCollection.update(contact.id, (draft) => {
      if (name === "email") draft.email = text === "" ? null : text;
      else draft[name] = text;
    });
  }

  return (
    <label>
      {label}
      <input
        value={typed ?? shown}
        inputMode={name === "email" ? "email" : "text"}
        onChange={(event) => setTyped(event.target.value)}
        onBlur={save}
        onKeyDown={(event) => event.key === "Enter" && event.currentTarget.blur()}
      />
    </label>
  );
}
