import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CodesError } from "../../src/core/index.ts";
import { filledGrid } from "../../src/patterns/grid/token-grid.ts";
import { formatDocuments, joinTokens, parseTokens, tokenStream } from "../../src/patterns/token-stream/token-stream.ts";
import type { DocumentTokens, TokenStream } from "../../src/patterns/token-stream/token-stream.ts";

const flat = tokenStream("flat", { vocabularySize: 1025, eosToken: 1024 });

function bytesOf(tokens: DocumentTokens, stream: TokenStream = flat): string {
  return Buffer.from(formatDocuments(tokens, stream).bytes).toString("hex");
}

describe("tokenStream", () => {
  test.each([
    [1, "uint16", "uint16"],
    [65_499, "uint16", "uint16"],
    [65_500, "uint16", "int32"],
    [65_535, "uint16", "int32"],
    [65_536, "uint32", "int32"],
    [2 ** 31, "uint32", "int32"],
  ])("takes a vocabulary of %d to be %s flat and %s for Megatron", (vocabularySize, flatType, megatronType) => {
    expect(tokenStream("flat", { vocabularySize, eosToken: 0 })).toEqual({ format: "flat", type: flatType, vocabularySize, eosToken: 0 });
    expect(tokenStream("megatron", { vocabularySize, eosToken: 0 })).toEqual({
      format: "megatron",
      type: megatronType,
      vocabularySize,
      eosToken: 0,
    });
  });

  test.each([
    ["flat", 2 ** 32 + 1, 0, /vocabularySize must be a whole number from 1 to 4294967296; received 4294967297/],
    ["megatron", 2 ** 31 + 1, 0, /from 1 to 2147483648/],
    ["flat", 0, 0, /received 0/],
    ["flat", 1.5, 0, /received 1\.5/],
    ["flat", 10, 10, /eosToken must be a token of the vocabulary, 0 to 9; received 10/],
    ["flat", 10, -1, /received -1/],
    ["flat", 10, undefined, /received undefined/],
    ["arrow", 10, 0, /unknown format "arrow"/],
    ["toString", 10, 0, /unknown format "toString"/],
  ])("refuses %s with a vocabulary of %d and eosToken %s", (format, vocabularySize, eosToken, message) => {
    const make = () => tokenStream(format as "flat", { vocabularySize, eosToken: eosToken as number });
    expect(make).toThrow(RangeError);
    expect(make).toThrow(message);
  });
});

describe("formatDocuments", () => {
  test("puts little-endian tokens before eosToken", () => {
    expect(bytesOf([1, 258, 1023])).toBe("0100 0201 ff03 0004".replaceAll(" ", ""));
    expect(bytesOf([])).toBe("0004");
    const orpheus = { vocabularySize: 156_940, eosToken: 128_258 };
    expect(bytesOf([128_266], tokenStream("flat", orpheus))).toBe("0af50100 02f50100".replaceAll(" ", ""));
    expect(bytesOf(BigInt64Array.of(128_266n), tokenStream("megatron", orpheus))).toBe("0af50100 02f50100".replaceAll(" ", ""));
    expect(bytesOf([2 ** 32 - 2], tokenStream("flat", { vocabularySize: 2 ** 32, eosToken: 2 ** 32 - 1 }))).toBe(
      "feffffff ffffffff".replaceAll(" ", ""),
    );
  });

  test("takes every row of a grid for a document", () => {
    const data = Int32Array.of(1, 2, 3, 4);
    const twoDocuments = "0100 0200 0004 0300 0400 0004".replaceAll(" ", "");
    expect(bytesOf({ type: "int32", data, dims: [2, 2] })).toBe(twoDocuments);
    expect(bytesOf({ type: "int32", data, dims: [2, 1, 2] })).toBe(twoDocuments);
    expect(bytesOf({ type: "int32", data, dims: [4] })).toBe(bytesOf(data));
    expect(formatDocuments({ data, dims: [2, 2] }, flat)).toMatchObject({ numDocuments: 2, documentLength: 3 });
    expect(formatDocuments(filledGrid("int64", [0, 7]), flat)).toMatchObject({ numDocuments: 0, bytes: new Uint8Array() });
    expect(bytesOf(filledGrid("int64", [2, 0]))).toBe("00040004");
  });

  test.each([
    [[1, 1025], "CODES_OUT_OF_RANGE", /token 1025 at position 1 is not in the vocabulary; expected an integer from 0 to 1024/],
    [Int32Array.of(-1), "CODES_OUT_OF_RANGE", /token -1 at position 0/],
    [BigInt64Array.of(0n, 0n, 2n ** 40n), "CODES_OUT_OF_RANGE", /token 1099511627776 at position 2/],
    [[0.5], "CODES_OUT_OF_RANGE", /token 0\.5 at position 0/],
    [[Number.NaN], "CODES_OUT_OF_RANGE", /token NaN at position 0/],
    [["7"], "CODES_OUT_OF_RANGE", /token "7" at position 0/],
    [{ length: 1 }, "CODES_OUT_OF_RANGE", /token undefined at position 0/],
    [[1, 2, 1024], "CODES_MISMATCH", /token 1024 at position 2 is eosToken/],
    [{ data: [1, 2, 3, 1024], dims: [2, 2] }, "CODES_MISMATCH", /token 1024 at position 1 of row 1 is eosToken/],
    [{ data: [1, 2], dims: [1, 2, 1] }, "CODES_MISMATCH", /shape \[1, 2, 1\] is not documents; .*flatten/],
    [{ data: [1], dims: [] }, "CODES_MISMATCH", /shape \[\] is not documents/],
    [{ data: [1], dims: [1, 1, 1, 1] }, "CODES_MISMATCH", /shape \[1, 1, 1, 1\]/],
    [{ data: [1, 2], dims: [-1, -2] }, "CODES_MISMATCH", /shape \[-1, -2\] is not documents/],
    [{ data: [1, 2], dims: [3] }, "CODES_MISMATCH", /needs 3 tokens; found 2/],
  ])("refuses %o", (tokens, code, message) => {
    const format = () => formatDocuments(tokens as DocumentTokens, flat);
    expect(format).toThrow(CodesError);
    expect(format).toThrow(message);
    expect(format).toThrow(expect.objectContaining({ code }));
  });

  test("refuses what is no array, and documents whose length int32 cannot hold", () => {
    expect(() => formatDocuments("12" as unknown as number[], flat)).toThrow(TypeError);
    expect(() => formatDocuments(null as unknown as number[], flat)).toThrow(TypeError);
    expect(() => formatDocuments({} as number[], flat)).toThrow(TypeError);
    expect(() => formatDocuments({ length: 2 ** 31 - 1 }, flat)).toThrow(
      /a document of 2147483647 tokens is too long; expected at most 2147483646/,
    );
  });
});

describe("parseTokens", () => {
  test("gives back documents of every type, each followed by eosToken", () => {
    const streams = fc.constantFrom<["flat" | "megatron", number]>(
      ["flat", 1025],
      ["flat", 65_536],
      ["flat", 2 ** 32],
      ["megatron", 65_499],
      ["megatron", 2 ** 31],
    );
    const cases = streams.chain(([format, vocabularySize]) =>
      fc
        .nat({ max: vocabularySize - 1 })
        .chain((eosToken) =>
          fc.tuple(
            fc.constant(tokenStream(format, { vocabularySize, eosToken })),
            fc.array(fc.nat({ max: vocabularySize - 1 }).filter((token) => token !== eosToken)),
            fc.nat({ max: 3 }),
          ),
        ),
    );
    fc.assert(
      fc.property(cases, ([stream, tokens, shift]) => {
        const { bytes } = formatDocuments(tokens, stream);
        const unaligned = Buffer.concat([Buffer.alloc(shift), bytes]).subarray(shift);
        expect([...parseTokens(unaligned, stream)]).toEqual([...tokens, stream.eosToken]);
      }),
    );
  });

  test("refuses parts of tokens, and tokens outside the vocabulary", () => {
    expect(() => parseTokens(new Uint8Array(3), flat)).toThrow(/3 bytes are not a whole number of uint16 tokens/);
    expect(() => parseTokens(Uint8Array.of(1, 4), flat)).toThrow(/token 1025; expected 0 to 1024/);
    const signed = tokenStream("megatron", { vocabularySize: 70_000, eosToken: 0 });
    expect(() => parseTokens(new Uint8Array(4).fill(255), signed)).toThrow(/token -1; expected 0 to 69999/);
  });
});

describe("joinTokens", () => {
  test("copies the pieces one after the other", () => {
    const piece = Uint16Array.of(1, 2);
    const joined = joinTokens([piece, new Uint16Array(), Uint16Array.of(3)], flat);
    expect(joined).toEqual(Uint16Array.of(1, 2, 3));
    expect(joinTokens([piece], flat).buffer).not.toBe(piece.buffer);
  });
});
