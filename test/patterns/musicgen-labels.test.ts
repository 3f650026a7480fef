import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { musicgenDelayLabels, musicgenShiftTokensRight } from "../../src/patterns/musicgen/musicgen-labels.ts";
import { musicgenDelayPatternMask } from "../../src/patterns/musicgen/musicgen.ts";
import { patternCases } from "./golden-patterns.ts";

interface ShiftCase {
  readonly id: string;
  readonly labels_btk: number[][][];
  readonly pad_token_id: number;
  readonly decoder_start_token_id: number;
  readonly shifted_bkt: number[][][];
}

const cases = patternCases.filter(({ impl }) => impl === "hf_shift_tokens_right") as unknown as ShiftCase[];

function tensorOf(values: number[][][]): { data: number[]; dims: number[] } {
  return { data: values.flat(2), dims: [values.length, values[0]!.length, values[0]![0]!.length] };
}

/** Codes `[B, K, T]` in mono or stereo, and their number of delays. */
const clips = fc
  .record({
    numDelays: fc.integer({ min: 1, max: 5 }),
    channels: fc.constantFrom(1 as const, 2 as const),
    batchSize: fc.integer({ min: 1, max: 3 }),
    more: fc.nat(6),
  })
  .map(({ numDelays, channels, batchSize, more }) => {
    const [numCodebooks, numFrames] = [numDelays * channels, Math.max(1, numDelays - 1) + more];
    const data = Array.from({ length: batchSize * numCodebooks * numFrames }, (_, index) => (index * 37) % 2048);
    return { numDelays, channels, batchSize, numCodebooks, numFrames, codes: { data, dims: [batchSize, numCodebooks, numFrames] } };
  });

describe("shifted labels", () => {
  test("cover every reference case", () => expect(cases.length).toBeGreaterThanOrEqual(1));

  test.each(cases)("equal those of transformers: $id", (golden) => {
    const options = { padToken: golden.pad_token_id, startToken: golden.decoder_start_token_id };
    const shifted = musicgenShiftTokensRight(tensorOf(golden.labels_btk), options);
    const expected = tensorOf(golden.shifted_bkt);
    expect(shifted).toEqual({ type: "int64", data: BigInt64Array.from(expected.data, BigInt), dims: expected.dims });
  });

  test("read ignored labels as the special token and start where they are told", () => {
    const labels = { data: [1, 2, -100, 4, 5, 6], dims: [3, 2] };
    expect(musicgenShiftTokensRight(labels, { padToken: 9, startToken: 8, type: "int32" })).toEqual({
      type: "int32",
      data: Int32Array.of(8, 1, 9, 8, 2, 4),
      dims: [1, 2, 3],
    });
  });

  test("need a step", () => expect(() => musicgenShiftTokensRight({ data: [], dims: [1, 0, 4] })).toThrow(/at least one step/));
});

describe("labels for training", () => {
  test("are delayed, and ignored at both ends", () => {
    const { labels, decoderInputIds } = musicgenDelayLabels({ data: [0, 1, 2, 10, 11, 12], dims: [2, 3] }, { type: "int32" });
    expect(labels).toEqual({ type: "int32", data: Int32Array.of(0, -100, 1, 10, 2, 11, -100, 12), dims: [1, 4, 2] });
    expect(decoderInputIds).toEqual({ type: "int32", data: Int32Array.of(2048, 0, 1, 2, 2048, 2048, 10, 11), dims: [1, 2, 4] });
  });

  test("leave out the last steps as audiocraft trains", () => {
    const { labels, decoderInputIds } = musicgenDelayLabels(
      { data: [0, 1, 2, 10, 11, 12], dims: [2, 3] },
      { type: "int32", keepOnlyValidSteps: true },
    );
    expect(Array.from(labels.data)).toEqual([0, -100, 1, 10, 2, 11]);
    expect(decoderInputIds.dims).toEqual([1, 2, 3]);
  });

  test("equal the sequence that generation would have made of the same codes, one step on", () => {
    fc.assert(
      fc.property(clips, ({ numDelays, channels, batchSize, numCodebooks, numFrames, codes }) => {
        const ids = Array.from({ length: batchSize * numCodebooks }, (_, row) => [
          2048,
          ...codes.data.slice(row * numFrames, (row + 1) * numFrames),
        ]);
        const maxLength = numFrames + numDelays;
        const { patternMask } = musicgenDelayPatternMask(
          { data: ids.flat(), dims: [ids.length, numFrames + 1] },
          { numCodebooks, channels, maxLength },
        );
        const { labels, decoderInputIds } = musicgenDelayLabels(codes, { channels });
        const numSteps = maxLength - 1;
        expect(labels.dims).toEqual([batchSize, numSteps, numCodebooks]);
        for (let row = 0; row < ids.length; row++) {
          const sequence = patternMask.data.slice(row * maxLength, (row + 1) * maxLength);
          expect(decoderInputIds.data.slice(row * numSteps, (row + 1) * numSteps)).toEqual(sequence.slice(0, -1));
          const [item, codebook] = [Math.floor(row / numCodebooks), row % numCodebooks];
          const targets = Array.from({ length: numSteps }, (_, step) => labels.data[(item * numSteps + step) * numCodebooks + codebook]!);
          expect(targets).toEqual(Array.from(sequence.slice(1), (token) => (token === 2048n ? -100n : token)));
        }
      }),
    );
  });

  test("ignore the end of shorter clips", () => {
    const codes = { data: [0, 1, -100, 10, 11, 2048], dims: [2, 3] };
    expect(Array.from(musicgenDelayLabels(codes).labels.data, Number)).toEqual([0, -100, 1, 10, -100, 11, -100, -100]);
  });

  test("of clips of different lengths are those of a padded batch", () => {
    const list = [
      { data: [0, 1, 2, 10, 11, 12], dims: [2, 3] },
      { data: [5, 15], dims: [1, 2, 1] },
    ];
    const padded = { data: [0, 1, 2, 10, 11, 12, 5, -100, -100, 15, -100, -100], dims: [2, 2, 3] };
    for (const keepOnlyValidSteps of [false, true])
      expect(musicgenDelayLabels(list, { keepOnlyValidSteps })).toEqual(musicgenDelayLabels(padded, { keepOnlyValidSteps }));
    expect(() => musicgenDelayLabels([list[0]!, { data: [1], dims: [1, 1] }])).toThrow("clips of 2 and of 1 codebooks make no batch");
  });

  test.each([2049, 0.5, "1", null] as never[])("are refused where there is %j", (value) => {
    const wrong = expect.objectContaining({
      code: "CODES_OUT_OF_RANGE",
      message: expect.stringMatching(/^value .* (is not a code|is not a number)/) as string,
    });
    expect(() => musicgenDelayLabels({ data: [0, value], dims: [1, 2] })).toThrow(wrong);
    expect(() => musicgenShiftTokensRight({ data: [0, value], dims: [2, 1] })).toThrow(wrong);
  });

  test("name the place of what is no code", () => {
    expect(() => musicgenShiftTokensRight({ data: [0, 1, 2, 3, 4, 2049], dims: [3, 2] })).toThrow(
      "value 2049 at frame 2 of codebook 1 is not a code; expected 0 to 2047 or 2048 or -100",
    );
  });

  test("are refused for what is no code", () => {
    expect(() => musicgenDelayLabels({ data: [0, -1], dims: [1, 2] })).toThrow(/value -1 at frame 1 of codebook 0/);
    expect(() => musicgenDelayLabels({ data: [], dims: [1, 0] })).toThrow(/at least one frame/);
    expect(() => musicgenDelayLabels({ data: [0, 1, 2], dims: [3, 1] }, { channels: 2 })).toThrow(/even integer/);
  });
});
