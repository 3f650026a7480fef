import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AudioCodes, CodesError } from "../../src/core/index.ts";
import type { CodesInput, TokenGrid } from "../../src/patterns/grid/token-grid.ts";
import { freeCell } from "../../src/patterns/layout/pattern-cursor.ts";
import { patternProvider } from "../../src/patterns/layout/pattern-provider.ts";
import { maskMagnetCodes } from "../../src/patterns/magnet/magnet-masks.ts";
import { modelLayouts } from "../../src/patterns/models/model-layouts.ts";
import type { ModelLayout } from "../../src/patterns/models/model-layouts.ts";
import { buildModelSequence, modelCursor, revertModelSequence } from "../../src/patterns/sequence/model-sequence.ts";
import { audiocraftCases } from "./golden-patterns.ts";

const layouts = Object.entries(modelLayouts);
const { dia, moshi, musicgen, parler } = modelLayouts;

/** Code `100 * q + t` in codebook q at frame t, as in the reference results. */
function codesOf(numCodebooks: number, numFrames: number): { data: Int32Array; dims: number[] } {
  const data = Int32Array.from(
    { length: numCodebooks * numFrames },
    (_, index) => 100 * Math.floor(index / numFrames) + (index % numFrames),
  );
  return { data, dims: [numCodebooks, numFrames] };
}

/** The rows of the first item, special tokens by the first letter of their name. */
function rowsOf({ data, dims }: TokenGrid, names: Readonly<Record<number, string>> = {}): string[] {
  const [numRows, numColumns] = dims.slice(-2) as [number, number];
  const tokens = Array.from(data as ArrayLike<number | bigint>, (token) => names[Number(token)] ?? `${token}`);
  return Array.from({ length: numRows }, (_, row) => tokens.slice(row * numColumns, (row + 1) * numColumns).join(" "));
}

/** Codes of a clip of two frames. */
const audioCodesOf = (codebookSize: number) =>
  new AudioCodes({
    data: new Uint16Array(8),
    shape: [1, 4, 2],
    scales: null,
    numSamples: 640,
    sampleRate: 16_000,
    channels: 1,
    hopLength: 320,
    codebookSize,
    bandwidth: 2,
    segment: null,
    provenance: { model: "unknown", revision: null, digest: null, license: null, licenseStatus: null },
  });

/** Frames of a clip that its sequence holds whole. */
const keptFrames = ({ dims }: CodesInput & { dims: number[] }, longest: number, { keepOnlyValidSteps }: ModelLayout) =>
  keepOnlyValidSteps && dims[1] === longest ? Math.max(0, dims[1] - 1) : dims[1]!;

/** What a reference gives for clips of `codesOf`. */
const references = {
  // transformers 5.17, DiaProcessor: 2 frames, bos and eos rows added as for training, then build_indices and apply_audio_delay; transposed.
  dia: [
    "B 0 1 E P P P P P P P P P P P P P P P",
    "B B B B B B B B B 100 101 E P P P P P P P",
    "B B B B B B B B B B 200 201 E P P P P P P",
    "B B B B B B B B B B B 300 301 E P P P P P",
    "B B B B B B B B B B B B 400 401 E P P P P",
    "B B B B B B B B B B B B B 500 501 E P P P",
    "B B B B B B B B B B B B B B 600 601 E P P",
    "B B B B B B B B B B B B B B B 700 701 E P",
    "B B B B B B B B B B B B B B B B 800 801 E",
  ],
  // parler_tts/modeling_parler_tts.py and postprocess_dataset of its training script (d108732), torch 2.13: labels of 7 frames.
  parler: [
    "0 1 2 3 4 5 6 E E E E E E E E E",
    "B 100 101 102 103 104 105 106 E E E E E E E E",
    "B B 200 201 202 203 204 205 206 E E E E E E E",
    "B B B 300 301 302 303 304 305 306 E E E E E E",
    "B B B B 400 401 402 403 404 405 406 E E E E E",
    "B B B B B 500 501 502 503 504 505 506 E E E E",
    "B B B B B B 600 601 602 603 604 605 606 E E E",
    "B B B B B B B 700 701 702 703 704 705 706 E E",
    "B B B B B B B B 800 801 802 803 804 805 806 E",
  ],
  // moshi/models/lm_utils.py (e6a55d2) _delay_sequence after lm.py's initial column, torch 2.13: 4 frames of one speaker.
  moshi: [
    "B 0 1 2 3",
    "B B 100 101 102",
    "B B 200 201 202",
    "B B 300 301 302",
    "B B 400 401 402",
    "B B 500 501 502",
    "B B 600 601 602",
    "B B 700 701 702",
  ],
};

describe("sequences of known models", () => {
  test("Dia's training sequence is that of transformers", () => {
    const sequence = buildModelSequence(codesOf(9, 2), dia);
    expect(rowsOf(sequence, { 1024: "E", 1025: "P", 1026: "B" })).toEqual(references.dia);
    expect(sequence.attentionMask).toEqual({ type: "int64", data: new BigInt64Array(19).fill(1n), dims: [1, 19] });
  });

  test("Parler-TTS's labels are the sequence without its first step", () => {
    const rows = rowsOf(buildModelSequence(codesOf(9, 7), parler), { 1024: "E", 1025: "B" });
    expect(rows.map((row) => row.slice("B ".length))).toEqual(references.parler);
    expect(rows.every((row) => row.startsWith("B "))).toBe(true);
  });

  test("Moshi's sequence has one step more than the clip has frames", () => {
    expect(rowsOf(buildModelSequence(codesOf(8, 4), moshi), { 2048: "B" })).toEqual(references.moshi);
  });

  test("Moshi's codes of the last frame are lost but for codebook 0, which the pattern's mask says and the reverted codes leave out", () => {
    const sequence = buildModelSequence(codesOf(8, 4), moshi);
    const { mask } = patternProvider(moshi.pattern).getPattern(4).revertSequence(sequence, { specialToken: -1, keepOnlyValidSteps: true });
    // _undelay_sequence of lm_utils.py gives this mask.
    expect([...mask].join("")).toBe(`1111${"1110".repeat(7)}`);
    const codes = revertModelSequence(sequence, moshi);
    expect(codes.lengths).toEqual([3]);
    expect(rowsOf(codes)).toEqual(rowsOf({ ...codes, ...codesOf(8, 3) }));
  });

  test.each(
    audiocraftCases.filter(
      ({ provider, params, n_q, error }) => !error && provider === "delay" && n_q === 4 && Object.keys(params).length === 0,
    ),
  )(
    "MusicGen's sequence is audiocraft's delay pattern ($id)",
    ({ keep_only_valid_steps: keepOnlyValidSteps, codes, sequence, special_token }) => {
      const built = buildModelSequence({ data: codes.flat(), dims: [4, codes[0]!.length] }, { ...musicgen, keepOnlyValidSteps });
      const most = built.dims[2]!;
      expect(rowsOf(built, { 2048: "S" })).toEqual(
        sequence.map((row) =>
          row
            .slice(0, most)
            .map((token) => (token === special_token ? "S" : token))
            .join(" "),
        ),
      );
    },
  );

  test("stereo MusicGen gives both channels of a codebook the same step", () => {
    const rows = rowsOf(buildModelSequence(codesOf(8, 2), modelLayouts["musicgen-stereo"]), { 2048: "S" });
    expect(rows).toEqual([
      "S 0 1 S S S",
      "S 100 101 S S S",
      "S S 200 201 S S",
      "S S 300 301 S S",
      "S S S 400 401 S",
      "S S S 500 501 S",
      "S S S S 600 601",
      "S S S S 700 701",
    ]);
  });

  test("MAGNeT reads the codes as they are", () => {
    const codes = codesOf(4, 5);
    expect(rowsOf(buildModelSequence(codes, modelLayouts.magnet))).toEqual(rowsOf({ type: "int32", ...codes }));
  });

  test("clips of a batch end each by itself", () => {
    const clips = [codesOf(9, 1), codesOf(9, 3)];
    const sequence = buildModelSequence(clips, { ...dia, pattern: { kind: "parallel", numCodebooks: 9 } });
    expect(rowsOf(sequence, { 1024: "E", 1025: "P", 1026: "B" })[1]).toBe("B 100 E P P");
    expect(sequence.lengths).toEqual([1, 3]);
    expect(sequence.attentionMask.data.join("")).toBe("1110011111");
  });
});

describe("generated sequences", () => {
  test("end at the first frame that is not whole", () => {
    const sequence = buildModelSequence(codesOf(9, 4), dia);
    const numSteps = sequence.dims[2]!;
    sequence.data[4 * numSteps + 1 + 11 + 2] = 1025n;
    const codes = revertModelSequence(sequence, dia);
    expect(codes.lengths).toEqual([2]);
    expect(rowsOf(codes)).toEqual(rowsOf({ type: "int32", ...codesOf(9, 2) }));
  });

  test("are codes of the model's codec again", () => {
    const clip = codesOf(4, 5);
    const reverted = revertModelSequence(buildModelSequence(clip, musicgen), musicgen);
    const codes = AudioCodes.fromTensor(reverted, { sampleRate: 32_000, channels: 1, hopLength: 640, codebookSize: 2048 });
    expect(codes.numSamples).toBe(5 * 640);
    expect(Array.from(codes.data)).toEqual(Array.from(clip.data));
  });

  test("give the whole frames that are there when they end early", () => {
    const sequence = buildModelSequence(codesOf(4, 10), musicgen, { type: "int32" });
    const numSteps = 9;
    const data = sequence.data.filter((_, index) => index % sequence.dims[2]! < numSteps);
    const codes = revertModelSequence({ data, dims: [4, numSteps] }, musicgen);
    expect(rowsOf(codes)).toEqual(rowsOf({ type: "int32", ...codesOf(4, numSteps - 4) }));
    expect(revertModelSequence({ data: data.slice(0, 8), dims: [4, 2] }, musicgen).dims).toEqual([1, 4, 0]);
  });

  test("are refused where a token is neither a code nor one of the model's", () => {
    const sequence = buildModelSequence(codesOf(4, 3), musicgen, { type: "int32" });
    sequence.data[2] = 2049;
    expect(() => revertModelSequence(sequence, musicgen)).toThrow(
      /token 2049 is neither a code of MusicGen, 0 to 2047, nor one of its special tokens/,
    );
  });

  test.each(layouts.filter(([, { tokens }]) => tokens.bos !== undefined))(
    "%s: a cursor fed with the codes writes the sequence",
    (_, layout) => {
      const { numCodebooks } = layout.pattern;
      const codes = codesOf(numCodebooks, 6);
      const prompt = codesOf(numCodebooks, 2);
      const cursor = modelCursor(layout, 6, { prompt });
      expect(cursor.prefix.dims).toEqual([1, numCodebooks, 3]);
      while (!cursor.isDone)
        cursor.push([...cursor.timesteps].map((timestep, q) => (cursor.forced[q] === freeCell ? codes.data[q * 6 + timestep]! : -5)));
      const expected = rowsOf(buildModelSequence(codes, layout)).map((row) => row.split(" "));
      expect(rowsOf(cursor.sequence).map((row) => row.split(" ").slice(0, expected[0]!.length))).toEqual(
        expected.map((row) => row.slice(0, cursor.step)),
      );
    },
  );
});

describe("codes that are not the model's", () => {
  const mistakes: [string, () => unknown, RegExp][] = [
    [
      "a codec with smaller codebooks",
      () => buildModelSequence(audioCodesOf(1024), musicgen),
      /codebooks of 1024 entries; MusicGen reads those of EnCodec 32 kHz .* which have 2048/,
    ],
    [
      "codes beyond the codebook",
      () => buildModelSequence({ data: [0, 1024], dims: [1, 2] }, modelLayouts.valle),
      /value 1024 at frame 1 of codebook 0 is not a code of VALL-E; expected 0 to 1023/,
    ],
    ["another number of codebooks", () => buildModelSequence(codesOf(3, 2), musicgen), /the codes have 3 codebooks; MusicGen reads 4$/],
    [
      "codebooks that the model does not read",
      () => buildModelSequence(codesOf(8, 2), modelLayouts.valle),
      /the codes have 8 codebooks; VALL-E reads 1: take the first with codes\.selectCodebooks\(1\)\. Codebook 0 after the text .* valleStage/,
    ],
    [
      "a codec of another rate",
      () => buildModelSequence([audioCodesOf(2048)], musicgen),
      /these codes are of 16000 Hz, 320 samples a frame; MusicGen reads those of EnCodec 32 kHz .*: 32000 Hz, 640 samples a frame/,
    ],
    [
      "a prompt of another codec",
      () => modelCursor(musicgen, 5, { prompt: audioCodesOf(2048) }),
      /16000 Hz, .*; MusicGen reads those of EnCodec 32 kHz/,
    ],
    ["a codec of another rate, masked", () => maskMagnetCodes(audioCodesOf(2048)), /16000 Hz, .*; MAGNeT reads those of EnCodec 32 kHz/],
    ["sequences of other models", () => revertModelSequence(codesOf(3, 2), dia), /the sequence has 3 codebooks; that of Dia has 9/],
  ];
  test.each(mistakes)("%s are refused", (_, act, message) => {
    expect(act).toThrow(CodesError);
    expect(act).toThrow(message);
  });

  test("codes of the model's codec are taken, and tensors, which do not name theirs", () => {
    expect(buildModelSequence(audioCodesOf(2048), modelLayouts.audiogen).dims).toEqual([1, 4, 6]);
    expect(maskMagnetCodes(audioCodesOf(2048), { layout: modelLayouts["audio-magnet"], spanLength: 2 }).dims).toEqual([1, 4, 2]);
    expect(buildModelSequence({ data: new Uint16Array(8), dims: [4, 2] }, musicgen).dims).toEqual([1, 4, 6]);
  });

  test("an end that the model cannot say is refused", () => {
    expect(() => buildModelSequence(codesOf(4, 2), musicgen, { hasEnded: true })).toThrow(/MusicGen has no token for the end of a clip/);
  });

  test("MAGNeT has no sequence for clips of no frames", () => {
    expect(() => buildModelSequence(codesOf(4, 0), modelLayouts.magnet)).toThrow(RangeError);
    expect(revertModelSequence(codesOf(4, 0), modelLayouts.magnet)).toMatchObject({ dims: [1, 4, 0], lengths: [0] });
  });
});

describe.each(layouts)("laws of the layout %s", (_, layout) => {
  const { numCodebooks } = layout.pattern;
  const code = fc.integer({ min: 0, max: layout.codebookSize - 1 });
  /** Batches of one to three clips of any lengths, with codes anywhere in the codebook. */
  const batches = fc
    .array(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 3 })
    .chain((lengths) =>
      fc.tuple(
        ...lengths.map((length) =>
          fc
            .array(code, { minLength: numCodebooks * length, maxLength: numCodebooks * length })
            .map((data) => ({ data, dims: [numCodebooks, length] })),
        ),
      ),
    );
  test("reverting a sequence gives the codes", () => {
    fc.assert(
      fc.property(batches, fc.boolean(), (clips, ended) => {
        const longest = Math.max(...clips.map(({ dims }) => dims[1]!));
        const hasEnd = ended && layout.tokens.eos !== undefined;
        fc.pre(longest > 0 || hasEnd || layout.pattern.emptyInitial !== -1);
        const sequence = buildModelSequence(clips, layout, { hasEnded: hasEnd });
        const codes = revertModelSequence(sequence, layout);
        const lengths = clips.map((clip) => keptFrames(clip, longest, layout));
        expect(codes.lengths).toEqual(lengths);
        const numFrames = codes.dims[2]!;
        for (const [item, clip] of clips.entries()) {
          for (let q = 0; q < numCodebooks; q++) {
            const row = codes.data.slice((item * numCodebooks + q) * numFrames, (item * numCodebooks + q + 1) * numFrames);
            const expected = clip.data.slice(q * clip.dims[1]!, q * clip.dims[1]! + lengths[item]!);
            expect([...row]).toEqual([...expected, ...Array.from({ length: numFrames - expected.length }, () => layout.tokens.pad)]);
          }
        }
      }),
    );
  });

  test("every cell is a code that was given or a special token, which no code equals", () => {
    expect(Object.values(layout.tokens).every((token: number) => token < 0 || token >= layout.codebookSize)).toBe(true);
    fc.assert(
      fc.property(batches, (clips) => {
        fc.pre(clips.some(({ dims }) => dims[1]! > 0));
        const sequence = buildModelSequence(clips, layout, { type: "int32" });
        const special = Object.values(layout.tokens);
        const isRight = (token: number, cell: number) =>
          sequence.mask[cell] === 1 ? token < layout.codebookSize && token >= 0 : special.includes(token);
        expect(sequence.data.every(isRight)).toBe(true);
        if (!layout.keepOnlyValidSteps)
          expect(sequence.mask.reduce((sum, bit) => sum + bit, 0)).toBe(clips.reduce((sum, { data }) => sum + data.length, 0));
      }),
    );
  });
});
