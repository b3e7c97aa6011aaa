import { error, json, type RequestHandler } from "@sveltejs/kit";

import { isPerson } from "../../../app/people.js";
import { COOKIE } from "../../../server/session.server.js";

/** Signs in as one of the two, without a password: this is an example. */
export const POST: RequestHandler = async ({ request, cookies }) => {
  const { person } = (await request.json()) as { person?: unknown };
  if (typeof person !== "string" || !isPerson(person)) error(400, "nobody of this name");
  // `secure: false` lets it work without https on this machine.
  cookies.set(COOKIE, person, { path: "/", sameSite: "lax", secure: false, maxAge: 31_536_000 });
  return json({ person });
};

export const DELETE: RequestHandler = ({ cookies }) => {
  cookies.delete(COOKIE, { path: "/", sameSite: "lax", secure: false });
  return json({});
};
