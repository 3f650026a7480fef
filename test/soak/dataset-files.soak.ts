import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { atOnce, CodecError } from "../../src/core/index.ts";
import { readShard } from "../../src/dataset/formats/read-shard.ts";
import { formatRow, parseRow } from "../../src/dataset/inputs/row.ts";
import { openPlan } from "../../src/dataset/plan/dataset-plan.ts";
import { formatOffsets, formatPlanFile, formatPlannedInputs, formatRepeats, planFiles } from "../../src/dataset/plan/plan-files.ts";
import { formatDatasetInfo, parseDatasetInfo } from "../../src/dataset/records/dataset-info.ts";
import { parseManifestLine } from "../../src/dataset/records/manifest.ts";
import { parsePartRecord } from "../../src/dataset/records/part-record.ts";
import { noStatistics } from "../../src/dataset/records/statistics.ts";
import { fuzz } from "./fuzz.ts";
import { sharedFolder } from "../temporary-folder.ts";

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const sha256 = "0".repeat(64);
const shards = [{ format: "webdataset" as const, path: "shards/part-000000-000.tar", bytes: 10, sha256, clips: 1 }];
const codec = {
  sample_rate: 24_000,
  channels: 1,
  hop_length: 320,
  frame_rate: 75,
  codebook_size: 1024,
  num_codebooks: 1,
  bandwidth: 0.75,
  segment_length: null,
  segment_stride: null,
  model: "m",
  revision: null,
  digest: null,
  license: null,
  license_status: null,
};
const clip = {
  key: "a/b",
  row: "a/b",
  source: "a/b.wav",
  start: 0,
  end: 0.1,
  window: null,
  channel: null,
  duration: 0.1,
  num_samples: 640,
  num_segments: 1,
  num_frames: 2,
  scales: null,
  peak: 0.5,
  rms: 0.1,
  columns: { x: [1, "y"] },
};
const words = [
  '"path"',
  '"shards"',
  '"format"',
  "../",
  "\\n",
  "\\u2028",
  "null",
  "1e999",
  "{",
  "}",
  "[",
  "]",
  '"__proto__"',
  ",",
  ":",
  '"',
];

/** What is no JSON, or none of what is asked for, is damage, as those who read the files say. */
function asDamage<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof CodecError) throw cause;
    if (cause instanceof SyntaxError || cause instanceof RangeError || (cause as Error).name === "ZodError")
      throw new CodecError("DAMAGED", "damaged", { cause });
    throw cause;
  }
}

fuzz({
  name: "dataset.json",
  share: 0.3,
  seeds: [
    Buffer.from(
      formatDatasetInfo({
        tool: { name: "t", version: "1" },
        codec: null,
        license: null,
        audioLicense: null,
        options: { a: [1] },
        counts: { rows: 1, clips: 1, errors: 0, parts: 1, hours: 0 },
        statistics: noStatistics,
        manifest: { path: "manifest.jsonl", bytes: 1, sha256, lines: 1 },
        errors: { path: "errors.jsonl", bytes: 0, sha256, lines: 0 },
        files: [{ path: "README.md", bytes: 1, sha256 }],
        shards,
      }),
    ),
  ],
  dictionary: words,
  parse: (bytes) => atOnce(parseDatasetInfo(bytes, "dataset.json")),
});

fuzz({
  name: "record of a part",
  share: 0.5,
  seeds: [Buffer.from(JSON.stringify({ part: 0, rows: 1, clips: 1, errors: 0, seconds: 1, shards, statistics: {} }))],
  dictionary: words,
  parse: (bytes) => asDamage(() => atOnce(parsePartRecord(bytes, 0))),
});

fuzz({
  name: "row of a plan",
  seeds: [
    formatRow({
      key: "a",
      input: 0,
      path: "a.wav",
      member: { name: "m.wav", offset: 512, size: 10 },
      start: 0.5,
      end: 1,
      columns: { x: [1] },
    }),
    formatRow({ input: 0, path: "m.jsonl", line: 1, problem: { code: "ROW_INVALID", message: "it" } }),
  ].map((line) => Buffer.from(line)),
  dictionary: words,
  parse: (bytes) => asDamage(() => parseRow(text(bytes))),
});

fuzz({
  name: "line of a manifest",
  share: 0.5,
  seeds: [Buffer.from(JSON.stringify({ ...clip, places: { npy: { file: "npy/a/b.npy", index: 0 } } }))],
  dictionary: words,
  parse: (bytes) => asDamage(() => atOnce(parseManifestLine(bytes))),
});

const folder = sharedFolder();
for (const name of ["plan", "shards"]) mkdirSync(join(folder, name));

const plan = formatPlanFile({
  settings: { a: 1 },
  rows: {
    count: 3,
    partRows: 2,
    parts: 2,
    sha256,
    dedupe: false,
    duplicates: 0,
    bad: 0,
    repeats: 1,
    columns: [{ name: "x", type: "int64" }],
  },
});
const lines = [0, 1, 2].map((i) => `${JSON.stringify({ key: `k${i}`, input: 0, path: `${i}.wav` })}\n`);
const offsets = formatOffsets([0, lines[0]!.length + lines[1]!.length, lines.join("").length]);

/** The files of a plan one after the other, each with its length before it. */
const planBytes = Buffer.concat(
  [
    plan,
    lines.join(""),
    offsets,
    formatRepeats([{ row: 2, first: 0 }]),
    formatPlannedInputs([{ kind: "folder", root: "/in", details: {} }]),
  ].flatMap((part) => [Buffer.from(Uint16Array.of(part.length).buffer), Buffer.from(part)]),
);

fuzz({
  name: "files of a plan",
  share: 0.01,
  seeds: [planBytes],
  dictionary: words,
  async parse(bytes) {
    let start = 0;
    for (const name of [planFiles.plan, planFiles.rows, planFiles.offsets, planFiles.repeats, planFiles.inputs]) {
      const length = start + 2 <= bytes.length ? bytes[start]! + 256 * bytes[start + 1]! : 0;
      writeFileSync(join(folder, name), bytes.subarray(start + 2, start + 2 + length));
      start += 2 + length;
    }
    const opened = await openPlan(folder);
    for (let part = 0; part < Math.min(opened.numParts, 4); part++) for await (const _ of opened.readPart(part));
  },
});

fuzz({
  name: "shard of lines",
  share: 0.01,
  seeds: [Buffer.from(`${JSON.stringify({ ...clip, codec, codes: [[1, 2]] })}\n`)],
  dictionary: [...words, '"codes"', '"num_frames"', '"num_segments"'],
  async parse(bytes) {
    const path = "shards/part-000000-000.jsonl";
    writeFileSync(join(folder, path), bytes);
    for await (const { codes } of readShard(folder, path)) codes.segmentFrames(0);
  },
});
