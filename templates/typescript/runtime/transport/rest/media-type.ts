/** What an answer says that it is: in lower case, without parameters; empty where it says nothing. */
export function mediaType(headers: Headers): string {
  return (headers.get("Content-Type") ?? "").replace(/;.*$/s, "").trim().toLowerCase();
}

/** Whether an answer is a page for people, such as one to log in: the API gives none. */
export function isPage(headers: Headers): boolean {
  return ["text/html", "application/xhtml+xml"].includes(mediaType(headers));
}
