import { createServerFn } from "@tanstack/react-start";
import { deleteCookie, setCookie } from "@tanstack/react-start/server";

import { isPerson, type Person } from "../app/people.js";
import { COOKIE } from "./session.server.js";

/** Signs in as one of the two, without a password: this is an example. */
export const signIn = createServerFn({ method: "POST" })
  .validator((person: Person) => {
    if (!isPerson(person)) throw new Response("nobody of this name", { status: 400 });
    return person;
  })
  .handler(({ data }) => setCookie(COOKIE, data, { httpOnly: true, sameSite: "lax", path: "/", maxAge: 31_536_000 }));

export const signOut = createServerFn({ method: "POST" }).handler(() => deleteCookie(COOKIE, { path: "/" }));
