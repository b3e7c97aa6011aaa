import { setMaxListeners } from "node:events";

/** What a browser gives a page, for clients in Node: whether somebody looks at it, and when it is online again. */
export class Page {
  private readonly document = Object.assign(new EventTarget(), { visibilityState: "visible" });

  /** From now on there is a page, until `close`. */
  open(visibilityState: "visible" | "hidden"): void {
    const window = new EventTarget();
    // Each model's poll listens.
    setMaxListeners(0, window, this.document);
    const methods = ["addEventListener", "removeEventListener", "dispatchEvent"] as const;
    for (const name of methods) define(name, window[name].bind(window));
    define("document", this.document);
    this.document.visibilityState = visibilityState;
  }

  close(): void {
    for (const name of ["addEventListener", "removeEventListener", "dispatchEvent", "document"]) {
      Reflect.deleteProperty(globalThis, name);
    }
  }

  show(): void {
    this.turn("visible");
  }

  hide(): void {
    this.turn("hidden");
  }

  online(): void {
    dispatchEvent(new Event("online"));
  }

  private turn(visibilityState: "visible" | "hidden"): void {
    this.document.visibilityState = visibilityState;
    this.document.dispatchEvent(new Event("visibilitychange"));
  }
}

function define(name: string, value: unknown): void {
  Object.defineProperty(globalThis, name, { configurable: true, value });
}
