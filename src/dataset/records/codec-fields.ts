import { z } from "zod";
import { bandwidthOf, CodesError } from "../../core/index.ts";
import type { AudioCodesData } from "../../core/index.ts";
import type { AudioTokenizer } from "../../tokenizer/index.ts";
import { publishedModel } from "./published-names.ts";

const count = z.int().min(1);
const text = z.string().nullable();

/** The codec that all clips of a dataset share, and where its weights came from: the same fields in every format. */
export const codecSchema: z.ZodType<CodecFields> = z.object({
  sample_rate: count,
  channels: count,
  hop_length: count,
  frame_rate: count,
  codebook_size: count,
  num_codebooks: count,
  bandwidth: z.number().positive(),
  segment_length: count.nullable(),
  segment_stride: count.nullable(),
  model: z.string(),
  revision: text,
  digest: text,
  license: text,
  license_status: z.enum(["settled", "unresolved", "contested"]).nullable(),
});

/** A codec in the words of the files: hertz, samples, frames per second, kbps. */
export interface CodecFields {
  readonly sample_rate: number;
  readonly channels: number;
  readonly hop_length: number;
  readonly frame_rate: number;
  readonly codebook_size: number;
  readonly num_codebooks: number;
  readonly bandwidth: number;
  readonly segment_length: number | null;
  readonly segment_stride: number | null;
  readonly model: string;
  readonly revision: string | null;
  readonly digest: string | null;
  readonly license: string | null;
  readonly license_status: "settled" | "unresolved" | "contested" | null;
}

/** What codes say of their codec. */
type CodecOfCodes = Omit<AudioCodesData, "data" | "shape" | "scales" | "numSamples">;

/** The codec of codes. */
export function codecFieldsOf(codes: AudioCodesData): CodecFields {
  return fieldsOf(codes, codes.shape[1]);
}

/** The codec of the codes that a tokenizer is going to give; a model of this machine goes by its published name. */
export function codecFieldsFor(tokenizer: AudioTokenizer, numCodebooks: number): CodecFields {
  const { sampleRate, channels, hopLength, frameRate, codebookSize, segment, provenance } = tokenizer;
  const bandwidth = bandwidthOf({ numCodebooks, codebookSize, frameRate });
  return fieldsOf(
    { sampleRate, channels, hopLength, codebookSize, bandwidth, segment, provenance: { ...provenance, model: publishedModel(provenance) } },
    numCodebooks,
  );
}

function fieldsOf(codec: CodecOfCodes, numCodebooks: number): CodecFields {
  const { provenance, segment } = codec;
  return {
    sample_rate: codec.sampleRate,
    channels: codec.channels,
    hop_length: codec.hopLength,
    frame_rate: Math.ceil(codec.sampleRate / codec.hopLength),
    codebook_size: codec.codebookSize,
    num_codebooks: numCodebooks,
    bandwidth: codec.bandwidth,
    segment_length: segment?.length ?? null,
    segment_stride: segment?.stride ?? null,
    model: provenance.model,
    revision: provenance.revision,
    digest: provenance.digest,
    license: provenance.license,
    license_status: provenance.licenseStatus,
  };
}

/** What codes need to know of their codec: the inverse of `codecFieldsOf`. */
export function codecFrom(fields: CodecFields): CodecOfCodes {
  const { segment_length: length, segment_stride: stride } = fields;
  return {
    sampleRate: fields.sample_rate,
    channels: fields.channels,
    hopLength: fields.hop_length,
    codebookSize: fields.codebook_size,
    bandwidth: fields.bandwidth,
    segment: length === null || stride === null ? null : { length, stride },
    provenance: {
      model: fields.model,
      revision: fields.revision,
      digest: fields.digest,
      license: fields.license,
      licenseStatus: fields.license_status,
    },
  };
}

/**
 * Checks that codes are of the codec of those before them.
 * @throws CodesError with code CODES_MISMATCH naming the first field that differs.
 */
export function checkSameCodec(expected: CodecFields, codes: AudioCodesData): void {
  const found = codecFieldsOf(codes);
  for (const name of Object.keys(expected) as (keyof CodecFields)[]) {
    if (found[name] !== expected[name]) {
      throw new CodesError(
        "CODES_MISMATCH",
        `a dataset has one codec: found ${name} ${JSON.stringify(found[name])} after ${JSON.stringify(expected[name])}; write another dataset`,
      );
    }
  }
}
