import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkLayout, LayoutBuilder, layoutOf } from "../../src/patterns/layout/pattern-layout.ts";
import { patternProvider } from "../../src/patterns/layout/pattern-provider.ts";
import { parsePatternSpec, patternKinds } from "../../src/patterns/layout/pattern-spec.ts";
import type { PatternSpec } from "../../src/patterns/layout/pattern-spec.ts";
import { Pattern } from "../../src/patterns/layout/pattern.ts";
import { patternCases } from "./arbitrary-patterns.ts";

const provide = (spec: unknown) => () => patternProvider(spec as PatternSpec);

describe.each(patternKinds)("a %s pattern as data", (kind) => {
  test("survives JSON, and then gives the same layout", () => {
    fc.assert(
      fc.property(patternCases[kind], ({ spec, timesteps }) => {
        const parsed = parsePatternSpec(JSON.parse(JSON.stringify(spec)));
        expect(parsed).toEqual(spec);
        expect(patternProvider(parsed).getPattern(timesteps).layout).toEqual(patternProvider(spec).getPattern(timesteps).layout);
        expect(patternProvider(spec)).toMatchObject({ spec, numCodebooks: spec.numCodebooks });
      }),
    );
  });

  test("may have no key but its own, and needs whole codebooks", () => {
    const spec = { kind, numCodebooks: 2, ...(kind === "custom" ? { timesteps: 1, layout: [[[0, 0]]] } : {}) };
    const article = kind === "unroll" ? "an" : "a";
    expect(parsePatternSpec(spec)).toEqual(spec);
    expect(() => parsePatternSpec({ ...spec, delay: [0, 1] })).toThrow(
      `not ${article} ${kind} pattern: unknown "delay"; expected only fields of this kind`,
    );
    for (const numCodebooks of [0, -1, 1.5, "2", undefined, 65_537]) {
      expect(() => parsePatternSpec({ ...spec, numCodebooks })).toThrow(`not ${article} ${kind} pattern: numCodebooks must be `);
    }
  });
});

describe("a pattern as data is refused", () => {
  const anObject = 'a pattern is an object with a kind, such as { kind: "delay", numCodebooks: 4 }';
  const kinds = "expected one of parallel, delay, unroll, coarse-first, musiclm, custom";
  test.each([
    ["of an unknown kind", { kind: "spiral", numCodebooks: 2 }, `unknown kind of pattern "spiral"; ${kinds}`],
    [
      "of a kind that is spelt otherwise",
      { kind: "coarse_first", numCodebooks: 2 },
      'unknown kind of pattern "coarse_first"; did you mean "coarse-first"?',
    ],
    [
      "of a kind that is called otherwise",
      { kind: "flatten", numCodebooks: 2 },
      'unknown kind of pattern "flatten"; did you mean "unroll"?',
    ],
    ["without a kind", { numCodebooks: 2 }, `unknown kind of pattern undefined; ${kinds}`],
    ["that is nothing", null, `${anObject}; received null`],
    ["that is a list", [], `${anObject}; received []`],
    ["that is a word", "delay", `${anObject}; received "delay"`],
    ["that was not called", () => null, `${anObject}; received a function: call it`],
    [
      "with delays that are not numbers",
      { kind: "delay", numCodebooks: 2, delays: [0, "1"] },
      'not a delay pattern: delays[1] must be a whole number; received "1"',
    ],
    [
      "with delays that are no list",
      { kind: "delay", numCodebooks: 2, delays: 1 },
      "not a delay pattern: delays must be a list; received 1",
    ],
    ["with a fraction of a delay", { kind: "delay", numCodebooks: 2, delays: [0, 0.5] }, "delays[1] must be a whole number; received 0.5"],
    [
      "with a negative delay",
      { kind: "delay", numCodebooks: 2, delays: [-1, 0] },
      "not a delay pattern: delays[0] must be 0 or more; received -1",
    ],
    [
      "with a delay that no clip has",
      { kind: "delay", numCodebooks: 2, delays: [0, 2 ** 24] },
      "delays[1] must be 16777215 or less; received 16777216",
    ],
    [
      "with less than no flattened frames",
      { kind: "delay", numCodebooks: 2, flattenFirst: -1 },
      "not a delay pattern: flattenFirst must be 0 or more; received -1",
    ],
    [
      "with less than no first step",
      { kind: "parallel", numCodebooks: 2, emptyInitial: -2 },
      "not a parallel pattern: emptyInitial must be -1 or more; received -2",
    ],
    [
      "with two faults",
      { kind: "delay", numCodebooks: 0, flattenFirst: -1 },
      "numCodebooks must be 1 or more; received 0; flattenFirst must be 0 or more; received -1",
    ],
    [
      "with groups of nothing",
      { kind: "musiclm", numCodebooks: 2, groupBy: 0 },
      "not a musiclm pattern: groupBy must be 1 or more; received 0",
    ],
    [
      "with a coordinate of three numbers",
      { kind: "custom", numCodebooks: 1, timesteps: 1, layout: [[[0, 0, 0]]] },
      "not a custom pattern: layout[0][0] must be 2 items or less; received [0,0,0]",
    ],
    [
      "with a codebook too many to count",
      { kind: "custom", numCodebooks: 1, timesteps: 1, layout: [[[0, 65_536]]] },
      "layout[0][0][1] must be 65535 or less; received 65536",
    ],
    [
      "with too few delays",
      { kind: "delay", numCodebooks: 3, delays: [0, 1] },
      "delays needs one value for each codebook, 3 in all; received [0, 1]",
    ],
    [
      "with descending delays",
      { kind: "delay", numCodebooks: 3, delays: [0, 2, 1] },
      "delays must not descend; received [0, 2, 1], where 1 follows 2",
    ],
    [
      "with too much flattening",
      { kind: "unroll", numCodebooks: 1, flattening: [0, 1] },
      "flattening needs one value for each codebook, 1 in all; received [0, 1]",
    ],
    [
      "with descending flattening",
      { kind: "unroll", numCodebooks: 2, flattening: [1, 0] },
      "flattening must not descend; received [1, 0], where 0 follows 1",
    ],
    [
      "with different delays in one step",
      { kind: "unroll", numCodebooks: 3, flattening: [0, 1, 1], delays: [0, 1, 2] },
      "codebooks 1 and 2 share inner step 1 but have the delays 1 and 2; expected equal ones",
    ],
    [
      "with a delay for the first of all codebooks, which comes first",
      { kind: "coarse-first", numCodebooks: 2, delays: [0, 1] },
      "delays needs one value for each codebook but the first, 1 in all; received [0, 1]",
    ],
    [
      "with a group that is not whole",
      { kind: "musiclm", numCodebooks: 3 },
      "numCodebooks must be a multiple of groupBy; received 3 codebooks in groups of 2",
    ],
    ["without steps", { kind: "custom", numCodebooks: 1, timesteps: 0, layout: [] }, "the pattern has no steps; expected at least one"],
    [
      "with an unknown codebook",
      { kind: "custom", numCodebooks: 2, timesteps: 1, layout: [[], [[0, 2]]] },
      "step 1 holds codebook 2; this pattern has 2, counted from 0",
    ],
    [
      "with a codebook twice in a step",
      { kind: "custom", numCodebooks: 2, timesteps: 2, layout: [[], [[0, 1], [1, 1]]] }, // prettier-ignore
      "step 1 holds codebook 1 twice; a step has one cell for each codebook",
    ],
    [
      "that goes back in time",
      { kind: "custom", numCodebooks: 1, timesteps: 3, layout: [[[2, 0]], [], [[1, 0]]] },
      "step 2 goes back to timestep 1 of codebook 0 after timestep 2; the timesteps of a codebook must not descend",
    ],
  ])("%s", (_, spec, message) => {
    expect(provide(spec)).toThrow(RangeError);
    expect(provide(spec)).toThrow(message);
  });
});

describe("a provider refuses", () => {
  test("lengths that no clip has", () => {
    const provider = patternProvider({ kind: "delay", numCodebooks: 2 });
    for (const timesteps of [-1, 1.5, Number.NaN, Infinity]) {
      expect(() => provider.getPattern(timesteps)).toThrow(`timesteps must be a whole number, 0 or more; received ${timesteps}`);
      expect(() => provider.getPattern(timesteps)).toThrow(RangeError);
    }
  });

  test("a layout without steps, which only a clip of no frames and no first step give", () => {
    const provider = patternProvider({ kind: "parallel", numCodebooks: 2, emptyInitial: -1 });
    expect(() => provider.getPattern(0)).toThrow("the pattern has no steps; expected at least one");
    expect(provider.getPattern(1).numSteps).toBe(1);
  });

  test("more steps than memory is for", () => {
    const sparse = patternProvider({ kind: "unroll", numCodebooks: 1, flattening: [0xff_ffff] });
    expect(() => sparse.getPattern(1000)).toThrow(
      "the pattern has 16777216001 steps; expected at most 67108864: choose shorter clips or smaller delays",
    );
  });
});

describe("a layout of lists", () => {
  test("becomes columns, and steps of a pattern again", () => {
    const steps = [[], [[0, 0]], [], [[1, 0], [0, 1]]] as const; // prettier-ignore
    const layout = layoutOf(steps);
    expect(layout).toEqual({
      starts: Uint32Array.of(0, 0, 1, 1, 3),
      timesteps: Uint32Array.of(0, 1, 0),
      codebooks: Uint16Array.of(0, 0, 1),
    });
    const pattern = new Pattern({ numCodebooks: 2, timesteps: 2, layout });
    expect(steps.map((_, step) => pattern.coordinates(step))).toEqual(steps);
  });

  test.each([
    ["is none", "delay", TypeError, "a layout is a list of steps, each a list of [timestep, codebook] pairs"],
    ["has a step that is none", [[], 5], TypeError, "step 1 of the layout is not a list of [timestep, codebook] pairs"],
    ["has a bare number in a step", [[5]], TypeError, "step 0 of the layout holds 5; expected a pair [timestep, codebook]"],
    [
      "has a negative timestep",
      [[[-1, 0]]],
      RangeError,
      "step 0 of the layout holds [-1, 0]; expected a timestep from 0 to 4294967295 and a codebook from 0 to 65535",
    ],
    ["has half a codebook", [[[0, 0.5]]], RangeError, /holds \[0, 0\.5\]/],
    ["has a timestep that is too large", [[[2 ** 32, 0]]], RangeError, /holds \[4294967296, 0\]; expected a timestep from 0 to 4294967295/],
  ])("is refused where it %s", (_, layout, kind, message) => {
    expect(() => layoutOf(layout as [])).toThrow(kind);
    expect(() => layoutOf(layout as [])).toThrow(message);
  });

  test.each([
    [
      "starts that do not begin at 0",
      { starts: Uint32Array.of(1, 2), timesteps: Uint32Array.of(0, 0), codebooks: Uint16Array.of(0, 1) },
      {},
      /starts from 1 to 2 do not fit 2 timesteps/,
    ],
    [
      "columns of different lengths",
      { starts: Uint32Array.of(0, 1), timesteps: Uint32Array.of(0), codebooks: Uint16Array.of(0, 1) },
      {},
      /do not fit 1 timesteps and 2 codebooks/,
    ],
    [
      "coordinates beyond the last step",
      { starts: Uint32Array.of(0, 1), timesteps: Uint32Array.of(0, 0), codebooks: Uint16Array.of(0, 1) },
      {},
      /starts from 0 to 1 do not fit 2/,
    ],
    [
      "starts that descend",
      { starts: Uint32Array.of(0, 2, 1, 2), timesteps: Uint32Array.of(0, 0), codebooks: Uint16Array.of(0, 1) },
      {},
      "starts must ascend; received 1 after 2 for step 1",
    ],
    ["half a codebook", layoutOf([[]]), { numCodebooks: 0.5 }, "numCodebooks must be a whole number from 1 to 65536; received 0.5"],
    ["fewer than no frames", layoutOf([[]]), { timesteps: -1 }, "timesteps must be a whole number, 0 or more; received -1"],
  ])("makes no pattern with %s", (_, layout, counts, message) => {
    const make = () => new Pattern({ numCodebooks: 2, timesteps: 1, layout, ...counts });
    expect(make).toThrow(RangeError);
    expect(make).toThrow(message);
  });

  test("has as many steps and coordinates as were announced", () => {
    const builder = new LayoutBuilder(1000, 3000);
    for (let step = 0; step < 1000; step++) {
      for (let codebook = 0; codebook < 3; codebook++) builder.add(step, codebook);
      builder.endStep();
    }
    const layout = builder.build();
    expect(() => checkLayout(layout, 3)).not.toThrow();
    expect(() => checkLayout(layout, 2)).toThrow("step 0 holds codebook 2; this pattern has 2, counted from 0");
    expect([...layout.starts]).toEqual(Array.from({ length: 1001 }, (_, step) => 3 * step));
    expect([...layout.timesteps]).toEqual(Array.from({ length: 3000 }, (_, index) => Math.floor(index / 3)));
    expect([...layout.codebooks]).toEqual(Array.from({ length: 3000 }, (_, index) => index % 3));
  });
});
