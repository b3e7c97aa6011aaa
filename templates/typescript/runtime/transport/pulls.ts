/** Where those who want to know what the server has now ask for it. */
export interface Pulls {
  /**
   * Pulls a model's rows, or those of all models that are pulled. Returns once a pull that began after this call has
   * ended: true where it went well, false where it failed or nobody pulls.
   */
  ask(model?: string): Promise<boolean>;
  /** Has `pull` do that, until what this returns is called. */
  serve(pull: (model: string | undefined) => Promise<boolean>): () => void;
}

export function createPulls(): Pulls {
  const servers = new Set<(model: string | undefined) => Promise<boolean>>();
  return {
    async ask(model) {
      const answers = await Promise.all([...servers].map((pull) => pull(model).catch(() => false)));
      return answers.length > 0 && answers.every((isWell) => isWell);
    },
    serve(pull) {
      servers.add(pull);
      return () => servers.delete(pull);
    },
  };
}
