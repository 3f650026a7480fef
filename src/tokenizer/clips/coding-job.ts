import type { Provenance } from "../../core/index.ts";
import type { CodecRunner } from "../network/codec-runner.ts";
import type { Segmenting } from "../network/segments.ts";

/** What a codec's clips have in common. */
export interface ClipFormat {
  readonly sampleRate: number;
  readonly channels: number;
  readonly frameRate: number;
  readonly hopLength: number;
  readonly codebookSize: number;
  readonly segment: Segmenting | null;
  readonly provenance: Provenance;
}

/** What decoding with one tokenizer has in common, of whole clips and of streams. */
export interface DecoderJob {
  readonly runner: CodecRunner;
  readonly format: ClipFormat;
  /** Mono clips that each clip is coded as. */
  readonly lanes: number;
}

/** What encoding with one tokenizer and the same number of codebooks has in common. */
export interface EncoderJob extends DecoderJob {
  /** Over all lanes. */
  readonly numCodebooks: number;
  readonly isNormalized: boolean;
}
