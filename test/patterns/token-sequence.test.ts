import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AudioCodes, CodesError } from "../../src/core/index.ts";
import type { AudioCodesData } from "../../src/core/index.ts";
import { applyPattern, formatSequence, modelLayouts, parseSequence, revertPattern } from "../../src/patterns/index.ts";
import type { PatternSpec, TokenSequence } from "../../src/patterns/index.ts";
import { formatSequenceNpy, formatSequenceSafetensors, parseCodes } from "../../src/storage/index.ts";
import { clips, codesAt48kHz } from "../core/arbitrary-codes.ts";

const codec = {
  sampleRate: 32_000,
  channels: 1,
  hopLength: 640,
  codebookSize: 2048,
  segment: null,
  provenance: { model: "facebook/encodec_32khz", revision: "ab12", digest: null, license: "CC-BY-NC-4.0", licenseStatus: "settled" },
} as const;

function codesOf(numCodebooks: number, numFrames: number, details: Partial<AudioCodesData> = {}): AudioCodes {
  const data = Uint16Array.from({ length: numCodebooks * numFrames }, (_, index) => (index * 131) % 1000);
  return new AudioCodes({
    ...codec,
    data,
    shape: [1, numCodebooks, numFrames],
    scales: null,
    numSamples: numFrames * codec.hopLength - 5,
    bandwidth: 2.2,
    ...details,
  });
}

function ascending(length: number): fc.Arbitrary<number[]> {
  return fc.array(fc.nat(4), { minLength: length, maxLength: length }).map((list) => list.toSorted((a, b) => a - b));
}

function specsFor(numCodebooks: number, numFrames: number): fc.Arbitrary<PatternSpec> {
  const every = Array.from({ length: numFrames }, (_, t) => Array.from({ length: numCodebooks }, (__, q) => [t, q] as const));
  return fc.oneof(
    fc.record({
      kind: fc.constant("parallel" as const),
      numCodebooks: fc.constant(numCodebooks),
      emptyInitial: fc.integer({ min: -1, max: 2 }),
    }),
    fc.record({
      kind: fc.constant("delay" as const),
      numCodebooks: fc.constant(numCodebooks),
      delays: ascending(numCodebooks),
      flattenFirst: fc.nat(3),
    }),
    fc.record({ kind: fc.constant("unroll" as const), numCodebooks: fc.constant(numCodebooks), flattening: ascending(numCodebooks) }),
    fc.record({ kind: fc.constant("coarse-first" as const), numCodebooks: fc.constant(numCodebooks), delays: ascending(numCodebooks - 1) }),
    fc.constant({ kind: "musiclm" as const, numCodebooks, groupBy: numCodebooks }),
    fc.constant({ kind: "custom" as const, numCodebooks, timesteps: numFrames, layout: every }),
  );
}

const cases = clips.chain((codes) =>
  fc.record({
    codes: fc.constant(codes),
    spec: specsFor(codes.numCodebooks, codes.numFrames),
    special: fc.constantFrom(undefined, -1, 70_000),
  }),
);

describe("a sequence file", () => {
  test("gives back exactly the codes, for every pattern, special token and clip", async () => {
    await fc.assert(
      fc.asyncProperty(cases, async ({ codes, spec, special }) => {
        const bytes = formatSequence(applyPattern(codes, spec, { specialToken: special }), "safetensors");
        expect(revertPattern(await parseSequence(bytes))).toEqual({ codes, timesteps: codes.numFrames });
      }),
    );
  });

  test("gives back segments of 48 kHz audio with their scales", async () => {
    const codes = codesAt48kHz(120_000);
    const sequence = applyPattern(codes, { kind: "delay", numCodebooks: 2 });
    expect(sequence.tokens.dims).toEqual([3, 2, 152]);
    const parsed = await parseSequence(formatSequence(sequence, "safetensors"));
    expect(revertPattern(parsed).codes).toEqual(codes);
  });

  test("holds the tokens as numpy sees them", async () => {
    const codes = codesOf(2, 3);
    const { tokens } = applyPattern(codes, { kind: "delay", numCodebooks: 2 });
    expect(tokens).toEqual({ type: "uint16", dims: [1, 2, 5], data: Uint16Array.of(2048, 0, 131, 262, 2048, 2048, 2048, 393, 524, 655) });
    const negative = applyPattern(codes, { kind: "delay", numCodebooks: 2 }, { specialToken: -1, padToken: -2 });
    expect(negative.tokens).toEqual({ type: "int32", dims: [1, 2, 5], data: Int32Array.of(-1, 0, 131, 262, -2, -1, -1, 393, 524, 655) });
  });

  test.each(Object.entries(modelLayouts).filter(([, { keepOnlyValidSteps }]) => !keepOnlyValidSteps))(
    "gives back codes laid out for %s",
    async (_, layout) => {
      const { codebookSize, sampleRate, hopLength } = layout;
      const codes = codesOf(layout.pattern.numCodebooks, 20, { codebookSize, sampleRate, hopLength, numSamples: 20 * hopLength - 5 });
      const sequence = applyPattern(codes, layout);
      expect(revertPattern(await parseSequence(formatSequence(sequence, "safetensors"))).codes).toEqual(codes);
      const bare = await parseSequence(formatSequence(sequence, "npy"), { pattern: layout, context: codes });
      expect(revertPattern(bare).codes.data).toEqual(codes.data);
    },
  );

  test("of Moshi holds valid steps only, so the frames of delayed codebooks that it lacks are left out", async () => {
    const layout = modelLayouts.moshi;
    const codes = codesOf(8, 20, { sampleRate: 24_000, hopLength: 1920, numSamples: 20 * 1920 });
    const { codes: reverted, timesteps } = revertPattern(await parseSequence(formatSequence(applyPattern(codes, layout), "safetensors")));
    expect(timesteps).toBe(20);
    expect(reverted.data).toEqual(codes.sliceFrames(0, 19).data);
  });

  test("that was cut short gives the complete frames", () => {
    const codes = codesOf(4, 10);
    const whole = applyPattern(codes, { kind: "delay", numCodebooks: 4 });
    const cutTo = (numSteps: number) => {
      const data = Uint16Array.from(
        { length: 4 * numSteps },
        (_, cell) => whole.tokens.data[Math.floor(cell / numSteps) * 14 + (cell % numSteps)]!,
      );
      return { ...whole, tokens: { type: "uint16" as const, data, dims: [1, 4, numSteps] } };
    };
    const { codes: reverted, timesteps } = revertPattern(cutTo(9));
    expect({ timesteps, numFrames: reverted.numFrames, numSamples: reverted.numSamples }).toEqual({
      timesteps: 10,
      numFrames: 5,
      numSamples: 5 * 640,
    });
    expect(reverted.data).toEqual(codes.sliceFrames(0, 5).data);
    expect(revertPattern(cutTo(5)).codes.numFrames).toBe(1);
    expect(() => revertPattern(cutTo(4))).toThrow(/the sequence of 10 frames ends after 4 steps, before the first frame is complete/u);
  });

  test("with a special token among the codes says where", () => {
    const sequence = applyPattern(codesOf(2, 4), { kind: "delay", numCodebooks: 2 });
    sequence.tokens.data[6 + 3] = 2048;
    expect(() => revertPattern(sequence)).toThrow(
      /^step 3 holds 2048 where the code of frame 1 of codebook 1 belongs; expected 0 to 2047/u,
    );
  });

  test("is not taken for codes, nor codes for it", async () => {
    const bytes = formatSequence(applyPattern(codesOf(2, 4), { kind: "delay", numCodebooks: 2 }), "safetensors");
    await expect(parseCodes(bytes, { name: "a.safetensors" })).rejects.toThrow(/a\.safetensors is a sequence/u);
    await expect(parseSequence(new Uint8Array([1, 2, 3]), { name: "b" })).rejects.toMatchObject({ code: "CODES_UNSUPPORTED" });
  });

  test("that is damaged is refused at every length", async () => {
    const bytes = formatSequence(applyPattern(codesOf(2, 4), { kind: "delay", numCodebooks: 2 }), "safetensors");
    for (let length = 0; length < bytes.length; length += 3) {
      await expect(parseSequence(bytes.subarray(0, length)), `${length} bytes`).rejects.toMatchObject({ name: "CodesError" });
    }
  });

  test("whose parts do not fit each other is refused before anything is laid out", async () => {
    const sequence = applyPattern(codesOf(2, 4), { kind: "delay", numCodebooks: 2 });
    const { codes } = sequence;
    const damaged: [Partial<TokenSequence>, string][] = [
      [{ codes: { ...codes, hopLength: 0 } }, "hopLength must be a positive integer; found 0"],
      [{ codes: { ...codes, numSamples: Number.NaN } }, "numSamples must be a positive integer; found NaN"],
      [{ codes: { ...codes, sampleRate: -1 } }, "sampleRate must be a whole number of hertz from 1 to 4294967295; found -1"],
      [{ codes: { ...codes, scales: Float32Array.of(1, 2) } }, "expected one scale for each of 1 segments; found 2"],
      [{ codes: { ...codes, numSamples: 640 } }, "the tokens have 6 steps; the sequence of 1 frames has 3"],
      [{ codes: { ...codes, segment: { length: 640, stride: 640 } } }, "samples do not fill 1 segment of 1 frames"],
      [{ pattern: { kind: "delay", numCodebooks: 60_000 } }, "the pattern has 60000 codebooks; the tokens of shape [1, 2, 6] have 2"],
      [{ pattern: undefined as unknown as PatternSpec }, "pattern"],
      [{ pattern: { kind: "custom", numCodebooks: 2, timesteps: 3, layout: [[]] } }, "the pattern leaves out codes of 4 frames"],
      [{ specialToken: 7 }, "specialToken 7 is no special token; expected an integer of 32 bits that is no code, 0 to 2047"],
      [{ padToken: 2 ** 31 }, "padToken 2147483648 is no special token"],
      [{ eosToken: Number.NaN }, "eosToken NaN is no special token"],
      [{ tokens: { ...sequence.tokens, dims: [1, 2, 7] } }, "12 tokens of type uint16 and shape [1, 2, 7] are no sequence"],
      [
        { tokens: { ...sequence.tokens, data: [1] as unknown as Uint16Array } },
        "1 tokens of type uint16 and shape [1, 2, 6] are no sequence",
      ],
    ];
    for (const [part, message] of damaged) {
      expect(() => revertPattern({ ...sequence, ...part }), message).toThrow(message);
      expect(() => formatSequence({ ...sequence, ...part }, "safetensors"), message).toThrow(CodesError);
    }
    const bytesOf = (part: object) => formatSequenceSafetensors(sequence.tokens, { ...sequence, ...part });
    const descending = bytesOf({ pattern: { kind: "delay", numCodebooks: 2, delays: [1, 0] } });
    await expect(parseSequence(descending, { name: "a" })).rejects.toMatchObject({
      code: "CODES_FORMAT",
      message: expect.stringContaining("delays must not descend"),
    });
    await expect(parseSequence(bytesOf({ specialToken: 2 ** 32 }))).rejects.toThrow("has no integer of 32 bits as special_token");
  });

  test("that claims more frames than it can hold is read for those that it holds", async () => {
    const sequence = applyPattern(codesOf(2, 4), { kind: "delay", numCodebooks: 2 });
    const bytes = formatSequenceSafetensors(sequence.tokens, { ...sequence, codes: { ...sequence.codes, numSamples: 2 ** 50 } });
    const { codes, timesteps } = revertPattern(await parseSequence(bytes));
    expect({ shape: codes.shape, timesteps }).toEqual({ shape: [1, 2, 4], timesteps: Math.ceil(2 ** 50 / 640) });
  });

  test("of another pattern is refused where a code stands in a cell that should be empty", () => {
    const delayed = applyPattern(codesOf(3, 8), { kind: "delay", numCodebooks: 3 });
    expect(() => revertPattern({ ...delayed, pattern: { kind: "delay", numCodebooks: 3, delays: [0, 2, 4] } })).toThrow(
      /^step 2 of codebook 1 holds the code 48 where this pattern has none; is it the right pattern\?/u,
    );
    const parallel = applyPattern(codesOf(3, 8), { kind: "parallel", numCodebooks: 3 });
    expect(() => revertPattern({ ...parallel, pattern: delayed.pattern })).toThrow(/^step 1 of codebook 1 holds the code 48 where/u);
  });

  test("may hold codes after the last, as generation that was cut short leaves them", async () => {
    const { tokens } = applyPattern(codesOf(3, 8), { kind: "delay", numCodebooks: 3 });
    const data = Uint16Array.from({ length: 3 * 6 }, (_, cell) => tokens.data[Math.floor(cell / 6) * 11 + (cell % 6)]!);
    const bare = formatSequenceNpy({ data, dims: [1, 3, 6] });
    const { codes } = revertPattern(await parseSequence(bare, { pattern: { kind: "delay", numCodebooks: 3 }, context: codec }));
    expect(codes.data).toEqual(codesOf(3, 8).sliceFrames(0, 3).data);
  });

  test("refuses what does not lead back", () => {
    expect(() =>
      applyPattern(codesOf(2, 2), {
        kind: "custom",
        numCodebooks: 2,
        timesteps: 2,
        layout: [
          [
            [0, 0],
            [0, 1],
          ],
          [[1, 0]],
        ],
      }),
    ).toThrow(/no step for codebook 1 of frame 1/u);
    expect(() => applyPattern(codesOf(2, 2), { kind: "delay", numCodebooks: 4 })).toThrow(
      /the codes have 2 codebooks; this pattern is for 4/u,
    );
    expect(() => applyPattern(codesOf(9, 2), modelLayouts.dia)).toThrow(/codebooks of 2048 entries; Dia reads those of DAC/u);
    expect(() => applyPattern(codesOf(4, 2), modelLayouts.audiogen)).toThrow(
      /these codes are of 32000 Hz, 640 samples a frame; AudioGen reads/u,
    );
    expect(() => applyPattern(codesOf(8, 2), modelLayouts.musicgen)).toThrow(
      /the codes have 8 codebooks; MusicGen reads 4: take the first/u,
    );
    expect(() => applyPattern(codesOf(2, 2), { kind: "delay", numCodebooks: 2 }, { specialToken: 7 })).toThrow(
      /could be taken for a code/u,
    );
  });
});

describe("a bare array", () => {
  test("gives back codes of whole frames, given pattern and codec", async () => {
    const sizes = fc.record({ numCodebooks: fc.integer({ min: 1, max: 3 }), numFrames: fc.integer({ min: 1, max: 12 }) });
    const laidOut = sizes.chain((size) => fc.record({ size: fc.constant(size), spec: specsFor(size.numCodebooks, size.numFrames) }));
    await fc.assert(
      fc.asyncProperty(laidOut, async ({ size: { numCodebooks, numFrames }, spec }) => {
        const codes = codesOf(numCodebooks, numFrames, { numSamples: numFrames * codec.hopLength });
        const bare = await parseSequence(formatSequence(applyPattern(codes, spec), "npy"), { pattern: spec, context: codec });
        const { codes: reverted } = revertPattern(bare);
        expect(reverted).toEqualCodes(codes);
        expect(reverted.provenance).toEqual(codec.provenance);
        expect(reverted.bandwidth).toBeCloseTo(numCodebooks * 0.55);
      }),
    );
  });

  test("of a model ends where its eos is", async () => {
    const layout = { ...modelLayouts.dia, pattern: { kind: "delay", numCodebooks: 2, delays: [0, 1] } } as const;
    const codes = codesOf(2, 5, { codebookSize: 1024, sampleRate: 44_100, hopLength: 512, numSamples: 5 * 512 });
    const sequence = applyPattern(codes, layout);
    expect([...sequence.tokens.data]).toEqual([1026, 0, 131, 262, 393, 524, 1024, 1025, 1026, 1026, 655, 786, 917, 48, 179, 1024]);
    const longer = {
      ...sequence,
      tokens: {
        type: "uint16" as const,
        dims: [1, 2, 10],
        data: Uint16Array.from([...sequence.tokens.data.subarray(0, 8), 1025, 1025, ...sequence.tokens.data.subarray(8), 1025, 1025]),
      },
    };
    expect(revertPattern(await parseSequence(formatSequenceNpy(longer.tokens), { pattern: layout, context: codes })).codes.data).toEqual(
      codes.data,
    );
  });

  test("alone asks for the codec, where that is a function", async () => {
    const sequence = applyPattern(codesOf(2, 4), { kind: "delay", numCodebooks: 2 });
    let asked = 0;
    const options = { pattern: sequence.pattern, context: () => ((asked += 1), codec) };
    expect((await parseSequence(formatSequence(sequence, "safetensors"), options)).tokens).toEqual(sequence.tokens);
    expect(asked).toBe(0);
    expect((await parseSequence(formatSequence(sequence, "npy"), options)).tokens).toEqual(sequence.tokens);
    expect(asked).toBe(1);
  });

  test("says what it does not say", async () => {
    const bytes = formatSequence(applyPattern(codesOf(2, 4), { kind: "musiclm", numCodebooks: 2 }), "npy");
    await expect(parseSequence(bytes, { name: "a.npy" })).rejects.toThrow(
      "a.npy is a bare array and does not say its pattern; give it as the option pattern",
    );
    const pattern = { kind: "coarse-first", numCodebooks: 2 } as const;
    await expect(parseSequence(bytes, { name: "a.npy", pattern })).rejects.toThrow("does not say its codec");
    const eight = formatSequence(applyPattern(codesOf(2, 4), { kind: "parallel", numCodebooks: 2, emptyInitial: 3 }), "npy");
    await expect(parseSequence(bytes, { pattern: modelLayouts.dia, context: codec })).rejects.toThrow(
      "sequence: these codes have codebooks of 2048 entries; Dia reads",
    );
    await expect(parseSequence(eight, { pattern, context: codec })).rejects.toThrow(
      "8 steps, and no coarse-first sequence has: that of 4 frames has 9",
    );
  });
});
