import { useEffect, useState } from "react";

import { configureSync, initializeDatabase, onSyncError, useReviews } from "../generated/index.js";
import { pushPull } from "../server/sync/tanstack-start.js";
import { isPerson, type Person } from "./people.js";
import { Refused } from "./Refused.js";
import { ReviewList } from "./ReviewList.js";
import { ReviewPane } from "./ReviewPane.js";
import { SignIn } from "./SignIn.js";
import { TopBar } from "./TopBar.js";

/** Who was signed in when the page was open last: it opens without the server, too. */
const SIGNED_IN = "code-review-user";

/** `chosen`: the review that the URL names. */
export function App({ chosen }: { chosen: string | undefined }) {
  const [user, setUser] = useState<Person | null>(() => {
    const name = localStorage.getItem(SIGNED_IN) ?? "";
    return isPerson(name) ? name : null;
  });
  const [failure, setFailure] = useState<unknown>();

  useEffect(() => {
    onSyncError(({ model, message }) => console.info(model ?? "sync", message));
    // A new database begins with what `npm run database` has made: a browser takes seconds for that.
    initializeDatabase({ initialData: "/database.tar.gz" }).catch(setFailure);
  }, []);

  // The client speaks with the server by its server functions, and sends each edit as that of the user who has made it.
  useEffect(() => configureSync({ pushPull, user }), [user]);

  function sign(person: Person | null): void {
    if (person === null) localStorage.removeItem(SIGNED_IN);
    else localStorage.setItem(SIGNED_IN, person);
    setUser(person);
  }

  if (failure !== undefined) return <p className="banner bad">The local database can't be opened: {String(failure)}</p>;
  if (user === null) return <SignIn onSignIn={sign} />;
  return <Reviews user={user} chosen={chosen} onSignOut={() => sign(null)} />;
}

function Reviews({ user, chosen, onSignOut }: { user: Person; chosen: string | undefined; onSignOut: () => void }) {
  const { data: reviews } = useReviews();
  const sorted = [...reviews].sort((one, other) => other.opened_at.localeCompare(one.opened_at));
  const id = chosen ?? sorted[0]?.id;
  return (
    <div className="app">
      <TopBar user={user} onSignOut={onSignOut} />
      <ReviewList user={user} reviews={sorted} chosen={id} />
      <main>
        <Refused />
        {id === undefined ? (
          <p className="empty">There is no review yet.</p>
        ) : (
          <ReviewPane key={id} id={id} user={user} />
        )}
      </main>
    </div>
  );
}
