import { useState } from "react";

import { signIn } from "../server/session.js";
import { Avatar } from "./Avatar.js";
import { nameOf, PEOPLE, type Person } from "./people.js";

export function SignIn({ onSignIn }: { onSignIn: (person: Person) => void }) {
  const [failure, setFailure] = useState<string>();

  async function sign(person: Person): Promise<void> {
    try {
      await signIn({ data: person });
      onSignIn(person);
    } catch {
      setFailure("The server doesn't answer. To sign in, it has to.");
    }
  }

  return (
    <div className="sign-in">
      <h1>Code review</h1>
      <p>Who are you? Be somebody else in a private window, and watch both.</p>
      {(Object.keys(PEOPLE) as Person[]).map((person) => (
        <button key={person} className="person" onClick={() => void sign(person)}>
          <Avatar person={person} />
          {nameOf(person)}
        </button>
      ))}
      {failure !== undefined && (
        <p className="banner bad" role="alert">
          {failure}
        </p>
      )}
    </div>
  );
}
