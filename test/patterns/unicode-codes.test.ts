import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { charactersToCodes, codesToCharacters } from "../../src/patterns/vocabulary/unicode-codes.ts";
import type { UnicodeCodesOptions } from "../../src/patterns/vocabulary/unicode-codes.ts";

const fourBooks = { codebookSize: 1024, numCodebooks: 4 };

const grids = fc
  .record({
    numCodebooks: fc.integer({ min: 1, max: 8 }),
    numFrames: fc.integer({ min: 0, max: 8 }),
    base: fc.constantFrom(undefined, 0x20, 0xe000, 0xf0000),
  })
  .chain(({ numCodebooks, numFrames, base }) =>
    fc.array(fc.nat({ max: 2047 }), { minLength: numCodebooks * numFrames, maxLength: numCodebooks * numFrames }).map((codes) => ({
      options: { codebookSize: 2048, numCodebooks, base },
      codes: { data: Uint16Array.from(codes), dims: [numCodebooks, numFrames] },
    })),
  );

/** So many characters in a row. */
const all = (base: number, count: number) => Array.from({ length: count }, (_, code) => String.fromCodePoint(base + code)).join("");

describe("characters for codes", () => {
  test("start at U+4E00, codebook after codebook, and are written frame by frame", () => {
    const codes = { data: [0, 1, 1023, 5, 0, 7, 1023, 2], dims: [4, 2] };
    expect(codesToCharacters(codes, fourBooks)).toBe("\u4e00\u55ff\u5600\u5dff\u4e01\u5205\u5607\u5a02");
    expect(charactersToCodes("\u4e00\u55ff\u5600\u5dff\u4e01\u5205\u5607\u5a02", fourBooks).codes).toEqual({
      type: "uint16",
      dims: [4, 2],
      data: Uint16Array.from(codes.data),
    });
  });

  test("start at the base that is asked for, beyond 16 bits too", () => {
    const codes = { data: [3, 4], dims: [2, 1] };
    expect(codesToCharacters(codes, { codebookSize: 1024, numCodebooks: 2, base: 0xe000 })).toBe("\ue003\ue404");
    expect(codesToCharacters(codes, { codebookSize: 1024, numCodebooks: 2, base: 0xf0000 })).toBe("\u{f0003}\u{f0404}");
  });

  test("give every clip back", () => {
    fc.assert(
      fc.property(grids, ({ options, codes }) => {
        const { codes: back } = charactersToCodes(codesToCharacters(codes, options), options);
        expect(back).toEqual({ type: "uint16", ...codes });
      }),
    );
  });

  test("are left alone by every normalisation up to U+9FFF and in the private plane, but not beyond", () => {
    for (const form of ["NFC", "NFD", "NFKC", "NFKD"] as const) {
      for (const text of [all(0x4e00, 0x5200), all(0xf0000, 65_534)]) expect(text.normalize(form) === text).toBe(true);
      expect(all(0xf900, 256).normalize(form)).not.toBe(all(0xf900, 256));
    }
    expect(all(0xac00, 1024).normalize("NFD")).not.toBe(all(0xac00, 1024));
    // 23 codebooks of 1024 end before the Hangul syllables, 24 do not.
    expect([0x4e00 + 23 * 1024 <= 0xac00, 0x4e00 + 24 * 1024 > 0xac00]).toEqual([true, true]);
  });

  test.each([
    ["32 codebooks of 1024", { codebookSize: 1024, numCodebooks: 32 }],
    ["8 codebooks of 2048", { codebookSize: 2048, numCodebooks: 8 }],
    ["all that ends before the surrogates", { codebookSize: 0x8a00, numCodebooks: 1 }],
    ["all that starts after the surrogates", { codebookSize: 2048, numCodebooks: 516, base: 0xe000 }],
  ] satisfies [string, UnicodeCodesOptions][])("have room for %s", (_, options) => {
    expect(charactersToCodes("", options).codes.dims).toEqual([options.numCodebooks, 0]);
  });

  test.each([
    [
      "32 codebooks of 2048",
      { codebookSize: 2048, numCodebooks: 32 },
      /run into the surrogates U\+D800 to U\+DFFF.*; base 0xE000 has room/,
    ],
    ["one code too many", { codebookSize: 0x8a01, numCodebooks: 1 }, /1 codebooks of 35329 from U\+4E00 on run into the surrogates/],
    ["a base among the surrogates", { ...fourBooks, base: 0xdfff }, /run into the surrogates/],
    ["codes beyond Unicode", { ...fourBooks, base: 0x10ffff }, /end beyond U\+10FFFF; base 0xE000 has room/],
    ["more codes than characters", { codebookSize: 65_536, numCodebooks: 17 }, /end beyond U\+10FFFF; no base has room/],
  ] satisfies [string, UnicodeCodesOptions, RegExp][])("have no room for %s", (_, options, message) => {
    expect(() => charactersToCodes("", options)).toThrow(RangeError);
    expect(() => charactersToCodes("", options)).toThrow(message);
    expect(() => codesToCharacters({ data: [], dims: [options.numCodebooks, 0] }, options)).toThrow(message);
  });

  test("refuse special tokens and other numbers of codebooks", () => {
    expect(() => codesToCharacters({ data: [1024, 0, 0, 0], dims: [4, 1] }, fourBooks)).toThrow(/1024 is not a code of codebook 0/);
    expect(() => codesToCharacters({ data: [1, 2], dims: [2, 1] }, fourBooks)).toThrow(/found 2 codebooks; this vocabulary has 4/);
  });
});

/** The clean-up of codec-bpe in its two steps, on characters of codebooks that exist. */
function cleanUp(codes: readonly number[], numCodebooks: number, codebookOf: (code: number) => number): number[] {
  let expected = codes.length === 0 ? 0 : codebookOf(codes[0]!);
  const consistent = codes.filter((code) => {
    if (codebookOf(code) !== expected) return false;
    expected = (expected + 1) % numCodebooks;
    return true;
  });
  const start = consistent.findIndex((code) => codebookOf(code) === 0);
  const end = consistent.findLastIndex((code) => codebookOf(code) === numCodebooks - 1);
  return start < 0 ? [] : consistent.slice(start, end + 1);
}

describe("characters from a language model", () => {
  // a to d are codes 0 and 1 of codebooks 0 and 1.
  const letters = { codebookSize: 2, numCodebooks: 2, base: 0x61 };

  test.each([
    ["acbd", "strict", [0, 1, 0, 1], 0],
    ["dacbbd", "skip", [0, 1, 0, 1], 2],
    ["aacbda", "skip", [0, 1, 0, 1], 2],
    ["a!c d", "skip", [0, 0], 3],
    ["abcad", "resync", [1, 0, 0, 1], 1],
    ["a!cbd", "resync", [1, 1], 3],
  ] as const)("%s by policy %s", (text, policy, codes, dropped) => {
    expect(charactersToCodes(text, { ...letters, policy })).toMatchObject({ codes: { data: Uint16Array.from(codes) }, dropped });
  });

  test.each([
    ["abd", /found U\+0062 at character 1; expected a code of codebook 1/],
    ["ac\u{1f600}", /found U\+1F600 at character 2/],
    ["a", /found the end; expected a code of codebook 1/],
    ["\ud800", /found U\+D800 at character 0/],
  ])("are an error by default: %j", (text, message) => {
    expect(() => charactersToCodes(text, letters)).toThrow(message);
  });

  test("are cleaned up by policy skip as codec-bpe does", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.array(fc.nat({ max: 999 }), { maxLength: 60 }), (numCodebooks, choices) => {
        const options = { codebookSize: 3, numCodebooks, base: 0x4e00 };
        const points = choices.map((choice) => choice % (3 * numCodebooks));
        const text = String.fromCodePoint(...points.map((point) => 0x4e00 + point));
        const kept = cleanUp(points, numCodebooks, (point) => Math.floor(point / 3));
        const { codes, dropped } = charactersToCodes(text, { ...options, policy: "skip" });
        expect(codesToCharacters(codes, options)).toBe(String.fromCodePoint(...kept.map((point) => 0x4e00 + point)));
        expect(dropped).toBe(points.length - kept.length);
      }),
      { numRuns: 500 },
    );
  });
});
