// A device's clock that is off, in a process where all others have the right time.

import { AsyncLocalStorage } from "node:async_hooks";

const now = Date.now;
const clocks = new AsyncLocalStorage<Clock>();

// The databases ask it as well; that of IndexedDB by `new Date()`.
Date.now = () => now() + (clocks.getStore()?.ahead ?? 0);
globalThis.Date = new Proxy(Date, {
  construct: (target, values: [], newTarget) =>
    Reflect.construct(target, values.length === 0 ? [target.now()] : values, newTarget) as Date,
});

export class Clock {
  /** Milliseconds. */
  ahead = 0;

  /** What `work` begins goes by this clock, to its end. */
  run<T>(work: () => T): T {
    return clocks.run(this, work);
  }
}
