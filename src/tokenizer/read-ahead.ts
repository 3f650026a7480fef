/** How far to read ahead. */
export interface ReadAheadOptions<T> {
  /** What a value counts for. */
  readonly sizeOf: (value: T) => number;
  /** Reading stops while this much is waiting. */
  readonly limit: number;
  /** Ends the waiting, with the signal's reason, even while the source is silent. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads a source while its values are worked on, and gives all that have come meanwhile at a time: few from a source that is
 * live, many from one that is quick. Whoever leaves early makes the source leave too.
 */
export async function* readAhead<T>(source: AsyncIterable<T> | Iterable<T>, options: ReadAheadOptions<T>): AsyncGenerator<T[], void> {
  const { signal } = options;
  signal?.throwIfAborted();
  const reader = new Reader(source, options);
  const wake = (): void => reader.wake();
  signal?.addEventListener("abort", wake);
  try {
    for (;;) {
      signal?.throwIfAborted();
      const values = reader.take();
      if (values === null) return;
      if (values.length > 0) yield values;
      else await reader.arrival();
    }
  } finally {
    signal?.removeEventListener("abort", wake);
    await reader.leave();
  }
}

class Reader<T> {
  readonly #iterator: AsyncIterator<T> | Iterator<T>;
  readonly #options: ReadAheadOptions<T>;
  #waiting: T[] = [];
  #size = 0;
  #isReading = false;
  #hasEnded = false;
  /** What the source threw, once and at the end. */
  #errors: unknown[] = [];
  #wake: () => void = () => {};

  constructor(source: AsyncIterable<T> | Iterable<T>, options: ReadAheadOptions<T>) {
    this.#iterator = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
    this.#options = options;
  }

  /** All values that have come, or null after the last. */
  take(): T[] | null {
    const values = this.#waiting;
    this.#waiting = [];
    this.#size = 0;
    void this.#read();
    if (values.length === 0 && this.#errors.length > 0) throw this.#errors[0];
    return values.length === 0 && this.#hasEnded ? null : values;
  }

  /** Resolves when there may be something to take. */
  arrival(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve));
  }

  wake(): void {
    this.#wake();
  }

  /** Makes the source leave. One that is silent does when it speaks again, and is not waited for. */
  async leave(): Promise<void> {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    const left = Promise.resolve(this.#iterator.return?.()).catch(() => {});
    if (!this.#isReading) await left;
  }

  async #read(): Promise<void> {
    if (this.#isReading || this.#hasEnded) return;
    this.#isReading = true;
    try {
      while (this.#size < this.#options.limit && !this.#hasEnded) {
        const result = await this.#iterator.next();
        if (result.done === true) {
          this.#hasEnded = true;
        } else {
          this.#waiting.push(result.value);
          this.#size += this.#options.sizeOf(result.value);
        }
        this.#wake();
      }
    } catch (error) {
      this.#errors = [error];
      this.#hasEnded = true;
      this.#wake();
    } finally {
      this.#isReading = false;
    }
  }
}
