/** Thrown where a request can't be done: it becomes the answer, and what was written for it is rolled back. */
export class Problem extends Error {
  /**
   * @param {number} status
   * @param {string} detail What is wrong, for the person who sees it.
   */
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}
