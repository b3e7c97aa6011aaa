let unsaved = 0;

/**
 * Awaits `work`, which brings an edit into the local database. Until it is there, the edit is nowhere but in this page:
 * the browser asks before it leaves.
 */
export async function beforeLeaving<T>(work: Promise<T>): Promise<T> {
  if (typeof addEventListener !== "function") return work;
  if (unsaved === 0) addEventListener("beforeunload", ask);
  unsaved += 1;
  try {
    return await work;
  } finally {
    unsaved -= 1;
    if (unsaved === 0) removeEventListener("beforeunload", ask);
  }
}

function ask(event: Event): void {
  event.preventDefault();
}
