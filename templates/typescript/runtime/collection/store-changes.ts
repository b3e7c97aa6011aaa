/** Tells that something has changed in a store that somebody has read. */
export interface StoreChanges {
  /** Another number after each change. */
  version(): number;
  tell(): void;
  subscribe(listener: () => void): () => void;
}

export function createStoreChanges(): StoreChanges {
  let version = 0;
  const listeners = new Set<() => void>();
  return {
    version: () => version,
    tell() {
      version += 1;
      for (const listener of listeners) listener();
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
