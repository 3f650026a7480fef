import type { CodecForm } from "../../checkpoint/index.ts";
import type { Provenance } from "../../core/index.ts";
import type { CodecRunner } from "../network/codec-runner.ts";

/** What a codec's clips have in common. */
export interface ClipFormat extends CodecForm {
  readonly provenance: Provenance;
}

/** What decoding with one tokenizer has in common, of whole clips and of streams. */
export interface DecoderJob {
  readonly runner: CodecRunner;
  readonly format: ClipFormat;
}

/** What encoding with one tokenizer and the same number of codebooks has in common. */
export interface EncoderJob extends DecoderJob {
  /** Codebooks of all lanes together. */
  readonly numCodebooks: number;
}
