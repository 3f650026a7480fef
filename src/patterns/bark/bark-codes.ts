import { CodesError } from "../../core/index.ts";
import type { AudioCodesData } from "../../core/index.ts";
import { viewGrid } from "../grid/token-grid.ts";
import type { CodesInput } from "../grid/token-grid.ts";

/**
 * The numbers that Bark's models agree on, with the reference's names.
 * Source: suno-ai/bark `bark/generation.py`, constants; huggingface/transformers `models/bark/generation_configuration_bark.py`.
 */
export const bark = {
  /** Sample rate in hertz (`SAMPLE_RATE`); the codec is the 24 kHz EnCodec, mono. */
  sampleRate: 24_000,
  /** Samples per frame of that codec, 75 frames per second (`COARSE_RATE_HZ`). */
  hopLength: 320,
  /** `CODEBOOK_SIZE`. */
  codebookSize: 1024,
  /** Codebooks that the coarse model predicts, those of 1.5 kbps (`N_COARSE_CODEBOOKS`). */
  numCoarseCodebooks: 2,
  /** Codebooks that the fine model completes, those of 6 kbps (`N_FINE_CODEBOOKS`). */
  numFineCodebooks: 8,
  /** Positions for text, and for semantic tokens, in what the text and the coarse model read. */
  promptLength: 256,
  /** Ids of text are this much higher in the text model's vocabulary (`TEXT_ENCODING_OFFSET`). */
  textOffset: 10_048,
  /** Fills the positions for text (`TEXT_PAD_TOKEN`). */
  textPadToken: 129_595,
  /** Asks the text model for semantic tokens (`SEMANTIC_INFER_TOKEN`). */
  semanticInferToken: 129_599,
  /** Semantic tokens are below this (`SEMANTIC_VOCAB_SIZE`); it fills the semantic history, ends what the text model says, and starts codebook 0 in the coarse model's vocabulary. */
  numSemanticTokens: 10_000,
  /** Fills the coarse model's 256 semantic positions (`COARSE_SEMANTIC_PAD_TOKEN`). */
  coarseSemanticPadToken: 12_048,
  /** Stands between the semantic and the coarse tokens of the coarse model (`COARSE_INFER_TOKEN`). */
  coarseInferToken: 12_050,
  /** Stands for codes not known, and for frames that are padding, in the fine model: the first number that is no code. */
  finePadToken: 1024,
  /** Coarse tokens, two a frame, that the coarse model looks back on (`max_coarse_history`). */
  maxCoarseHistory: 630,
  /** Frames that the fine model sees at once. */
  fineWindowLength: 1024,
  /** Frames from one of its windows to the next, and at most as many from the history prompt. */
  fineWindowStride: 512,
} as const;

/** The codebooks that a model of Bark reads, as `[B, K, T]`. */
export interface BarkCodes {
  /** Row-major `[batchSize, numCodebooks, numFrames]`, all below 1024. */
  readonly data: Uint16Array;
  readonly batchSize: number;
  readonly numFrames: number;
}

/**
 * The first `numCodebooks` rows of codes; residual quantizers are nested, so further ones may be left out.
 * @throws CodesError CODES_MISMATCH for codes of another codec or with too few codebooks, CODES_OUT_OF_RANGE for values that are no codes.
 */
export function readBarkCodes(input: CodesInput, numCodebooks: number): BarkCodes {
  const { data, batchSize, numRows, numColumns } = viewGrid(input);
  if ("codebookSize" in input) checkCodec(input);
  if (numRows < numCodebooks) {
    const kbps = numCodebooks * 0.75;
    throw new CodesError(
      "CODES_MISMATCH",
      `found ${numRows} codebooks where Bark reads ${numCodebooks}; encode at a bandwidth of ${kbps} kbps or more`,
    );
  }
  const codes = new Uint16Array(batchSize * numCodebooks * numColumns);
  for (let item = 0; item < batchSize; item++) {
    const source = item * numRows * numColumns;
    const target = item * numCodebooks * numColumns;
    for (let cell = 0; cell < numCodebooks * numColumns; cell++) {
      const code = Number(data[source + cell]);
      if (!Number.isInteger(code) || code < 0 || code >= bark.codebookSize) {
        const place = `codebook ${Math.floor(cell / numColumns)}, frame ${cell % numColumns}`;
        throw new CodesError(
          "CODES_OUT_OF_RANGE",
          `found ${data[source + cell]} at ${place}; Bark's codes are integers from 0 to ${bark.codebookSize - 1}`,
        );
      }
      codes[target + cell] = code;
    }
  }
  return { data: codes, batchSize, numFrames: numColumns };
}

function checkCodec({ sampleRate, channels, hopLength, codebookSize }: AudioCodesData): void {
  if (sampleRate === bark.sampleRate && channels === 1 && hopLength === bark.hopLength && codebookSize === bark.codebookSize) return;
  throw new CodesError(
    "CODES_MISMATCH",
    `these codes are of ${sampleRate} Hz, ${channels} channel(s), ${hopLength} samples per frame and codebooks of ${codebookSize}; ` +
      `Bark takes those of the 24 kHz EnCodec: ${bark.sampleRate} Hz, 1 channel, ${bark.hopLength} and ${bark.codebookSize}`,
  );
}
