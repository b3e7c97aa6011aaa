import type { Source } from "./backoff.js";

const returned = new Set<() => void>();

/** When the browser is online again. */
export const onOnline: Source = (wake) => {
  if (typeof addEventListener !== "function") return () => {};
  addEventListener("online", wake);
  return () => removeEventListener("online", wake);
};

/** When the tab becomes visible. */
export const onVisible: Source = (wake) => {
  if (typeof document === "undefined") return () => {};
  const look = () => {
    if (document.visibilityState === "visible") wake();
  };
  document.addEventListener("visibilitychange", look);
  return () => document.removeEventListener("visibilitychange", look);
};

/** When the browser is online again, or the user comes back to any tab of the application: what waits tries again. */
export const onReturn: Source = (wake) => {
  const stops = [onOnline(wake), onVisible(wake)];
  returned.add(wake);
  return () => {
    for (const stop of stops) stop();
    returned.delete(wake);
  };
};

/** Another tab has said that the user is there. */
export function returnElsewhere(): void {
  for (const wake of returned) wake();
}
