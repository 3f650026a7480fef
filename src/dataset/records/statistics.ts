import { z } from "zod";
import { DatasetError } from "../folder/dataset-error.ts";
import { numbersThat } from "./clip-fields.ts";
import type { CodecFields } from "./codec-fields.ts";
import type { EncodedClip } from "./encoded-clip.ts";
import { binOf, durationEdges, loudnessEdges } from "./histogram.ts";

const count = z.int().min(0);

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const countsIn = (bins: number): z.ZodType<readonly number[]> =>
  numbersThat(isCount, `${bins} counts`).refine(({ length }) => length === bins, { error: `expected ${bins} counts` });

/** Most codes of all codebooks together that are counted: 128 codebooks of 1024. What is said of each part and of the whole stays below 2 MiB. */
const maxCounts = 2 ** 17;

/** @throws RangeError for a codec with so many codes that a dataset cannot say how often each occurs. */
export function checkCountable({
  num_codebooks: codebooks,
  codebook_size: size,
}: Pick<CodecFields, "num_codebooks" | "codebook_size">): void {
  if (codebooks * size > maxCounts)
    throw new RangeError(
      `${codebooks} codebooks of ${size} codes are more than a dataset counts, ${maxCounts} codes in all; choose a lower bandwidth, or fewer codebooks`,
    );
}

const countsByCode = z.custom<Readonly<Record<string, number>>>(
  (counts) => typeof counts === "object" && counts !== null && Object.values(counts).every(isCount),
  { error: "expected counts" },
);

/** Statistics as files hold them. */
export const statisticsSchema: z.ZodType<DatasetStatistics> = z.object({
  clips: count,
  samples: count,
  frames: count,
  sample_rate: count,
  codes: z.custom<readonly (readonly number[])[]>(
    (codes) => Array.isArray(codes) && codes.every((counts) => Array.isArray(counts) && counts.every(isCount)),
    { error: "expected lists of counts" },
  ),
  durations: countsIn(durationEdges.length + 1),
  loudness: countsIn(loudnessEdges.length + 1),
  errors: countsByCode,
  warnings: countsByCode.optional(),
  damage: z.object({ clips: count, samples: count }).optional(),
  decoders: countsByCode.optional(),
});

/** Counts over clips: all integers, so that the sum over parts is exact in any order. */
export interface DatasetStatistics {
  readonly clips: number;
  /** Samples per channel. */
  readonly samples: number;
  /** Frames over all segments. */
  readonly frames: number;
  /** Sample rate in hertz; 0 before the first clip. */
  readonly sample_rate: number;
  /** `[K][codebookSize]`: how often each code occurs; frames that a short segment does not have are left out. */
  readonly codes: readonly (readonly number[])[];
  /** Clips by duration in seconds, between `durationEdges`. */
  readonly durations: readonly number[];
  /** Clips by RMS in dB of full scale, between `loudnessEdges`; those that nobody measured are left out. */
  readonly loudness: readonly number[];
  /** Rows that failed, by the code of their error. */
  readonly errors: Readonly<Record<string, number>>;
  /** Warnings, by their code; only where there are any. */
  readonly warnings?: Readonly<Record<string, number>> | undefined;
  /** Clips of damaged audio, and the samples per channel that are lost of them; only where there are any. */
  readonly damage?: { readonly clips: number; readonly samples: number } | undefined;
  /** Clips whose audio another program decoded, by its name and version; only where there are any. */
  readonly decoders?: Readonly<Record<string, number>> | undefined;
}

/** How much of a codebook is used. */
export interface CodebookUsage {
  /** Share of the codes that occur, 0…1. */
  readonly used: number;
  /** Entropy of the codes' distribution, in bits; at most log2 of the codebook size. */
  readonly entropy: number;
}

/** Statistics of nothing: the sum starts with it. */
export const noStatistics: DatasetStatistics = {
  clips: 0,
  samples: 0,
  frames: 0,
  sample_rate: 0,
  codes: [],
  durations: durationEdges.map(() => 0).concat(0),
  loudness: loudnessEdges.map(() => 0).concat(0),
  errors: {},
};

/** Gathers the statistics of a part. */
export class StatisticsBuilder {
  #clips = 0;
  #samples = 0;
  #frames = 0;
  #sampleRate = 0;
  #codes: Float64Array[] = [];
  readonly #durations: number[] = [...noStatistics.durations];
  readonly #loudness: number[] = [...noStatistics.loudness];
  readonly #errors = new Map<string, number>();
  readonly #warnings = new Map<string, number>();
  readonly #damage = { clips: 0, samples: 0 };
  readonly #decoders = new Map<string, number>();

  /** Counts a clip, which is of the same codec as those before. */
  addClip({ codes, loudness, damage, decoder }: EncodedClip): void {
    const { data, numSegments, numCodebooks, numFrames, codebookSize } = codes;
    if (this.#clips === 0) this.#codes = Array.from({ length: numCodebooks }, () => new Float64Array(codebookSize));
    for (let segment = 0; segment < numSegments; segment++) {
      const frames = codes.segmentFrames(segment);
      this.#frames += frames;
      for (let k = 0; k < numCodebooks; k++) {
        const counts = this.#codes[k]!;
        const start = (segment * numCodebooks + k) * numFrames;
        for (let index = start; index < start + frames; index++) counts[data[index]!]!++;
      }
    }
    this.#clips++;
    this.#samples += codes.numSamples;
    this.#sampleRate = codes.sampleRate;
    this.#durations[binOf(durationEdges, codes.duration)]!++;
    if (loudness !== null) this.#loudness[binOf(loudnessEdges, 20 * Math.log10(loudness.rms))]!++;
    if (decoder !== undefined) this.#decoders.set(decoder, (this.#decoders.get(decoder) ?? 0) + 1);
    if (damage === undefined) return;
    this.#damage.clips++;
    this.#damage.samples = Math.min(this.#damage.samples + damage.numLost, Number.MAX_SAFE_INTEGER);
  }

  /** Counts a row that failed. @param code Of its error: `AUDIO_CORRUPT`. */
  addError(code: string): void {
    this.#errors.set(code, (this.#errors.get(code) ?? 0) + 1);
  }

  /** Counts a warning. @param code `AUDIO_GAP`. */
  addWarning(code: string): void {
    this.#warnings.set(code, (this.#warnings.get(code) ?? 0) + 1);
  }

  /** What was counted so far. */
  build(): DatasetStatistics {
    return {
      clips: this.#clips,
      samples: this.#samples,
      frames: this.#frames,
      sample_rate: this.#sampleRate,
      codes: this.#codes.map((counts) => Array.from(counts)),
      durations: [...this.#durations],
      loudness: [...this.#loudness],
      errors: sortedCounts(this.#errors),
      ...damageCounts(this.#warnings, this.#damage),
      ...(this.#decoders.size === 0 ? {} : { decoders: sortedCounts(this.#decoders) }),
    };
  }
}

/**
 * Statistics of two parts as one: the same in whatever order parts are merged.
 * @throws DatasetError with code DATASET_MISMATCH if they are of different codecs.
 */
export function mergeStatistics(a: DatasetStatistics, b: DatasetStatistics): DatasetStatistics {
  if (a.clips > 0 && b.clips > 0 && shapeOf(a) !== shapeOf(b)) {
    throw new DatasetError("DATASET_MISMATCH", `statistics of different codecs cannot be merged: found ${shapeOf(b)} after ${shapeOf(a)}`);
  }
  const decoders = sumByCode(a.decoders, b.decoders);
  return {
    clips: a.clips + b.clips,
    samples: a.samples + b.samples,
    frames: a.frames + b.frames,
    sample_rate: Math.max(a.sample_rate, b.sample_rate),
    codes: a.codes.length === 0 ? b.codes : a.codes.map((counts, k) => sumOf(counts, b.codes[k] ?? [])),
    durations: sumOf(a.durations, b.durations),
    loudness: sumOf(a.loudness, b.loudness),
    errors: sortedCounts(sumByCode(a.errors, b.errors)),
    ...damageCounts(sumByCode(a.warnings, b.warnings), {
      clips: (a.damage?.clips ?? 0) + (b.damage?.clips ?? 0),
      samples: Math.min((a.damage?.samples ?? 0) + (b.damage?.samples ?? 0), Number.MAX_SAFE_INTEGER),
    }),
    ...(decoders.size === 0 ? {} : { decoders: sortedCounts(decoders) }),
  };
}

/** Usage and entropy of each codebook. */
export function codebookUsage({ codes }: DatasetStatistics): readonly CodebookUsage[] {
  return codes.map((counts) => {
    const total = counts.reduce((sum, number) => sum + number, 0);
    const present = counts.filter((number) => number > 0);
    const entropy = present.reduce((sum, number) => sum - (number / total) * Math.log2(number / total), 0);
    return { used: present.length / counts.length, entropy: Math.max(0, entropy) };
  });
}

/** Hours of audio. */
export function hoursOf({ samples, sample_rate }: DatasetStatistics): number {
  return sample_rate === 0 ? 0 : samples / sample_rate / 3600;
}

function shapeOf({ sample_rate, codes }: DatasetStatistics): string {
  return `${codes.length} codebooks of ${codes[0]?.length ?? 0} codes at ${sample_rate} Hz`;
}

function sumOf(a: readonly number[], b: readonly number[]): readonly number[] {
  return a.map((number, index) => number + (b[index] ?? 0));
}

function sumByCode(a: Readonly<Record<string, number>> = {}, b: Readonly<Record<string, number>> = {}): ReadonlyMap<string, number> {
  const sum = new Map(Object.entries(a));
  for (const [code, number] of Object.entries(b)) sum.set(code, (sum.get(code) ?? 0) + number);
  return sum;
}

/** Datasets of sound audio say nothing of damage. */
function damageCounts(
  warnings: ReadonlyMap<string, number>,
  damage: NonNullable<DatasetStatistics["damage"]>,
): Pick<DatasetStatistics, "warnings" | "damage"> {
  return {
    ...(warnings.size === 0 ? {} : { warnings: sortedCounts(warnings) }),
    ...(damage.clips === 0 ? {} : { damage: { ...damage } }),
  };
}

function sortedCounts(counts: ReadonlyMap<string, number>): Readonly<Record<string, number>> {
  return Object.fromEntries([...counts].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
