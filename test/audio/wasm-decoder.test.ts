import { describe, expect, test } from "vitest";
import { Pace } from "../../src/audio/reading/pace.ts";
import type { Damage, Packet, WasmDecoder } from "../../src/audio/reading/wasm-decoder.ts";
import { runDecoder } from "../../src/audio/reading/wasm-decoder.ts";
import { collect } from "./ogg-bytes.ts";

type Piece = Awaited<ReturnType<WasmDecoder<Packet>["decode"]>>;

const piece = (samples: number[], overrides: Partial<Piece> = {}): Piece => ({
  channelData: [Float32Array.from(samples)],
  samplesDecoded: samples.length,
  sampleRate: 8000,
  errors: [],
  ...overrides,
});

/** A decoder that answers each piece of input from a list, and counts how often it was freed. */
class ScriptedDecoder implements WasmDecoder<Packet> {
  readonly ready: Promise<void> = Promise.resolve();
  readonly lengths: number[] = [];
  numFrees = 0;
  readonly #answers: (() => Piece)[];

  constructor(...answers: (() => Piece)[]) {
    this.#answers = answers;
  }

  decode({ bytes }: Packet): Piece {
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

/** Packets that stand for three samples each. */
async function* packetsOf(...lengths: number[]): AsyncGenerator<Packet, void> {
  for (const length of lengths) yield { bytes: new Uint8Array(length), numSamples: 3 };
}

async function* longPackets(count: number): AsyncGenerator<Packet, void> {
  for (let i = 0; i < count; i++) yield { bytes: new Uint8Array(1), numSamples: 30_000 };
}

const form = { format: "Test", sampleRate: 8000, channels: 1 };

/** Each decoder is for what follows the packet that broke the one before it. */
const run = (packets: AsyncIterable<Packet | Damage>, ...decoders: WasmDecoder<Packet>[]) =>
  runDecoder(form, async () => decoders.shift()!, packets, new Pace());

const sound = (...samples: number[]) => ({ channelData: [Float32Array.from(samples)], sampleRate: 8000 });
const gap = (numSamples: number, message: string) => ({
  ...sound(...new Float32Array(numSamples)),
  flaw: { code: "AUDIO_GAP", message: `damaged Test file: ${message}` },
});

test("packets are decoded one by one, and what they give is joined, but for what is no sample", async () => {
  const decoder = new ScriptedDecoder(
    () => piece([1, 2]),
    () => piece([], { channelData: [], sampleRate: 0 }),
    () => piece([3, 7], { samplesDecoded: 1 }),
  );
  expect(await collect(run(packetsOf(100, 20, 3), decoder))).toEqual([sound(1, 2, 3)]);
  expect(decoder.lengths).toEqual([100, 20, 3]);
  expect(decoder.numFrees).toBe(1);
});

test("pieces come when they should have 65 536 samples", async () => {
  const decoder = new ScriptedDecoder(...Array.from({ length: 5 }, () => () => piece([1])));
  const pieces = run(longPackets(5), decoder);
  expect((await pieces.next()).value).toEqual(sound(1, 1, 1));
  expect(decoder.lengths).toHaveLength(3);
  expect(await collect(pieces)).toEqual([sound(1, 1)]);
});

describe("silence takes the place of a packet", () => {
  test.each([
    ["for which an error is reported", () => piece([7], { errors: [{ message: "bad block" }] }), "the decoder says “bad block”"],
    [
      "of another rate",
      () => piece([7], { sampleRate: 16_000 }),
      "its header says 1 channels at 8000 Hz, decoded were 1 channels at 16000 Hz",
    ],
    [
      "of other channels",
      () => piece([7], { channelData: [new Float32Array(1), new Float32Array(1)] }),
      "its header says 1 channels at 8000 Hz, decoded were 2 channels at 8000 Hz",
    ],
  ] as const)("%s; the decoder goes on", async (_, answer, message) => {
    const decoder = new ScriptedDecoder(
      () => piece([1]),
      answer,
      () => piece([2]),
    );
    expect(await collect(run(packetsOf(10, 20, 30), decoder))).toEqual([sound(1), gap(3, message), sound(2)]);
    expect(decoder.lengths).toEqual([10, 20, 30]);
    expect(decoder.numFrees).toBe(1);
  });

  test("that breaks the decoder; another one goes on", async () => {
    const broken = new ScriptedDecoder(() => piece([1]), trap);
    const next = new ScriptedDecoder(() => piece([2]));
    expect(await collect(run(packetsOf(10, 20, 30), broken, next))).toEqual([
      sound(1),
      gap(3, "the decoder says “memory access out of bounds”"),
      sound(2),
    ]);
    expect([broken.numFrees, next.numFrees]).toEqual([1, 1]);
    expect(next.lengths).toEqual([30]);
  });

  test("that is missing", async () => {
    const flaw = { code: "AUDIO_GAP", message: "page 3 is missing" } as const;
    async function* packets(): AsyncGenerator<Packet | Damage, void> {
      yield* packetsOf(1);
      yield { flaw, numSamples: 70_000 };
      yield { flaw: { ...flaw, code: "AUDIO_EXTRA" }, numSamples: 0 };
      yield* packetsOf(1);
    }
    const decoder = new ScriptedDecoder(
      () => piece([1]),
      () => piece([2]),
    );
    expect(await collect(run(packets(), decoder))).toEqual([
      sound(1),
      { ...sound(...new Float32Array(65_536)), flaw },
      { ...sound(...new Float32Array(70_000 - 65_536)), flaw },
      { ...sound(), flaw: { ...flaw, code: "AUDIO_EXTRA" } },
      sound(2),
    ]);
  });
});

describe("a file cannot make", () => {
  test("decoder after decoder", async () => {
    const decoders = Array.from({ length: 100 }, () => new ScriptedDecoder(trap));
    const pieces = run(packetsOf(...Array.from({ length: 100 }, () => 1)), ...decoders);
    await expect(collect(pieces)).rejects.toMatchObject({
      name: "AudioFormatError",
      code: "AUDIO_CORRUPT",
      message: "damaged Test file: the decoder says “memory access out of bounds”, for the 17th time",
    });
    expect(decoders.map(({ numFrees }) => numFrees)).toEqual(decoders.map((_, i) => (i < 17 ? 1 : 0)));
  });

  test("hours of silence from nothing", async () => {
    const gaps = Array.from({ length: 3 }, () => ({ flaw: { code: "AUDIO_GAP", message: "nothing" } as const, numSamples: 2 ** 36 }));
    async function* packets(): AsyncGenerator<Packet | Damage, void> {
      yield* gaps.slice(1);
      yield* packetsOf(1);
      yield* gaps.slice(0, 1);
    }
    let numSamples = 0;
    let numFlaws = 0;
    for await (const { channelData, flaw } of run(packets(), new ScriptedDecoder(() => piece([5])))) {
      numSamples += channelData[0]!.length;
      expect(channelData[0]!.length).toBeLessThanOrEqual(65_536);
      if (flaw !== undefined) numFlaws++;
    }
    expect(numSamples).toBe(2 ** 24 + 2);
    expect(numFlaws).toBe(2 ** 8 + 2); // a gap without silence, and one with as much as was decoded
  });
});

test("an error of the input is passed on as it is, and the decoder is freed", async () => {
  const reason = new Error("connection lost");
  const decoder = new ScriptedDecoder(() => piece([1]));
  async function* failing(): AsyncGenerator<Packet | Damage, void> {
    yield* packetsOf(1);
    throw reason;
  }
  await expect(collect(run(failing(), decoder))).rejects.toBe(reason);
  expect(decoder.numFrees).toBe(1);
});

test("who leaves early frees the decoder and closes the input", async () => {
  const decoder = new ScriptedDecoder(
    () => piece([1]),
    () => piece([], { errors: [{ message: "bad" }] }),
  );
  const input = packetsOf(1, 1, 1);
  for await (const { channelData } of run(input, decoder)) {
    expect(channelData).toEqual([Float32Array.of(1)]);
    break;
  }
  expect(decoder.lengths).toHaveLength(2);
  expect(decoder.numFrees).toBe(1);
  expect(await input.next()).toEqual({ done: true, value: undefined });
});
