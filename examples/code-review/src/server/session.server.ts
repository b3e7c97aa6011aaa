import { isPerson, type Person } from "../app/people.js";

/** The cookie that says who is signed in. An application of yours signs it, or keeps sessions in a table. */
export const COOKIE = "code-review-user";

export function userOf(request: Request): Person | null {
  const cookies = (request.headers.get("cookie") ?? "").split("; ").map((cookie) => cookie.split("="));
  const user = cookies.find(([name]) => name === COOKIE)?.[1] ?? "";
  return isPerson(user) ? user : null;
}
