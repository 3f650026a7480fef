import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CodesError } from "../../src/core/index.ts";
import { deinterleaveStereo, interleaveStereo } from "../../src/patterns/grid/stereo-codes.ts";

describe("codes of two channels", () => {
  test("stand row by row, left before right", () => {
    const stereo = interleaveStereo({ data: [0, 1, 10, 11], dims: [2, 2] }, { data: [100, 101, 110, 111], dims: [2, 2] });
    expect(stereo).toEqual({ type: "int32", data: Int32Array.of(0, 1, 100, 101, 10, 11, 110, 111), dims: [1, 4, 2] });
  });

  test("come apart as they were joined", () => {
    const sizes = fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 4 }), fc.nat(5));
    fc.assert(
      fc.property(sizes, (dims) => {
        const size = dims.reduce((a, b) => a * b);
        const left = { type: "int64" as const, data: BigInt64Array.from({ length: size }, (_, index) => BigInt(index)), dims };
        const right = { ...left, data: left.data.map((code) => code + 1000n) };
        expect(deinterleaveStereo(interleaveStereo(left, right), { type: "int64" })).toEqual({ left, right });
      }),
    );
  });

  test("must have the same shape", () => {
    const [tall, wide] = [
      { data: [1, 2], dims: [2, 1] },
      { data: [1, 2], dims: [1, 2] },
    ];
    expect(() => interleaveStereo(tall!, wide!)).toThrow(CodesError);
    expect(() => interleaveStereo(tall!, wide!)).toThrow(/left \[1, 2, 1\] and right \[1, 1, 2\] differ/);
    expect(() => interleaveStereo(wide!, { data: [1, null as never], dims: [1, 2] })).toThrow("value null at position 1 is not a number");
    expect(() => deinterleaveStereo(wide!)).toThrow(/even number of rows.*found 1/);
  });
});
