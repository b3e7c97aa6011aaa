// What an application may write, and what the compiler must refuse.

import type { Membership, MembershipCreate, Money, Reading, Sample, SampleCreate, SampleUpdate } from "./bigints/index.js";
import type { Json, Own, Ping, SessionCreate, SettingUpdate, Status, Tree } from "./bigints/index.js";
import type { Contact, ContactCreate, ContactUpdate } from "./contacts/index.js";
import { configureSync, contactsCollection, initializeDatabase, RejectedError } from "./contacts/index.js";
import { useContact, useContacts, useRejectedChanges, useSyncStatus, writeTogether } from "./contacts/index.js";
import { store, useStore } from "./contacts/index.js";
import { logHash, models } from "./contacts/schema/index.js";
import type { Class_ } from "./hostile/index.js";
import { canEditSampleField, membershipsCollection, sampleAccess, samplesCollection } from "./numbers/index.js";
import { store as numberStore, useMembership } from "./numbers/index.js";
import type { Sample as NumberSample } from "./numbers/index.js";
import type { Sample as StringSample } from "./strings/index.js";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(_: Equal<A, B>): void {}

// The row, as the view shows it.
same<
  Contact,
  {
    id: string;
    first_name: string;
    last_name: string;
    email: string | null;
    created_at: string;
    updated_at: string;
    _has_local_changes: boolean;
    _pending_write_id: string | null;
  }
>(true);
// @ts-expect-error
same<Contact["email"], string>(true);

// An insert: the key may be left out, the server's fields can't be given.
same<
  ContactCreate,
  { id?: string; first_name: string; last_name: string; email?: string | null }
>(true);
export const minimal: ContactCreate = { first_name: "Ada", last_name: "Lovelace" };
export const cleared: ContactCreate = { ...minimal, email: null };
// @ts-expect-error last_name is required
export const incomplete: ContactCreate = { first_name: "Ada" };
// @ts-expect-error only the server sets it
export const stamped: ContactCreate = { ...minimal, created_at: "2026-01-01T00:00:00Z" };
// @ts-expect-error left out is not undefined
export const undefinedEmail: ContactCreate = { ...minimal, email: undefined };
// @ts-expect-error not nullable
export const nullName: ContactCreate = { ...minimal, first_name: null };

// An update: everything may be left out, the key can't be changed.
same<ContactUpdate, { first_name?: string; last_name?: string; email?: string | null }>(true);
export const nothing: ContactUpdate = {};
// @ts-expect-error a key doesn't change
export const moved: ContactUpdate = { id: "0" };
// @ts-expect-error not nullable
export const erased: ContactUpdate = { last_name: null };

// Composite keys must be given.
same<Membership["user_no"], number>(true);
same<MembershipCreate, { org_id: string; user_no: number; role?: "owner" | "member"; team_no: number }>(true);
// What the API needs must be given, though rows may lack it.
same<Membership["team_no"], number | null>(true);
// @ts-expect-error team_no is required
export const teamless: MembershipCreate = { org_id: "o", user_no: 1 };

// Field types.
same<Sample["serial"], bigint>(true);
same<StringSample["serial"], string>(true);
// Keys, and columns that hold one, are text where a number would lose digits.
same<NumberSample["serial"], number | string>(true);
same<Sample["size"], number | null>(true);
same<Sample["ratio"], number>(true);
same<Sample["amount"], string>(true);
same<Sample["price"], string | null>(true);
same<Money, number>(true);
same<Reading["value"], string>(true);
same<Sample["active"], boolean>(true);
same<Sample["payload"], string | null>(true);
same<Sample["day"], string>(true);
same<Sample["time"], string | null>(true);
same<Sample["status"], Status>(true);
same<Status, "open" | "it's" | 'a"b' | "`${x}`" | "*/">(true);
same<Sample["level"], -1 | 0 | 1 | null>(true);
same<Sample["anything"], unknown>(true);
same<Sample["tags"], string[]>(true);
same<Sample["mixed"], (number | string | null)[]>(true);
same<Sample["point"], { x: number; y: number } | null>(true);
same<Sample["box"], { height?: number; wide: boolean } | null>(true);
same<Sample["counts"], Record<string, number>>(true);
same<Sample["free"], Record<string, unknown>>(true);
same<SampleCreate["point"], { x: number; y: number } | null | undefined>(true);
same<"id" extends keyof SampleCreate ? true : false, false>(true);
same<"level" extends keyof SampleUpdate ? true : false, false>(true);

// Unions tell their members apart.
export function account(method: Sample["method"]): string {
  return method.kind === "card" ? method.digits : (method.iban ?? "");
}
// @ts-expect-error a card has no iban
export const card: Sample["method"] = { kind: "card", digits: "1", iban: "2" };

// Recursion.
export const tree: Tree = { children: [{ children: [{}] }] };
export const json: Json = { a: [null, "x", { b: [] }] };
// @ts-expect-error no numbers in it
export const number: Json = { a: [1] };
export const ping: Ping = { a: { b: 1, c: "text" } };
same<Own, unknown>(true);

// What takes nothing takes nothing.
export const session: SessionCreate = {};
// @ts-expect-error
export const named: SessionCreate = { id: "0" };
same<SettingUpdate, { theme?: string }>(true);

// Any name is a name.
export function names(row: Class_): (string | null)[] {
  return [row.class, row['a"b'], row["__proto__"], row["it's"], row["first name"], row.größe, row.constructor];
}
same<Class_["*/"], string | null>(true);

// Constants keep their values.
same<(typeof sampleAccess)["owner_only"], readonly ["amount", "payload"]>(true);
same<(typeof sampleAccess)["field_groups"]["basic"][number], "label" | "amount">(true);
// @ts-expect-error
sampleAccess.owner_only.push("label");
export const hash: string = logHash;
// @ts-expect-error
models.pop();

// An application, as it uses the collections.
export async function application(): Promise<void> {
  configureSync({
    electricUrl: "https://example.org/electric",
    headers: async () => ({ Authorization: await Promise.resolve("Bearer token") }),
    shapeParams: (model) => ({ where: `${model}.team = 7` }),
    onRejected: ({ model, message, status }) => console.warn(model, message, status?.toFixed()),
    onAnswer: ({ status }) => (status === 418 ? "rejected" : undefined),
  });
  // @ts-expect-error
  configureSync({ electricURL: "https://example.org" });
  await initializeDatabase({ directory: "memory://" });

  const transaction = contactsCollection.insert({ first_name: "Ada", last_name: "Lovelace" });
  await transaction.isPersisted.promise.catch((error: unknown) => {
    if (error instanceof RejectedError) console.warn(error.status, error.body);
  });
  // @ts-expect-error
  contactsCollection.insert({ first_name: "Ada" });
  // @ts-expect-error
  contactsCollection.insert({ first_name: "Ada", last_name: "Lovelace", created_at: "" });
  contactsCollection.update("id", (draft) => {
    draft.email = null;
    // @ts-expect-error
    draft.first_name = null;
  });
  contactsCollection.delete(["one", "other"]);
  const contact: Contact | undefined = contactsCollection.get("id");
  console.log(contact?._has_local_changes);
  await writeTogether(() => contactsCollection.delete("id")).isPersisted.promise;

  samplesCollection.delete(-1);
  samplesCollection.delete("1234567890123456789");
  // @ts-expect-error
  samplesCollection.delete(1n);
  membershipsCollection.delete('["org",1]');
}

/** A component of React. */
export function component(id: string): string {
  const { data, isLoading } = useContacts();
  const names: string[] = data.map((contact) => contact.first_name);
  const email: string | null | undefined = useContact(id)?.email;
  const membership: "owner" | "member" | undefined = useMembership({ org_id: "org", user_no: 1 })?.role;
  // @ts-expect-error
  useMembership("org");
  const { pending, models: loaded } = useSyncStatus();
  const rejected: number = useRejectedChanges().length;
  return [isLoading, names, email, membership, pending.toFixed(), loaded["contacts"]?.rows, rejected].join();
}

export const canEdit: boolean = canEditSampleField("guest", "label");
// @ts-expect-error
canEditSampleField("guest", "no such field");

// The store: rows, keys and what may be written have exact types.
export function held(): void {
  const contact = store.contacts.get("id");
  same<typeof contact, Contact | undefined>(true);
  same<ReturnType<typeof store.contacts.add>, string>(true);
  store.contacts.set("id", { first_name: "Ada", last_name: "Lovelace" });
  if (contact) store.contacts.set("id", { ...contact, email: null });
  // @ts-expect-error last_name is required
  store.contacts.set("id", { first_name: "Ada" });
  // @ts-expect-error only the server sets it
  store.contacts.set("id", { first_name: "Ada", last_name: "Lovelace", created_at: "" });
  store.contacts.update("id", (draft) => {
    draft.first_name = draft.first_name.trim();
    // @ts-expect-error not nullable
    draft.first_name = null;
  });
  // @ts-expect-error
  store.contacts.get(1);
  for (const [key, row] of store.contacts) same<[typeof key, typeof row], [string, Contact]>(true);
  same<Parameters<typeof numberStore.memberships.get>[0], Pick<Membership, "org_id" | "user_no">>(true);
  const name: string | undefined = useStore(({ contacts }) => contacts.get("id")?.first_name);
  store.contacts.subscribe((key, row, change) => console.log(key.length, row?.email, change === "delete", name));
}
