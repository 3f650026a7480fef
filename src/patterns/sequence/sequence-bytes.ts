import { bandwidthOf, CodesError, inTurns } from "../../core/index.ts";
import type { AudioCodesContext } from "../../core/index.ts";
import {
  fillFrom,
  formatSequenceNpy,
  formatSequenceSafetensors,
  maxCodes,
  maxSegments,
  parseStoredSequence,
  sequenceFormats,
  withName,
} from "../../storage/index.ts";
import type { CodesDetails, SequenceFormat, StoredSequence } from "../../storage/index.ts";
import { filledGrid } from "../grid/token-grid.ts";
import { patternProvider } from "../layout/pattern-provider.ts";
import type { PatternSpec } from "../layout/pattern-spec.ts";
import type { Pattern } from "../layout/pattern.ts";
import { checkCodecFor } from "../models/model-layouts.ts";
import type { ModelLayout } from "../models/model-layouts.ts";
import { framesOfSequence } from "./sequence-frames.ts";
import { patternOf, roomFor, sequenceLayout, stepsOf } from "./sequence-layout.ts";
import type { SequenceLayout, SequenceLayoutOptions, TokenSequence } from "./sequence-layout.ts";

/** What a bare array does not say. */
export interface ParseSequenceOptions extends SequenceLayoutOptions {
  /** Needed for bare arrays: a pattern, or the layout of a known model; of a pattern also a function that gives it for so many codebooks. */
  readonly pattern?: PatternSpec | ModelLayout | ((numCodebooks: number) => PatternSpec) | undefined;
  /** The codec, needed for bare arrays: an `AudioTokenizer` or other `AudioCodes` fits; or a function that gives it, called where it is needed. */
  readonly context?: AudioCodesContext | (() => AudioCodesContext | Promise<AudioCodesContext>) | undefined;
  /** Name of the file, for messages. @default "sequence" */
  readonly name?: string | undefined;
}

/**
 * A sequence as the bytes of a file. The same sequence gives the same bytes.
 * `npy` holds the bare tokens; pattern, special tokens, codec, length and provenance are lost.
 * @throws CodesError if the sequence's parts do not fit each other, so that nothing is written that could not be read.
 */
export function formatSequence(sequence: TokenSequence, format: SequenceFormat): Uint8Array {
  framesOfSequence(sequence);
  if (!sequenceFormats.includes(format))
    throw new RangeError(`format must be one of ${sequenceFormats.join(", ")}; received ${String(format)}`);
  return format === "npy" ? formatSequenceNpy(sequence.tokens) : formatSequenceSafetensors(sequence.tokens, sequence);
}

/**
 * Reads a sequence file, or a bare `.npy` array of tokens `[K, S]` with what the options say.
 * @throws CodesError if it is neither, is damaged, does not fit its pattern, or has more than 2^28 tokens or 2^20 segments; TypeError for what are no bytes.
 */
export async function parseSequence(bytes: Uint8Array, options: ParseSequenceOptions = {}): Promise<TokenSequence> {
  const { name = "sequence" } = options;
  if (!(bytes instanceof Uint8Array))
    throw new TypeError("expected the bytes of a sequence file as a Uint8Array; readSequence takes a path");
  const stored = await parseStoredSequence(bytes, name);
  const tokens = await gridFrom(stored, name);
  if (stored.origin === null) return bareSequence(tokens, { ...options, name });
  return checked({ ...stored.origin, pattern: stored.origin.pattern as PatternSpec, tokens }, name);
}

function checked(sequence: TokenSequence, name: string): TokenSequence {
  withName(name, () => framesOfSequence(sequence));
  return sequence;
}

async function bareSequence(
  tokens: TokenSequence["tokens"],
  options: ParseSequenceOptions & { readonly name: string },
): Promise<TokenSequence> {
  const { name, pattern } = options;
  if (pattern === undefined || options.context === undefined) {
    const [missing, option] = pattern === undefined ? ["pattern", "pattern"] : ["codec", "context"];
    throw new CodesError("CODES_FORMAT", `${name} is a bare array and does not say its ${missing}; give it as the option ${option}`);
  }
  const [numSegments, numCodebooks, numSteps] = tokens.dims as [number, number, number];
  const context = typeof options.context === "function" ? await options.context() : options.context;
  const { sampleRate, channels, hopLength, codebookSize, provenance } = context;
  if (typeof pattern !== "function" && "tokens" in pattern) withName(name, () => checkCodecFor(pattern, context));
  if (numSegments !== 1 || (context.segment ?? null) !== null) {
    throw mismatch(`${name} is a bare array; sequences of segments need their scales and lengths, which only a .safetensors file holds`);
  }
  const layout = sequenceLayout(typeof pattern === "function" ? pattern(numCodebooks) : pattern, codebookSize, options);
  const timesteps = timestepsOf(layout, numSteps, tokens.data.length, name);
  const numFrames = layout.eosToken === null ? timesteps : framesBeforeEos(tokens, patternOf(layout, timesteps - 1), layout.eosToken);
  const codes: CodesDetails = {
    sampleRate,
    channels,
    hopLength,
    codebookSize,
    segment: null,
    scales: null,
    numSamples: numFrames * hopLength,
    bandwidth: bandwidthOf({ numCodebooks, codebookSize, frameRate: Math.ceil(sampleRate / hopLength) }),
    provenance: provenance ?? { model: "unknown", revision: null, digest: null, license: null, licenseStatus: null },
  };
  return checked({ ...layout, tokens: firstSteps(tokens, stepsOf(layout, patternOf(layout, numFrames))), codes }, name);
}

/** The frame in whose place the first codebook has the token that ends a clip; all frames where there is none. */
function framesBeforeEos({ data, dims }: TokenSequence["tokens"], pattern: Pattern, eosToken: number): number {
  const row = data.subarray(0, dims[2]);
  for (let step = 0; step < Math.min(row.length, pattern.numSteps); step++) {
    const frame = pattern.coordinates(step).find(([, codebook]) => codebook === 0)?.[0];
    if (frame !== undefined && row[step] === eosToken) return frame;
  }
  return pattern.timesteps;
}

function firstSteps({ type, data, dims }: TokenSequence["tokens"], numSteps: number): TokenSequence["tokens"] {
  const [, numRows, length] = dims as [number, number, number];
  const kept = Math.min(length, numSteps);
  const first = filledGrid(type, [1, numRows, kept]);
  for (let row = 0; row < numRows; row++) first.data.set(data.subarray(row * length, row * length + kept), row * kept);
  return first;
}

/** Timesteps of the pattern whose sequence has so many steps; where none has exactly, of the shortest that has more. */
function timestepsOf(layout: SequenceLayout, numSteps: number, numTokens: number, name: string): number {
  const { pattern: spec } = layout;
  if (spec.kind === "custom") return spec.timesteps;
  const provider = patternProvider(spec, roomFor(numTokens));
  const stepsFor = (timesteps: number): number =>
    layout.keepOnlyValidSteps ? provider.getPattern(timesteps).numValidSteps : provider.countSteps(timesteps);
  const search = (low: number, high: number): number => {
    const middle = Math.floor((low + high) / 2);
    return low === high ? low : stepsFor(middle) < numSteps ? search(middle + 1, high) : search(low, middle);
  };
  // From the first frame on, or the first that is not flattened, each takes as many steps as the next.
  const first = Math.min(Math.max(1, spec.kind === "delay" ? (spec.flattenFirst ?? 0) : 0), numSteps);
  const missing = numSteps - stepsFor(first);
  const timesteps = missing > 0 ? first + Math.ceil(missing / (stepsFor(first + 1) - stepsFor(first))) : search(1, first);
  // In these layouts a clip's length decides where every code stands, so that part of a sequence cannot be read.
  const needsAll = spec.kind === "coarse-first" || spec.kind === "musiclm";
  if (needsAll && stepsFor(timesteps) !== numSteps) {
    throw mismatch(
      `${name} has ${numSteps} steps, and no ${spec.kind} sequence has: that of ${timesteps} frames has ${stepsFor(timesteps)}; a bare array must be whole`,
    );
  }
  return timesteps;
}

async function gridFrom({ tokens }: StoredSequence, name: string): Promise<TokenSequence["tokens"]> {
  const { shape } = tokens;
  const dims = shape.length === 2 ? [1, ...shape] : shape;
  if (dims.length !== 3 || dims.includes(0)) {
    throw new CodesError("CODES_FORMAT", `${name} holds tokens of shape [${shape.join(", ")}]; expected [K, S] or [numSegments, K, S]`);
  }
  const count = dims.reduce((product, size) => product * size, 1);
  if (dims[0]! > maxSegments) throw new CodesError("CODES_FORMAT", `${name} has ${dims[0]} segments; at most ${maxSegments} are read`);
  if (count > maxCodes) throw new CodesError("CODES_FORMAT", `${name} has ${count} tokens; at most ${maxCodes} are read`);
  const refuse = (token: number): Error => new CodesError("CODES_OUT_OF_RANGE", `${name} holds ${token}; tokens fit 32 bits`);
  if (tokens.type === "u2") return { type: "uint16", dims, data: await inTurns(fillFrom(new Uint16Array(count), tokens, refuse)) };
  return { type: "int32", dims, data: await inTurns(fillFrom(new Int32Array(count), tokens, refuse)) };
}

function mismatch(message: string): CodesError {
  return new CodesError("CODES_MISMATCH", message);
}
