import { describe, expect, test } from "vitest";
import fc from "fast-check";
import { AudioCodes, CodesError } from "../../src/core/index.ts";
import {
  applyPattern,
  formatBarkPrompt,
  formatSequence,
  parseBarkPrompt,
  parseSequence,
  patternProvider,
  revertPattern,
} from "../../src/patterns/index.ts";
import type { PatternSpec } from "../../src/patterns/index.ts";
import { LayoutBuilder } from "../../src/patterns/layout/pattern-layout.ts";
import { parsePatternSpec } from "../../src/patterns/layout/pattern-spec.ts";
import { formatArray, formatArrayArchive, formatSequenceSafetensors } from "../../src/storage/index.ts";
import { patternCases } from "./arbitrary-patterns.ts";
import { barkCodes } from "./bark-codes.ts";

const repeated = (value: number, count: number): number[] => Array.from({ length: count }, () => value);

function clipOf(numCodebooks: number, numFrames: number): AudioCodes {
  return new AudioCodes({
    data: new Uint16Array(numCodebooks * numFrames),
    shape: [1, numCodebooks, numFrames],
    scales: null,
    numSamples: numFrames,
    sampleRate: 50,
    channels: 1,
    hopLength: 1,
    codebookSize: 16,
    bandwidth: 1,
    segment: null,
    provenance: { model: "m", revision: null, digest: null, license: null, licenseStatus: null },
  });
}

/** A sequence file of one step, whatever its pattern says. */
function fileOf(pattern: PatternSpec): Uint8Array {
  const { data: _, shape: __, ...codes } = clipOf(pattern.numCodebooks, 1);
  const tokens = { data: new Uint16Array(pattern.numCodebooks).fill(16), dims: [1, pattern.numCodebooks, 1] };
  return formatSequenceSafetensors(tokens, { pattern, specialToken: 16, padToken: 16, eosToken: null, keepOnlyValidSteps: false, codes });
}

describe("a pattern", () => {
  // Visiting every codebook at every turn, these would take 10¹¹ visits.
  test.each<PatternSpec>([
    { kind: "delay", numCodebooks: 8000, delays: repeated(0xff_ffff, 8000) },
    { kind: "unroll", numCodebooks: 8000, delays: repeated(0xff_ffff, 8000) },
    { kind: "coarse-first", numCodebooks: 8001, delays: repeated(0xff_ffff, 8000) },
  ])("$kind visits a codebook only once its delay has passed", (spec) => {
    expect(patternProvider(spec).getPattern(1).layout.timesteps).toHaveLength(spec.numCodebooks);
  });

  test.each(Object.entries(patternCases))("%s has as many steps as are counted", (_kind, cases) => {
    fc.assert(
      fc.property(cases, ({ spec, timesteps }) => {
        const provider = patternProvider(spec);
        expect(provider.countSteps(timesteps)).toBe(provider.getPattern(timesteps).numSteps);
      }),
    );
  });

  test("has no more steps and coordinates than it is given room for", () => {
    const provider = patternProvider({ kind: "parallel", numCodebooks: 8 }, { maxEntries: 80 });
    expect(provider.getPattern(10).numSteps).toBe(11);
    for (const make of [provider.getPattern, provider.countSteps])
      expect(() => make(11)).toThrow("the pattern has 88 coordinates; expected at most 80");
    expect(() => new LayoutBuilder(2 ** 27, 0)).toThrow(RangeError);
  });

  test.each([
    [
      "a million wrong delays",
      { kind: "delay", numCodebooks: 2, delays: repeated(-1, 65_536) },
      "delays[0] must be 0 or more; received -1",
    ],
    [
      "more delays than codebooks can be",
      { kind: "delay", numCodebooks: 2, delays: repeated(0, 65_537) },
      "delays must be 65536 items or less; received [0,0,",
    ],
    ["too many delays", { kind: "delay", numCodebooks: 2, delays: repeated(0, 60_000) }, "0, 0, … 60000 in all]"],
    [
      "wrong coordinates",
      { kind: "custom", numCodebooks: 2, timesteps: 1, layout: Array.from({ length: 1e5 }, () => [["x", 0]]) },
      'layout[0][0][0] must be a whole number; received "x"',
    ],
    [
      "a step that is none",
      { kind: "custom", numCodebooks: 2, timesteps: 1, layout: [[], "x".repeat(1e6)] },
      'layout[1] must be a list; received "xxx',
    ],
    [
      "many fields",
      { kind: "musiclm", ...Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`field${index}`, 0])) },
      'unknown "field0", "field1", "field2"; expected',
    ],
    ["a kind that nests", { kind: Array.from({ length: 1e5 }).reduce<unknown>((inner) => [inner], []) }, "unknown kind of pattern [[["],
    ["nothing but text", "x".repeat(1e6), 'received "xxx'],
  ])("with %s is refused in a few words", (_what, spec, message) => {
    const refused = (): unknown => patternProvider(parsePatternSpec(spec));
    expect(refused).toThrow(RangeError);
    expect(refused).toThrow(message);
    expect(refused).toThrow(/^[^]{0,500}$/);
  });
});

describe("a sequence file", () => {
  test.each<PatternSpec>([
    { kind: "delay", numCodebooks: 2, delays: [0, 0xff_ffff] },
    { kind: "delay", numCodebooks: 40, delays: Array.from({ length: 40 }, (_, q) => q * 60_000) },
    { kind: "parallel", numCodebooks: 1, emptyInitial: 0xff_ffff },
    { kind: "unroll", numCodebooks: 1, flattening: [0xff_ffff] },
  ])("of a few tokens asks for no pattern of millions of steps: %j", async (pattern) => {
    const parsed = parseSequence(fileOf(pattern));
    await expect(parsed).rejects.toThrow(CodesError);
    await expect(parsed).rejects.toThrow(/steps; expected at most 104\d{4}|coordinates; expected at most/);
  });

  test("of delays far longer than those of models is read", async () => {
    const codes = clipOf(4, 3);
    const sequence = applyPattern(codes, { kind: "delay", numCodebooks: 4, delays: [0, 1000, 100_000, 200_000] });
    expect(revertPattern(await parseSequence(formatSequence(sequence, "safetensors"))).codes).toEqual(codes);
  });

  test("holds no pattern that its readers would refuse", () => {
    const codes = clipOf(2, 200_000);
    const layout = Array.from({ length: 200_000 }, (_, t) => [[t, 0], [t, 1]] as [number, number][]); // prettier-ignore
    const sequence = applyPattern(codes, { kind: "custom", numCodebooks: 2, timesteps: 200_000, layout });
    expect(() => formatSequence(sequence, "safetensors")).toThrow(
      /the pattern takes \d+ characters of JSON; a sequence file holds at most 1835008/,
    );
  });

  test("of two hundred thousand segments is read and reverted", async () => {
    const numSegments = 200_000;
    const segment = { length: 1, stride: 1 };
    const codes = new AudioCodes({
      ...clipOf(1, 1),
      data: new Uint16Array(numSegments),
      shape: [numSegments, 1, 1],
      numSamples: numSegments,
      segment,
    });
    const { data: _, shape: __, ...details } = codes;
    const tokens = {
      data: Uint16Array.from({ length: 2 * numSegments }, (___, index) => (index % 2 === 0 ? 16 : 0)),
      dims: [numSegments, 1, 2],
    };
    const origin = {
      pattern: { kind: "parallel", numCodebooks: 1 },
      specialToken: 16,
      padToken: 16,
      eosToken: null,
      keepOnlyValidSteps: false,
      codes: details,
    };
    expect(revertPattern(await parseSequence(formatSequenceSafetensors(tokens, origin))).codes.numSegments).toBe(numSegments);
  });
});

describe("a history prompt of Bark", () => {
  test("has no array of more than 4 MiB, and none is written", () => {
    const [semantic_prompt, coarse_prompt, fine_prompt] = [[10], [2, 15], [8, 600_000]].map((shape) =>
      formatArray("|u1", shape, new Uint8Array((shape[1] ?? 1) * shape[0]!)),
    );
    const arrays = { semantic_prompt: semantic_prompt!, coarse_prompt: coarse_prompt!, fine_prompt: fine_prompt! };
    const bytes = formatArrayArchive(arrays, { isCompressed: true });
    expect(bytes.length).toBeLessThan(10_000);
    expect(() => parseBarkPrompt(bytes, "voice.npz")).toThrow(
      "voice.npz declares 4800128 bytes for fine_prompt.npy; at most 4194304 are read",
    );
    const numFrames = 65_001;
    const prompt = {
      semanticPrompt: { data: new Int32Array(43_247), dims: [43_247] },
      coarsePrompt: barkCodes(2, numFrames),
      finePrompt: barkCodes(8, numFrames),
    };
    expect(() => formatBarkPrompt(prompt)).toThrow("a history prompt of 65001 frames is not written; give at most 65000");
  });
});
