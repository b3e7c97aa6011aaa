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
