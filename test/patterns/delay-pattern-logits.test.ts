import { LogitsProcessorList, Tensor } from "@huggingface/transformers";
import { describe, expect, test } from "vitest";
import { musicgenLogitsProcessor } from "../../src/patterns/musicgen/musicgen-logits-processor.ts";
import { musicgenCodesFromGenerated } from "../../src/patterns/musicgen/musicgen-generated.ts";
import { applyMusicgenDelayPatternMask, musicgenDecoderInputIds } from "../../src/patterns/musicgen/musicgen.ts";
import { FakeMusicgen, fakeLogits } from "./musicgen-model.ts";

const card = 64;

function zeros(numRows: number): Tensor {
  return new Tensor("float32", new Float32Array(numRows * 8), [numRows, 8]);
}

function argmax(values: Float32Array): number {
  return values.indexOf(Math.max(...values));
}

/** The loop of transformers: sample every cell, apply the mask before every step and at the end. */
function generateLikeTransformers(
  ids: number[][],
  patternMask: { data: BigInt64Array; dims: readonly number[] },
): { fed: number[][]; ids: number[][] } {
  const grown = ids.map((row) => row.slice());
  const masked = (): number[][] => {
    const numColumns = grown[0]!.length;
    const { data } = applyMusicgenDelayPatternMask({ data: grown.flat(), dims: [grown.length, numColumns] }, patternMask);
    return grown.map((_, row) => Array.from(data.subarray(row * numColumns, (row + 1) * numColumns), Number));
  };
  let fed = masked();
  while (grown[0]!.length < patternMask.dims[1]!) {
    fed = masked();
    const logits = fakeLogits(fed, card);
    for (const [row, tokens] of grown.entries()) tokens.push(argmax(logits.subarray(row * card, (row + 1) * card)));
  }
  return { fed, ids: masked() };
}

describe("continuing an audio prompt in transformers.js", () => {
  const shapes = [1, 2].flatMap((batchSize) =>
    [1, 4].flatMap((numCodebooks) => [0, 1, 3, 9].map((numFrames) => ({ batchSize, numCodebooks, numFrames }))),
  );

  test.each(shapes)(
    "feeds the decoder what transformers feeds it: $batchSize × $numCodebooks rows, $numFrames frames",
    async ({ batchSize, numCodebooks, numFrames }) => {
      const maxLength = 14;
      const codes = {
        data: Array.from({ length: batchSize * numCodebooks * numFrames }, (_, index) => (index * 13) % card),
        dims: [batchSize, numCodebooks, numFrames],
      };
      const { decoderInputIds, patternMask } = musicgenDecoderInputIds(codes, { maxLength, padToken: card, delayShort: true });
      const numRows = batchSize * numCodebooks;
      const start = Array.from({ length: numRows }, (_, row) =>
        Array.from(decoderInputIds.data.subarray(row * (numFrames + 1), (row + 1) * (numFrames + 1)), Number),
      );
      const expected = generateLikeTransformers(start, patternMask);

      const options = () => {
        const processors = new LogitsProcessorList();
        processors.push(musicgenLogitsProcessor(patternMask, Tensor));
        const { type, data, dims } = decoderInputIds;
        return { decoder_input_ids: new Tensor(type, data, [...dims]), max_length: maxLength, logits_processor: processors };
      };
      const model = new FakeMusicgen({ numCodebooks, card, batchSize });
      await model.generate(options());
      const fed = Array.from({ length: numRows }, (_, row) => model.fed.flatMap((step) => step[row]!));
      expect(fed).toEqual(expected.fed);
      expect(model.fed.slice(1).every((step) => step.every((row) => row.length === 1))).toBe(true);

      const raw = await new FakeMusicgen({ numCodebooks, card, batchSize }).generateIds(options());
      const fromIds = musicgenCodesFromGenerated({ data: raw.data as BigInt64Array, dims: raw.dims }, { numCodebooks, padToken: card });
      const reference = musicgenCodesFromGenerated(
        { data: expected.ids.flat(), dims: [numRows, maxLength] },
        { numCodebooks, padToken: card, patternMask },
      );
      expect(fromIds).toEqual(reference);
      expect(model.audioCodes).toEqual({ data: Array.from(reference.data), dims: [1, ...reference.dims] });
      for (let row = 0; row < numRows; row++) {
        const numAll = maxLength - numCodebooks;
        expect(Array.from(reference.data.subarray(row * numAll, row * numAll + numFrames))).toEqual(
          codes.data.slice(row * numFrames, (row + 1) * numFrames),
        );
      }
    },
  );

  test("is not what transformers.js does by itself", async () => {
    const codes = { data: Array.from({ length: 12 }, (_, index) => index), dims: [4, 3] };
    const { decoderInputIds } = musicgenDecoderInputIds(codes, { maxLength: 14, padToken: card });
    const model = new FakeMusicgen({ numCodebooks: 4, card, batchSize: 1 });
    await model.generate({ decoder_input_ids: new Tensor("int64", decoderInputIds.data, [...decoderInputIds.dims]), max_length: 14 });
    expect(model.audioCodes!.data.slice(30, 33)).not.toEqual([9, 10, 11]);
  });

  test("works when sampling at random", async () => {
    const codes = { data: Array.from({ length: 12 }, (_, index) => index), dims: [4, 3] };
    const { decoderInputIds: ids, patternMask } = musicgenDecoderInputIds(codes, { maxLength: 14, padToken: card });
    const model = new FakeMusicgen({ numCodebooks: 4, card, batchSize: 1 });
    const raw = await model.generateIds({
      decoder_input_ids: new Tensor(ids.type, ids.data, [...ids.dims]),
      max_length: 14,
      do_sample: true,
      logits_processor: [musicgenLogitsProcessor(patternMask, Tensor)],
    });
    const given = Array.from(patternMask.data, (token, index) => (token === -1n ? (raw.data as BigInt64Array)[index] : token));
    expect(Array.from(raw.data as BigInt64Array)).toEqual(given);
    expect(
      musicgenCodesFromGenerated({ data: raw.data as BigInt64Array, dims: raw.dims }, { numCodebooks: 4, padToken: card }).dims,
    ).toEqual([1, 4, 10]);
  });

  test("gives the same codes as transformers.js's own filter at every length", async () => {
    for (let maxLength = 2; maxLength < 12; maxLength++) {
      const model = new FakeMusicgen({ numCodebooks: 4, card, batchSize: 2 });
      await model.generate({ max_length: maxLength });
      const raw = await new FakeMusicgen({ numCodebooks: 4, card, batchSize: 2 }).generateIds({ max_length: maxLength });
      const codes = musicgenCodesFromGenerated(
        { data: raw.data as BigInt64Array, dims: raw.dims },
        { numCodebooks: 4, padToken: card, delayShort: true },
      );
      expect(model.audioCodes).toEqual({ data: Array.from(codes.data), dims: [1, ...codes.dims] });
    }
  });
});

describe("a delay pattern's logits processor", () => {
  const { patternMask } = musicgenDecoderInputIds({ data: [5, 6], dims: [2, 1] }, { maxLength: 5, padToken: 8 });

  test("leaves free cells as they are and forces the others", () => {
    const process = musicgenLogitsProcessor(patternMask, Tensor);
    const logits = new Tensor(
      "float32",
      Float32Array.from({ length: 16 }, (_, index) => index),
      [2, 8],
    );
    const ids = [
      [8n, 5n],
      [8n, 8n],
    ];
    const forced = process(ids, logits);
    expect(forced.dims).toEqual([2, 8]);
    expect(Array.from(forced.data as Float32Array)).toEqual([
      0,
      1,
      2,
      3,
      4,
      5,
      6,
      7,
      ...[0, 1, 2, 3, 4, 5].map(() => -Infinity),
      0,
      -Infinity,
    ]);
  });

  test("forces code 0 like any other", () => {
    const zero = musicgenDecoderInputIds({ data: [5, 0], dims: [2, 1] }, { maxLength: 5, padToken: 8 }).patternMask;
    const ones = new Tensor("float32", new Float32Array(16).fill(1), [2, 8]);
    const forced = musicgenLogitsProcessor(zero, Tensor)(
      [
        [8n, 5n],
        [8n, 8n],
      ],
      ones,
    );
    expect(Array.from(forced.data as Float32Array).slice(8)).toEqual([0, ...Array.from({ length: 7 }, () => -Infinity)]);
  });

  test("makes place for the special token, which models have no logits for", () => {
    const logits = new Tensor(
      "float32",
      Float32Array.from({ length: 16 }, (_, index) => index),
      [2, 8],
    );
    const forced = musicgenLogitsProcessor(patternMask, Tensor)(
      [
        [8n, 5n, 1n, 1n],
        [8n, 8n, 6n, 1n],
      ],
      logits,
    );
    expect(forced.dims).toEqual([2, 9]);
    expect(Array.from(forced.data as Float32Array)).toEqual([
      ...Array.from({ length: 8 }, () => -Infinity),
      0,
      8,
      9,
      10,
      11,
      12,
      13,
      14,
      15,
      -Infinity,
    ]);
  });

  test("refuses ids and logits that are not those of its mask", () => {
    const process = musicgenLogitsProcessor(patternMask, Tensor);
    expect(() => process([[8n], [8n], [8n]], zeros(3))).toThrow(/\[2, 5\] has no column 1 for 3 rows/);
    expect(() =>
      process(
        [
          [8n, 0n, 0n, 0n, 0n],
          [8n, 0n, 0n, 0n, 0n],
        ],
        zeros(2),
      ),
    ).toThrow(/no column 5 for 2 rows; generate with max_length 5/);
    expect(() => process([[8n], [8n]], zeros(4))).toThrow(/expected float32 logits \[2, card\]; received \[4, 8\]/);
  });

  test("refuses a mask without delays", () => {
    const short = musicgenDecoderInputIds({ batchSize: 1, numCodebooks: 4 }, { maxLength: 6 }).patternMask;
    expect(() => musicgenLogitsProcessor(short, Tensor)).toThrow(/no delays.*delayShort: true/);
  });
});
