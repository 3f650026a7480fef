import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CodesError } from "../../src/core/index.ts";
import { formatMegatronIndex, parseMegatronIndex } from "../../src/patterns/token-stream/megatron-index.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

// Made with the algorithm of Megatron-LM's IndexedDatasetBuilder (commit 00caa53, `add_document`, `add_item`,
// `end_document`, `_IndexWriter`) under numpy 2.4.6 and torch 2.13.
const golden = {
  /** Documents [5 6 7 1024], [1024] and [1023 1024], each one sequence. */
  uint16:
    "4d4d4944494458000001000000000000000803000000000000000400000000000000040000000100000002000000000000000000000008000000000000000a000000000000000000000000000000010000000000000002000000000000000300000000000000",
  /** Documents [128266 70000 128257] and [128257]. */
  int32:
    "4d4d4944494458000001000000000000000402000000000000000300000000000000030000000100000000000000000000000c00000000000000000000000000000001000000000000000200000000000000",
  /** Documents of sequences [1 2 3] and [4], of none, and of one that is empty; modes 1, 0 and -1. */
  withModes:
    "4d4d494449445800000100000000000000080300000000000000040000000000000003000000010000000000000000000000000000000600000000000000080000000000000000000000000000000200000000000000020000000000000003000000000000000100ff",
};

const modesFields = { dtype: "uint16", sequenceLengths: [3, 1, 0], documentIndices: [0, 2, 2, 3], modes: [1, 0, -1] } as const;

function damaged(at: number, ...values: number[]): Buffer {
  const bytes = Buffer.from(golden.uint16, "hex");
  bytes.set(values, at);
  return bytes;
}

describe("formatMegatronIndex", () => {
  test("writes what IndexedDatasetBuilder writes", () => {
    expect(hex(formatMegatronIndex({ dtype: "uint16", sequenceLengths: [4, 1, 2] }))).toBe(golden.uint16);
    expect(hex(formatMegatronIndex({ dtype: "int32", sequenceLengths: Int32Array.of(3, 1), documentIndices: [0, 1, 2] }))).toBe(
      golden.int32,
    );
    expect(hex(formatMegatronIndex(modesFields))).toBe(golden.withModes);
  });

  test("writes a header of 34 bytes, lengths, offsets and document indices", () => {
    expect(hex(formatMegatronIndex({ dtype: "int32", sequenceLengths: [2, 258], documentIndices: [0, 2] }))).toBe(
      [
        "4d4d4944494458 0000", // MMIDIDX\0\0
        "0100000000000000", // version
        "04", // int32
        "0200000000000000", // sequences
        "0200000000000000", // documents + 1
        "02000000 02010000", // lengths in tokens
        "0000000000000000 0800000000000000", // offsets in bytes
        "0000000000000000 0200000000000000", // the document is sequences 0 to 2
      ]
        .join("")
        .replaceAll(" ", ""),
    );
  });

  test("keeps offsets beyond 32 bits", () => {
    const bytes = formatMegatronIndex({ dtype: "int64", sequenceLengths: [2 ** 31 - 1, 2 ** 31 - 1, 1] });
    expect(new DataView(bytes.buffer).getBigInt64(34 + 3 * 4 + 2 * 8, true)).toBe(16n * (2n ** 31n - 1n));
    expect([...parseMegatronIndex(bytes).sequenceOffsets]).toEqual([0, 8 * (2 ** 31 - 1), 16 * (2 ** 31 - 1)]);
  });

  test.each([
    [{ sequenceLengths: [1, -1] }, /sequence 1 has length -1; expected an integer from 0 to 2147483647/],
    [{ sequenceLengths: [2 ** 31] }, /sequence 0 has length 2147483648/],
    [{ sequenceLengths: [1.5] }, /sequence 0 has length 1\.5/],
    [{ sequenceLengths: [1], documentIndices: [] }, /there are no document indices/],
    [{ sequenceLengths: [1], documentIndices: [0] }, /document index 0 is 0; .* the number of sequences, 1 here/],
    [{ sequenceLengths: [1], documentIndices: [1] }, /document index 0 is 1/],
    [{ sequenceLengths: [1, 1], documentIndices: [0, 2, 1, 2] }, /document index 2 is 1/],
    [{ sequenceLengths: [1, 1], documentIndices: [0, 3, 2] }, /document index 1 is 3/],
    [{ sequenceLengths: [1, 1], documentIndices: [0, 1] }, /document index 1 is 1/],
    [{ sequenceLengths: [1], modes: [] }, /expected a mode for each of 1 sequences; found 0/],
    [{ sequenceLengths: [1], modes: [128] }, /sequence 0 has mode 128/],
  ])("refuses %j", (fields, message) => {
    expect(() => formatMegatronIndex({ dtype: "uint16", ...fields })).toThrow(RangeError);
    expect(() => formatMegatronIndex({ dtype: "uint16", ...fields })).toThrow(message);
  });

  test("refuses a type that the format has no number for", () => {
    expect(() => formatMegatronIndex({ dtype: "uint32" as "uint16", sequenceLengths: [] })).toThrow(
      /unknown dtype "uint32"; expected uint8, int8/,
    );
    expect(() => formatMegatronIndex({ dtype: "toString" as "uint16", sequenceLengths: [] })).toThrow(/unknown dtype/);
  });
});

describe("parseMegatronIndex", () => {
  test("reads what IndexedDatasetBuilder writes", () => {
    expect(parseMegatronIndex(Buffer.from(golden.withModes, "hex"))).toEqual({
      dtype: "uint16",
      sequenceLengths: Int32Array.of(3, 1, 0),
      sequenceOffsets: Float64Array.of(0, 6, 8),
      documentIndices: Float64Array.of(0, 2, 2, 3),
      modes: Int8Array.of(1, 0, -1),
    });
    expect(parseMegatronIndex(Buffer.from(golden.int32, "hex"))).toEqual({
      dtype: "int32",
      sequenceLengths: Int32Array.of(3, 1),
      sequenceOffsets: Float64Array.of(0, 12),
      documentIndices: Float64Array.of(0, 1, 2),
      modes: null,
    });
  });

  test("gives back what was written", () => {
    const dtypes = ["uint8", "int8", "int16", "int32", "int64", "float64", "float32", "uint16"] as const;
    const sizes = [1, 1, 2, 4, 8, 8, 4, 2];
    const documents = fc.array(
      fc.array(fc.record({ length: fc.nat({ max: 2 ** 31 - 1 }), mode: fc.integer({ min: -128, max: 127 }) }), { maxLength: 4 }),
    );
    fc.assert(
      fc.property(documents, fc.nat({ max: 7 }), fc.boolean(), fc.nat({ max: 3 }), (all, type, hasModes, shift) => {
        const sequences = all.flat();
        const sequenceLengths = Int32Array.from(sequences, ({ length }) => length);
        const documentIndices = Float64Array.from([0, ...all.map((_, document) => all.slice(0, document + 1).flat().length)]);
        const modes = hasModes && sequences.length > 0 ? Int8Array.from(sequences, ({ mode }) => mode) : null;
        const written = formatMegatronIndex({ dtype: dtypes[type]!, sequenceLengths, documentIndices, modes });
        const unaligned = new Uint8Array(written.length + shift).subarray(shift);
        unaligned.set(written);
        let offset = 0;
        const sequenceOffsets =
          sequenceLengths.length === 0
            ? new Float64Array()
            : Float64Array.from(sequenceLengths, (length) => (offset += length * sizes[type]!) - length * sizes[type]!);
        expect(parseMegatronIndex(unaligned)).toEqual({ dtype: dtypes[type], sequenceLengths, sequenceOffsets, documentIndices, modes });
      }),
    );
  });

  test("throws wherever the file is cut, and for bytes after its end", () => {
    for (const text of [golden.uint16, golden.int32]) {
      const bytes = Buffer.from(text, "hex");
      for (let length = 0; length < bytes.length; length++)
        expect(() => parseMegatronIndex(bytes.subarray(0, length)), `cut to ${length}`).toThrow(CodesError);
      expect(() => parseMegatronIndex(Buffer.concat([bytes, Buffer.of(0)]))).toThrow(/it is cut short or damaged/);
    }
  });

  test.each([
    ["another magic", damaged(6, 0x59), /this is not a Megatron index/],
    ["another version", damaged(9, 2), /of version 2; only version 1 is known/],
    ["element type 0", damaged(17, 0), /element type 0; expected 1 to 8/],
    ["element type 9", damaged(17, 9), /element type 9/],
    ["2⁶⁴ − 1 sequences", damaged(18, ...Array<number>(8).fill(255)), /announces 18446744073709551615 entries and has room for 5/],
    ["2⁶³ document indices", damaged(33, 0x80), /announces 9223372036854775812 entries and has room for 8/],
    ["a negative length", damaged(37, 0x80), /sequence 0 .* has length -2147483644/],
    ["an offset that is not the sum of lengths", damaged(54, 10), /sequence 1 .* starts at byte 10; those before it end at 8/],
    ["a negative offset", damaged(61, 0x80), /sequence 1 .* starts at byte -/],
    ["documents that do not start with 0", damaged(70, 1), /document index 0 is 1/],
    ["documents that fall", damaged(78, 3), /document index 2 is 2/],
    ["documents that end early", damaged(94, 2), /document index 3 is 2/],
  ])("refuses %s", (_, bytes, message) => {
    expect(() => parseMegatronIndex(bytes)).toThrow(CodesError);
    expect(() => parseMegatronIndex(bytes)).toThrow(message);
  });
});
