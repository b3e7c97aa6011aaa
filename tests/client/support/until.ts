/** Waits for something to become so. Generous: on a busy machine a second is nothing. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: () => string = () => condition.toString(),
  limit = 240_000,
): Promise<void> {
  const deadline = Date.now() + limit;
  // To look often costs those who work towards it.
  for (let pause = 10; !(await condition()); pause = Math.min(pause * 1.2, 80)) {
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what()}`);
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

/** Waits until no row that these collections show has changes of this device: they show a moment later what the database has. */
export async function untilShown(collections: object): Promise<void> {
  const all = Object.values(collections) as readonly { readonly toArray: readonly object[] }[];
  const isSettled = (row: object): boolean => !("_has_local_changes" in row) || row._has_local_changes === false;
  await until(() => all.every((collection) => collection.toArray.every(isSettled)));
}
