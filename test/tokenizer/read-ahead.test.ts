import { EventEmitter, on } from "node:events";
import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { readAhead } from "../../src/tokenizer/streams/read-ahead.ts";
import type { Accepted } from "../../src/tokenizer/streams/read-ahead.ts";
import { collect } from "./streams.ts";

const one = <T>(value: T): Accepted<T>[] => [{ value, size: 1 }];

/** Gives 0, 1, 2 … and counts what was asked of it. */
class Counter implements AsyncIterableIterator<number> {
  given = 0;
  timesLeft = 0;
  readonly #end: number;

  constructor(end: number = Infinity) {
    this.#end = end;
  }

  async next(): Promise<IteratorResult<number>> {
    return this.given < this.#end ? { done: false, value: this.given++ } : { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<number>> {
    this.timesLeft++;
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

async function* failing(): AsyncGenerator<number> {
  yield 1;
  yield 2;
  throw new Error("unplugged");
}

function belowTwo(value: number): Accepted<number>[] {
  if (value === 2) throw new RangeError("bad value");
  return one(value);
}

describe("readAhead", () => {
  test("gives every value once and in order, at most as many at a time as the limit says", async () => {
    const source = new Counter(1000);
    const batches = [];
    for await (const values of readAhead(source, { accept: one, limit: 7 })) {
      batches.push(values);
      await nextTurn();
      expect(source.given - batches.flat().length).toBeLessThanOrEqual(7);
    }
    expect(batches.flat()).toEqual(Array.from({ length: 1000 }, (_, index) => index));
    expect(Math.max(...batches.map(({ length }) => length))).toBe(7);
    expect(source.timesLeft).toBe(0);
  });

  test("takes a value apart as fast as there is room, and asks for the next after its last part", async () => {
    const source = new Counter(3);
    const parts: number[] = [];
    const accept = function* (value: number): Generator<Accepted<number>, void> {
      for (let part = 0; part < 10; part++) {
        expect(source.given).toBe(value + 1);
        parts.push(10 * value + part);
        yield { value: 10 * value + part, size: 1 };
      }
    };
    const given: number[] = [];
    for await (const values of readAhead(source, { accept, limit: 3 })) {
      given.push(...values);
      await nextTurn();
      expect(parts.length - given.length).toBeLessThanOrEqual(3);
    }
    expect(given).toEqual(Array.from({ length: 30 }, (_, index) => index));
  });

  test("makes the source leave if it was aborted before it began", async () => {
    const source = new Counter();
    const signal = AbortSignal.abort(new Error("no more"));
    await expect(collect(readAhead(source, { accept: one, limit: 3, signal }))).rejects.toThrow("no more");
    expect(source).toMatchObject({ given: 0, timesLeft: 1 });
  });

  test("takes arrays and generators as well", async () => {
    expect((await collect(readAhead(["a", "b"].values(), { accept: one, limit: 5 }))).flat()).toEqual(["a", "b"]);
    expect((await collect(readAhead(["c"], { accept: one, limit: 5 }))).flat()).toEqual(["c"]);
    expect(await collect(readAhead([], { accept: one, limit: 5 }))).toEqual([]);
  });

  test("makes the source leave when its reader does", async () => {
    const source = new Counter();
    for await (const _ of readAhead(source, { accept: one, limit: 3 })) break;
    expect(source.timesLeft).toBe(1);
    const given = source.given;
    await nextTurn();
    expect(source.given).toBe(given);
  });

  test("gives what came before an error, then the error", async () => {
    const values: number[] = [];
    const reading = async (): Promise<void> => {
      for await (const batch of readAhead(failing(), { accept: one, limit: 10 })) values.push(...batch);
    };
    await expect(reading()).rejects.toThrow("unplugged");
    expect(values).toEqual([1, 2]);
  });

  test("makes the source leave when a value is not accepted", async () => {
    const source = new Counter();
    await expect(collect(readAhead(source, { accept: belowTwo, limit: 10 }))).rejects.toThrow("bad value");
    expect(source.timesLeft).toBe(1);
  });

  test("ends with the signal's reason while the source is silent, and leaves it at once", async () => {
    const emitter = new EventEmitter();
    const source = on(emitter, "value") as AsyncIterable<number[]>;
    const controller = new AbortController();
    const reading = collect(readAhead(source, { accept: one, limit: 10, signal: controller.signal }));
    await nextTurn();
    expect(emitter.listenerCount("value")).toBe(1);
    controller.abort(new Error("enough"));
    await expect(reading).rejects.toThrow("enough");
    expect(emitter.listenerCount("value")).toBe(0);
  });

  test("does not wait for a silent source, nor for what it says at last", async () => {
    let speak!: (reason: Error) => void;
    const silent = {
      next: () => new Promise<IteratorResult<number>>((_, reject) => (speak = reject)),
      return: async () => Promise.reject<IteratorResult<number>>(new Error("leave me alone")),
      [Symbol.asyncIterator]() {
        return this;
      },
    };
    const controller = new AbortController();
    const reading = collect(readAhead(silent, { accept: one, limit: 10, signal: controller.signal }));
    await nextTurn();
    controller.abort(new Error("enough"));
    await expect(reading).rejects.toThrow("enough");
    speak(new Error("too late"));
    await nextTurn();
  });

  test("says what it takes", async () => {
    await expect(collect(readAhead({ channelData: [] } as unknown as number[], { accept: one, limit: 1 }))).rejects.toThrow(
      "a stream takes pieces one after the other: an async generator, a ReadableStream or an array of them",
    );
  });
});
