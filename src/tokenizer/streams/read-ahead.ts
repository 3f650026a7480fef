import { onAbort } from "../../async/index.ts";

/** A value that waits, and what it counts for. */
export interface Accepted<Kept> {
  readonly value: Kept;
  readonly size: number;
}

/** How far to read ahead. */
export interface ReadAheadOptions<T, Kept> {
  /**
   * Checks a value and takes it apart into what is given on, each part as soon as there is room for it. The source is asked for
   * the next value after the last part: it may use the memory of the value again from then on, so parts have to be copies.
   * What it throws ends the reading.
   */
  readonly accept: (value: T) => Iterable<Accepted<Kept>>;
  /** Reading stops while this much is waiting. */
  readonly limit: number;
  /** Ends the waiting, with the signal's reason, even while the source is silent. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads a source while its values are worked on, and gives all that have come meanwhile at a time: few from a source that is
 * live, many from one that is quick. Whoever leaves early makes the source leave too, and so does a signal that was aborted before.
 */
export async function* readAhead<T, Kept>(
  source: AsyncIterable<T> | Iterable<T>,
  options: ReadAheadOptions<T, Kept>,
): AsyncGenerator<Kept[], void> {
  const { signal } = options;
  const reader = new Reader(source, options);
  using _ = onAbort(signal, () => reader.wake());
  try {
    for (;;) {
      signal?.throwIfAborted();
      const values = reader.take();
      if (values === null) return;
      if (values.length > 0) yield values;
      else await reader.arrival();
    }
  } finally {
    await reader.leave();
  }
}

class Reader<T, Kept> {
  readonly #iterator: AsyncIterator<T> | Iterator<T>;
  readonly #options: ReadAheadOptions<T, Kept>;
  #waiting: Kept[] = [];
  #size = 0;
  /** What is to come of the last value. */
  #parts: Iterator<Accepted<Kept>> | null = null;
  #isReading = false;
  #hasEnded = false;
  /** What the source or `accept` threw, which comes after all values before. */
  #failure: { readonly error: unknown } | null = null;
  #wake: () => void = () => {};

  constructor(source: AsyncIterable<T> | Iterable<T>, options: ReadAheadOptions<T, Kept>) {
    this.#iterator = iteratorOf(source);
    this.#options = options;
  }

  /** All values that have come, or null after the last. */
  take(): Kept[] | null {
    const values = this.#waiting;
    this.#waiting = [];
    this.#size = 0;
    void this.#read();
    if (values.length === 0 && this.#failure !== null) throw this.#failure.error;
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
    const left = this.#return();
    if (!this.#isReading) await left;
  }

  /** What a source has to say when it is left interests nobody. */
  async #return(): Promise<void> {
    try {
      await this.#iterator.return?.();
    } catch {}
  }

  async #read(): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      while (this.#size < this.#options.limit && !this.#hasEnded && this.#failure === null) await this.#readOne();
    } catch (error) {
      this.#failure = { error };
    } finally {
      this.#isReading = false;
      this.#wake();
    }
  }

  async #readOne(): Promise<void> {
    this.#parts ??= await this.#nextParts();
    const part = this.#parts?.next();
    if (part?.done === false) {
      this.#size += part.value.size;
      this.#waiting.push(part.value.value);
      this.#wake();
    } else {
      this.#parts = null;
    }
  }

  /** Parts of the source's next value, or null at its end. */
  async #nextParts(): Promise<Iterator<Accepted<Kept>> | null> {
    const result = await this.#next();
    if (result.done !== true) return this.#options.accept(result.value)[Symbol.iterator]();
    this.#hasEnded = true;
    return null;
  }

  /** A source that throws has ended. */
  async #next(): Promise<IteratorResult<T>> {
    try {
      return await this.#iterator.next();
    } catch (error) {
      this.#failure = { error };
      this.#hasEnded = true;
      throw error;
    }
  }
}

function iteratorOf<T>(source: AsyncIterable<T> | Iterable<T>): AsyncIterator<T> | Iterator<T> {
  if (typeof source === "object" && source !== null) {
    if (source instanceof ReadableStream) return iteratorOfStream(source);
    if (Symbol.asyncIterator in source) return source[Symbol.asyncIterator]();
    if (Symbol.iterator in source) return source[Symbol.iterator]();
  }
  throw new TypeError("a stream takes pieces one after the other: an async generator, a ReadableStream or an array of them");
}

/** Unlike a web stream's own iterator, this one can leave while it waits. */
function iteratorOfStream<T>(stream: ReadableStream<T>): AsyncIterator<T> {
  const reader = stream.getReader();
  return {
    next: () => reader.read() as Promise<IteratorResult<T>>,
    async return() {
      await reader.cancel();
      return { done: true, value: undefined };
    },
  };
}
