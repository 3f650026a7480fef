/** Lets work wait until other work has changed something that both know. */
export class Change {
  #listeners: (() => void)[] = [];

  /** Resolves at the next change. */
  wait(): Promise<void> {
    return new Promise((resolve) => this.#listeners.push(resolve));
  }

  /** Tells all who wait; to be called after each change. */
  announce(): void {
    for (const resolve of this.#listeners.splice(0)) resolve();
  }
}
