import { useState } from "react";

import { commentsCollection, type Comment } from "../generated/index.js";
import { Avatar } from "./Avatar.js";
import { nameOf, type Person } from "./people.js";

interface Props {
  comments: readonly Comment[];
  user: Person;
  onReply: (body: string) => void;
}

/** What was said of one line. */
export function Thread({ comments, user, onReply }: Props) {
  const isResolved = comments.every(({ is_resolved }) => is_resolved);
  const [isOpen, setOpen] = useState(false);
  const [isReplying, setReplying] = useState(false);

  /** All of them at once, whoever has written them. */
  function resolve(is_resolved: boolean): void {
    commentsCollection.update(
      comments.map(({ id }) => id),
      (drafts) => drafts.forEach((draft) => void (draft.is_resolved = is_resolved)),
    );
    setOpen(false);
  }

  if (isResolved && !isOpen) {
    return (
      <div className="thread resolved">
        <button className="quiet" onClick={() => setOpen(true)}>
          ✓ Resolved · {comments.length === 1 ? "1 comment" : `${comments.length} comments`}
        </button>
      </div>
    );
  }
  return (
    <div className="thread">
      {comments.map((comment) => (
        <Said key={comment.id} comment={comment} isMine={comment.author === user} />
      ))}
      {isReplying ? (
        <Composer
          label="Reply"
          onSend={(body) => {
            onReply(body);
            setReplying(false);
          }}
          onCancel={() => setReplying(false)}
        />
      ) : (
        <div className="actions">
          <button onClick={() => setReplying(true)}>Reply</button>
          <button onClick={() => resolve(!isResolved)}>{isResolved ? "Open again" : "Resolve"}</button>
        </div>
      )}
    </div>
  );
}

function Said({ comment, isMine }: { comment: Comment; isMine: boolean }) {
  const { id, author, body, written_at, _has_local_changes } = comment;
  const at = new Date(written_at).toLocaleString("en", { dateStyle: "medium", timeStyle: "short" });
  return (
    <div className="said">
      <Avatar person={author} />
      <div>
        <p className="by">
          <strong>{nameOf(author)}</strong> <time dateTime={written_at}>{at}</time>
          {_has_local_changes && <em>not sent yet</em>}
          {isMine && (
            <button className="quiet" onClick={() => commentsCollection.delete(id)}>
              Delete
            </button>
          )}
        </p>
        <p className="body">{body}</p>
      </div>
    </div>
  );
}

interface ComposerProps {
  label: string;
  onSend: (body: string) => void;
  onCancel: () => void;
}

export function Composer({ label, onSend, onCancel }: ComposerProps) {
  const [body, setBody] = useState("");
  const text = body.trim();
  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault();
        if (text !== "") onSend(text);
      }}
    >
      <textarea
        autoFocus
        rows={2}
        maxLength={2000}
        aria-label={label}
        placeholder="Say it kindly"
        value={body}
        onChange={(event) => setBody(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") onCancel();
          if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) event.currentTarget.form?.requestSubmit();
        }}
      />
      <div className="actions">
        <button className="primary" disabled={text === ""}>
          {label}
        </button>
        <button type="button" onClick={onCancel}>
          Cancel
        </button>
      </div>
    </form>
  );
}
