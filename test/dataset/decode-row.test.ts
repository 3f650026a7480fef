import { join } from "node:path";
import { expect, test } from "vitest";
import { formatWav } from "../../src/audio/index.ts";
import type { AudioLimits } from "../../src/audio/index.ts";
import type { ChannelMode } from "../../src/dataset/decoding/clip-channels.ts";
import { planningOf } from "../../src/dataset/decoding/clip-windows.ts";
import { decodeRow } from "../../src/dataset/decoding/decode-row.ts";
import type { DecodeRowTask } from "../../src/dataset/decoding/decode-row.ts";
import { temporaryFolder, writeTree } from "../temporary-folder.ts";

const sampleRate = 8000;

function taskOf(
  path: string,
  start: number | undefined,
  end: number | undefined,
  {
    mode = "each",
    threshold,
    maxBytes = 2 ** 24,
  }: { readonly mode?: ChannelMode; readonly threshold?: number; readonly maxBytes?: number } = {},
): DecodeRowTask {
  const recipe = {
    sampleRate,
    channels: 1,
    mode,
    planning: planningOf({}, { sampleRate, hopLength: 320 }),
    trim: threshold === undefined ? null : { threshold, padding: 0 },
  };
  return { location: { path }, range: { start, end }, recipe, maxBytes };
}

test("silence is trimmed by the channels that are used", async () => {
  const folder = await temporaryFolder();
  const soundFrom = (from: number, to: number): Float32Array =>
    Float32Array.from({ length: 4 * sampleRate }, (_, i) => (i >= from * sampleRate && i < to * sampleRate ? 0.5 : 0));
  await writeTree(folder, { "a.wav": formatWav({ channelData: [soundFrom(1, 2), soundFrom(2, 3)], sampleRate }) });
  const extentOf = async (mode: ChannelMode): Promise<unknown> =>
    decodeRow(taskOf(join(folder, "a.wav"), undefined, undefined, { mode, threshold: -40 }));
  expect(await extentOf("first")).toMatchObject({ extent: { samples: { start: sampleRate, end: 2 * sampleRate } } });
  for (const mode of ["mix", "each"] as const)
    expect(await extentOf(mode), mode).toMatchObject({ extent: { samples: { start: sampleRate, end: 3 * sampleRate } } });
});

test("a row of a file beyond the limits fails, and is read where the recipe moves them", async () => {
  const folder = await temporaryFolder();
  const channelData = Array.from({ length: 65 }, () => new Float32Array(10));
  await writeTree(folder, {
    "slow.wav": formatWav({ channelData: [new Float32Array(10)], sampleRate: 1 }),
    "wide.wav": formatWav({ channelData, sampleRate }),
  });
  const rowOf = (name: string, limits?: AudioLimits) => {
    const task = taskOf(join(folder, name), undefined, undefined);
    return decodeRow({ ...task, recipe: { ...task.recipe, limits } });
  };
  expect(await rowOf("slow.wav")).toMatchObject({
    kind: "failed",
    failure: { code: "AUDIO_UNSUPPORTED", message: expect.stringContaining("at 1 Hz") },
  });
  expect(await rowOf("wide.wav")).toMatchObject({
    kind: "failed",
    failure: { code: "AUDIO_UNSUPPORTED", message: expect.stringContaining("65 channels") },
  });
  expect(await rowOf("slow.wav", { minSampleRate: 1 })).toMatchObject({ kind: "clips", clips: [{ range: { length: 10 * sampleRate } }] });
  expect(await rowOf("wide.wav", { maxChannels: 65 })).toMatchObject({ kind: "clips", clips: { length: 65 } });
});
