import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { AudioCodes, bandwidthOf, bitsPerCodeOf } from "../src/core/index.ts";
import { createOutputs } from "../src/dataset/formats/output-spec.ts";
import { vocabularyLayout } from "../src/dataset/formats/token-layout.ts";
import { DatasetPartWriter } from "../src/dataset/parts/part-writer.ts";
import type { EncodedClip } from "../src/dataset/records/encoded-clip.ts";
import { TokenVocabulary } from "../src/patterns/index.ts";
import { uniform } from "./full-size-models.ts";

/*
 * Measures what an hour of audio takes on the disk in each format, by writing parts of a dataset as `tokenizeDataset` does. Needs no model:
 * the codes are uniformly random. Parquet and JSONL take that much at most, the others that much whatever the codes are.
 * Usage: npx tsx bench/dataset-size.ts [--hours 1]; prints a Markdown table in MB (10^6 bytes) per hour.
 */

interface Codec {
  readonly sampleRate: number;
  readonly channels: number;
  readonly hopLength: number;
  readonly codebookSize: number;
  readonly numCodebooks: number;
  readonly segment?: AudioCodes["segment"];
}

const codec24 = { sampleRate: 24_000, channels: 1, hopLength: 320, codebookSize: 1024 };
const codecs: Readonly<Record<string, Codec>> = {
  "24 kHz, 1.5 kbps": { ...codec24, numCodebooks: 2 },
  "24 kHz, 6 kbps": { ...codec24, numCodebooks: 8 },
  "32 kHz, 2.2 kbps": { sampleRate: 32_000, channels: 1, hopLength: 640, codebookSize: 2048, numCodebooks: 4 },
  "48 kHz stereo, 6 kbps": {
    sampleRate: 48_000,
    channels: 2,
    hopLength: 320,
    codebookSize: 1024,
    numCodebooks: 4,
    segment: { length: 48_000, stride: 47_520 },
  },
};

/** Shortest and longest clip, in seconds. */
const lengths: readonly (readonly [number, number])[] = [
  [2, 10],
  [30, 30],
  [600, 600],
];

const { values } = parseArgs({ options: { hours: { type: "string", default: "1" } } });
const kinds = ["packed", "uint16", "flat", "npy", "webdataset", "parquet", "jsonl", "manifest"] as const;
const random = uniform(1);

console.log(`| codec | clips | ${kinds.join(" | ")} |\n|${"---|".repeat(kinds.length + 2)}`);
for (const [name, codec] of Object.entries(codecs)) {
  for (const [shortest, longest] of lengths) {
    const sizes = await measure(codec, (fraction) => shortest + (longest - shortest) * fraction);
    const clips = shortest === longest ? `${shortest} s` : `${shortest} to ${longest} s`;
    console.log(`| ${name} | ${clips} | ${kinds.map((kind) => sizes[kind].toPrecision(3)).join(" | ")} |`);
  }
}

/** Megabytes per hour of audio. */
async function measure(codec: Codec, lengthOf: (fraction: number) => number): Promise<Record<(typeof kinds)[number], number>> {
  const folder = await mkdtemp(join(tmpdir(), "encodec-size-"));
  try {
    const vocabulary = new TokenVocabulary({
      codebookSize: codec.codebookSize,
      numCodebooks: codec.numCodebooks,
      specialTokens: { eos: {} },
    });
    const outputs = createOutputs(folder, [
      { format: "webdataset" },
      { format: "parquet" },
      { format: "npy" },
      { format: "jsonl" },
      { format: "tokens", layout: vocabularyLayout(vocabulary) },
    ]);
    await using writer = await DatasetPartWriter.begin(folder, 0, outputs);
    const wanted = 3600 * Number(values.hours);
    let [seconds, packed, uint16] = [0, 0, 0];
    for (let index = 0; seconds < wanted; index++) {
      const clip = clipOf(codec, index, lengthOf((random() + 1) / 2));
      const row = { key: clip.key, input: 0, path: clip.source };
      await writer.add({ part: 0, index, row, isLastOfPart: false, clips: [clip], failure: null, warnings: [] });
      seconds += clip.codes.duration;
      packed += Math.ceil((clip.codes.data.length * bitsPerCodeOf(codec.codebookSize)) / 8);
      uint16 += clip.codes.data.byteLength;
    }
    const { shards } = await writer.finish();
    const bytesOf = (format: string): number => shards.reduce((sum, shard) => sum + (shard.format === format ? shard.bytes : 0), 0);
    const manifest = (await stat(join(folder, "parts/000000.manifest.jsonl"))).size;
    const sizes = {
      packed,
      uint16,
      flat: bytesOf("tokens"),
      npy: bytesOf("npy") + (await blocksBelow(join(folder, "npy"))),
      webdataset: bytesOf("webdataset"),
      parquet: bytesOf("parquet"),
      jsonl: bytesOf("jsonl"),
      manifest,
    };
    const perHour = 3600 / seconds / 1e6;
    return Object.fromEntries(kinds.map((kind) => [kind, sizes[kind] * perHour])) as typeof sizes;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What files take on a disk with blocks of 4096 bytes. */
async function blocksBelow(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = await Promise.all(entries.filter((entry) => entry.isFile()).map((entry) => stat(join(entry.parentPath, entry.name))));
  return files.reduce((sum, { size }) => sum + 4096 * Math.ceil(size / 4096), 0);
}

/** A clip with names and columns as LibriSpeech has them, and a sentence of 15 characters for each second. */
function clipOf(codec: Codec, index: number, seconds: number): EncodedClip {
  const codes = codesOf(codec, Math.round(seconds * codec.sampleRate));
  const key = `1272/128104/1272-128104-${String(index).padStart(6, "0")}`;
  const columns = { text: "NOR IS MISTER Q".repeat(Math.min(Math.round(seconds), 600)), speaker: "1272", chapter: "128104" };
  return {
    key,
    row: key,
    source: `${key}.flac`,
    start: 0,
    end: codes.duration,
    window: null,
    channel: null,
    codes,
    loudness: { peak: Math.abs(random()), rms: Math.abs(random()) },
    columns,
  };
}

function codesOf({ segment = null, numCodebooks, ...codec }: Codec, numSamples: number): AudioCodes {
  const { hopLength, codebookSize } = codec;
  const starts = segment === null ? [0] : Array.from({ length: Math.ceil(numSamples / segment.stride) }, (_, i) => i * segment.stride);
  const framesOf = (start: number): number => Math.ceil(Math.min(segment?.length ?? Infinity, numSamples - start) / hopLength);
  const numFrames = framesOf(0);
  const data = new Uint16Array(starts.length * numCodebooks * numFrames);
  for (const [index, start] of starts.entries()) {
    for (let row = 0; row < numCodebooks; row++) {
      const at = (index * numCodebooks + row) * numFrames;
      for (let t = 0; t < framesOf(start); t++) data[at + t] = Math.floor(((random() + 1) / 2) * codebookSize);
    }
  }
  return new AudioCodes({
    ...codec,
    data,
    shape: [starts.length, numCodebooks, numFrames],
    scales: segment === null ? null : Float32Array.from(starts, () => Math.abs(random())),
    numSamples,
    segment,
    bandwidth: bandwidthOf({ numCodebooks, codebookSize, frameRate: Math.ceil(codec.sampleRate / hopLength) }),
    provenance: {
      model: `facebook/encodec_${codec.sampleRate / 1000}khz`,
      revision: "c".repeat(40),
      digest: "d".repeat(64),
      license: "MIT",
      licenseStatus: "contested",
    },
  });
}
