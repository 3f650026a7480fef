import { describe, expect, test } from "vitest";
import { crc32 } from "../../src/core/index.ts";
import {
  barkCoarseSteps,
  barkCoarseWindow,
  barkSemanticHistory,
  barkTextInput,
  flattenBarkCoarse,
  trimBarkHistory,
} from "../../src/patterns/index.ts";
import { barkCodes } from "./bark-codes.ts";

// The expected values are those of suno-ai/bark bark/generation.py (035d08e): its lines that make the inputs, run with numpy 2.4.6.
const semantic = (length: number, factor: number) => Array.from({ length }, (_, index) => (index * factor) % 10_000);
const coarse = (length: number, offset = 0) =>
  Array.from({ length }, (_, index) => 10_000 + 1024 * ((index + offset) % 2) + ((index * 37) % 1024));
const digest = (tokens: Int32Array) => crc32(new Uint8Array(tokens.buffer));

describe("what Bark's coarse model reads", () => {
  test.each([
    [0, 0, 10, 0, 630, 257, 3979642352],
    [0, 0, 300, 60, 630, 317, 600222669],
    [0, 0, 300, 840, 630, 887, 3984797451],
    [100, 299, 400, 0, 630, 556, 2267708683],
    [209, 626, 768, 1200, 630, 887, 3913185095],
    [209, 626, 768, 2280, 630, 887, 1207000290],
    [20, 58, 500, 600, 60, 317, 659778966],
    // Halfway between two semantic tokens, where Python rounds to the even one.
    [40, 118, 300, 750, 300, 557, 3142976080],
  ])(
    "is the reference's window: history of %i semantic and %i coarse tokens, %i semantic and %i coarse tokens, looking back on %i",
    (nS, nC, numSemantic, numCoarse, maxCoarseHistory, length, crc) => {
      const history = { semanticTokens: semantic(nS, 7), coarseTokens: coarse(nC, nC % 2) };
      const window = barkCoarseWindow(semantic(numSemantic, 13), coarse(numCoarse), { history, maxCoarseHistory, type: "int32" });
      expect({ dims: window.dims, crc: digest(window.data) }).toEqual({ dims: [1, length], crc });
    },
  );

  test("follows a history prompt, window after window", () => {
    const history = trimBarkHistory({ semanticPrompt: { data: semantic(100, 3), dims: [100] }, coarsePrompt: barkCodes(2, 150) });
    const generated = flattenBarkCoarse(barkCodes(2, 60)).data;
    const tokens = semantic(40, 11);
    expect(barkCoarseSteps(tokens.length)).toBe(120);
    const first = barkCoarseWindow(tokens, [], { history });
    const second = barkCoarseWindow(tokens, generated.subarray(0, 60), { history });
    expect([first.dims, second.dims]).toEqual([
      [1, 257 + history.coarseTokens.data.length],
      [1, 257 + history.coarseTokens.data.length + 60],
    ]);
    expect(second.data.slice(-60)).toEqual(generated.slice(0, 60));
  });

  test("is made of tokens of its kinds", () => {
    expect(() => barkCoarseWindow([1, 10_000], [])).toThrow(/found 10000 at position 1; semantic tokens are integers from 0 to 9999/);
    expect(() => barkCoarseWindow([null as never], [])).toThrow(/found null at position 0; semantic tokens/);
    expect(() => barkCoarseWindow([1], [5])).toThrow(/found 5 at position 0; coarse tokens are integers from 10000 to 12047/);
    expect(() => barkCoarseWindow([1], [], { maxCoarseHistory: 59 })).toThrow(
      /maxCoarseHistory must be a whole number from 60 to 630; received 59/,
    );
  });
});

describe("what Bark's text model reads", () => {
  test.each([
    [0, 0, 784916121],
    [5, 3, 684100474],
    [256, 256, 1311197450],
    [300, 700, 1679510959],
  ])("is the reference's, for %i ids of text and a history of %i semantic tokens", (numText, numHistory, crc) => {
    const textIds = Array.from({ length: numText }, (_, index) => (index * 31) % 100_000);
    const input = barkTextInput(textIds, { history: { data: BigInt64Array.from(semantic(numHistory, 7), BigInt) }, type: "int32" });
    expect({ dims: input.dims, crc: digest(input.data) }).toEqual({ dims: [1, 513], crc });
    expect(barkSemanticHistory(semantic(numHistory, 7), { type: "int32" }).data).toEqual(input.data.slice(256, 512));
  });

  test("is made of ids of text and semantic tokens", () => {
    expect(barkTextInput([119_546], { type: "int32" }).data[0]).toBe(129_594);
    expect(() => barkTextInput([3, 119_547])).toThrow(/text id 1 must be a whole number from 0 to 119546; received 119547/);
    expect(() => barkSemanticHistory([-1])).toThrow(/found -1 at position 0; semantic tokens/);
  });
});
