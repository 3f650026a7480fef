import { join } from "node:path";
import { expect, test } from "vitest";
import { formatWav } from "../../src/audio/index.ts";
import type { AudioCodes, Waveform } from "../../src/core/index.ts";
import { planningOf } from "../../src/dataset/decoding/clip-windows.ts";
import { encodeLongClip, planLongRow, windowsOfLongRow } from "../../src/dataset/encoding/long-row.ts";
import type { LongRow } from "../../src/dataset/encoding/long-row.ts";
import { AudioTokenizer } from "../../src/tokenizer/index.ts";
import { collect, temporaryFolder, writeTree } from "../temporary-folder.ts";

const codec = { sampleRate: 24000, hopLength: 320 };

/** A row that is said to have as many samples, of a file with 48,000. */
async function rowOf(numSamples: number, window: { readonly seconds: number } | undefined): Promise<LongRow> {
  const folder = await temporaryFolder();
  await writeTree(folder, { "a.wav": formatWav({ channelData: [new Float32Array(48_000)], sampleRate: 16_000 }) });
  const recipe = { sampleRate: codec.sampleRate, channels: 1, mode: "mix", planning: planningOf({ window }, codec), trim: null } as const;
  return {
    location: { path: join(folder, "a.wav") },
    extent: { samples: { start: 0, end: numSamples }, sampleRate: 16_000, channels: 1 },
    recipe,
  };
}

test("a long row gives the windows that are planned", async () => {
  const row = await rowOf(48_000, { seconds: 0.7 });
  const windows = await collect(windowsOfLongRow(row, null));
  expect(windows.map(({ range }) => range)).toEqual(planLongRow(row));
  expect(windows).toHaveLength(5);
});

test("a long row whose file became shorter since it was measured fails, rather than to have fewer or shorter clips", async () => {
  await expect(collect(windowsOfLongRow(await rowOf(64_000, { seconds: 0.7 }), null))).rejects.toMatchObject({
    code: "FILE_UNREADABLE",
    message: expect.stringContaining("16000 samples are missing"),
  });
  await using tokenizer = await AudioTokenizer.fromPretrained("tiny");
  const encodeStream = (pieces: AsyncIterable<Waveform>): AsyncIterable<AudioCodes> => tokenizer.encodeStream(pieces);
  const whole = await rowOf(64_000, undefined);
  await expect(encodeLongClip(whole, null, planLongRow(whole)[0]!, encodeStream)).rejects.toMatchObject({ code: "FILE_UNREADABLE" });
});
