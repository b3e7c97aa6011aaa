/** What an answer says that it is: in lower case, without parameters; empty where it says nothing. */
export function mediaType(headers: Headers): string {
  return (headers.get("Content-Type") ?? "").replace(/;.*$/s, "").trim().toLowerCase();
}

/** Whether an answer is an HTML page, such as one to log in. No API answers with one. */
export function isPage(headers: Headers): boolean {
  return ["text/html", "application/xhtml+xml"].includes(mediaType(headers));
}
