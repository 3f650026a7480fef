import { describe, expect, test } from "vitest";
import { byteLengthOf, numElementsOf, toFloat32 } from "../../src/checkpoint/tensors/dtype.ts";
import { atOnce } from "../../src/core/index.ts";

/** The value of a binary16 number, by the definition of the format. */
function valueOfHalf(half: number): number {
  const sign = half >> 15 === 0 ? 1 : -1;
  const exponent = (half >> 10) & 31;
  const fraction = half & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const allHalves = Uint16Array.from({ length: 65_536 }, (_, bits) => bits);

describe("toFloat32", () => {
  test("converts all 65536 halves exactly, signs of zero and NaN included", () => {
    const floats = atOnce(toFloat32(new Uint8Array(allHalves.buffer), "F16", "x"));
    const wrong = [...allHalves].filter((half) => !Object.is(floats[half], valueOfHalf(half)));
    expect(wrong).toEqual([]);
  });

  test("converts all 65536 bfloat16 numbers to the float32 with the same upper bits", () => {
    const floats = atOnce(toFloat32(new Uint8Array(allHalves.buffer), "BF16", "x"));
    const expected = new DataView(new ArrayBuffer(4));
    const wrong = [...allHalves].filter((half) => {
      expected.setUint16(0, half);
      return !Object.is(floats[half], expected.getFloat32(0));
    });
    expect(wrong).toEqual([]);
  });

  test("rounds float64 to nearest", () => {
    const doubles = Float64Array.of(0.1, 1 + 2 ** -25, 1e300, -0);
    expect(atOnce(toFloat32(new Uint8Array(doubles.buffer), "F64", "x"))).toEqual(Float32Array.of(0.1, 1, Infinity, -0));
  });

  test("reads elements that start at an odd byte", () => {
    const bytes = Uint8Array.of(0xff, 0, 0x3c, 0, 0xc0).subarray(1);
    expect(atOnce(toFloat32(bytes, "F16", "x"))).toEqual(Float32Array.of(1, -2));
  });
});

describe("sizes", () => {
  test("count a scalar as one element and any zero as none", () => {
    expect([numElementsOf([]), numElementsOf([2, 3]), numElementsOf([2 ** 40, 2 ** 40, 0])]).toEqual([1, 6, 0]);
  });

  test("are undefined beyond what a number holds, and for a half-used byte", () => {
    expect([numElementsOf([2 ** 40, 2 ** 40]), byteLengthOf("F64", [2 ** 51]), byteLengthOf("F4", [3])]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect([byteLengthOf("F4", [4]), byteLengthOf("F6_E2M3", [4]), byteLengthOf("BF16", [3])]).toEqual([2, 3, 6]);
  });
});
