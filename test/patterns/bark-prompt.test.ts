import { readFileSync } from "node:fs";
import fc from "fast-check";
import { zipSync } from "fflate";
import { describe, expect, test } from "vitest";
import { AudioCodes, CodesError } from "../../src/core/index.ts";
import {
  barkSemanticLengths,
  checkBarkPrompt,
  codesFromBarkPrompt,
  createBarkPrompt,
  flattenBarkCoarse,
  formatBarkPrompt,
  parseBarkPrompt,
} from "../../src/patterns/index.ts";
import type { BarkHistoryPrompt } from "../../src/patterns/index.ts";
import { formatArray, formatArrayArchive } from "../../src/storage/index.ts";
import { barkCodes } from "./bark-codes.ts";

// The files are from bark/make.py.
const bytesOf = (file: string) => readFileSync(new URL(`bark/${file}`, import.meta.url));
const voice = createBarkPrompt(
  { data: Array.from({ length: 120 }, (_, index) => (100 * Math.floor(index / 15) + 7 * (index % 15)) % 1024), dims: [8, 15] },
  Array.from({ length: 10 }, (_, index) => 37 * index),
);
const semantic = (length: number) => Uint16Array.from({ length }, (_, index) => (index * 7) % 10_000);

/** A `.npy` file of zeros. */
const array = (dtype: string, dims: number[], bytesPerElement: number) =>
  formatArray(dtype, dims, new Uint8Array(dims.reduce((product, size) => product * size, bytesPerElement)));
const parts = { semantic_prompt: array("<i8", [10], 8), coarse_prompt: array("<u2", [2, 15], 2), fine_prompt: array("<i4", [8, 15], 4) };
const parse = (arrays: Record<string, Uint8Array>) => () => parseBarkPrompt(formatArrayArchive(arrays, { isCompressed: true }), "my.npz");

const prompts: fc.Arbitrary<BarkHistoryPrompt> = fc
  .tuple(fc.integer({ min: 15, max: 120 }), fc.double({ min: 0, max: 1, noNaN: true }), fc.nat())
  .chain(([numFrames, position, seed]) => {
    const { min, max } = barkSemanticLengths(numFrames)!;
    const length = min + Math.round(position * (max - min));
    return fc
      .array(fc.integer({ min: 0, max: 9999 }), { minLength: length, maxLength: length })
      .map((tokens) => createBarkPrompt(barkCodes(8, numFrames, seed % 1024), tokens));
  });

const create = (numFrames: number, length: number) => () => createBarkPrompt(barkCodes(8, numFrames), semantic(length));

describe("history prompts", () => {
  test("hold the first two codebooks, all eight, and the semantic tokens", () => {
    const codes = AudioCodes.fromTensor(barkCodes(32, 15), { sampleRate: 24_000, channels: 1, hopLength: 320, codebookSize: 1024 });
    const prompt = createBarkPrompt(codes, BigInt64Array.from(semantic(10), BigInt));
    expect(prompt.semanticPrompt).toEqual({ type: "int32", data: Int32Array.from(semantic(10)), dims: [10] });
    expect(prompt.coarsePrompt).toEqual({ type: "int32", ...barkCodes(2, 15) });
    expect(prompt.finePrompt).toEqual({ type: "int32", ...barkCodes(8, 15) });
    expect(flattenBarkCoarse(prompt.coarsePrompt)).toEqual(flattenBarkCoarse(codes));
    const back = codesFromBarkPrompt(prompt);
    expect(back).toEqualCodes(codes.selectCodebooks(8));
    expect([back.bandwidth, back.numSamples]).toEqual([6, 4800]);
  });

  test("need as many semantic tokens as the codes last", () => {
    // round(T / length, 1) in Python: 150 / 97 = 1.546, 150 / 96 = 1.5625, 150 / 103 = 1.456, 150 / 104 = 1.442.
    expect(create(150, 96)).toThrow(/96 semantic tokens do not go with 150 frames; Bark accepts 97 to 103, best 100/);
    expect(create(150, 97)).not.toThrow();
    expect(create(150, 103)).not.toThrow();
    expect(create(150, 104)).toThrow(CodesError);
    // 31 / 20 = 1.55 becomes 1.6, 29 / 20 = 1.45 becomes 1.4.
    expect(create(31, 20)).toThrow(/Bark accepts only 21/);
    expect(create(29, 20)).toThrow(/Bark accepts only 19/);
    expect(create(14, 9)).toThrow(/no number of semantic tokens goes with 14 frames; use a clip of 15 frames/);
    expect(create(15, 0)).toThrow(/semantic prompt is empty/);
  });

  test("refuse what Bark would", () => {
    expect(() => createBarkPrompt(barkCodes(8, 15), [...semantic(9), 10_000])).toThrow(/holds 10000 at position 9; .* 0 to 9999/);
    expect(() => createBarkPrompt(barkCodes(8, 15), [-1, ...semantic(9)])).toThrow(/holds -1 at position 0/);
    expect(() => createBarkPrompt(barkCodes(4, 15), semantic(10))).toThrow(
      /found 4 codebooks where Bark reads 8; encode at a bandwidth of 6 kbps/,
    );
    expect(() => createBarkPrompt({ data: new Int32Array(240), dims: [2, 8, 15] }, semantic(10))).toThrow(/found a batch of 2/);
    expect(() => checkBarkPrompt({ ...voice, finePrompt: barkCodes(7, 15) })).toThrow(
      /the fine prompt is of shape \[7, 15\]; expected \[8, T\]/,
    );
    expect(() => checkBarkPrompt({ ...voice, coarsePrompt: { data: barkCodes(2, 15).data, dims: [30] } })).toThrow(
      /coarse prompt is of shape \[30\]/,
    );
    expect(() => checkBarkPrompt({ ...voice, finePrompt: { data: [], dims: [8, 0] } })).toThrow(/expected \[8, T\], T not 0/);
    expect(() => checkBarkPrompt({ ...voice, semanticPrompt: { data: semantic(10), dims: [1, 10] } })).toThrow(/expected \[N\]/);
    const wrong = barkCodes(2, 15);
    wrong.data[20] = 11_500;
    expect(() => checkBarkPrompt({ ...voice, coarsePrompt: wrong })).toThrow(/the coarse prompt: found 11500 at codebook 1, frame 5/);
  });

  test("may have a fine prompt that is not the coarse one", () => {
    expect(checkBarkPrompt({ ...voice, finePrompt: barkCodes(8, 20, 3) }).finePrompt.data).toEqual(barkCodes(8, 20, 3).data);
  });
});

describe("files of history prompts", () => {
  test.each(["voice.npz", "announcer.npz", "big-endian.npz"])("%s from numpy is read", (file) => {
    expect(parseBarkPrompt(bytesOf(file), file)).toEqual(voice);
  });

  test("are read as they were written, and are the same bytes each time", () => {
    fc.assert(
      fc.property(prompts, (prompt) => {
        const bytes = formatBarkPrompt(prompt);
        expect(parseBarkPrompt(bytes)).toEqual(prompt);
        expect(Buffer.compare(formatBarkPrompt(structuredClone(prompt)), bytes)).toBe(0);
      }),
      { numRuns: 30 },
    );
  });

  test("hold int64 as it is, not compressed", () => {
    const text = Buffer.from(formatBarkPrompt(voice)).toString("latin1");
    for (const [name, shape] of [
      ["semantic", "(10,)"],
      ["coarse", "(2, 15)"],
      ["fine", "(8, 15)"],
    ]) {
      expect(text).toContain(`${name}_prompt.npy\x93NUMPY\x01\x00v\x00{'descr': '<i8', 'fortran_order': False, 'shape': ${shape}, }`);
    }
    const tokens = BigInt64Array.from(voice.semanticPrompt.data, BigInt);
    expect(text).toContain(Buffer.from(tokens.buffer).toString("latin1"));
  });

  test("that lack an array or hold something else in it are refused", () => {
    expect(parse(parts)).not.toThrow();
    const { coarse_prompt: _, ...without } = parts;
    expect(parse(without)).toThrow(
      /my\.npz has no array "coarse_prompt"; a history prompt has semantic_prompt, coarse_prompt, fine_prompt/,
    );
    expect(parse({ ...parts, coarse_prompt: array("<f4", [2, 15], 4) })).toThrow(
      /my\.npz has floating point as coarse_prompt; expected integers/,
    );
    expect(parse({ ...parts, fine_prompt: array("<U3", [], 12) })).toThrow(/my\.npz has text as fine_prompt/);
    expect(parse({ ...parts, fine_prompt: array("<i4", [15, 8], 4) })).toThrow(/my\.npz: the fine prompt is of shape \[15, 8\]/);
    expect(parse({ ...parts, semantic_prompt: array("<i8", [11], 8) })).toThrow(/my\.npz: 11 semantic tokens do not go with 15 frames/);
    const large = formatArray("<i8", [10], new Uint8Array(BigInt64Array.from({ length: 10 }, () => 2n ** 60n).buffer));
    expect(parse({ ...parts, semantic_prompt: large })).toThrow(/holds 1152921504606846976 at position 0/);
    expect(() => parseBarkPrompt(bytesOf("pickled.npz"), "pickled.npz")).toThrow(
      /pickled\.npz: semantic_prompt holds elements of dtype "\|O"/,
    );
    expect(() => parseBarkPrompt(zipSync({ "semantic_prompt.npy": new Uint8Array(9) }))).toThrow(/does not start as a \.npy file/);
    expect(() => parseBarkPrompt(new TextEncoder().encode("not a zip"))).toThrow(/history prompt is not a whole zip archive/);
  });

  test("are refused as a whole where a part is missing, or where there are no bytes", () => {
    expect(() => checkBarkPrompt({ ...voice, finePrompt: undefined as never })).toThrow(
      new TypeError("finePrompt is missing; a history prompt has semanticPrompt, coarsePrompt and finePrompt, all tensors"),
    );
    expect(() => checkBarkPrompt({ ...voice, semanticPrompt: { data: [null as never], dims: [1] } })).toThrow(
      /the semantic prompt holds null at position 0/,
    );
    expect(() => parseBarkPrompt("voice.npz" as never)).toThrow(
      /expected the bytes of a \.npz file as a Uint8Array; readBarkPrompt takes a path/,
    );
  });

  test("may have fine codes of another length than coarse ones, as for Bark", () => {
    expect(checkBarkPrompt({ ...voice, finePrompt: barkCodes(8, 40) }).finePrompt.dims).toEqual([8, 40]);
  });

  test("that are cut short or changed give a CodesError or the prompt, nothing else", () => {
    const whole = formatBarkPrompt(voice);
    for (let length = 0; length < whole.length; length++) expect(() => parseBarkPrompt(whole.subarray(0, length))).toThrow(CodesError);
    fc.assert(
      fc.property(fc.nat({ max: whole.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const bytes = whole.slice();
        bytes[at]! ^= change;
        try {
          expect(parseBarkPrompt(bytes)).toEqual(voice);
        } catch (error) {
          expect(error).toBeInstanceOf(CodesError);
        }
      }),
      { numRuns: 300 },
    );
  });
});
