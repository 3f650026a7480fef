import { CodesError } from "../../core/index.ts";
import { checkCodes, checkNotCode } from "../grid/check-codes.ts";
import { checkCount } from "../grid/check-count.ts";
import { checkToken, filledGrid, fillTokens, viewGrid, viewGrids } from "../grid/token-grid.ts";
import type { CodesInput, GridView, TokenGrid, TokenType } from "../grid/token-grid.ts";
import { checkLayout } from "./pattern-layout.ts";
import type { Coordinate, PatternLayout } from "./pattern-layout.ts";
import { copyTokens, findPlaces } from "./pattern-places.ts";
import type { SequencePlaces, PlacesOptions } from "./pattern-places.ts";

/** What `buildSequence` fills and checks with. */
export interface BuildOptions<Type extends TokenType = TokenType> {
  /** Fills the cells that hold no code; no code may equal it. */
  readonly specialToken: number;
  /** Fills the cells after a codebook's last code, for models that tell the end from the beginning (Dia). @default specialToken */
  readonly padToken?: number | undefined;
  /** Stands in each codebook's cell of the frame after a clip's last, where the pattern has one: make it for a frame more than the longest clip. @default null */
  readonly eosToken?: number | null | undefined;
  /** Codes are below this (`card`). @default that of `AudioCodes`; unknown for tensors */
  readonly codebookSize?: number | undefined;
  /** Leave out the last steps, those that only the delays need, and the codes in them. @default false */
  readonly keepOnlyValidSteps?: boolean | undefined;
  /** Type of the tokens. @default "int32" */
  readonly type?: Type | undefined;
}

/** What `revertSequence` fills with. */
export interface RevertOptions<Type extends TokenType = TokenType> {
  /** Fills the cells that the sequence does not reach. */
  readonly specialToken: number;
  /** Frames that each sequence of the batch really has; beyond them is `specialToken`. @default the pattern's `timesteps` */
  readonly lengths?: readonly number[] | undefined;
  /** Whether the sequence was built so. @default false */
  readonly keepOnlyValidSteps?: boolean | undefined;
  /** Type of the codes. @default "int32" */
  readonly type?: Type | undefined;
}

/** Tokens, and which of them are codes. */
export interface MaskedGrid<Type extends TokenType = TokenType> extends TokenGrid<Type> {
  /** A mask of the same shape: 1 where a code is, 0 where a special token is. `new Tensor("bool", grid.mask, grid.dims)` is audiocraft's mask. */
  readonly mask: Uint8Array;
}

/** A batch of sequences, `[B, K, S]`. */
export interface PatternSequence<Type extends TokenType = TokenType> extends MaskedGrid<Type> {
  /** `[B]`: frames (T) of each clip. */
  readonly lengths: readonly number[];
  /** `[B, S]`: 1 up to the clip's last code or eos, 0 in the steps that only longer clips of the batch need, as `attention_mask` of transformers. */
  readonly attentionMask: TokenGrid<Type>;
}

/** Logits for each codebook, `[B, card, K, S]` or `[B, card, K, T]`. Those of transformers, `[B·K, S, card]`, are to be transposed. */
export interface LogitsGrid {
  readonly data: Float32Array;
  readonly dims: readonly number[];
}

/**
 * How the codes of a clip of one length become a sequence: a layout, and everything that follows from it.
 *
 * ```
 * codes [K, T]        delay pattern, sequence [K, S]      S = special token
 * a0 a1 a2            S a0 a1 a2  S                       step 0 starts the model,
 * b0 b1 b2            S  S b0 b1 b2                       step s predicts step s + 1
 * ```
 * Source: audiocraft `modules/codebooks_patterns.py` (896ec7c), `Pattern`. Clips of no frames, which the reference cannot build, give special tokens only.
 * The `indexes` that the reference gives besides values and mask, for its own use, are not given: `layout` says what stands where.
 */
export class Pattern {
  readonly layout: PatternLayout;
  /** K (`n_q`). */
  readonly numCodebooks: number;
  /** T: frames of the clips that the pattern is for. */
  readonly timesteps: number;
  /**
   * Timesteps of the layout beyond the clip, not counting step 0 (`max_delay`). Negative where the layout does not reach the clip's end.
   */
  readonly maxDelay: number;
  /** Kept because the batches of a training run are built alike. */
  #latestPlaces: (SequencePlaces & { readonly key: string }) | null = null;

  /** @throws RangeError if the layout is not one of so many codebooks, see `checkLayout`. */
  constructor(options: { readonly numCodebooks: number; readonly timesteps: number; readonly layout: PatternLayout }) {
    checkCount("numCodebooks", options.numCodebooks, 1, 65_536);
    checkCount("timesteps", options.timesteps, 0);
    checkLayout(options.layout, options.numCodebooks);
    this.layout = options.layout;
    this.numCodebooks = options.numCodebooks;
    this.timesteps = options.timesteps;
    this.maxDelay = reach(options.layout) - options.timesteps;
  }

  /** S: steps of the whole sequence, the empty first one included. */
  get numSteps(): number {
    return this.layout.starts.length - 1;
  }

  /** Steps that a model predicts: `numSteps - 1` (`num_sequence_steps`). */
  get numSequenceSteps(): number {
    return this.numSteps - 1;
  }

  /** Steps of `validLayout`. */
  get numValidSteps(): number {
    const end = this.numSteps - this.maxDelay;
    return end < 0 ? Math.max(0, this.numSteps + end) : Math.min(end, this.numSteps);
  }

  /** The steps before the first that only exists because of delays (`valid_layout`); a view of `layout`. */
  get validLayout(): PatternLayout {
    const { numValidSteps } = this;
    const starts = this.layout.starts.subarray(0, numValidSteps + 1);
    const numCoordinates = starts[numValidSteps]!;
    return {
      starts,
      timesteps: this.layout.timesteps.subarray(0, numCoordinates),
      codebooks: this.layout.codebooks.subarray(0, numCoordinates),
    };
  }

  /** Whether step 0 is empty, so that the logits of step s predict step s + 1. */
  get startsWithSpecialToken(): boolean {
    return this.layout.starts[1] === 0;
  }

  /** The `[timestep, codebook]` pairs of a step. */
  coordinates(step: number): Coordinate[] {
    const { starts, timesteps, codebooks } = this.layout;
    if (!Number.isInteger(step) || step < 0 || step >= this.numSteps) {
      throw new RangeError(`the pattern has steps 0 to ${this.numSteps - 1}; received ${step}`);
    }
    return Array.from(timesteps.subarray(starts[step], starts[step + 1]), (t, index) => [t, codebooks[starts[step]! + index]!]);
  }

  /**
   * Steps that hold a timestep, of one codebook or of any (`get_steps_with_timestep`).
   * @param timestep 0 to T. As in the reference, the one beyond the clip is allowed, and so is codebook K, which no step holds.
   * @throws RangeError outside those ranges.
   */
  stepsWithTimestep(timestep: number, codebook?: number): number[] {
    checkCount("timestep", timestep, 0, this.timesteps);
    if (codebook !== undefined) checkCount("codebook", codebook, 0, this.numCodebooks);
    const { starts, timesteps, codebooks } = this.layout;
    const steps: number[] = [];
    for (let step = 0; step < this.numSteps; step++) {
      for (let index = starts[step]!; index < starts[step + 1]!; index++) {
        if (timesteps[index] === timestep && (codebook === undefined || codebooks[index] === codebook)) steps.push(step);
      }
    }
    return steps;
  }

  /** The first of `stepsWithTimestep`, or null where there is none (`get_first_step_with_timesteps`). */
  firstStepWithTimestep(timestep: number, codebook?: number): number | null {
    return this.stepsWithTimestep(timestep, codebook)[0] ?? null;
  }

  /**
   * The last step that holds a code of each codebook.
   * @param numFrames Frames of the clip, up to `timesteps`.
   * @returns `[K]`, -1 where a codebook has no code.
   */
  lastSteps(numFrames: number = this.timesteps): Int32Array {
    const { starts, timesteps, codebooks } = this.layout;
    const lastSteps = new Int32Array(this.numCodebooks).fill(-1);
    for (let step = 0; step < this.numSteps; step++) {
      const end = starts[step + 1]!;
      for (let index = starts[step]!; index < end; index++) if (timesteps[index]! < numFrames) lastSteps[codebooks[index]!] = step;
    }
    return lastSteps;
  }

  /**
   * Lays codes out as the sequence that a language model reads (`build_pattern_sequence`).
   * @param codes `[K, T]`, `[B, K, T]`, or a list of clips of any lengths up to `timesteps`. Shorter clips end early: their last cells are special.
   * @returns `[B, K, S]`, with S = `numSteps`, or `numValidSteps` with `keepOnlyValidSteps`.
   * @throws CodesError if the codes have another number of codebooks, more frames than the pattern, or values that are not codes.
   * @throws RangeError if a special token could be taken for a code, or does not fit the type.
   */
  buildSequence<Type extends TokenType = "int32">(
    codes: CodesInput | readonly CodesInput[],
    options: BuildOptions<Type>,
  ): PatternSequence<Type> {
    const { specialToken, padToken = specialToken, eosToken = null, keepOnlyValidSteps = false, type = "int32" as Type } = options;
    const special = Object.entries({ specialToken, padToken, ...(eosToken === null ? {} : { eosToken }) });
    for (const [name, token] of special) checkToken(token, type, name);
    if (options.codebookSize !== undefined) checkCount("codebookSize", options.codebookSize, 1);
    const views = viewGrids(codes);
    for (const view of views) {
      const codebookSize = options.codebookSize ?? view.codebookSize;
      this.#checkView(view, "codes");
      checkCodes(view, codebookSize);
      for (const [name, token] of special) checkNotCode(name, token, codebookSize, view.data);
    }
    const lengths = views.flatMap((view) => Array.from({ length: view.batchSize }, () => view.numColumns));
    const numSteps = this.#referenceSteps(keepOnlyValidSteps);
    const { numCodebooks } = this;
    const sequence = filledGrid(type, [lengths.length, numCodebooks, numSteps], specialToken);
    const mask = new Uint8Array(sequence.data.length);
    const attentionMask = filledGrid(type, [lengths.length, numSteps]);
    let item = 0;
    for (const { data, batchSize, numColumns: numFrames } of views) {
      const places = this.#places({ numSteps, numFrames, codesWidth: numFrames, cellsWidth: numSteps });
      const ends = eosToken === null ? [] : this.#cellsOf(numFrames, numSteps);
      const lastSteps = this.lastSteps(numFrames);
      const lastStep = [...lastSteps, ...ends.map((cell) => cell % numSteps)].reduce((last, step) => Math.max(last, step), -1);
      for (let clip = 0; clip < batchSize; clip++, item++) {
        const start = item * numCodebooks * numSteps;
        copyTokens({ data, start: clip * numCodebooks * numFrames, at: places.codes }, { ...sequence, start, at: places.cells });
        for (let index = 0; index < places.cells.length; index++) mask[start + places.cells[index]!] = 1;
        fillTokens(attentionMask.data, 1, item * numSteps, item * numSteps + Math.min(lastStep + 1, numSteps));
        if (padToken !== specialToken) fillEnds(sequence, start, lastSteps, padToken);
        for (const cell of ends) fillTokens(sequence.data, eosToken!, start + cell, start + cell + 1);
      }
    }
    return { ...sequence, mask, lengths, attentionMask };
  }

  /**
   * The codes of a sequence: the inverse of `buildSequence` on every cell that holds a code (`revert_pattern_sequence`).
   * @param sequence `[K, S]` or `[B, K, S]`; may end early, as while a model generates.
   * @returns `[B, K, T]`, T always the pattern's. `AudioCodes.fromTensor` takes it, and refuses special tokens that are left.
   * @throws CodesError if the sequence has another number of codebooks or more steps than the pattern.
   */
  revertSequence<Type extends TokenType = "int32">(sequence: CodesInput, options: RevertOptions<Type>): MaskedGrid<Type> {
    const { specialToken, keepOnlyValidSteps = false, type = "int32" as Type } = options;
    const view = viewGrid(sequence);
    this.#checkView(view, "sequence", keepOnlyValidSteps);
    const { batchSize, numColumns } = view;
    const lengths = options.lengths ?? Array.from({ length: batchSize }, () => this.timesteps);
    checkLengths(lengths, batchSize, this.timesteps);
    const { numCodebooks, timesteps } = this;
    const codes = filledGrid(type, [batchSize, numCodebooks, timesteps], specialToken);
    const mask = new Uint8Array(codes.data.length);
    for (const [item, length] of lengths.entries()) {
      const places = this.#places({ numSteps: numColumns, numFrames: length, codesWidth: timesteps, cellsWidth: numColumns });
      const start = item * numCodebooks * timesteps;
      copyTokens({ data: view.data, start: item * numCodebooks * numColumns, at: places.cells }, { ...codes, start, at: places.codes });
      for (let index = 0; index < places.codes.length; index++) mask[start + places.codes[index]!] = 1;
    }
    return { ...codes, mask };
  }

  /**
   * Puts a model's logits where the codes are that they predict (`revert_pattern_logits`). Where the sequence starts with an empty step,
   * the logits of step s are those for step s + 1.
   * @param logits `[B, card, K, S]`.
   * @param options `fill` stands where no logits are (audiocraft's losses use NaN).
   * @returns `[B, card, K, T]` and a mask `[K, T]`.
   * @throws CodesError if the logits are of another shape, have more steps than the pattern, or are no float32.
   */
  revertLogits(
    logits: LogitsGrid,
    {
      fill = NaN,
      keepOnlyValidSteps = false,
    }: { readonly fill?: number | undefined; readonly keepOnlyValidSteps?: boolean | undefined } = {},
  ): LogitsGrid & { readonly mask: Uint8Array } {
    const { numCodebooks, timesteps } = this;
    const [batchSize, card, rows, numSteps] = checkLogits(logits, numCodebooks);
    this.#checkSteps(numSteps, "logits", keepOnlyValidSteps);
    const shift = this.startsWithSpecialToken ? 1 : 0;
    const referenceSteps = Math.min(numSteps + shift, this.#referenceSteps(keepOnlyValidSteps));
    const { codes, cells } = this.#places({ numSteps: referenceSteps, numFrames: timesteps, codesWidth: timesteps, cellsWidth: numSteps });
    const data = new Float32Array(batchSize * card * rows * timesteps).fill(fill);
    for (let plane = 0; plane < batchSize * card; plane++) {
      const from = plane * numCodebooks * numSteps - shift;
      const to = plane * numCodebooks * timesteps;
      for (let index = 0; index < codes.length; index++) data[to + codes[index]!] = logits.data[from + cells[index]!]!;
    }
    const mask = new Uint8Array(numCodebooks * timesteps);
    for (const code of codes) mask[code] = 1;
    return { data, dims: [batchSize, card, numCodebooks, timesteps], mask };
  }

  #referenceSteps(keepOnlyValidSteps: boolean): number {
    return keepOnlyValidSteps ? this.numValidSteps : this.numSteps;
  }

  /** Cells of the first `numSteps` steps `[K, numSteps]` that belong to a timestep. */
  #cellsOf(timestep: number, numSteps: number): number[] {
    const { starts, timesteps, codebooks } = this.layout;
    const cells: number[] = [];
    for (let step = 0; step < numSteps; step++) {
      for (let index = starts[step]!; index < starts[step + 1]!; index++) {
        if (timesteps[index] === timestep) cells.push(codebooks[index]! * numSteps + step);
      }
    }
    return cells;
  }

  #places(options: PlacesOptions): SequencePlaces {
    const key = Object.values(options).join();
    if (this.#latestPlaces?.key !== key) this.#latestPlaces = { key, ...findPlaces(this.layout, options) };
    return this.#latestPlaces;
  }

  #checkView({ numRows, numColumns }: GridView, what: "codes" | "sequence", keepOnlyValidSteps: boolean = false): void {
    if (numRows !== this.numCodebooks) {
      throw mismatch(`the ${what} ${verb(what)} ${numRows} codebooks; this pattern is for ${this.numCodebooks}`);
    }
    if (what === "sequence") this.#checkSteps(numColumns, what, keepOnlyValidSteps);
    else if (numColumns > this.timesteps)
      throw mismatch(`the codes have ${numColumns} frames; this pattern is for at most ${this.timesteps}`);
  }

  #checkSteps(numSteps: number, what: "sequence" | "logits", keepOnlyValidSteps: boolean): void {
    const most = this.#referenceSteps(keepOnlyValidSteps);
    if (numSteps > most)
      throw mismatch(`the ${what} ${verb(what)} ${numSteps} steps; this pattern has ${most}${keepOnlyValidSteps ? " valid ones" : ""}`);
  }
}

/** One more than the last timestep of the layout, step 0 aside. */
function reach({ starts, timesteps }: PatternLayout): number {
  let end = 0;
  for (let index = starts[1]!; index < timesteps.length; index++) end = Math.max(end, timesteps[index]! + 1);
  return end;
}

/** Puts `padToken` into every cell after a codebook's last code. */
function fillEnds({ data, dims }: TokenGrid, start: number, lastSteps: Int32Array, padToken: number): void {
  const numSteps = dims[2]!;
  for (const [codebook, lastStep] of lastSteps.entries()) {
    const row = start + codebook * numSteps;
    if (lastStep >= 0) fillTokens(data, padToken, row + Math.min(lastStep + 1, numSteps), row + numSteps);
  }
}

function checkLogits(
  { data, dims }: LogitsGrid,
  numCodebooks: number,
): [batchSize: number, card: number, numCodebooks: number, numSteps: number] {
  const [batchSize, card, rows, numSteps] = dims as [number, number, number, number];
  const fits = dims.length === 4 && rows === numCodebooks && dims.every((size) => Number.isSafeInteger(size) && size >= 0);
  if (fits && data instanceof Float32Array && data.length === batchSize * card * rows * numSteps) return [batchSize, card, rows, numSteps];
  throw mismatch(
    `logits of shape [${dims.join(", ")}] and ${data.length} values do not fit; expected a Float32Array of shape [batch, card, ${numCodebooks}, steps]`,
  );
}

function checkLengths(lengths: readonly number[], batchSize: number, timesteps: number): void {
  if (lengths.length !== batchSize)
    throw new RangeError(`lengths needs one number for each of ${batchSize} sequences; received ${lengths.length}`);
  const wrong = lengths.find((length) => !Number.isInteger(length) || length < 0 || length > timesteps);
  if (wrong !== undefined) throw new RangeError(`lengths must be from 0 to ${timesteps} frames; received ${wrong}`);
}

function verb(subject: "codes" | "sequence" | "logits"): "has" | "have" {
  return subject === "sequence" ? "has" : "have";
}

function mismatch(message: string): CodesError {
  return new CodesError("CODES_MISMATCH", message);
}
