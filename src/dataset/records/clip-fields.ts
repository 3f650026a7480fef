import { z } from "zod";
import { AudioCodes } from "../../core/index.ts";
import { jsonObject } from "../folder/json-value.ts";
import type { JsonObject, JsonValue } from "../folder/json-value.ts";
import type { ClipDamage } from "../decoding/clip-damage.ts";
import { keyProblem } from "../inputs/row-key.ts";
import { codecFrom } from "./codec-fields.ts";
import type { CodecFields } from "./codec-fields.ts";
import type { EncodedClip } from "./encoded-clip.ts";

const index = z.int().min(0);
const seconds = z.number().min(0);

/** Numbers that pass a check: one by one with a schema, they take ten times as long. */
export function numbersThat(isRight: (value: unknown) => boolean, what: string): z.ZodType<readonly number[]> {
  return z.custom<readonly number[]>((values) => Array.isArray(values) && values.every(isRight), { error: `expected a list of ${what}` });
}

/** The key of a clip, which may name files below a folder. */
export const clipKey: z.ZodType<string> = z.string().refine((key) => keyProblem(key) === undefined, {
  error: ({ input }) => `it cannot name a file: ${keyProblem(String(input))}`,
});

const damageSchema: z.ZodType<DamageFields> = z.object({
  kinds: z.array(z.enum(["AUDIO_TRUNCATED", "AUDIO_GAP", "AUDIO_CHANGED"])).max(3),
  places: z.int().min(1),
  num_lost: index,
});

/** What is wrong with the audio of a clip, in the words of the files. */
interface DamageFields extends Omit<ClipDamage, "numLost"> {
  readonly num_lost: number;
}

/** Everything about a clip but its codes and its codec: the same fields in every format. */
export const clipSchema: z.ZodType<ClipFields> = z.object({
  key: clipKey,
  row: z.string(),
  source: z.string(),
  start: seconds,
  end: seconds,
  window: index.nullable(),
  channel: index.nullable(),
  duration: seconds,
  num_samples: z.int().min(1),
  num_segments: z.int().min(1),
  num_frames: z.int().min(1),
  scales: numbersThat(Number.isFinite, "numbers").nullable(),
  peak: z.number().nullable(),
  rms: z.number().nullable(),
  damage: damageSchema.optional(),
  decoder: z.string().max(200).optional(),
  columns: jsonObject,
});

/** A clip in the words of the files: seconds, samples per channel, frames per segment. */
export interface ClipFields extends Pick<EncodedClip, "key" | "row" | "source" | "start" | "end" | "window" | "channel" | "columns"> {
  readonly duration: number;
  readonly num_samples: number;
  readonly num_segments: number;
  readonly num_frames: number;
  readonly scales: readonly number[] | null;
  readonly peak: number | null;
  readonly rms: number | null;
  /** Only where the clip's audio is damaged. */
  readonly damage?: DamageFields | undefined;
  /** Only where another program decoded the clip's audio: its name and version. */
  readonly decoder?: string | undefined;
}

/** The fields of a clip, always in this order. */
export function clipFieldsOf(clip: EncodedClip): ClipFields {
  const { codes, loudness } = clip;
  return {
    key: clip.key,
    row: clip.row,
    source: clip.source,
    start: clip.start,
    end: clip.end,
    window: clip.window,
    channel: clip.channel,
    duration: codes.duration,
    num_samples: codes.numSamples,
    num_segments: codes.numSegments,
    num_frames: codes.numFrames,
    scales: codes.scales === null ? null : Array.from(codes.scales),
    peak: loudness?.peak ?? null,
    rms: loudness?.rms ?? null,
    ...(clip.damage === undefined ? {} : { damage: damageFieldsOf(clip.damage) }),
    ...(clip.decoder === undefined ? {} : { decoder: clip.decoder }),
    columns: sortedObject(clip.columns),
  };
}

/**
 * The clip that fields and codes are of: the inverse of `clipFieldsOf`.
 * @param data Row-major `[numSegments, K, T]`.
 * @throws CodesError if they do not fit together.
 */
export function clipFrom(fields: ClipFields, codec: CodecFields, data: Uint16Array): EncodedClip {
  const { key, row, source, start, end, window, channel, peak, rms, columns } = fields;
  const codes = new AudioCodes({
    ...codecFrom(codec),
    data,
    shape: [fields.num_segments, codec.num_codebooks, fields.num_frames],
    scales: fields.scales === null ? null : Float32Array.from(fields.scales),
    numSamples: fields.num_samples,
  });
  const loudness = peak === null || rms === null ? null : { peak, rms };
  const damage = fields.damage === undefined ? {} : { damage: damageFrom(fields.damage) };
  const decoder = fields.decoder === undefined ? {} : { decoder: fields.decoder };
  return { key, row, source, start, end, window, channel, codes, loudness, ...damage, ...decoder, columns };
}

/** Damage in the words of the files. */
export function damageFieldsOf({ kinds, places, numLost }: ClipDamage): DamageFields {
  return { kinds, places, num_lost: numLost };
}

function damageFrom({ kinds, places, num_lost: numLost }: DamageFields): ClipDamage {
  return { kinds, places, numLost };
}

/** Shape of a clip's codes as files have it: `[K, T]`, or `[numSegments, K, T]` for a codec that works in segments, even if there is one. */
export function storedShape({ segment, shape }: AudioCodes): readonly number[] {
  return segment === null ? shape.slice(1) : shape;
}

/** An object with its names in the order of their UTF-16 units, in all depths: rows that say the same give the same bytes. */
function sortedObject(object: JsonObject): JsonObject {
  const entries = Object.entries(object).map(([name, value]) => [name, sortedValue(value)] as const);
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function sortedValue(value: JsonValue): JsonValue {
  if (typeof value !== "object" || value === null) return value;
  return Array.isArray(value) ? value.map(sortedValue) : sortedObject(value as JsonObject);
}
