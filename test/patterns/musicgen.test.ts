import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AudioCodes, CodesError } from "../../src/core/index.ts";
import type { TokenGrid } from "../../src/patterns/grid/token-grid.ts";
import { musicgenCodesFromGenerated } from "../../src/patterns/musicgen/musicgen-generated.ts";
import { musicgenFramesOf, musicgenMaxLengthFor } from "../../src/patterns/musicgen/musicgen-lengths.ts";
import { applyMusicgenDelayPatternMask, musicgenDelayPatternMask, musicgenDecoderInputIds } from "../../src/patterns/musicgen/musicgen.ts";
import { patternCases } from "./golden-patterns.ts";

interface MusicgenCase {
  readonly id: string;
  readonly num_codebooks: number;
  readonly audio_channels: 1 | 2;
  readonly batch: number;
  readonly pad_token_id: number;
  readonly max_length: number;
  readonly prompt_timesteps: number;
  readonly prompt_codes: number[][][];
  readonly bos_prepended: boolean;
  readonly input_ids: number[][];
  readonly delayed_input_ids: number[][];
  readonly pattern_mask: number[][];
  readonly generated_ids: number[][];
  readonly applied_ids: number[][];
  readonly reverted: number[][][];
  readonly error: { readonly stage: string } | null;
  readonly audiocraft?: { readonly timesteps: number };
}

const cases = patternCases.filter(({ impl }) => impl === "hf_musicgen") as unknown as MusicgenCase[];

function rowsOf({ data, dims }: TokenGrid): number[][] {
  const [numRows, numColumns] = [dims.slice(0, -1).reduce((a, b) => a * b, 1), dims.at(-1)!];
  return Array.from({ length: numRows }, (_, row) => Array.from(data.subarray(row * numColumns, (row + 1) * numColumns), Number));
}

function tensorOf(rows: number[][]): { data: number[]; dims: number[] } {
  return { data: rows.flat(), dims: [rows.length, rows[0]?.length ?? 0] };
}

function optionsOf(golden: MusicgenCase) {
  return {
    numCodebooks: golden.num_codebooks,
    channels: golden.audio_channels,
    maxLength: golden.max_length,
    padToken: golden.pad_token_id,
  };
}

/** The sequence's cells written one by one from the picture in transformers' docstring, triangles first. */
function naiveMask(prompt: number[][], shape: { numCodebooks: number; channels: 1 | 2; maxLength: number }): number[][] {
  const numDelays = shape.numCodebooks / shape.channels;
  return prompt.map((codes, row) => {
    const delay = Math.floor((row % shape.numCodebooks) / shape.channels);
    const start = Array.from({ length: delay + 1 }, () => 2048);
    const end = Array.from({ length: numDelays - 1 - delay }, () => 2048);
    const free = Array.from({ length: shape.maxLength - numDelays - codes.length }, () => -1);
    return [...start, ...codes, ...free, ...end];
  });
}

/** A prompt that fits, and the codes that a model would add: `[B·K]` rows each. */
const generations = fc
  .record({
    numDelays: fc.integer({ min: 1, max: 5 }),
    channels: fc.constantFrom(1 as const, 2 as const),
    batchSize: fc.integer({ min: 1, max: 3 }),
    promptFrames: fc.nat(6),
    newFrames: fc.nat(8),
    seed: fc.nat(2047),
  })
  .filter(({ numDelays, promptFrames, newFrames }) => promptFrames + newFrames >= numDelays - 1)
  .map(({ numDelays, channels, batchSize, promptFrames, newFrames, seed }) => {
    const numCodebooks = numDelays * channels;
    const numFrames = promptFrames + newFrames;
    const codes = Array.from({ length: batchSize * numCodebooks }, (_, row) =>
      Array.from({ length: numFrames }, (__, frame) => (seed + 211 * row + 17 * frame) % 2048),
    );
    const prompt = codes.map((row) => row.slice(0, promptFrames));
    return { numCodebooks, channels, batchSize, codes, prompt, promptFrames, maxLength: numFrames + numDelays };
  });

describe("MusicGen's delay pattern", () => {
  test("covers every reference case", () => expect(cases.length).toBeGreaterThanOrEqual(14));

  test.each(cases)("delays ids as transformers does: $id", (golden) => {
    const build = () => musicgenDelayPatternMask(tensorOf(golden.input_ids), optionsOf(golden));
    if (golden.error?.stage === "build") {
      expect(build).toThrow(RangeError);
      return;
    }
    const { decoderInputIds, patternMask } = build();
    expect(decoderInputIds.type).toBe("int64");
    expect(decoderInputIds.dims).toEqual([golden.input_ids.length, golden.delayed_input_ids[0]!.length]);
    expect(rowsOf(decoderInputIds)).toEqual(golden.delayed_input_ids);
    expect(patternMask.dims).toEqual([golden.input_ids.length, golden.max_length]);
    expect(rowsOf(patternMask)).toEqual(golden.pattern_mask);
  });

  test.each(cases.filter(({ bos_prepended }) => bos_prepended))("starts from the prompt's codes: $id", (golden) => {
    const { num_codebooks: numCodebooks, batch: batchSize, prompt_timesteps: numFrames } = golden;
    const codes = { data: golden.prompt_codes.flat(2), dims: [batchSize, numCodebooks, numFrames] };
    const starts = [codes, ...(numFrames === 0 ? [{ batchSize, numCodebooks }] : [])];
    for (const start of starts) {
      if (golden.error?.stage === "build") {
        expect(() => musicgenDecoderInputIds(start, optionsOf(golden))).toThrow(
          `${numFrames + numCodebooks / golden.audio_channels} holds the prompt`,
        );
        continue;
      }
      const { decoderInputIds, patternMask } = musicgenDecoderInputIds(start, optionsOf(golden));
      expect(rowsOf(decoderInputIds)).toEqual(golden.delayed_input_ids);
      expect(rowsOf(patternMask)).toEqual(golden.pattern_mask);
    }
  });

  test.each(cases.filter(({ error }) => error === null))("keeps the mask's tokens and gives the codes back: $id", (golden) => {
    const { patternMask } = musicgenDelayPatternMask(tensorOf(golden.input_ids), optionsOf(golden));
    const generated = tensorOf(golden.generated_ids);
    expect(rowsOf(applyMusicgenDelayPatternMask(generated, patternMask))).toEqual(golden.applied_ids);
    const codes = musicgenCodesFromGenerated(generated, { ...optionsOf(golden), patternMask });
    expect(codes.dims).toEqual([golden.batch, golden.num_codebooks, golden.reverted[0]![0]!.length]);
    expect(Array.from(codes.data)).toEqual(golden.reverted.flat(2));
    expect(musicgenFramesOf(optionsOf(golden))).toBe(golden.reverted[0]![0]!.length);
    if (golden.audiocraft !== undefined) expect(musicgenFramesOf(optionsOf(golden))).toBe(golden.audiocraft.timesteps);
  });

  test("equals the picture of it, cell by cell", () => {
    fc.assert(
      fc.property(generations, ({ numCodebooks, channels, prompt, promptFrames, maxLength, batchSize }) => {
        const start = { data: prompt.flat(), dims: [batchSize, numCodebooks, promptFrames] };
        const { decoderInputIds, patternMask } = musicgenDecoderInputIds(start, { channels, maxLength });
        const mask = naiveMask(prompt, { numCodebooks, channels, maxLength });
        expect(rowsOf(patternMask)).toEqual(mask);
        expect(rowsOf(decoderInputIds)).toEqual(mask.map((row) => row.slice(0, promptFrames + 1)));
      }),
    );
  });

  test("gives back prompt and generated codes, whatever was sampled where no code belongs", () => {
    fc.assert(
      fc.property(generations, fc.nat(2048), ({ numCodebooks, channels, codes, prompt, promptFrames, maxLength, batchSize }, noise) => {
        const { patternMask } = musicgenDecoderInputIds(
          { data: prompt.flat(), dims: [batchSize, numCodebooks, promptFrames] },
          { channels, maxLength },
        );
        const whole = naiveMask(codes, { numCodebooks, channels, maxLength });
        const generated = whole.map((row, index) =>
          row.map((token, column) => (rowsOf(patternMask)[index]![column] === -1 ? token : noise)),
        );
        const back = musicgenCodesFromGenerated(tensorOf(generated), { numCodebooks, channels, patternMask });
        expect(rowsOf(back)).toEqual(codes);
        expect(back.dims).toEqual([batchSize, numCodebooks, codes[0]!.length]);
        expect(rowsOf(musicgenCodesFromGenerated(tensorOf(whole), { numCodebooks, channels }))).toEqual(codes);
      }),
    );
  });

  test("applies to one column as it does to all", () => {
    fc.assert(
      fc.property(generations, ({ numCodebooks, channels, codes, prompt, promptFrames, maxLength, batchSize }) => {
        const { patternMask } = musicgenDecoderInputIds(
          { data: prompt.flat(), dims: [batchSize, numCodebooks, promptFrames] },
          { channels, maxLength },
        );
        const sampled = codes.map((_, row) => Array.from({ length: maxLength }, (__, column) => (row * 31 + column) % 2048));
        const whole = rowsOf(applyMusicgenDelayPatternMask(tensorOf(sampled), patternMask));
        for (let column = 0; column < maxLength; column++) {
          const one = applyMusicgenDelayPatternMask(tensorOf(sampled.map((row) => [row[column]!])), patternMask, { firstColumn: column });
          expect(rowsOf(one)).toEqual(whole.map((row) => [row[column]!]));
        }
      }),
    );
  });

  test("overwrites the first column of ids, which is a frame of those that lack the start column", () => {
    const { decoderInputIds, patternMask } = musicgenDelayPatternMask(
      { data: [0, 1, 2, 10, 11, 12], dims: [2, 3] },
      { numCodebooks: 2, maxLength: 6 },
    );
    expect(rowsOf(decoderInputIds)).toEqual([
      [2048, 1, 2],
      [2048, 2048, 11],
    ]);
    expect(rowsOf(patternMask)).toEqual([
      [2048, 1, 2, -1, -1, 2048],
      [2048, 2048, 11, 12, -1, -1],
    ]);
  });

  test("starts before the first cell that ids leave open in a clip's first codebook", () => {
    const options = { numCodebooks: 1, maxLength: 6 };
    const open = tensorOf([
      [-1, 1, 2, 3],
      [2048, 5, -1, 7],
    ]);
    const { decoderInputIds, patternMask } = musicgenDelayPatternMask(open, options);
    expect(rowsOf(decoderInputIds)).toEqual([
      [2048, 1],
      [2048, 5],
    ]);
    expect(rowsOf(patternMask)[1]).toEqual([2048, 5, -1, 7, -1, -1]);
  });

  test("delays both channels of stereo like a mono clip each", () => {
    const mono = { data: [0, 1, 2, 10, 11, 12, 20, 21, 22], dims: [3, 3] };
    const stereo = { data: [0, 1, 2, 0, 1, 2, 10, 11, 12, 10, 11, 12, 20, 21, 22, 20, 21, 22], dims: [6, 3] };
    const one = rowsOf(musicgenDecoderInputIds(mono, { maxLength: 9 }).patternMask);
    const two = rowsOf(musicgenDecoderInputIds(stereo, { maxLength: 9, channels: 2 }).patternMask);
    expect(two).toEqual(one.flatMap((row) => [row, row]));
  });

  test("makes AudioCodes of what was generated", () => {
    const { patternMask } = musicgenDecoderInputIds({ batchSize: 1, numCodebooks: 4 }, { maxLength: 12 });
    const ids = tensorOf(Array.from({ length: 4 }, (_, row) => Array.from({ length: 12 }, (__, column) => 100 * row + column)));
    const context = { sampleRate: 32_000, channels: 1, hopLength: 640, codebookSize: 2048 };
    const codes = AudioCodes.fromTensor(musicgenCodesFromGenerated(ids, { numCodebooks: 4, patternMask }), context);
    expect(codes.shape).toEqual([1, 4, 8]);
    expect(Array.from(codes.data.subarray(24))).toEqual([304, 305, 306, 307, 308, 309, 310, 311]);
    const again = musicgenDecoderInputIds(codes, { maxLength: 20 });
    expect(rowsOf(again.decoderInputIds)[1]).toEqual([2048, 2048, 102, 103, 104, 105, 106, 107, 108]);
  });

  test("writes tokens in the type that is asked for", () => {
    const { decoderInputIds } = musicgenDecoderInputIds({ batchSize: 1, numCodebooks: 2 }, { maxLength: 6, type: "int32" });
    expect(decoderInputIds.data).toEqual(Int32Array.of(2048, 2048));
    expect(() => musicgenDecoderInputIds({ batchSize: 1, numCodebooks: 2 }, { maxLength: 6, type: "uint16" })).toThrow(
      /-1 does not fit uint16/,
    );
  });
});

describe("sequences shorter than 2C − 1 columns", () => {
  test("are left undelayed as transformers does", () => {
    const prompt = { data: [0, 1, 10, 11, 20, 21, 30, 31], dims: [4, 2] };
    const { decoderInputIds, patternMask } = musicgenDecoderInputIds(prompt, { maxLength: 6 });
    expect(rowsOf(decoderInputIds)).toEqual([0, 10, 20, 30].map((code) => [2048, code, code + 1]));
    expect(rowsOf(patternMask).flat()).toEqual(Array.from({ length: 24 }, () => -1));
  });

  test("are delayed with delayShort, as transformers.js does", () => {
    const { decoderInputIds, patternMask } = musicgenDecoderInputIds(
      { data: [0, 10, 20, 30], dims: [4, 1] },
      { maxLength: 6, delayShort: true },
    );
    expect(rowsOf(patternMask)).toEqual([
      [2048, 0, -1, 2048, 2048, 2048],
      [2048, 2048, 10, -1, 2048, 2048],
      [2048, 2048, 2048, 20, -1, 2048],
      [2048, 2048, 2048, 2048, 30, -1],
    ]);
    expect(rowsOf(decoderInputIds)).toEqual([
      [2048, 0],
      [2048, 2048],
      [2048, 2048],
      [2048, 2048],
    ]);
  });
});

describe("sequences too short for a single frame", () => {
  test("hold special tokens only", () => {
    const { decoderInputIds, patternMask } = musicgenDecoderInputIds({ batchSize: 1, numCodebooks: 4 }, { maxLength: 3, delayShort: true });
    expect(decoderInputIds.dims).toEqual([4, 1]);
    expect(rowsOf(patternMask).flat()).toEqual(Array.from({ length: 12 }, () => 2048));
  });
});

describe("MusicGen's lengths", () => {
  test("hold thirty seconds in 1504 columns, mono and stereo", () => {
    expect(musicgenMaxLengthFor({ frames: 1500, numCodebooks: 4 })).toBe(1504);
    expect(musicgenMaxLengthFor({ frames: 1500, numCodebooks: 8, channels: 2 })).toBe(1504);
    expect(musicgenFramesOf({ maxLength: 1500, numCodebooks: 4 })).toBe(1496);
  });

  test("come back from the length to the frames", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.constantFrom(1 as const, 2 as const),
        fc.nat(40),
        fc.boolean(),
        (numDelays, channels, more, delayShort) => {
          const shape = { numCodebooks: numDelays * channels, channels, delayShort };
          const frames = delayShort ? more : numDelays - 1 + more;
          const maxLength = musicgenMaxLengthFor({ ...shape, frames });
          expect(musicgenFramesOf({ ...shape, maxLength })).toBe(frames);
          const ids = { data: new Int32Array(shape.numCodebooks * maxLength).fill(1), dims: [shape.numCodebooks, maxLength] };
          expect(musicgenCodesFromGenerated(ids, shape).dims).toEqual([1, shape.numCodebooks, frames]);
        },
      ),
    );
  });

  test("count the frames of undelayed sequences from their one start column", () => {
    expect(musicgenFramesOf({ maxLength: 6, numCodebooks: 4 })).toBe(5);
    expect(musicgenFramesOf({ maxLength: 6, numCodebooks: 4, delayShort: true })).toBe(2);
    expect(musicgenFramesOf({ maxLength: 3, numCodebooks: 4, delayShort: true })).toBe(0);
  });

  test("refuse fewer frames than transformers delays", () => {
    expect(() => musicgenMaxLengthFor({ frames: 2, numCodebooks: 4 })).toThrow("at least 3, since transformers does not delay");
    expect(() => musicgenMaxLengthFor({ frames: -1, numCodebooks: 4, delayShort: true })).toThrow("at least 0; received -1");
  });
});

describe("what MusicGen cannot be given", () => {
  const prompt = { data: [0, 1, 2, 10, 11, 12], dims: [2, 3] };
  const mask = musicgenDecoderInputIds({ batchSize: 1, numCodebooks: 2 }, { maxLength: 6 }).patternMask;
  const codec = { sampleRate: 24_000, channels: 1, hopLength: 320, codebookSize: 1024 };
  const codesOf24kHz = AudioCodes.fromTensor({ data: [1, 2], dims: [2, 1] }, codec);

  test("a list of prompts", () => {
    expect(() => musicgenDecoderInputIds([prompt, prompt] as never, { maxLength: 9 })).toThrow(TypeError);
    expect(() => musicgenDecoderInputIds([prompt, prompt] as never, { maxLength: 9 })).toThrow(
      "pass clips of equal lengths as one tensor [B, K, T0]",
    );
  });

  test("eight codebooks of which nobody says whether they are stereo", () => {
    const eight = { data: new Uint16Array(8), dims: [8, 1] };
    const message = "8 codebooks can be those of a stereo model, 4 for each channel, or of a mono one; say channels: 2 or channels: 1";
    for (const use of [
      () => musicgenDecoderInputIds(eight, { maxLength: 16 }),
      () => musicgenMaxLengthFor({ frames: 9, numCodebooks: 8 }),
      () => musicgenCodesFromGenerated(eight, { numCodebooks: 8 }),
    ]) {
      expect(use).toThrow(RangeError);
      expect(use).toThrow(message);
    }
    expect(rowsOf(musicgenDecoderInputIds(eight, { maxLength: 16, channels: 1 }).patternMask)[7]!.indexOf(0)).toBe(8);
    expect(rowsOf(musicgenDecoderInputIds(eight, { maxLength: 16, channels: 2 }).patternMask)[7]!.indexOf(0)).toBe(4);
  });

  test.each([
    [
      "a prompt longer than the sequence",
      () => musicgenDecoderInputIds(prompt, { maxLength: 4 }),
      /3 frames does not fit maxLength 4; 5 holds/,
    ],
    [
      "a prompt longer than an undelayed sequence",
      () => musicgenDecoderInputIds(prompt, { maxLength: 2 }),
      /does not fit maxLength 2; 5 holds/,
    ],
    [
      "ids longer than the sequence",
      () => musicgenDelayPatternMask(prompt, { numCodebooks: 2, maxLength: 3 }),
      /3 columns do not fit maxLength 3.*is 4/,
    ],
    ["no columns", () => musicgenDecoderInputIds(prompt, { maxLength: 0 }), /maxLength must be a whole number, 1 or more; received 0/],
    ["half a column", () => musicgenDecoderInputIds(prompt, { maxLength: 7.5 }), /received 7.5/],
    [
      "three channels",
      () => musicgenDecoderInputIds(prompt, { maxLength: 9, channels: 3 as never }),
      /channels must be 1 or 2; received 3/,
    ],
    ["stereo of odd rows", () => musicgenDecoderInputIds({ batchSize: 1, numCodebooks: 3 }, { maxLength: 9, channels: 2 }), /even integer/],
    [
      "an empty batch",
      () => musicgenDecoderInputIds({ batchSize: 0, numCodebooks: 4 }, { maxLength: 9 }),
      /batchSize must be a whole number, 1 or more; received 0/,
    ],
    [
      "no codebooks",
      () => musicgenDecoderInputIds({ batchSize: 1, numCodebooks: 0 }, { maxLength: 9 }),
      /numCodebooks must be a positive integer; received 0/,
    ],
    [
      "a start before the sequence",
      () => applyMusicgenDelayPatternMask(mask, mask, { firstColumn: -1 }),
      /firstColumn must be a whole number, 0 or more/,
    ],
  ])("%s", (_, give, message) => {
    expect(give).toThrow(RangeError);
    expect(give).toThrow(message);
  });

  test.each([
    [
      "a special token in the prompt",
      () => musicgenDecoderInputIds({ data: [0, 2048], dims: [1, 2] }, { maxLength: 9 }),
      "CODES_OUT_OF_RANGE",
      /value 2048 at frame 1 of codebook 0 is not a code of MusicGen; expected 0 to 2047/,
    ],
    [
      "what is above the special token",
      () => musicgenDecoderInputIds({ data: [0, 5000], dims: [1, 2] }, { maxLength: 9 }),
      "CODES_OUT_OF_RANGE",
      /value 5000 at frame 1/,
    ],
    ["nothing", () => musicgenDecoderInputIds(null as never, { maxLength: 9 }), "CODES_MISMATCH", /expected AudioCodes or a tensor/],
    [
      "a fraction",
      () => musicgenDecoderInputIds({ data: [0.5], dims: [1, 1] }, { maxLength: 9 }),
      "CODES_OUT_OF_RANGE",
      /value 0.5 at frame 0/,
    ],
    [
      "a word",
      () => musicgenDecoderInputIds({ data: ["1" as never], dims: [1, 1] }, { maxLength: 9 }),
      "CODES_OUT_OF_RANGE",
      /value "1" at position 0 is not a number/,
    ],
    [
      "nothing for a code",
      () => musicgenDecoderInputIds({ data: [null as never], dims: [1, 1] }, { maxLength: 9 }),
      "CODES_OUT_OF_RANGE",
      /value null at position 0 is not a number/,
    ],
    [
      "ids instead of codes",
      () => musicgenDecoderInputIds({ data: [2048, 1, 2048, 2], dims: [2, 2] }, { maxLength: 9 }),
      "CODES_OUT_OF_RANGE",
      /begins with padToken 2048, as ids do; .*musicgenDelayPatternMask/,
    ],
    [
      "codes of another codec",
      () => musicgenDecoderInputIds(codesOf24kHz, { maxLength: 9 }),
      "CODES_MISMATCH",
      /codebooks of 1024 entries; MusicGen reads those of EnCodec 32 kHz \(facebook\/encodec_32khz\), which have 2048/,
    ],
    [
      "a hole in the prompt",
      () => musicgenDecoderInputIds({ data: [-1], dims: [1, 1] }, { maxLength: 9 }),
      "CODES_OUT_OF_RANGE",
      /value -1 at frame 0/,
    ],
    [
      "rows of part of a clip",
      () => musicgenDelayPatternMask(prompt, { numCodebooks: 4, maxLength: 9 }),
      "CODES_MISMATCH",
      /2 rows.*multiple of 4/,
    ],
    [
      "ids without a column",
      () => musicgenDelayPatternMask({ data: [], dims: [4, 0] }, { numCodebooks: 4, maxLength: 9 }),
      "CODES_MISMATCH",
      /start column/,
    ],
    [
      "ids beyond the mask",
      () => applyMusicgenDelayPatternMask(mask, mask, { firstColumn: 1 }),
      "CODES_MISMATCH",
      /\[2, 6\] from column 1 do not fit a pattern mask \[2, 6\]/,
    ],
    [
      "a mask of another batch",
      () => applyMusicgenDelayPatternMask({ data: [1], dims: [1, 1] }, mask),
      "CODES_MISMATCH",
      /\[1, 1\].*\[2, 6\]/,
    ],
  ])("%s", (_, give, code, message) => {
    expect(give).toThrow(CodesError);
    expect(give).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) as string }));
  });
});

describe("codes that were not all generated", () => {
  const whole = tensorOf(Array.from({ length: 8 }, () => Array.from({ length: 10 }, (_, column) => column)));

  test("are refused with the row and the columns, since all later ones would move", () => {
    const data = whole.data.slice();
    data[5 * 10 + 4] = 2048;
    data[5 * 10 + 6] = 2048;
    expect(() => musicgenCodesFromGenerated({ ...whole, data }, { numCodebooks: 4 })).toThrow(
      /row 5 \(clip 1, codebook 1\) has no code at columns 4, 6/,
    );
    data[5 * 10 + 4] = data[5 * 10 + 6] = 3;
    data[5 * 10 + 1] = 2048;
    expect(musicgenCodesFromGenerated({ ...whole, data }, { numCodebooks: 4 }).dims).toEqual([2, 4, 6]);
  });

  test.each([2049, 5000, 0.5, -3])("are refused where there is %f", (value) => {
    const data = whole.data.with(2 * 10 + 5, value);
    const message = "row 2 (clip 0, codebook 2) has no code at column 5, where one from 0 to 2047 belongs";
    expect(() => musicgenCodesFromGenerated({ ...whole, data }, { numCodebooks: 4 })).toThrow(
      expect.objectContaining({ code: "CODES_OUT_OF_RANGE", message: expect.stringContaining(message) as string }),
    );
  });

  test.each([null, "5", true])("are refused where there is %j", (value) => {
    const data = (whole.data as unknown[]).with(2 * 10 + 5, value) as number[];
    expect(() => musicgenCodesFromGenerated({ ...whole, data }, { numCodebooks: 4 })).toThrow(
      `value ${JSON.stringify(value)} at position 25 is not a number`,
    );
  });

  test("are refused where a cell was left open", () => {
    const data = whole.data.with(3 * 10 + 9, -1);
    expect(() => musicgenCodesFromGenerated({ ...whole, data }, { numCodebooks: 4 })).toThrow(
      /row 3 \(clip 0, codebook 3\) has no code at column 9,/,
    );
  });

  test("are refused where generation stopped early", () => {
    expect(() => musicgenCodesFromGenerated(whole, { numCodebooks: 4, maxLength: 12 })).toThrow(
      /row 2 .* has 7 codes and row 0 has 8: the ids end at column 10 of 12/,
    );
    expect(musicgenCodesFromGenerated(whole, { numCodebooks: 1, maxLength: 12 }).dims).toEqual([8, 1, 9]);
  });

  test("are refused where the prompt had special tokens among them", () => {
    const ids = tensorOf([
      [2048, 1, 2],
      [2048, 2048, 2],
    ]);
    const { patternMask } = musicgenDelayPatternMask(ids, { numCodebooks: 2, maxLength: 10 });
    const generated = { data: whole.data.slice(0, 20), dims: [2, 10] };
    expect(() => musicgenCodesFromGenerated(generated, { numCodebooks: 2, patternMask })).toThrow(
      /row 1 .* has 7 codes and row 0 has 8: .*special tokens among/,
    );
  });
});
