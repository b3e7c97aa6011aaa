import { Fragment, useState } from "react";

import { commentsCollection, type Comment, type Review } from "../generated/index.js";
import { Composer, Thread } from "./Thread.js";
import { highlighted } from "./highlight.js";
import type { Person } from "./people.js";

interface Props {
  review: Review;
  /** The oldest first. */
  comments: readonly Comment[];
  user: Person;
}

export function CodeView({ review, comments, user }: Props) {
  const [commented, setCommented] = useState<number>();
  const lines = review.code.replace(/\n$/, "").split("\n");

  function comment(line: number, body: string): void {
    const written_at = new Date().toISOString();
    commentsCollection.insert({ review_id: review.id, line, body, author: user, is_resolved: false, written_at });
    setCommented(undefined);
  }

  return (
    <section className="file">
      <h3>{review.path}</h3>
      <div className="lines">
        {lines.map((text, index) => {
          const line = index + 1;
          const thread = comments.filter((one) => one.line === line);
          return (
            <Fragment key={line}>
              <div className="line">
                <button aria-label={`Comment on line ${line}`} onClick={() => setCommented(line)}>
                  {line}
                </button>
                <code>{highlighted(text)}</code>
              </div>
              {thread.length > 0 && <Thread comments={thread} user={user} onReply={(body) => comment(line, body)} />}
              {commented === line && thread.length === 0 && (
                <div className="thread">
                  <Composer
                    label="Comment"
                    onSend={(body) => comment(line, body)}
                    onCancel={() => setCommented(undefined)}
                  />
                </div>
              )}
            </Fragment>
          );
        })}
      </div>
    </section>
  );
}
