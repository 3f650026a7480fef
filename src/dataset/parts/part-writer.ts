import { join } from "node:path";
import { makeFolderInside, removeInside } from "../../files/index.ts";
import { failureOf, RowError } from "../decoding/row-failure.ts";
import type { EncodedRow, ToldWarning } from "../encoding/encode-rows.ts";
import { writingError } from "../folder/disk-space.ts";
import { createDurable } from "../folder/durable-file.ts";
import type { DurableFile } from "../folder/durable-file.ts";
import type { JsonObject } from "../folder/json-value.ts";
import { partFile } from "../folder/part-names.ts";
import { isBadRow } from "../inputs/row.ts";
import type { ClipOutput, PartWriter } from "../formats/clip-output.ts";
import type { ClipPlace, FinishedShard, OutputFormat } from "../records/finished-shard.ts";
import { formatManifestLine } from "../records/manifest.ts";
import { writePartRecord } from "../records/part-record.ts";
import type { PartRecord } from "../records/part-record.ts";
import { publishedMessage, publishedPath } from "../records/published-names.ts";
import { StatisticsBuilder } from "../records/statistics.ts";
import { removeShards } from "./remove-shards.ts";

/**
 * Everything that a part leaves behind, written row by row: its shards, its lines of the manifest, of the errors and of the warnings, and in the end its record.
 * Disposed before `finish`, it leaves nothing.
 */
export class DatasetPartWriter implements AsyncDisposable {
  readonly part: number;
  readonly #folder: string;
  readonly #writers: ReadonlyMap<OutputFormat, PartWriter>;
  readonly #manifest: DurableFile;
  readonly #errors: DurableFile;
  /** Begun with the first warning: most parts have none. */
  #warnings: DurableFile | undefined;
  readonly #onDone: () => Promise<void>;
  readonly #statistics = new StatisticsBuilder();
  readonly #counts = { rows: 0, clips: 0, errors: 0, seconds: 0, warnings: 0, damaged: 0 };
  #isFinished = false;

  private constructor(
    folder: string,
    part: number,
    writers: ReadonlyMap<OutputFormat, PartWriter>,
    manifest: DurableFile,
    errors: DurableFile,
    onDone: () => Promise<void>,
  ) {
    this.#onDone = onDone;
    this.#folder = folder;
    this.part = part;
    this.#writers = writers;
    this.#manifest = manifest;
    this.#errors = errors;
  }

  /** Begins a part; what an earlier run left of it goes. @param onDone Called, and waited for, when all but its record is written. */
  static async begin(
    folder: string,
    part: number,
    outputs: readonly ClipOutput[],
    onDone: () => Promise<void> = async () => {},
  ): Promise<DatasetPartWriter> {
    await removeShards(folder, part);
    await makeFolderInside(folder, "parts").catch((error: unknown) => {
      throw writingError(folder, error);
    });
    await removeInside(folder, partFile(part, "warnings"));
    const manifest = await createDurable(join(folder, partFile(part, "manifest")));
    try {
      const errors = await createDurable(join(folder, partFile(part, "errors")));
      return new DatasetPartWriter(
        folder,
        part,
        new Map(outputs.map((output) => [output.format, output.openPart(part)])),
        manifest,
        errors,
        onDone,
      );
    } catch (error) {
      await manifest[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Writes the next row. @returns What is written: a row whose clips cannot be named here has failed. */
  async add(row: EncodedRow): Promise<EncodedRow> {
    const encoded = await this.#prepare(row);
    this.#counts.rows++;
    if (encoded.failure !== null) {
      this.#counts.errors++;
      this.#statistics.addError(encoded.failure.code);
      await this.#errors.write(new TextEncoder().encode(formatErrorLine(encoded)));
    }
    for (const clip of encoded.clips) {
      const places: { [format in OutputFormat]?: ClipPlace } = {};
      for (const [format, writer] of this.#writers) places[format] = await writer.add(clip);
      await this.#manifest.write(new TextEncoder().encode(formatManifestLine(clip, places)));
      this.#statistics.addClip(clip);
      this.#counts.clips++;
      this.#counts.seconds += clip.codes.duration;
      if (clip.damage !== undefined) this.#counts.damaged++;
    }
    for (const warning of encoded.warnings) {
      this.#warnings ??= await createDurable(join(this.#folder, partFile(this.part, "warnings")));
      await this.#warnings.write(new TextEncoder().encode(formatWarningLine(encoded, warning)));
      this.#statistics.addWarning(warning.code);
      this.#counts.warnings++;
    }
    return encoded;
  }

  async #prepare(row: EncodedRow): Promise<EncodedRow> {
    try {
      for (const writer of this.#writers.values()) await writer.prepare(row.clips);
      return row;
    } catch (error) {
      if (!(error instanceof RowError)) throw error;
      return { ...row, clips: [], failure: failureOf(error), warnings: [] };
    }
  }

  /** Completes the part; its record is written last. */
  async finish(): Promise<PartRecord> {
    const shards: FinishedShard[] = [];
    for (const writer of this.#writers.values()) shards.push(...(await writer.finish()));
    await this.#manifest.publish();
    await this.#errors.publish();
    await this.#warnings?.publish();
    const { rows, clips, errors, seconds, ...damage } = this.#counts;
    const statistics = JSON.parse(JSON.stringify(this.#statistics.build())) as JsonObject;
    const record: PartRecord = {
      part: this.part,
      rows,
      clips,
      errors,
      seconds,
      ...(damage.warnings === 0 ? {} : damage),
      shards,
      statistics,
    };
    await this.#onDone();
    await writePartRecord(this.#folder, record);
    this.#isFinished = true;
    return record;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isFinished) return;
    for (const writer of this.#writers.values()) await writer.abort();
    await this.#manifest[Symbol.asyncDispose]();
    await this.#errors[Symbol.asyncDispose]();
    await this.#warnings?.[Symbol.asyncDispose]();
  }
}

/** A row that failed, as a line of `errors.jsonl`. */
function formatErrorLine({ failure, ...row }: EncodedRow): string {
  return `${JSON.stringify({ ...rowFields(row), ...failure, ...(failure !== null && { message: publishedMessage(failure.message) }) })}\n`;
}

/** What is wrong with the audio of a row, as a line of `warnings.jsonl`: position and loss in samples per channel at the file's rate. */
function formatWarningLine(row: EncodedRow, { code, message, position, numLost, sampleRate, clips }: ToldWarning): string {
  return `${JSON.stringify({ ...rowFields(row), code, message, position, num_lost: numLost, sample_rate: sampleRate, clips })}\n`;
}

/** What tells a row in a list. */
function rowFields({ index, row }: Pick<EncodedRow, "index" | "row">): Readonly<Record<string, unknown>> {
  const of = isBadRow(row) ? { line: row.line } : { key: row.key, member: row.member?.name, start: row.start, end: row.end };
  return { row: index, path: publishedPath(row.path), ...of };
}
