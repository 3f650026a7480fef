import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { beforeEach, expect, test, vi } from "vitest";
import { AudioAtHand } from "../../src/dataset/decoding/audio-at-hand.ts";
import { decodeRow } from "../../src/dataset/decoding/decode-row.ts";
import type { DecodedRow, DecodeRowTask } from "../../src/dataset/decoding/decode-row.ts";
import * as rowBytes from "../../src/dataset/inputs/row-bytes.ts";
import { audioFixture, toneWav } from "./corpus.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { runsOf } from "../long-searches.ts";

vi.mock(import("../../src/dataset/inputs/row-bytes.ts"), { spy: true });

beforeEach(() => void vi.mocked(rowBytes.openRowSource).mockClear());

const recipe = {
  sampleRate: 24_000,
  channels: 1,
  mode: "mix",
  planning: { window: null, minimum: 320, hopLength: 320 },
  trim: null,
} as const;

function taskOf(path: string, start: number | undefined, end: number | undefined, maxBytes: number = 2 ** 24): DecodeRowTask {
  return { location: { path, member: undefined }, range: { start, end }, recipe, maxBytes };
}

const formats = ["mono.flac", "stereo.mp3", "mono-vbr.mp3", "stereo.ogg", "mono.opus", "stereo-flac.ogg"];

test.each([formats, ["noise.wav", ...formats.slice(0, 2)]])(
  "rows with audio at hand are what they are from a file that is opened anew: %s, %s, %s …",
  async (...names) => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "noise.wav"), toneWav(3, 4.5));
    const paths = names.map((name) => (name === "noise.wav" ? join(folder, name) : audioFixture(name)));
    const time = fc.option(fc.double({ min: 0, max: 5, noNaN: true }), { nil: undefined });
    const row = fc.record({ path: fc.constantFrom(...paths), start: time, end: time, maxBytes: fc.constantFrom(1000, 2 ** 24) });
    await fc.assert(
      fc.asyncProperty(fc.array(row, { maxLength: 6 }), async (rows) => {
        const atHand = new AudioAtHand();
        for (const { path, start, end, maxBytes } of rows) {
          const task = taskOf(path, start, end, maxBytes);
          const decoded = await decodeRow(task, atHand);
          expect(decoded).toEqual(await decodeRow(task));
          if (decoded.kind === "clips")
            structuredClone(null, { transfer: decoded.clips.map(({ waveform }) => waveform.channelData[0]!.buffer as ArrayBuffer) }); // as a thread does
        }
      }),
      { numRuns: runsOf(60) },
    );
  },
);

/** The segments of a file, one after the other. */
async function segmentsOf(path: string, bounds: readonly number[], atHand: AudioAtHand): Promise<DecodedRow[]> {
  const rows: DecodedRow[] = [];
  for (const [index, end] of bounds.slice(1).entries()) rows.push(await decodeRow(taskOf(path, bounds[index]!, end), atHand));
  return rows;
}

test("segments of a recording in its order are decoded in one go, apart from those that begin too far back", async () => {
  const path = join(await temporaryFolder(), "long.wav");
  await writeFile(path, toneWav(5, 8));
  const atHand = new AudioAtHand();
  const rows = await segmentsOf(path, [0.5, 1, 1.25, 3, 3.1, 7.9], atHand);
  expect(rows.map(({ kind }) => kind)).toEqual(Array(5).fill("clips"));
  expect(rowBytes.openRowSource).toHaveBeenCalledTimes(1);
  await decodeRow(taskOf(path, 2, 3), atHand);
  expect(rowBytes.openRowSource).toHaveBeenCalledTimes(2);
});

test("a file that was replaced meanwhile is opened anew, and one that failed or was read to its end does not stay open", async () => {
  const path = join(await temporaryFolder(), "replaced.wav");
  await writeFile(path, toneWav(1, 4));
  const atHand = new AudioAtHand();
  await decodeRow(taskOf(path, 0, 1), atHand);
  await writeFile(path, toneWav(2, 4.5));
  expect(await decodeRow(taskOf(path, 1, 2), atHand)).toEqual(await decodeRow(taskOf(path, 1, 2)));
  expect(await decodeRow(taskOf(path, 3, 9), atHand)).toMatchObject({
    kind: "failed",
    failure: { code: "ROW_RANGE", message: "the range ends at 9 s, and the audio is 4.500 s long" },
  });
  vi.mocked(rowBytes.openRowSource).mockClear();
  for (const end of [2, undefined, 4]) expect(await decodeRow(taskOf(path, 1, end), atHand)).toMatchObject({ kind: "clips" });
  expect(rowBytes.openRowSource).toHaveBeenCalledTimes(2);
});
