/** Lets one request be on its way at a time, in the order in which they ask. */
export interface Turns {
  /** Returns when it is the caller's turn. What it gives ends the turn. */
  enter(): Promise<() => void>;
}

export function createTurns(): Turns {
  let last: Promise<void> = Promise.resolve();
  return {
    async enter() {
      let leave = () => {};
      const before = last;
      last = new Promise((resolve) => {
        leave = resolve;
      });
      await before;
      return leave;
    },
  };
}
