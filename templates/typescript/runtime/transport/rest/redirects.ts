import { SEE_OTHER } from "./request.js";

/** What a redirect of a write leads to. */
export type Lead =
  /** The same path of the API, elsewhere on its origin. */
  | { readonly kind: "found"; readonly url: string }
  /** The write is done, and something else shows what came of it. The headers may name the row. */
  | { readonly kind: "done"; readonly headers: Headers }
  /** A page where people log in. */
  | { readonly kind: "login"; readonly message: string }
  | { readonly kind: "lost"; readonly message: string };

/** Where a request goes. Redirects of all paths of one template lead alike. */
export interface Place {
  /** In front of the path, without a slash at the end. */
  readonly base: string;
  readonly path: string;
  /** What every request has behind the path. */
  readonly query: string;
  readonly template: string;
  /** Whether the document says that 303 is an answer there. */
  readonly isSeenElsewhere: boolean;
}

/** Makes a GET request, and gives its answer without the body. */
export type Look = (url: string, redirect: RequestRedirect) => Promise<Response>;

export function isRedirect({ type, status }: Response): boolean {
  return type === "opaqueredirect" || [301, 302, 303, 307, 308].includes(status);
}

export interface Redirects {
  /** Where a request goes, as far as is known. */
  direct(place: Place): string;
  /** Where a redirect of a write to this URL leads. */
  follow(place: Place, url: string, response: Response, look: Look): Promise<Lead>;
  /** Forgets what is known of the place, because it was wrong. */
  forget(place: Place): void;
}

/**
 * Finds where the API wants its writes. `fetch` follows no redirect of a write: it would make a GET request of a POST.
 * Here, a redirect is followed that leads to the same path on the API's own origin, with or without a slash at
 * the end. Another server or path could take the write for something else.
 */
export function createRedirects(): Redirects {
  /** By base and template: what stands in place of the base, and whether the slash at the end is another. */
  const known = new Map<string, { readonly base: string; readonly isTurned: boolean }>();
  const keyOf = ({ base, template }: Place) => `${base} ${template}`;

  return {
    direct(place) {
      const { base, isTurned } = known.get(keyOf(place)) ?? { base: place.base, isTurned: false };
      return base + (isTurned ? turned(place.path) : place.path);
    },

    async follow(place, url, response, look) {
      const lead = await leadOf(place, url, response, look);
      if (lead.kind === "found") {
        const isTurned = !lead.url.endsWith(place.path);
        const { length } = isTurned ? turned(place.path) : place.path;
        known.set(keyOf(place), { base: lead.url.slice(0, -length), isTurned });
      }
      return lead;
    },

    forget: (place) => known.delete(keyOf(place)),
  };
}

async function leadOf(place: Place, url: string, response: Response, look: Look): Promise<Lead> {
  const done = place.isSeenElsewhere ? await doneOf(url, response, look) : undefined;
  if (done !== undefined) return done;
  const location = response.headers.get("Location");
  // A browser tells only that there was one. A GET of the same URL tells where it leads.
  const seen = location === null ? await look(url, "follow").catch(() => undefined) : undefined;
  const target =
    location === null ? (seen?.redirected === true ? new URL(seen.url) : undefined) : new URL(location, url);
  // A server that sends on to elsewhere repeats the query, as it is or spelled otherwise.
  if (target !== undefined && isSameQuery(place, target)) target.search = "";
  if (target?.href.startsWith(`${place.base}/`) && isAt(place, target)) return { kind: "found", url: target.href };
  if (target?.origin === new URL(url).origin) {
    const there = seen ?? (await look(target.href, "manual"));
    if (isAt(place, target) && isApi(there)) return { kind: "found", url: target.href };
    if (isLogin(there)) return login(target.href);
  }
  const where = target?.href ?? (seen === undefined ? "another origin" : "a place that the browser doesn't tell");
  return (await besideSlash(place, url, look)) ?? lost(where);
}

/** What a redirect means where the document has 303: undefined where it is none of these. */
async function doneOf(url: string, response: Response, look: Look): Promise<Lead | undefined> {
  if (response.type === "opaqueredirect") {
    // A browser doesn't tell which redirect it is. One to log in, or to where the API is, a GET of the same URL gets as well.
    const seen = await look(url, "follow").catch(() => undefined);
    const isHere = seen !== undefined && !seen.redirected && (isApi(seen) || isGone(seen));
    return isHere ? { kind: "done", headers: new Headers() } : undefined;
  }
  const location = response.headers.get("Location");
  if (response.status !== SEE_OTHER || location === null) return undefined;
  const target = new URL(location, url);
  const here = new URL(url);
  if (target.origin !== here.origin) return undefined;
  const isItem = target.pathname.startsWith(`${here.pathname.replace(/\/$/, "")}/`);
  if (isItem) return { kind: "done", headers: response.headers };
  return isApi(await look(target.href, "manual")) ? { kind: "done", headers: new Headers() } : undefined;
}

/** Tries the same path with or without a slash at the end: many servers redirect for that, some to a wrong address. */
async function besideSlash({ base, path }: Place, url: string, look: Look): Promise<Lead | undefined> {
  const target = base + turned(path);
  const seen = target === url ? undefined : await look(target, "manual").catch(() => undefined);
  return seen !== undefined && isApi(seen) ? { kind: "found", url: target } : undefined;
}

/** Whether something other than a page answers at a URL, if only that it isn't for a GET request. */
function isApi(response: Response): boolean {
  return (response.ok || response.status === 405) && !isLogin(response);
}

/** Of a row that was deleted. */
function isGone({ status, headers }: Response): boolean {
  return (status === 404 || status === 410) && !isPage(headers);
}

/** Whether a URL has the place's path, on the same origin. */
function isAt({ base, path }: Place, target: URL): boolean {
  if (target.origin !== new URL(base).origin || target.search !== "") return false;
  return target.href.endsWith(path) || target.href.endsWith(turned(path));
}

function isSameQuery({ query }: Place, { searchParams }: URL): boolean {
  return query !== "" && searchParams.toString() === new URLSearchParams(query.slice(1)).toString();
}

function turned(path: string): string {
  return path.endsWith("/") ? path.slice(0, -1) : `${path}/`;
}

/** Whether an answer is a page for people, or wants another user: this isn't the API's answer to a write. */
function isLogin({ status, headers }: Response): boolean {
  return status === 401 || status === 403 || isPage(headers);
}

function login(where: string): Lead {
  return { kind: "login", message: `redirected to ${where}, perhaps to log in` };
}

function lost(where: string): Lead {
  return { kind: "lost", message: `redirected to ${where}, and not sent there: is apiBaseUrl where the API is?` };
}

/** What an answer says that it is: in lower case, without parameters; empty where it says nothing. */
export function mediaType(headers: Headers): string {
  return (headers.get("Content-Type") ?? "").replace(/;.*$/s, "").trim().toLowerCase();
}

/** Whether an answer is an HTML page, such as one to log in. No API answers with one. */
export function isPage(headers: Headers): boolean {
  return ["text/html", "application/xhtml+xml"].includes(mediaType(headers));
}
