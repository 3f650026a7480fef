import { AudioCodes, CodesError } from "../../core/index.ts";
import type { AudioCodesData } from "../../core/index.ts";
import type { PatternSpec } from "../layout/pattern-spec.ts";
import type { Pattern } from "../layout/pattern.ts";
import { checkCodecFor, checkRowsFor } from "../models/model-layouts.ts";
import type { ModelLayout } from "../models/model-layouts.ts";
import { checkEmptyCells, framesOfSequence } from "./sequence-frames.ts";
import { patternOf, sequenceLayout } from "./sequence-layout.ts";
import type { SequenceLayoutOptions, TokenSequence } from "./sequence-layout.ts";

/** Codes of a sequence, and whether it reached the end of the clip. */
export interface RevertedSequence {
  readonly codes: AudioCodes;
  /** Frames of the clip that the sequence is of, as far as that is known. More than the codes have where the sequence was cut short. */
  readonly timesteps: number;
}

/**
 * Lays out the codes of a clip by a pattern or as a known model reads them, each segment as a sequence of its own.
 * @throws CodesError if the codes have another number or size of codebooks, or the pattern leaves out some of them.
 * @throws RangeError if the spec's parts do not fit together, or a special token could be taken for a code.
 */
export function applyPattern(
  codes: AudioCodesData,
  pattern: PatternSpec | ModelLayout,
  options: SequenceLayoutOptions = {},
): TokenSequence {
  const clip = new AudioCodes(codes);
  const { data: _codes, shape, ...details } = clip;
  const { codebookSize } = codes;
  if ("tokens" in pattern) {
    checkCodecFor(pattern, clip);
    checkRowsFor(pattern, shape[1]);
  }
  const layout = sequenceLayout(pattern, codebookSize, options);
  const { specialToken, padToken, eosToken } = layout;
  const laidOut = patternOf(layout, shape[2]);
  const segments = Array.from({ length: shape[0] }, (_, index) => clip.sliceSegments(index, index + 1));
  const type = [specialToken, padToken, eosToken ?? 0].every((token) => token >= 0 && token <= 0xffff) ? "uint16" : "int32";
  const { data, dims } = laidOut.buildSequence(segments, { ...layout, codebookSize, type });
  if (layout.pattern.kind === "custom") checkComplete(laidOut);
  return { ...layout, tokens: { type, data, dims }, codes: details };
}

/**
 * The codes of a sequence: the inverse of `applyPattern`. A sequence that ends early, as while a model generates, gives the frames that are complete.
 * @throws CodesError if no frame is complete, a special token stands where a code is expected, a code where none is, or the parts do not fit each other.
 */
export function revertPattern(sequence: TokenSequence): RevertedSequence {
  const { tokens, specialToken, keepOnlyValidSteps, codes: details } = sequence;
  const frames = framesOfSequence(sequence);
  checkEmptyCells(sequence, frames);
  const { pattern, lengths, timesteps } = frames;
  const [numSegments, numCodebooks, numSteps] = tokens.dims as [number, number, number];
  const { data, mask } = pattern.revertSequence(tokens, { specialToken, lengths, keepOnlyValidSteps });
  const stride = pattern.timesteps;
  const numFrames = completeFrames(mask, lengths, numCodebooks, stride);
  if (numFrames < timesteps && (numSegments > 1 || numFrames === 0)) {
    throw mismatch(
      `the sequence of ${timesteps} frames ends after ${numSteps} steps, ${numSegments > 1 ? "within every segment" : "before the first frame is complete"}; ` +
        "expected more of it",
    );
  }
  const codes = new Uint16Array(numSegments * numCodebooks * numFrames);
  for (let row = 0; row < numSegments * numCodebooks; row++) {
    const length = Math.min(numFrames, lengths[Math.floor(row / numCodebooks)]!);
    for (let t = 0; t < length; t++) {
      const code = data[row * stride + t]!;
      if (code < 0 || code >= details.codebookSize) throw notCode(code, pattern, t, row % numCodebooks, details.codebookSize);
      codes[row * numFrames + t] = code;
    }
  }
  const numSamples = numFrames < timesteps ? numFrames * details.hopLength : details.numSamples;
  return { codes: new AudioCodes({ ...details, numSamples, data: codes, shape: [numSegments, numCodebooks, numFrames] }), timesteps };
}

/** Frames before the first that lacks a code. */
function completeFrames(mask: Uint8Array, lengths: readonly number[], numCodebooks: number, stride: number): number {
  let complete = lengths.reduce((most, length) => Math.max(most, length), 0);
  for (let row = 0; row < lengths.length * numCodebooks; row++) {
    const length = lengths[Math.floor(row / numCodebooks)]!;
    const first = mask.subarray(row * stride, row * stride + length).indexOf(0);
    if (first >= 0) complete = Math.min(complete, first);
  }
  return complete;
}

/** A layout of one's own may leave out codes. */
function checkComplete({ layout, numCodebooks, timesteps }: Pattern): void {
  const found = new Uint8Array(numCodebooks * timesteps);
  for (const [index, timestep] of layout.timesteps.entries())
    if (timestep < timesteps) found[layout.codebooks[index]! * timesteps + timestep] = 1;
  const missing = found.indexOf(0);
  if (missing < 0) return;
  throw mismatch(
    `the pattern has no step for codebook ${Math.floor(missing / timesteps)} of frame ${missing % timesteps}, ` +
      "so the codes could not be had back; complete its layout",
  );
}

function notCode(token: number, pattern: Pattern, timestep: number, codebook: number, codebookSize: number): CodesError {
  return new CodesError(
    "CODES_OUT_OF_RANGE",
    `step ${pattern.firstStepWithTimestep(timestep, codebook)} holds ${token} where the code of frame ${timestep} of codebook ${codebook} belongs; ` +
      `expected 0 to ${codebookSize - 1}. Generate without special tokens there, or cut the sequence before it`,
  );
}

function mismatch(message: string): CodesError {
  return new CodesError("CODES_MISMATCH", message);
}
