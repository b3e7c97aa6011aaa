/** Who may sign in. */
export const PEOPLE = { ada: "Ada Lovelace", grace: "Grace Hopper" } as const;

export type Person = keyof typeof PEOPLE;

export function isPerson(name: string): name is Person {
  return Object.hasOwn(PEOPLE, name);
}

export function nameOf(person: string): string {
  return isPerson(person) ? PEOPLE[person] : person;
}

export function firstNameOf(person: string): string {
  return nameOf(person).split(" ")[0] ?? person;
}
