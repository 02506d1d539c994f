/** Which children of the tree are up. It outlives them all, so that whoever starts late finds out as well. */
export class Presence {
  readonly #up = new Set<string>();
  readonly #listeners = new Set<(child: string, isUp: boolean) => void>();

  get up(): ReadonlySet<string> {
    return this.#up;
  }

  set(child: string, isUp: boolean): void {
    if (this.#up.has(child) === isUp) return;
    if (isUp) this.#up.add(child);
    else this.#up.delete(child);
    for (const listener of [...this.#listeners]) listener(child, isUp);
  }

  /** Calls back with each change that follows; returns how to end that. */
  onChange(listener: (child: string, isUp: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
