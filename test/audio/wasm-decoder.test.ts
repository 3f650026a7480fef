import { describe, expect, test } from "vitest";
import type { WasmDecoder } from "../../src/audio/wasm-decoder.ts";
import { runDecoder } from "../../src/audio/wasm-decoder.ts";

type Piece = Awaited<ReturnType<WasmDecoder["decode"]>>;

const piece = (samples: number[], overrides: Partial<Piece> = {}): Piece => ({
  channelData: [Float32Array.from(samples)],
  samplesDecoded: samples.length,
  sampleRate: 8000,
  errors: [],
  ...overrides,
});

/** A decoder that answers each piece of input from a list, and counts how often it was freed. */
class ScriptedDecoder implements WasmDecoder {
  readonly ready: Promise<void> = Promise.resolve();
  readonly lengths: number[] = [];
  numFrees = 0;
  readonly #answers: (() => Piece)[];

  constructor(...answers: (() => Piece)[]) {
    this.#answers = answers;
  }

  decode(bytes: Uint8Array): Piece {
    this.lengths.push(bytes.length);
    return this.#answers.shift()!();
  }

  async flush(): Promise<Piece> {
    return piece([9]);
  }

  free(): void {
    this.numFrees++;
    throw new Error("trapped again");
  }
}

const trap = (): Piece => {
  throw new WebAssembly.RuntimeError("memory access out of bounds");
};

const run = (decoder: WasmDecoder, numBytes: number, signal?: AbortSignal) => runDecoder("Test", async () => decoder, new Uint8Array(numBytes), signal);

test("a long file is decoded a mebibyte at a time and joined, what was held back included", async () => {
  const decoder = new ScriptedDecoder(() => piece([1, 2]), () => piece([], { channelData: [], sampleRate: 0 }), () => piece([3]));
  expect(await run(decoder, 2.5 * 2 ** 20)).toEqual({ channelData: [Float32Array.of(1, 2, 3, 9)], sampleRate: 8000 });
  expect(decoder.lengths).toEqual([2 ** 20, 2 ** 20, 2 ** 19]);
  expect(decoder.numFrees).toBe(1);
});

describe("whatever goes wrong ends as an AudioFormatError, and the decoder is freed", () => {
  test.each([
    ["a reported error", () => piece([1], { errors: [{ message: "bad block" }] }), "AUDIO_CORRUPT", "damaged Test file: the decoder says “bad block”"],
    ["a trap", trap, "AUDIO_CORRUPT", "damaged Test file: the decoder says “memory access out of bounds”"],
    ["a rate that changes midway", () => piece([1], { sampleRate: 16_000 }), "AUDIO_UNSUPPORTED", "changes midway"],
    ["more samples than can be held", () => piece([], { samplesDecoded: 2 ** 30 + 1 }), "AUDIO_UNSUPPORTED", "over 1073741824 samples"],
  ] as const)("%s", async (_, answer, code, message) => {
    const decoder = new ScriptedDecoder(answer);
    await expect(run(decoder, 10)).rejects.toMatchObject({ name: "AudioFormatError", code, message: expect.stringContaining(message) });
    expect(decoder.numFrees).toBe(1);
  });
});

test("a signal that fires between two pieces stops the work with its reason", async () => {
  const controller = new AbortController();
  const reason = new Error("stop");
  const decoder = new ScriptedDecoder(() => {
    controller.abort(reason);
    return piece([1]);
  });
  await expect(run(decoder, 2 ** 21, controller.signal)).rejects.toBe(reason);
  expect(decoder.lengths).toHaveLength(1);
  expect(decoder.numFrees).toBe(1);
});
