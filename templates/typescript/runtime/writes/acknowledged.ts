/**
 * The rows that this device has written since it leads, as soon as the server has taken the write: updated rows, deleted
 * ones, and new ones under both keys, where the server has made another. An answer to a request that left before may
 * show what was there before the write.
 */
export interface Acknowledged {
  /** What is noted from now on comes after the mark that this gives. */
  mark(): number;
  /** To be called in the transaction of the acknowledgement: whoever sees that one sees this. */
  note(model: string, rowKey: string): void;
  /** Keys of the model's rows that were noted after a mark. */
  since(model: string, mark: number): ReadonlySet<string>;
}

export function createAcknowledged(): Acknowledged {
  let newest = 0;
  const noted = new Map<string, Map<string, number>>();
  return {
    mark: () => newest,
    note(model, rowKey) {
      newest += 1;
      const ofModel = noted.get(model) ?? new Map<string, number>();
      noted.set(model, ofModel.set(rowKey, newest));
    },
    since(model, mark) {
      const later = [...(noted.get(model) ?? [])].filter(([, number]) => number > mark);
      return new Set(later.map(([rowKey]) => rowKey));
    },
  };
}
