import { Link } from "@tanstack/react-router";
import { count, eq, useLiveQuery } from "@tanstack/react-db";
import { useState } from "react";

import { commentsCollection, type Review } from "../generated/index.js";
import { NewReview } from "./NewReview.js";
import { firstNameOf, type Person } from "./people.js";
import { verdictOf } from "./verdicts.js";

interface Props {
  user: Person;
  /** The newest first. */
  reviews: readonly Review[];
  chosen: string | undefined;
}

export function ReviewList({ user, reviews, chosen }: Props) {
  const [isNew, setNew] = useState(false);
  // A query over the collection: it follows each comment that comes.
  const { data: counts } = useLiveQuery((query) =>
    query
      .from({ comment: commentsCollection })
      .where(({ comment }) => eq(comment.is_resolved, false))
      .groupBy(({ comment }) => comment.review_id)
      .select(({ comment }) => ({ review: comment.review_id, open: count(comment.id) })),
  );
  const openIn = new Map(counts.map(({ review, open }) => [review, open]));
  return (
    <nav aria-label="Reviews">
      <ul>
        {reviews.map(({ id, title, path, author, verdict, _has_local_changes }) => (
          <li key={id}>
            <Link to="/" search={{ review: id }} aria-current={id === chosen}>
              <span className={`dot ${verdictOf(verdict).tone}`} title={verdictOf(verdict).label} />
              <span className="what">
                <strong>{title}</strong>
                <small>
                  {path} · {firstNameOf(author)}
                  {_has_local_changes && " · not sent yet"}
                </small>
              </span>
              {openIn.has(id) && (
                <span className="count" title="Open comments">
                  {openIn.get(id)}
                </span>
              )}
            </Link>
          </li>
        ))}
      </ul>
      {isNew ? (
        <NewReview user={user} onDone={() => setNew(false)} />
      ) : (
        <button onClick={() => setNew(true)}>Ask for a review</button>
      )}
    </nav>
  );
}
