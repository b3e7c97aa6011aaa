import { configureSync, useSyncStatus, type SyncStatus } from "../generated/index.js";
import { signOut } from "../server/session.js";
import { Avatar } from "./Avatar.js";
import { nameOf, type Person } from "./people.js";

/** Whether the server is reached, what it doesn't have yet, and who is here. */
export function TopBar({ user, onSignOut }: { user: Person; onSignOut: () => void }) {
  const status = useSyncStatus();

  async function leave(): Promise<void> {
    // Nothing is sent or read any more. What hasn't been sent waits for its user.
    configureSync({ user: null });
    await signOut().catch(() => {});
    onSignOut();
  }

  return (
    <header>
      <h1>Code review</h1>
      <p role="status" className={`status ${stateOf(status)}`}>
        {describe(status)}
      </p>
      <span className="me">
        <Avatar person={user} /> {nameOf(user)}
      </span>
      <button className="quiet" onClick={() => void leave()}>
        Sign out
      </button>
    </header>
  );
}

function stateOf({ opening, online, waitingForAuth, errors }: SyncStatus): string {
  if (opening) return "is-opening";
  if (!online) return "is-offline";
  return waitingForAuth || errors.length > 0 ? "is-failing" : "is-online";
}

function describe(status: SyncStatus): string {
  const { opening, online, waitingForAuth, pending, rejected, errors } = status;
  const waiting = pending === 0 ? "" : ` · ${pending === 1 ? "1 change waits" : `${pending} changes wait`}`;
  const rest = waiting + (rejected === 0 ? "" : ` · ${rejected} to settle`);
  if (opening) return `Opening …${rest}`;
  if (waitingForAuth) return `Please sign in again${rest}`;
  if (!online) return `Offline${rest || " · go on, it is kept here"}`;
  return errors.length > 0 ? `${errors.at(-1)?.message ?? ""}${rest}` : `Live${rest || " · everything is saved"}`;
}
