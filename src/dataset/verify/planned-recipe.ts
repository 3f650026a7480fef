import { z } from "zod";
import { channelModes } from "../decoding/clip-channels.ts";
import type { RowRecipe } from "../decoding/row-recipe.ts";
import { DatasetError } from "../folder/dataset-error.ts";
import type { DatasetPlan } from "../plan/dataset-plan.ts";
import type { CodecFields } from "../records/codec-fields.ts";

const count = z.int().min(1);
const limit = z.number().positive().optional();

const schema = z.object({
  fingerprint: z.string().nullable(),
  clips: z.object({
    window: z.object({ length: count, stride: count, tail: z.enum(["keep", "drop", "pad"]) }).nullable(),
    minimum: count,
    hopLength: count,
    channels: z.enum(channelModes),
    trim: z.object({ threshold: z.number(), padding: z.number().optional() }).nullable(),
    limits: z.object({ minSampleRate: limit, maxSampleRate: limit, maxChannels: limit, maxSamples: limit }).optional(),
    strict: z.boolean().optional(),
    ffmpeg: z.literal(false).optional(),
  }),
});

/** What the settings of a plan say of how its rows became clips. */
export interface PlannedRecipe {
  readonly recipe: RowRecipe;
  /** The codec's fingerprint, where its weights have no digest. */
  readonly fingerprint: string | null;
}

/** @throws DatasetError with code DATASET_FORMAT for settings of another release. */
export function plannedRecipeOf({ folder, settings }: DatasetPlan, { sample_rate: sampleRate, channels }: CodecFields): PlannedRecipe {
  const { data, error } = schema.safeParse(settings);
  if (data === undefined) {
    const { path, message } = error.issues[0]!;
    throw new DatasetError("DATASET_FORMAT", `the plan of ${folder} does not say how its clips were made: ${path.join(".")}: ${message}`, {
      cause: error,
    });
  }
  const { channels: mode, trim, limits, strict, ffmpeg, ...planning } = data.clips;
  return { recipe: { sampleRate, channels, mode, planning, trim, limits, strict, ffmpeg }, fingerprint: data.fingerprint };
}
