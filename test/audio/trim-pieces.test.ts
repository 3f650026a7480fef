import { describe, expect, test } from "vitest";
import { WarningReport } from "../../src/audio/reading/audio-warning.ts";
import type { AudioWarning } from "../../src/audio/reading/audio-warning.ts";
import type { DecodedPiece } from "../../src/audio/reading/decoded-piece.ts";
import type { Extent } from "../../src/audio/reading/trim-pieces.ts";
import { trimPieces } from "../../src/audio/reading/trim-pieces.ts";
import { collect } from "./ogg-bytes.ts";

const sound = (...samples: number[]): DecodedPiece => ({ channelData: [Float32Array.from(samples)], sampleRate: 8000 });
const flawed = (code: AudioWarning["code"], message: string, numSamples = 0): DecodedPiece => ({
  ...sound(...new Float32Array(numSamples)),
  flaw: { code, message },
});

async function* each(pieces: readonly DecodedPiece[]): AsyncGenerator<DecodedPiece, void> {
  yield* pieces;
}

async function trim(extent: Extent, ...pieces: DecodedPiece[]): Promise<{ samples: number[]; warnings: AudioWarning[] }> {
  const warnings: AudioWarning[] = [];
  const report = new WarningReport({ onWarning: (warning) => warnings.push(warning) });
  const trimmed = await collect(trimPieces("Test", each(pieces), extent, report));
  return { samples: trimmed.flatMap(({ channelData }) => [...channelData[0]!]), warnings };
}

describe("what is wrong is reported where it is in the result", () => {
  test("gaps that follow each other are one, and only what is left of them is lost", async () => {
    const pieces = [
      flawed("AUDIO_GAP", "before the start", 4),
      sound(1, 2),
      flawed("AUDIO_GAP", "first", 2),
      flawed("AUDIO_GAP", "second", 1),
      flawed("AUDIO_EXTRA", "in between"),
      sound(3),
      flawed("AUDIO_GAP", "at the end", 9),
    ];
    expect(await trim({ start: 1, end: () => 12 }, ...pieces)).toEqual({
      samples: [0, 0, 0, 1, 2, 0, 0, 0, 3, 0, 0],
      warnings: [
        { code: "AUDIO_GAP", message: "before the start", position: 0, numLost: 3 },
        { code: "AUDIO_GAP", message: "first", position: 5, numLost: 3 },
        { code: "AUDIO_EXTRA", message: "in between", position: 8, numLost: 0 },
        { code: "AUDIO_GAP", message: "at the end", position: 9, numLost: 2 },
      ],
    });
  });

  test("a gap within what is cut off costs nothing, and is told", async () => {
    const { samples, warnings } = await trim({ start: 4, end: () => 6 }, flawed("AUDIO_GAP", "pre-skip", 4), sound(1, 2));
    expect(samples).toEqual([1, 2]);
    expect(warnings).toEqual([{ code: "AUDIO_GAP", message: "pre-skip", position: 0, numLost: 0 }]);
  });

  test("fewer samples than there should be", async () => {
    const message = "truncated or damaged Test file: it should have 5 samples per channel, but only 2 could be decoded";
    expect((await trim({ start: 1, end: () => 6 }, sound(1, 2, 3))).warnings).toEqual([
      { code: "AUDIO_TRUNCATED", message, position: 2, numLost: 3 },
    ]);
    expect((await trim({ start: 1, end: () => 6 }, sound(1, 2, 3), flawed("AUDIO_TRUNCATED", "cut"))).warnings).toEqual([
      { code: "AUDIO_TRUNCATED", message: "cut", position: 2, numLost: 3 },
    ]);
  });
});

test("a file of which nothing but silence is left is none", async () => {
  await expect(trim({ end: () => 9 }, flawed("AUDIO_GAP", "all of it", 9))).rejects.toMatchObject({
    code: "AUDIO_CORRUPT",
    message: "all of it",
  });
  await expect(trim({ end: () => 9 })).rejects.toMatchObject({ code: "AUDIO_CORRUPT" });
  await expect(trim({ start: 3, end: () => 3 }, sound(1, 2, 3))).rejects.toMatchObject({ code: "AUDIO_EMPTY" });
});
