import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { LicenseRecord } from "../../src/core/index.ts";
import { writeDurably } from "../../src/dataset/folder/durable-file.ts";
import type { JsonObject } from "../../src/dataset/folder/json-value.ts";
import { partFile } from "../../src/dataset/folder/part-names.ts";
import type { ClipOutput } from "../../src/dataset/formats/clip-output.ts";
import { codecFieldsOf } from "../../src/dataset/records/codec-fields.ts";
import type { DatasetInfo } from "../../src/dataset/records/dataset-info.ts";
import type { EncodedClip } from "../../src/dataset/records/encoded-clip.ts";
import { formatManifestLine } from "../../src/dataset/records/manifest.ts";
import { writePartRecord } from "../../src/dataset/records/part-record.ts";
import { StatisticsBuilder } from "../../src/dataset/records/statistics.ts";
import { assembleDataset } from "../../src/dataset/report/assemble-dataset.ts";

/** What is said of the weights in these tests. */
export const license: LicenseRecord = {
  subject: "facebook/encodec_24khz",
  revision: null,
  declared: { card: ["mit"], api: null },
  upstream: "The code is MIT; of the weights nothing is said.",
  effective: "MIT",
  stricterReading: "CC-BY-NC-4.0",
  status: "contested",
  classes: ["permissive"],
  evidence: [{ source: "https://example.org/LICENSE", fact: "the repository is MIT", date: "2023-04-26" }],
};

/** Writes parts and their records, as a run does. @param failures Rows of the last part that became errors. */
export async function writeParts(
  folder: string,
  outputs: readonly ClipOutput[],
  parts: readonly (readonly EncodedClip[])[],
  failures: number = 0,
): Promise<void> {
  await mkdir(`${folder}/parts`, { recursive: true });
  for (const [part, clips] of parts.entries()) {
    const statistics = new StatisticsBuilder();
    const writers = outputs.map((output) => ({ format: output.format, writer: output.openPart(part) }));
    const lines: string[] = [];
    for (const clip of clips) {
      const places = [];
      for (const { format, writer } of writers) places.push([format, await writer.add(clip)] as const);
      lines.push(formatManifestLine(clip, Object.fromEntries(places)));
      statistics.addClip(clip);
    }
    const failed = part === parts.length - 1 ? failures : 0;
    for (let row = 0; row < failed; row++) statistics.addError(row % 3 === 0 ? "AUDIO_EMPTY" : "AUDIO_CORRUPT");
    const shards = [];
    for (const { writer } of writers) shards.push(...(await writer.finish()));
    await writeDurably(join(folder, partFile(part, "manifest")), lines.join(""));
    await writeDurably(join(folder, partFile(part, "errors")), '{"path":"a.wav"}\n'.repeat(failed));
    const seconds = clips.reduce((sum, { codes }) => sum + codes.duration, 0);
    const built = JSON.parse(JSON.stringify(statistics.build())) as JsonObject;
    await writePartRecord(folder, {
      part,
      rows: clips.length + failed,
      clips: clips.length,
      errors: failed,
      seconds,
      shards,
      statistics: built,
    });
  }
}

/** Writes a whole dataset. */
export async function writeDataset(
  folder: string,
  outputs: readonly ClipOutput[],
  parts: readonly (readonly EncodedClip[])[],
  more: { readonly failures?: number; readonly audioLicense?: string } = {},
): Promise<DatasetInfo> {
  await writeParts(folder, outputs, parts, more.failures);
  return assembleDataset({
    folder,
    numParts: parts.length,
    tool: { name: "encodec-tokenizer", version: "0.1.0" },
    codec: parts[0]?.[0] === undefined ? null : codecFieldsOf(parts[0][0].codes),
    license,
    audioLicense: more.audioLicense,
    options: { bandwidth: 2.25 },
    card: { title: "Speech as tokens", languages: ["en"] },
  });
}
