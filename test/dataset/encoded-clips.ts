import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { AudioCodes } from "../../src/core/index.ts";
import type { EncodedClip } from "../../src/dataset/records/encoded-clip.ts";
import { codesAt48kHz } from "../core/arbitrary-codes.ts";

/** A clip of so many frames at 24 kHz with codes that differ from those of other seeds. */
export function clipOf(seed: number, numFrames: number = 5, more: Partial<EncodedClip> = {}): EncodedClip {
  const numCodebooks = 3;
  const codes = new AudioCodes({
    data: Uint16Array.from({ length: numCodebooks * numFrames }, (_, index) => (seed * 7919 + index * 271) % 1024),
    shape: [1, numCodebooks, numFrames],
    scales: null,
    numSamples: numFrames * 320 - (seed % 320),
    sampleRate: 24_000,
    channels: 1,
    hopLength: 320,
    codebookSize: 1024,
    bandwidth: 2.25,
    segment: null,
    provenance: {
      model: "facebook/encodec_24khz",
      revision: "c".repeat(40),
      digest: "d".repeat(64),
      license: "MIT",
      licenseStatus: "contested",
    },
  });
  return {
    key: `speaker/clip-${seed}`,
    row: `speaker/clip-${seed}`,
    source: `speaker/clip-${seed}.flac`,
    start: 0,
    end: codes.duration,
    window: null,
    channel: null,
    codes,
    loudness: { peak: 0.5, rms: 0.125 },
    columns: { text: `line ${seed}`, speaker: seed },
    ...more,
  };
}

/** A stereo clip at 48 kHz: overlapping segments with scales, the last one shorter. */
export function segmentedClipOf(seed: number, numSamples: number = 100_000): EncodedClip {
  const codes = codesAt48kHz(numSamples + seed);
  return clipOf(seed, 1, { key: `stereo/clip-${seed}`, codes, end: codes.duration, window: 3, channel: 1, loudness: null, columns: {} });
}

/** Bytes of all files below a folder, by their paths with slashes. */
export async function bytesBelow(folder: string): Promise<ReadonlyMap<string, Buffer>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const files = await Promise.all(paths.toSorted().map(async (path) => [path.slice(folder.length + 1), await readFile(path)] as const));
  return new Map(files);
}
