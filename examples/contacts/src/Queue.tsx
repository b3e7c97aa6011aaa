import { useChanges, useContact, useSyncStatus, type LocalChange } from "./generated/index.js";
import { DONE, rowOf } from "./names.js";

const SHOWN = 3;
const STATES = { pending: "waits", sending: "is being sent", failed: "can't be sent" };

/**
 * What the server doesn't have yet: the next changes in the order in which they are sent. It comes and goes with each
 * change, so it stands below all that somebody clicks.
 */
export function Queue() {
  const { pending } = useSyncStatus();
  const next = useChanges()
    .filter(({ rejected }) => !rejected)
    .slice(0, SHOWN);
  const more = pending - next.length;
  if (next.length === 0) return null;
  return (
    <ol className="queue" aria-label="Queue">
      {next.map((change) => (
        <Waiting key={change.writeId} change={change} />
      ))}
      {more > 0 && <li>and {more} more</li>}
    </ol>
  );
}

function Waiting({ change }: { change: LocalChange }) {
  const { model, operation, rowKey, state, attempts, error } = change;
  const contact = useContact(rowKey);
  return (
    <li className={state}>
      <strong>
        {DONE[operation]} {rowOf(model, contact)}
      </strong>{" "}
      {STATES[state]}
      {attempts > 1 && ` (${attempts} tries)`}
      {error !== null && `: ${error.message}`}
    </li>
  );
}
