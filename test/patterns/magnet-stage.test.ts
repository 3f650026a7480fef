import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { magnetSchedule } from "../../src/patterns/magnet/magnet-schedule.ts";
import { MagnetStage } from "../../src/patterns/magnet/magnet-stage.ts";
import { generator } from "./generator.ts";

// The expected values are those of audiocraft's models/lm_magnet.py (896ec7c), run with torch 2.13 on a CPU.

/** The masks of a stage whose spans overlap, for probabilities that the reference was given too. */
const masksOf = (numFrames: number, promptFrames: number, numSteps: number, spanLength: number) => {
  const stage = new MagnetStage({ numFrames, promptFrames, numSteps, spanLength, spanArrangement: "stride1" });
  const random = generator(numFrames + promptFrames);
  return stage.steps.map((step) => {
    const mask = stage.mask(step);
    stage.score(Float32Array.from({ length: stage.numFrames }, random));
    return [...mask].join("");
  });
};

describe("MAGNeT's decoding schedule", () => {
  const references: Record<string, number[]> = {
    "500,20": [500, 498, 493, 484, 472, 457, 439, 418, 394, 367, 338, 307, 273, 237, 200, 162, 122, 82, 41, 1],
    "500,10": [500, 492, 469, 433, 383, 321, 249, 171, 86, 1],
    "166,20": [166, 165, 163, 160, 157, 152, 145, 138, 130, 122, 112, 101, 90, 79, 66, 53, 40, 27, 13, 1],
    "166,10": [166, 163, 155, 143, 127, 106, 82, 56, 28, 1],
    "500,60": [
      500, 499, 499, 498, 497, 495, 493, 491, 488, 485, 482, 478, 474, 470, 465, 460, 455, 449, 443, 437, 430, 423, 416, 409, 401, 393, 384,
      376, 367, 358, 348, 339, 329, 319, 308, 298, 287, 276, 265, 253, 242, 230, 218, 206, 194, 182, 169, 157, 144, 131, 118, 105, 92, 79,
      66, 53, 39, 26, 13, 1,
    ],
    "4,10": [4, 3, 3, 3, 3, 2, 1, 1, 1, 1],
    "1,5": [1, 1, 1, 1, 1],
    "7,1": [7],
  };
  test.each(Object.entries(references))("masks as many spans as the reference, for spans and steps %s", (key, counts) => {
    const [numSpans, numSteps] = key.split(",").map(Number) as [number, number];
    expect(magnetSchedule({ numSpans, numSteps }).map(({ numMasked }) => numMasked)).toEqual(counts);
  });

  test("masks as many spans as the reference for all lengths to 599 spans, by their digest", () => {
    const digest = createHash("sha256");
    for (const numSteps of [1, 2, 3, 5, 6, 10, 12, 20, 30, 40, 60]) {
      for (let numSpans = 1; numSpans < 600; numSpans++)
        digest.update(
          `${magnetSchedule({ numSpans, numSteps })
            .map(({ numMasked }) => numMasked)
            .join(",")}\n`,
        );
    }
    expect(digest.digest("hex")).toBe("6210e42d7bb809c62b9d5f2bcfc9c3de9e460e0e14d966d2a1ff29b75d75ba7a");
  });

  test("lowers temperature and guidance as the reference does", () => {
    const steps = magnetSchedule({ numSpans: 166, numSteps: 10 });
    expect(steps.map(({ temperature }) => temperature)).toEqual([
      2.7, 2.4000000000000004, 2.0999999999999996, 1.7999999999999998, 1.5, 1.2000000000000002, 0.8999999999999999, 0.6000000000000001,
      0.30000000000000004, 0.01,
    ]);
    expect(steps.map(({ guidance }) => guidance)).toEqual([
      10.0, 9.863269567489624, 9.457233548164368, 8.794228494167328, 7.89439994096756, 6.7850881814956665, 5.4999997317790985,
      4.078180313110352, 2.562832936644554, 0.9999996065975054,
    ]);
    expect(
      magnetSchedule({ numSpans: 1, numSteps: 2, temperature: 2, annealTemperature: false }).map(({ temperature }) => temperature),
    ).toEqual([2, 2]);
  });

  test("masks all spans first, one span last, and never more than before", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 1, max: 200 }), (numSpans, numSteps) => {
        const counts = magnetSchedule({ numSpans, numSteps }).map(({ numMasked }) => numMasked);
        expect(counts[0]).toBe(numSpans);
        expect(counts.every((count, step) => step === 0 || count <= counts[step - 1]!)).toBe(true);
        if (numSteps > 1) expect(counts.at(-1)).toBe(1);
      }),
    );
  });

  test("has a whole number of steps", () => {
    expect(() => magnetSchedule({ numSpans: 10, numSteps: 0 })).toThrow(/numSteps must be a whole number, 1 or more; received 0/);
  });
});

describe("a stage of MAGNeT's decoding", () => {
  const references: Record<string, string[]> = {
    "32,0,6,max,3": [
      "111111111111111111111111111111",
      "111111111111111111000111111111",
      "111111111111111111000111000111",
      "111111000000000111000111000111",
      "111000000000000111000000000111",
      "111000000000000000000000000000",
    ],
    "32,7,5,max,3": [
      "000000011111111111111111111111",
      "000000011111111111000111111111",
      "000000011000111111000111111000",
      "000000000000000111000111111000",
      "000000000000000111000000000000",
    ],
    "32,7,5,prod,3": [
      "000000011111111111111111111111",
      "000000011111111000111111111111",
      "000000000111111000000111111111",
      "000000000111000000000111000111",
      "000000000000000000000111000000",
    ],
    "12,5,4,max,1": ["000001111111", "000000111111", "000000100110", "000000100000"],
  };
  test.each(Object.entries(references))(
    "masks the reference's frames for the same probabilities: frames, prompt, steps, scoring and span length %s",
    (key, masks) => {
      const [numFrames, promptFrames, numSteps, scoring, spanLength] = key.split(",") as [string, string, string, "max" | "prod", string];
      const stage = new MagnetStage({
        numFrames: +numFrames,
        promptFrames: +promptFrames,
        numSteps: +numSteps,
        scoring,
        spanLength: +spanLength,
      });
      const random = generator(+numFrames + +promptFrames);
      const found = stage.steps.map((step) => {
        const mask = stage.mask(step);
        stage.score(Float32Array.from({ length: stage.numFrames }, random));
        return [...mask].join("");
      });
      expect(found).toEqual(masks);
    },
  );

  const overlapping: Record<string, string[]> = {
    "32,7,5,3": [
      "00000001111111111111111111111111",
      "00000001111111111111111111111111",
      "00000000111111000111111100001111",
      "00000000000000000111111100001110",
      "00000000000000000000000000001110",
    ],
    "12,5,4,3": ["000001111111", "000000011111", "000000000111", "000000000111"],
    "20,0,5,5": ["11111111111111111111", "11111111111111111111", "01111111110111111000", "00111110000111110000", "00111110000000000000"],
  };
  test.each(Object.entries(overlapping))(
    "masks the reference's overlapping spans: frames, prompt, steps and span length %s",
    (key, masks) => {
      const [numFrames, promptFrames, numSteps, spanLength] = key.split(",").map(Number) as [number, number, number, number];
      expect(masksOf(numFrames, promptFrames, numSteps, spanLength)).toEqual(masks);
    },
  );

  test("masks the reference's overlapping spans for many lengths, by their digest", () => {
    const digest = createHash("sha256");
    for (let numFrames = 8; numFrames < 120; numFrames += 7) {
      for (const promptFrames of [0, 3]) {
        for (const numSteps of [1, 4, 10]) {
          for (const spanLength of [2, 3, 4])
            for (const row of masksOf(numFrames, promptFrames, numSteps, spanLength)) digest.update(`${row}\n`);
        }
      }
    }
    expect(digest.digest("hex")).toBe("92b08468fef80cd3abcffb12c2c8ff6527a30c8c251f2ea5aedbeffe6fe3546d");
  });

  test("fills every frame but the prompt's, masks only what was masked before, and drops what is no whole span", () => {
    const options = fc.record({
      numFrames: fc.integer({ min: 6, max: 90 }),
      promptFrames: fc.integer({ min: 0, max: 5 }),
      spanLength: fc.integer({ min: 1, max: 3 }),
      numSteps: fc.integer({ min: 1, max: 12 }),
      scoring: fc.constantFrom("max" as const, "prod" as const),
    });
    fc.assert(
      fc.property(options, fc.integer({ min: 1, max: 1e6 }), ({ promptFrames, ...rest }, seed) => {
        const numKept = Math.min(promptFrames, rest.numFrames - 2 * rest.spanLength);
        const stage = new MagnetStage({ ...rest, promptFrames: numKept });
        expect(stage.numFrames).toBe(rest.numFrames - (rest.numFrames % rest.spanLength));
        const random = generator(seed);
        let before: Uint8Array = Uint8Array.from({ length: stage.numFrames }, (_, frame) => (frame >= numKept ? 1 : 0));
        for (const [index, step] of stage.steps.entries()) {
          const mask = stage.mask(step);
          if (index === 0) expect(mask).toEqual(before);
          expect(mask.every((masked, frame) => masked <= before[frame]!)).toBe(true);
          stage.score(Float32Array.from(mask, random));
          before = mask;
        }
      }),
    );
  });

  test("tells spans of one frame apart where their codes are next to impossible", () => {
    const stage = new MagnetStage({ numFrames: 3, numSteps: 2, spanLength: 1 });
    stage.mask(stage.steps[0]!);
    stage.score([1e-10, 1e-12, 1e-11]);
    expect([...stage.mask(stage.steps[1]!)]).toEqual([0, 1, 0]);
  });

  test("needs something to generate, and a probability for each frame", () => {
    const full = { numFrames: 10, promptFrames: 9, numSteps: 5 };
    expect(() => new MagnetStage(full)).toThrow(/nothing is left to generate: 10 frames are 3 spans of 3, of which the prompt takes 3/);
    expect(() => new MagnetStage({ ...full, promptFrames: 10, spanArrangement: "stride1" })).toThrow(
      /nothing is left to generate: 10 frames, of which the prompt takes 10/,
    );
    expect(() => new MagnetStage({ numFrames: 2, numSteps: 5, spanArrangement: "stride1" })).toThrow(
      /numFrames must be a whole number, 3 or more; received 2/,
    );
    expect(() => new MagnetStage({ ...full, spanArrangement: "stride2" as "stride1" })).toThrow(
      /spanArrangement must be "nonoverlap" or "stride1"; received "stride2"/,
    );
    expect(() => new MagnetStage({ numFrames: 10, numSteps: 5 }).score(new Float32Array(10))).toThrow(
      /expected 9 probabilities, one for each frame; received 10/,
    );
  });
});
