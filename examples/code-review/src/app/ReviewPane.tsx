import { eq, useLiveQuery } from "@tanstack/react-db";
import { useState } from "react";

import { commentsCollection, store, useStore } from "../generated/index.js";
import { CodeView } from "./CodeView.js";
import { nameOf, type Person } from "./people.js";
import { VERDICTS } from "./verdicts.js";

/** One review: what was decided, and the lines with what was said of them. */
export function ReviewPane({ id, user }: { id: string; user: Person }) {
  // One row from the store, by its key.
  const review = useStore(({ reviews }) => reviews.get(id));
  const { data: comments } = useLiveQuery(
    (query) =>
      query
        .from({ comment: commentsCollection })
        .where(({ comment }) => eq(comment.review_id, id))
        .orderBy(({ comment }) => comment.written_at),
    [id],
  );
  if (review === undefined) return <p className="empty">This review isn't here, or not yet.</p>;
  return (
    <article>
      <div className="title">
        <h2>{review.title}</h2>
        <p>
          {nameOf(review.author)} · {new Date(review.opened_at).toLocaleDateString("en", { dateStyle: "medium" })}
        </p>
        <div className="verdicts" role="group" aria-label="Verdict">
          {VERDICTS.map(({ value, label, tone }) => (
            <button
              key={value}
              className={tone}
              aria-pressed={value === review.verdict}
              onClick={() => store.reviews.update(id, (draft) => void (draft.verdict = value))}
            >
              {label}
            </button>
          ))}
        </div>
      </div>
      <Summary key={review.summary} id={id} summary={review.summary} />
      <CodeView review={review} comments={comments} user={user} />
    </article>
  );
}

function Summary({ id, summary }: { id: string; summary: string }) {
  const [text, setText] = useState(summary);
  return (
    <form
      className="summary"
      onSubmit={(event) => {
        event.preventDefault();
        store.reviews.update(id, (draft) => void (draft.summary = text));
      }}
    >
      <label>
        Summary
        <textarea
          rows={2}
          maxLength={2000}
          placeholder="What you agree on"
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
      </label>
      {text !== summary && (
        <div className="actions">
          <button className="primary">Save</button>
          <button type="button" onClick={() => setText(summary)}>
            Leave it
          </button>
        </div>
      )}
    </form>
  );
}
