import { AudioCodes, CodesError } from "../../core/index.ts";
import { patternProvider } from "../layout/pattern-provider.ts";
import type { Pattern } from "../layout/pattern.ts";
import { patternOf, roomFor, stepsOf } from "./sequence-layout.ts";
import type { TokenSequence } from "./sequence-layout.ts";

/** What a sequence says of its frames, once its parts are known to fit each other. */
export interface SequenceFrames {
  /** Laid out for as many frames as the tokens can hold, at most those of the clip. */
  readonly pattern: Pattern;
  /** `[numSegments]`: frames of each segment, as far as the tokens can hold them. */
  readonly lengths: readonly number[];
  /** Frames of the clip, or of its longest segment. */
  readonly timesteps: number;
}

/**
 * Checks that the parts of a sequence fit each other, and lays its pattern out.
 * No step holds two frames of a codebook, so a clip of more frames than the sequence has steps is laid out for those alone: what a file claims takes no memory.
 * @throws CodesError CODES_MISMATCH or CODES_FORMAT saying what does not fit.
 */
export function framesOfSequence(sequence: TokenSequence): SequenceFrames {
  const { tokens, pattern: spec, codes } = sequence;
  checkTokens(tokens);
  const [numSegments, numCodebooks, numSteps] = tokens.dims as [number, number, number];
  const numRows = asPattern(() => patternProvider(spec).numCodebooks);
  if (numRows !== numCodebooks) {
    throw mismatch(`the pattern has ${numRows} codebooks; the tokens of shape [${tokens.dims.join(", ")}] have ${numCodebooks}`);
  }
  const { segment, numSamples, hopLength } = codes;
  for (const [name, count] of Object.entries({ numSamples, hopLength })) {
    if (!Number.isSafeInteger(count) || count < 1) throw mismatch(`${name} must be a positive integer; found ${count}`);
  }
  const framesIn = (samples: number): number => Math.ceil((segment === null ? samples : Math.min(segment.length, samples)) / hopLength);
  const timesteps = framesIn(numSamples);
  checkDetails(sequence, timesteps);
  const most = spec.kind === "custom" ? timesteps : numSteps;
  if (spec.kind === "custom" && timesteps * numCodebooks > spec.layout.reduce((count, coordinates) => count + coordinates.length, 0))
    throw mismatch(`the pattern leaves out codes of ${timesteps} frames`);
  const pattern = asPattern(() => patternOf(sequence, Math.min(timesteps, most), roomFor(tokens.data.length)));
  const expected = stepsOf(sequence, pattern);
  if (numSteps > expected) throw mismatch(`the tokens have ${numSteps} steps; the sequence of ${timesteps} frames has ${expected}`);
  const lengths = Array.from({ length: numSegments }, (_, index) => Math.min(framesIn(numSamples - index * (segment?.stride ?? 0)), most));
  return { pattern, lengths, timesteps };
}

/**
 * Checks that no code stands where the pattern has none, as in sequences of another pattern.
 * Cells after a codebook's last code are not looked at: where generation was cut short they hold codes of further frames.
 * @throws CodesError CODES_MISMATCH naming the first that does.
 */
export function checkEmptyCells(sequence: TokenSequence, { pattern }: SequenceFrames): void {
  const { tokens, pattern: spec, codes } = sequence;
  const [numSegments, numCodebooks, numSteps] = tokens.dims as [number, number, number];
  // In these layouts more frames move other codes; in the others they come after.
  const isFixed = spec.kind === "coarse-first" || spec.kind === "musiclm" || spec.kind === "custom";
  const { starts, codebooks } = (isFixed ? pattern : asPattern(() => patternOf(sequence, numSteps, roomFor(tokens.data.length)))).layout;
  const holdsCode = new Uint8Array(numCodebooks * numSteps);
  for (let step = 0; step < Math.min(numSteps, starts.length - 1); step++) {
    for (let index = starts[step]!; index < starts[step + 1]!; index++) holdsCode[codebooks[index]! * numSteps + step] = 1;
  }
  for (let cell = 0; cell < numSegments * holdsCode.length; cell++) {
    const token = tokens.data[cell]!;
    if (holdsCode[cell % holdsCode.length] === 1 || token < 0 || token >= codes.codebookSize) continue;
    const codebook = Math.floor(cell / numSteps) % numCodebooks;
    throw mismatch(
      `step ${cell % numSteps} of codebook ${codebook} holds the code ${token} where this pattern has none; is it the right pattern?`,
    );
  }
}

function checkTokens({ type, data, dims }: TokenSequence["tokens"]): void {
  const isGrid = dims.length === 3 && dims.every((size) => Number.isSafeInteger(size) && size > 0);
  const isType = (type === "uint16" && data instanceof Uint16Array) || (type === "int32" && data instanceof Int32Array);
  if (!isGrid || !isType || data.length !== dims.reduce((product, size) => product * size, 1)) {
    throw mismatch(
      `${data?.length} tokens of type ${type} and shape [${dims.join(", ")}] are no sequence; expected [numSegments, K, S] as uint16 or int32`,
    );
  }
}

/** Checks codec, length, segments and special tokens; the former by codes of one codebook, and no more frames than there are steps, that stand in for the clip's. */
function checkDetails({ tokens, codes, specialToken, padToken, eosToken }: TokenSequence, timesteps: number): void {
  const [numSegments, , numSteps] = tokens.dims as [number, number, number];
  const isCut = timesteps > numSteps;
  if (isCut && codes.segment !== null)
    throw mismatch(`the sequence ends after ${numSteps} steps, within every segment; expected more of it`);
  const clip = isCut
    ? { numSamples: numSteps * codes.hopLength, numFrames: numSteps }
    : { numSamples: codes.numSamples, numFrames: timesteps };
  void new AudioCodes({
    ...codes,
    numSamples: clip.numSamples,
    data: new Uint16Array(numSegments * clip.numFrames),
    shape: [numSegments, 1, clip.numFrames],
  });
  for (const [name, token] of Object.entries({ specialToken, padToken, ...(eosToken === null ? {} : { eosToken }) })) {
    if (token !== (token | 0) || (token >= 0 && token < codes.codebookSize)) {
      throw mismatch(
        `${name} ${token} is no special token; expected an integer of 32 bits that is no code, 0 to ${codes.codebookSize - 1}`,
      );
    }
  }
}

/** Does what a pattern that came from elsewhere may not allow; its RangeError is then a CodesError. */
function asPattern<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof TypeError)) throw error;
    throw new CodesError("CODES_FORMAT", error.message, { cause: error });
  }
}

function mismatch(message: string): CodesError {
  return new CodesError("CODES_MISMATCH", message);
}
