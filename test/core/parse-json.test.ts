import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseJson } from "../../src/core/index.ts";

const nested = (depth: number): string => `${"[".repeat(depth)}${"]".repeat(depth)}`;

describe("JSON from outside", () => {
  test("is parsed as any, with brackets and quotes in its texts", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(parseJson(text)).toEqual(JSON.parse(text));
      }),
    );
    const text = JSON.stringify(`\\"${nested(100)}`);
    expect(parseJson(text)).toBe(JSON.parse(text));
  });

  test("nests up to 64 deep", () => {
    expect(parseJson(nested(64))).toHaveLength(1);
    expect(parseJson(`[${`${nested(60)},`.repeat(9)}1]`)).toHaveLength(10);
    expect(() => parseJson(nested(65))).toThrow("it nests more than 64 deep");
    expect(() => parseJson(`{"a":`.repeat(1e5))).toThrow(SyntaxError);
    expect(() => parseJson("[1")).toThrow(SyntaxError);
  });
});
