import type { Handle } from "@sveltejs/kit/hooks";

import { isPerson } from "./app/people.js";
import { COOKIE } from "./server/session.server.js";

export const handle: Handle = ({ event, resolve }) => {
  const name = event.cookies.get(COOKIE) ?? "";
  event.locals.user = isPerson(name) ? name : null;
  return resolve(event);
};
