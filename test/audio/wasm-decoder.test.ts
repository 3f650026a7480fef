import { describe, expect, test } from "vitest";
import { Pace } from "../../src/audio/reading/pace.ts";
import type { WasmDecoder } from "../../src/audio/reading/wasm-decoder.ts";
import { runDecoder } from "../../src/audio/reading/wasm-decoder.ts";
import { collect } from "./ogg-bytes.ts";

type Piece = Awaited<ReturnType<WasmDecoder<Uint8Array>["decode"]>>;

const piece = (samples: number[], overrides: Partial<Piece> = {}): Piece => ({
  channelData: [Float32Array.from(samples)],
  samplesDecoded: samples.length,
  sampleRate: 8000,
  errors: [],
  ...overrides,
});

/** A decoder that answers each piece of input from a list, and counts how often it was freed. */
class ScriptedDecoder implements WasmDecoder<Uint8Array> {
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

  free(): void {
    this.numFrees++;
    throw new Error("trapped again");
  }
}

const trap = (): Piece => {
  throw new WebAssembly.RuntimeError("memory access out of bounds");
};

async function* bytesOf(...lengths: number[]): AsyncGenerator<Uint8Array, void> {
  for (const length of lengths) yield new Uint8Array(length);
}

const run = (decoder: WasmDecoder<Uint8Array>, input: AsyncIterable<Uint8Array>) =>
  runDecoder("Test", async () => decoder, input, new Pace());

test("pieces come as they are decoded, and none without samples", async () => {
  const decoder = new ScriptedDecoder(
    () => piece([1, 2]),
    () => piece([], { channelData: [], sampleRate: 0 }),
    () => piece([3, 7], { samplesDecoded: 1 }),
  );
  const pieces = run(decoder, bytesOf(100, 20, 3));
  expect((await pieces.next()).value).toEqual({ channelData: [Float32Array.of(1, 2)], sampleRate: 8000 });
  expect(decoder.lengths).toEqual([100]);
  expect(await collect(pieces)).toEqual([{ channelData: [Float32Array.of(3)], sampleRate: 8000 }]);
  expect(decoder.lengths).toEqual([100, 20, 3]);
  expect(decoder.numFrees).toBe(1);
});

describe("whatever goes wrong ends as an AudioFormatError, and the decoder is freed", () => {
  test.each([
    [
      "a reported error",
      () => piece([1], { errors: [{ message: "bad block" }] }),
      "AUDIO_CORRUPT",
      "damaged Test file: the decoder says “bad block”",
    ],
    ["a trap", trap, "AUDIO_CORRUPT", "damaged Test file: the decoder says “memory access out of bounds”"],
    ["a rate that changes midway", () => piece([1], { sampleRate: 16_000 }), "AUDIO_UNSUPPORTED", "changes midway"],
  ] as const)("%s", async (_, answer, code, message) => {
    const decoder = new ScriptedDecoder(() => piece([1]), answer);
    await expect(collect(run(decoder, bytesOf(10, 10)))).rejects.toMatchObject({
      name: "AudioFormatError",
      code,
      message: expect.stringContaining(message),
    });
    expect(decoder.numFrees).toBe(1);
  });
});

test("an error of the input is passed on as it is, and the decoder is freed", async () => {
  const reason = new Error("connection lost");
  const decoder = new ScriptedDecoder(() => piece([1]));
  async function* failing(): AsyncGenerator<Uint8Array, void> {
    yield new Uint8Array(1);
    throw reason;
  }
  await expect(collect(run(decoder, failing()))).rejects.toBe(reason);
  expect(decoder.numFrees).toBe(1);
});

test("who leaves early frees the decoder and closes the input", async () => {
  const decoder = new ScriptedDecoder(
    () => piece([1]),
    () => piece([2]),
  );
  const input = bytesOf(1, 1, 1);
  for await (const { channelData } of run(decoder, input)) {
    expect(channelData).toEqual([Float32Array.of(1)]);
    break;
  }
  expect(decoder.lengths).toHaveLength(1);
  expect(decoder.numFrees).toBe(1);
  expect(await input.next()).toEqual({ done: true, value: undefined });
});
