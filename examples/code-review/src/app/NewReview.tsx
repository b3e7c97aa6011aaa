import { useNavigate } from "@tanstack/react-router";
import { useState, type FormEvent } from "react";

import { store } from "../generated/index.js";
import type { Person } from "./people.js";

export function NewReview({ user, onDone }: { user: Person; onDone: () => void }) {
  const navigate = useNavigate();
  const [title, setTitle] = useState("");
  const [path, setPath] = useState("");
  const [code, setCode] = useState("");

  function open(event: FormEvent): void {
    event.preventDefault();
    const opened_at = new Date().toISOString();
    const review = store.reviews.add({ title, path, code, author: user, verdict: "open", summary: "", opened_at });
    onDone();
    void navigate({ to: "/", search: { review: String(review) } });
  }

  return (
    <form className="new" onSubmit={open}>
      <input
        required
        maxLength={120}
        placeholder="What is it?"
        value={title}
        onChange={(e) => setTitle(e.target.value)}
      />
      <input required placeholder="src/file.js" value={path} onChange={(e) => setPath(e.target.value)} />
      <textarea required rows={6} placeholder="Its lines" value={code} onChange={(e) => setCode(e.target.value)} />
      <div className="actions">
        <button className="primary">Ask</button>
        <button type="button" onClick={onDone}>
          Cancel
        </button>
      </div>
    </form>
  );
}
