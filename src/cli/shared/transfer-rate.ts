/** Seconds over which the rate is taken: long enough to be steady, short enough to notice a slower network. */
const window = 5;

/** How fast bytes come in, over the last few seconds; bytes that were there before the first report do not count. */
export class TransferRate {
  readonly #samples: { readonly done: number; readonly time: number }[] = [];

  /** @param time In seconds, from any origin. */
  add(done: number, time: number): void {
    this.#samples.push({ done, time });
    // The oldest kept is the last one from before the window, so that the rate is always over all of it.
    while (this.#samples.length > 2 && this.#samples[1]!.time <= time - window) this.#samples.shift();
  }

  /** Bytes per second, or null where it is too early to tell. */
  get bytesPerSecond(): number | null {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (first === undefined || last === undefined || !(last.time > first.time) || !(last.done > first.done)) return null;
    return (last.done - first.done) / (last.time - first.time);
  }
}
