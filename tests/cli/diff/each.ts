/** Checks each case, and prints how it went. `toldOf`: what `diff` has said of one that isn't so. */
export async function areAsTold<C extends { readonly name: string }>(
  cases: readonly C[],
  check: (one: C) => Promise<void>,
  toldOf: (one: C) => unknown,
): Promise<boolean> {
  let failures = 0;
  for (const one of cases) {
    try {
      await check(one);
      console.log(`as told: ${one.name}`);
    } catch (error) {
      failures += 1;
      console.error(`not as told: ${one.name}`, JSON.stringify(toldOf(one), null, 1), error);
    }
  }
  return failures === 0;
}
