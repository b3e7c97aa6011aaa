/** Returns once `isSo`, which is asked again after each change of what `subscribe` gives. */
export async function until(subscribe: (look: () => void) => () => void, isSo: () => boolean): Promise<void> {
  if (isSo()) return;
  await new Promise<void>((resolve) => {
    const stop = subscribe(() => {
      if (!isSo()) return;
      stop();
      resolve();
    });
  });
}
