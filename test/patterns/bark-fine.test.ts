import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CodesError, crc32 } from "../../src/core/index.ts";
import { barkFineWindows, layOutBarkFine, revertBarkFine } from "../../src/patterns/bark/bark-fine.ts";
import type { BarkFineWindow } from "../../src/patterns/index.ts";
import { barkCodes } from "./bark-codes.ts";
import reference from "./bark/reference.json" with { type: "json" };

/** The stand-in for the fine model that the reference ran with: it looks at earlier columns, at the position and at the next row. */
function predict({ tokens, predictFrom }: BarkFineWindow<"int32">, q: number): void {
  const { data } = tokens;
  const codes = Int32Array.from({ length: 1024 }, (_, row) => {
    let sum = 0;
    for (let column = 0; column <= q; column++) sum += data[row * 8 + column]!;
    return (3 * sum + 7 * row + 131 * q + 5 * data[((row + 1) % 1024) * 8]!) % 1024;
  });
  for (let row = predictFrom; row < 1024; row++) data[row * 8 + q] = codes[row]!;
}

describe("windows of Bark's fine model", () => {
  test.each(reference.fine)(
    "complete $numFrames frames of $numKnown codebooks after $numHistory as the reference does",
    ({ numKnown, numFrames, numHistory, windows, crc32: sum }) => {
      const history = numHistory === 0 ? undefined : barkCodes(8, numHistory, 99);
      const layout = layOutBarkFine(barkCodes(numKnown, numFrames), { history, type: "int32" });
      expect(layout.windows.map(({ start, predictFrom }) => [start, predictFrom])).toEqual(windows);
      for (const window of layout.windows) for (let q = numKnown; q < 8; q++) predict(window, q);
      const codes = revertBarkFine(layout, { type: "uint16" });
      expect(codes.dims).toEqual([1, 8, numFrames]);
      expect(crc32(new Uint8Array(codes.data.buffer))).toBe(sum);
    },
  );

  test("start as history, known codes, and 1024 elsewhere", () => {
    const { tokens, windows, numHistoryFrames } = layOutBarkFine(
      { data: [1, 2, 3, 4], dims: [2, 2] },
      { history: { data: Array.from({ length: 8 }, (_, q) => 10 + q), dims: [8, 1] } },
    );
    expect([tokens.dims, numHistoryFrames]).toEqual([[1024, 8], 1]);
    expect(windows[0]!.tokens.dims).toEqual([1, 1024, 8]);
    const rows = Array.from({ length: 4 }, (_, row) => Array.from(tokens.data.subarray(8 * row, 8 * row + 8), Number));
    const unknown = Array.from({ length: 6 }, () => 1024);
    expect(rows).toEqual([
      [10, 11, 12, 13, 14, 15, 16, 17],
      [1, 3, ...unknown],
      [2, 4, ...unknown],
      [1024, 1024, ...unknown],
    ]);
  });

  test("cover every frame of the clip, none of the history, and each from where the last one ended or before", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6000 }), fc.integer({ min: 0, max: 512 }), (numFrames, numHistoryFrames) => {
        const windows = barkFineWindows(numFrames, numHistoryFrames);
        let end = numHistoryFrames;
        for (const { start, predictFrom } of windows) {
          expect(start).toBeGreaterThanOrEqual(0);
          expect(start + predictFrom).toBeGreaterThanOrEqual(numHistoryFrames);
          expect(start + predictFrom).toBeLessThanOrEqual(end);
          expect(start + 1024).toBeGreaterThan(end);
          end = start + 1024;
        }
        expect(end).toBe(Math.max(1024, numHistoryFrames + numFrames));
      }),
    );
  });

  test("with a whole history predict each frame once, but for the last, which is moved back", () => {
    expect(barkFineWindows(1536, 512)).toEqual([0, 512, 1024].map((start) => ({ start, predictFrom: 512 })));
    expect(barkFineWindows(1537, 512).at(-1)).toEqual({ start: 1025, predictFrom: 512 });
  });

  test("give no codes before they are predicted", () => {
    const layout = layOutBarkFine(barkCodes(2, 3));
    expect(() => revertBarkFine(layout)).toThrow(/codebook 2 of frame 0 is not predicted yet/);
    layout.tokens.data.fill(7n);
    layout.tokens.data[8 + 5] = 1030n;
    expect(() => revertBarkFine(layout)).toThrow(/codebook 5 of frame 1 is 1030, which is no code/);
    layout.tokens.data.fill(7n);
    expect(revertBarkFine(layout)).toEqual({ type: "int32", data: new Int32Array(24).fill(7), dims: [1, 8, 3] });
  });

  test("are refused for what the fine model cannot complete", () => {
    expect(() => layOutBarkFine(barkCodes(8, 3))).toThrow(/found 8 codebooks; the fine model completes 1 to 7/);
    expect(() => layOutBarkFine({ data: [], dims: [2, 0] })).toThrow(/no frames/);
    expect(() => layOutBarkFine({ data: [1, 2, 3, 4], dims: [2, 2, 1] })).toThrow(/one clip/);
    expect(() => layOutBarkFine(barkCodes(2, 3), { history: barkCodes(2, 3) })).toThrow(CodesError);
    expect(() => layOutBarkFine({ data: [1, 1024], dims: [2, 1] })).toThrow(/found 1024 at codebook 1/);
    expect(() => barkFineWindows(0)).toThrow(RangeError);
    expect(() => barkFineWindows(10, 513)).toThrow(/from 0 to 512/);
  });
});
