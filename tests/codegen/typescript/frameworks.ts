// The hooks of each framework, as a component of an application uses them.

import { useMembership as reactMembership, useMemberships as reactMemberships } from "./react/local/index.js";
import { samplesCollection as electricSamples, useSample as reactSample } from "./react/electric/index.js";
import { useMembership as solidMembership, useMemberships as solidMemberships } from "./solid/local/index.js";
import { useSyncStatus as solidStatus } from "./solid/local/index.js";
import { useMembership as svelteMembership, useMemberships as svelteMemberships } from "./svelte/local/index.js";
import { useRejectedChanges as reactRejected, type RejectedChange } from "./react/local/index.js";
import { useRejectedChanges as vueRejected } from "./vue/local/index.js";
import { useRejectedChanges as svelteRejected } from "./svelte/local/index.js";
import { useRejectedChanges as solidRejected } from "./solid/local/index.js";
import { useMembership as vueMembership, useMemberships as vueMemberships } from "./vue/local/index.js";
import { useSyncStatus as vueStatus } from "./vue/local/index.js";
import { useStore as reactStore } from "./react/local/index.js";
import { useStore as vueStore } from "./vue/local/index.js";
import { useStore as svelteStore } from "./svelte/local/index.js";
import { useStore as solidStore } from "./solid/local/index.js";
import { useChanges as reactChanges } from "./react/local/index.js";
import { useChanges as vueChanges } from "./vue/local/index.js";
import { useChanges as svelteChanges } from "./svelte/local/index.js";
import { useChanges as solidChanges } from "./solid/local/index.js";
import { membershipsCollection } from "./none/local/index.js";

type Role = "owner" | "member";

const key = { org_id: "org", user_no: 1 };

export const react: Role[] = [reactMembership(key)?.role ?? "member", ...reactMemberships().data.map((row) => row.role)];
export const vue: Role[] = [
  vueMembership(() => key).value?.role ?? "member",
  ...vueMemberships().data.value.map((row) => row.role),
];
export const svelte: Role[] = [
  svelteMembership(() => key).current?.role ?? "member",
  ...svelteMemberships().data.map((row) => row.role),
];
export const solid: Role[] = [solidMembership(() => key)()?.role ?? "member", ...solidMemberships()().map((row) => row.role)];
// @ts-expect-error
svelteMembership(key);

export const pending: number = vueStatus().value.pending + solidStatus()().pending;
export const none: Role | undefined = membershipsCollection.get('["org",1]')?.role;

export const size: string | undefined = reactSample(1n)?.label;
export async function save(): Promise<void> {
  await electricSamples.update("1", (draft) => void (draft.label = "new")).isPersisted.promise;
  const seen: boolean = await electricSamples.utils.awaitTxId(7);
  console.log(seen);
}

type State = "pending" | "sending" | "failed";
export const states: State[] = [
  ...reactChanges({ limit: 5 }).map(({ state }) => state),
  ...vueChanges(() => ({ limit: 5 })).value.map(({ state }) => state),
  ...svelteChanges().current.map(({ state }) => state),
  ...solidChanges(() => ({ limit: 5 }))().map(({ state }) => state),
];

export const held: number = reactStore((store) => store.sessions.size);
export const roles: (Role | undefined)[] = [
  vueStore((store) => store.memberships.get(key)?.role).value,
  svelteStore((store) => store.memberships.get(key)?.role).current,
  solidStore((store) => store.memberships.get(key)?.role)(),
];

const refused: readonly RejectedChange[] = [
  ...reactRejected(),
  ...vueRejected().value,
  ...svelteRejected().current,
  ...solidRejected()(),
];
/** What the device wanted beside what the server has, of the refused change of each group. */
export const sides: [unknown, unknown][] = refused
  .filter(({ rejectedWith }) => rejectedWith === null)
  .map(({ values, serverRow }) => [values["role"], serverRow?.["role"]]);
