/** The cookie that says who is signed in. An application of yours signs it, or keeps sessions in a table. */
export const COOKIE = "notes-user";
