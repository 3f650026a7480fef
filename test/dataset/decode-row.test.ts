import { open } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { formatWav } from "../../src/audio/index.ts";
import type { ChannelMode } from "../../src/dataset/clip-channels.ts";
import { planningOf } from "../../src/dataset/clip-windows.ts";
import { decodeRow, RowDecoder } from "../../src/dataset/decode-row.ts";
import type { DecodeRowTask } from "../../src/dataset/decode-row.ts";
import { temporaryFolder, writeTree } from "./temporary-folder.ts";

const sampleRate = 8000;

/** A WAV file of 4 s with two channels, none of whose samples are alike. */
function wav(): Uint8Array {
  const channelData = [0, 0.5].map((first) => Float32Array.from({ length: 4 * sampleRate }, (_, i) => first - i / 2 ** 16));
  return formatWav({ channelData, sampleRate }, { format: "float32" });
}

function taskOf(path: string, start: number | undefined, end: number | undefined, { mode = "each", threshold, maxBytes = 2 ** 24 }: { readonly mode?: ChannelMode; readonly threshold?: number; readonly maxBytes?: number } = {}): DecodeRowTask {
  const recipe = { sampleRate, channels: 1, mode, planning: planningOf({}, { sampleRate, hopLength: 320 }), trim: threshold === undefined ? null : { threshold, padding: 0 } };
  return { location: { path }, range: { start, end }, recipe, maxBytes };
}

test("ranges that follow one another in whatever order are those of the file, and their samples their own", async () => {
  const folder = await temporaryFolder();
  await writeTree(folder, { "a.wav": wav(), "b.wav": wav().slice(0, -800) });
  const time = fc.option(fc.integer({ min: 0, max: 45 }).map((tenths) => tenths / 10), { nil: undefined });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fc.constantFrom("a.wav", "a.wav", "b.wav", "none.wav"), time, time, fc.constantFrom(2 ** 24, 2 ** 14)), { maxLength: 8 }), async (rows) => {
      await using decoder = new RowDecoder();
      for (const [name, start, end, maxBytes] of rows) {
        const task = taskOf(join(folder, name), start, end, { maxBytes });
        const decoded = await decoder.decode(task);
        expect(decoded).toEqual(await decodeRow(task));
        if (decoded.kind === "clips") for (const { waveform } of decoded.clips) structuredClone(null, { transfer: [waveform.channelData[0]!.buffer as ArrayBuffer] }); // as a thread does
      }
    }),
    { numRuns: 40 },
  );
});

test("ranges that follow one another do not read the file from its start", async () => {
  const folder = await temporaryFolder();
  const path = join(folder, "a.wav");
  await writeTree(folder, { "a.wav": wav() });
  const expected = await decodeRow(taskOf(path, 2.5, 3.5));
  await using decoder = new RowDecoder();
  expect(await decoder.decode(taskOf(path, 0.5, 2))).toMatchObject({ kind: "clips" });
  await using handle = await open(path, "r+");
  await handle.write(new Uint8Array(2 * sampleRate * 4)); // the header and the first second
  expect(await decodeRow(taskOf(path, 2.5, 3.5))).toMatchObject({ kind: "failed" });
  expect(await decoder.decode(taskOf(path, 2.5, 3.5))).toEqual(expected);
});

test("silence is trimmed by the channels that are used", async () => {
  const folder = await temporaryFolder();
  const soundFrom = (from: number, to: number): Float32Array => Float32Array.from({ length: 4 * sampleRate }, (_, i) => (i >= from * sampleRate && i < to * sampleRate ? 0.5 : 0));
  await writeTree(folder, { "a.wav": formatWav({ channelData: [soundFrom(1, 2), soundFrom(2, 3)], sampleRate }) });
  const extentOf = async (mode: ChannelMode): Promise<unknown> => decodeRow(taskOf(join(folder, "a.wav"), undefined, undefined, { mode, threshold: -40 }));
  expect(await extentOf("first")).toMatchObject({ extent: { samples: { start: sampleRate, end: 2 * sampleRate } } });
  for (const mode of ["mix", "each"] as const) expect(await extentOf(mode), mode).toMatchObject({ extent: { samples: { start: sampleRate, end: 3 * sampleRate } } });
});
