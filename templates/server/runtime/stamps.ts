/** The time of an edit: milliseconds, and a counter for those of one millisecond. */
export interface Stamp {
  readonly time: number;
  readonly counter: number;
}

/** The stamps of a request, by the place of the change. */
export interface Stamps {
  /** By the server's clock. */
  readonly shifted: readonly Stamp[];
  /** As the device has them; null where it has none. */
  readonly own: readonly (Stamp | null)[];
}

export function stamp(text: string): Stamp {
  const [time, counter] = text.split(".");
  return { time: Number(time), counter: Number(counter) };
}

export function stampText({ time, counter }: Stamp): string {
  return `${time}.${counter}`;
}

export function compareStamps(one: Stamp, other: Stamp): number {
  return one.time - other.time || one.counter - other.counter;
}

/** A device's clock as its request left. */
export interface DeviceClock {
  readonly now: number;
  /** How far the server's is ahead, where the device knows it. */
  readonly skew?: number | undefined;
}

/**
 * Moves a device's stamps by the difference between its clock and the server's. None gets into the future, and their order
 * stays: those that would come to one time are told apart by the counter.
 */
export function shiftStamps(texts: readonly (string | null | undefined)[], device: DeviceClock, now: number): Stamps {
  // What the request took on its way is in it, unless the device knows better.
  const most = now - device.now;
  const skew = Math.round(Math.min(most, device.skew ?? most));
  const own = texts.map((text) => (text == null ? null : stamp(text)));
  const order = own.map((_, index) => index).sort((one, other) => compare(own[one], own[other]) || one - other);
  const shifted: Stamp[] = own.map(() => ({ time: now, counter: 0 }));
  let last: Stamp = { time: 0, counter: -1 };
  for (const index of order) {
    const given = own[index];
    const time = given ? Math.max(0, Math.min(now, given.time + skew)) : now;
    const moved = { time, counter: given?.counter ?? 0 };
    last = compareStamps(moved, last) > 0 ? moved : { time: last.time, counter: last.counter + 1 };
    shifted[index] = last;
  }
  return { shifted, own };
}

/** Edits without a stamp come last: they get the server's time. */
function compare(one: Stamp | null | undefined, other: Stamp | null | undefined): number {
  if (!one || !other) return Number(!one) - Number(!other);
  return compareStamps(one, other);
}
