import { CodesError } from "../../core/index.ts";
import { checkCodes, checkNotCode, isCode } from "../grid/check-codes.ts";
import { checkCount } from "../grid/check-count.ts";
import { checkNumbers, checkToken, gridOf, viewGrids } from "../grid/token-grid.ts";
import type { CodesInput, TokenGrid, TokenType } from "../grid/token-grid.ts";
import type { Pattern } from "./pattern.ts";

/** What a cursor starts from. */
export interface CursorOptions<Type extends TokenType = TokenType> {
  /** Fills the cells that hold no code: an id that the model reads, `codebookSize` or more. */
  readonly specialToken: number;
  /** Fills the cells after a codebook's last code. @default specialToken */
  readonly padToken?: number | undefined;
  /**
   * Stands in the cell after a codebook's last code when the sequence has ended, and ends it where the model predicts it.
   * @default null, as for models without an end
   */
  readonly eosToken?: number | null | undefined;
  /** Codes are below this (`card`): what a model may put into free cells. */
  readonly codebookSize: number;
  /** Codes to go on from: `[K, T0]`, `[B, K, T0]`, or a list of prompts of any lengths, T0 ≤ T. @default none */
  readonly prompt?: CodesInput | readonly CodesInput[] | undefined;
  /** Sequences generated side by side. @default that of the prompt, or 1 */
  readonly batchSize?: number | undefined;
  /** The type of all grids that come out. @default "int32" */
  readonly type?: Type | undefined;
}

/** Marks a cell that the model fills, in `PatternCursor.forced`. No token has this value; some models have a token -1. */
export const freeCell = -0x8000_0000;

/**
 * Generation with a pattern, step by step: which cells the model fills, what stands in the others, and which frames are complete.
 *
 * ```ts
 * const cursor = new PatternCursor(pattern, { specialToken: 2048, codebookSize: 2048, prompt });
 * let input = cursor.prefix;                        // [B, K, n]
 * while (!cursor.isDone) {
 *   input = cursor.push(await sampleNext(input));   // what the model reads next: [B, K, 1]
 *   play(cursor.takeFrames());                      // frames that are now complete: [B, K, n]
 * }
 * ```
 * The frames taken are those that reverting the finished sequence gives, in order.
 * Source of the rules: audiocraft `models/lm.py` (896ec7c), `LMModel.generate`.
 */
export class PatternCursor<Type extends TokenType = "int32"> {
  readonly pattern: Pattern;
  /** B. */
  readonly batchSize: number;
  readonly #options: {
    readonly specialToken: number;
    readonly padToken: number;
    readonly eosToken: number | null;
    readonly codebookSize: number;
    readonly type: Type;
  };
  /** `[B]`. */
  readonly #promptFrames: readonly number[];
  /** `[B, K, T]`: codes known so far, `freeCell` elsewhere. */
  readonly #codes: Int32Array;
  /** `[T]`: the step after which a frame is complete; Infinity where the layout lacks one of its cells. */
  readonly #completion: Float64Array;
  /** `[B]`: frames that each sequence is to have. */
  readonly #lengths: number[];
  /** `[B]`: frames up to the last that has a code, in the prompt or in the steps so far. */
  readonly #begun: number[];
  /** `[B, K]`: the last step with a code, -1 where there is none. */
  readonly #lastSteps: Int32Array;
  /** The greatest of them. */
  #lastStep = -1;
  #step = 0;
  #taken = 0;
  /** `[K]`: what the layout says of the next step, frames beyond the clip included; -1 where it has no cell. */
  readonly #frames: Int32Array;
  /** `[S, B, K]`: the steps so far, in their order. */
  readonly #tokens: Int32Array;

  /**
   * @throws CodesError if the prompt has other codebooks, more frames than the pattern, or values that are not codes.
   * @throws RangeError if a special token could be taken for a code, or `batchSize` or `codebookSize` is not a whole number from 1.
   */
  constructor(pattern: Pattern, options: CursorOptions<Type>) {
    const { specialToken, padToken = specialToken, eosToken = null, codebookSize, type = "int32" as Type } = options;
    checkCount("codebookSize", codebookSize, 1);
    for (const [name, token] of Object.entries({ specialToken, padToken, ...(eosToken === null ? {} : { eosToken }) })) {
      checkToken(token, type, name);
      checkToken(token, "int32", name);
      checkNotCode(name, token, codebookSize);
      if (token === freeCell) throw new RangeError(`${name} ${token} marks free cells; choose ${codebookSize} or more, or -1`);
    }
    const { numCodebooks, timesteps } = pattern;
    const prompts = options.prompt === undefined ? [] : viewGrids(options.prompt);
    const promptFrames = prompts.flatMap((prompt) => Array.from({ length: prompt.batchSize }, () => prompt.numColumns));
    this.batchSize = options.batchSize ?? (prompts.length === 0 ? 1 : promptFrames.length);
    checkCount("batchSize", this.batchSize, 1);
    if (prompts.length > 0 && promptFrames.length !== this.batchSize) {
      throw new RangeError(`batchSize is ${this.batchSize} and the prompt has ${promptFrames.length} clips; expected as many`);
    }
    this.pattern = pattern;
    this.#options = { specialToken, padToken, eosToken, codebookSize, type };
    this.#codes = new Int32Array(this.batchSize * numCodebooks * timesteps).fill(freeCell);
    let numRows = 0;
    for (const prompt of prompts) {
      if (prompt.numRows !== numCodebooks || prompt.numColumns > timesteps) {
        throw new CodesError(
          "CODES_MISMATCH",
          `the prompt has ${prompt.numRows} codebooks and ${prompt.numColumns} frames; this pattern takes ${numCodebooks} and at most ${timesteps}`,
        );
      }
      checkCodes(prompt, codebookSize, { model: "the prompt" });
      for (let index = 0; index < prompt.data.length; index++) {
        const timestep = index % prompt.numColumns;
        const row = numRows + (index - timestep) / prompt.numColumns;
        this.#codes[row * timesteps + timestep] = Number(prompt.data[index]);
      }
      numRows += prompt.batchSize * numCodebooks;
    }
    this.#promptFrames = prompts.length === 0 ? Array.from({ length: this.batchSize }, () => 0) : promptFrames;
    this.#begun = [...this.#promptFrames];
    this.#tokens = new Int32Array(pattern.numSteps * this.batchSize * numCodebooks);
    this.#completion = completionSteps(pattern);
    this.#lengths = [];
    this.#lastSteps = new Int32Array(this.batchSize * numCodebooks);
    for (let item = 0; item < this.batchSize; item++) this.#setLength(item, timesteps);
    this.#frames = new Int32Array(numCodebooks);
    this.#readFrames();
    let forced = this.forced;
    while (!this.isDone && !forced.includes(freeCell)) {
      this.#advance(forced);
      forced = this.forced;
    }
    this.prefix = this.sequence;
  }

  /** `[B, K, n]`: what the model reads before its first prediction, the steps that the prompt determines. */
  readonly prefix: TokenGrid<Type>;

  /** The step that the next `push` fills. */
  get step(): number {
    return this.#step;
  }

  /** Whether every code is known; the steps that are left hold special tokens only. */
  get isDone(): boolean {
    return this.#lastStep < this.#step;
  }

  /** `[K]`: the frame that each codebook's cell of the next step belongs to, -1 where there is none. */
  get timesteps(): Int32Array {
    return this.#frames.map((frame) => (frame < this.pattern.timesteps ? frame : -1));
  }

  /** `[B, K]`: for each cell of the next step the token that stands there, whatever the model says, or `freeCell`. */
  get forced(): Int32Array {
    const { numCodebooks, timesteps } = this.pattern;
    const { specialToken, padToken, eosToken } = this.#options;
    const forced = new Int32Array(this.#lastSteps.length);
    for (let cell = 0; cell < forced.length; cell++) {
      const frame = this.#frames[cell % numCodebooks]!;
      const length = this.#lengths[Math.floor(cell / numCodebooks)]!;
      const lastStep = this.#lastSteps[cell]!;
      if (frame >= 0 && frame < length) forced[cell] = this.#codes[cell * timesteps + frame]!;
      else if (frame === length && eosToken !== null) forced[cell] = eosToken;
      else forced[cell] = lastStep >= 0 && this.#step > lastStep ? padToken : specialToken;
    }
    return forced;
  }

  /** `[B, K, step]`: all steps so far. */
  get sequence(): TokenGrid<Type> {
    return this.#stepsFrom(0);
  }

  /**
   * Takes what the model predicts for the next step.
   * @param tokens `[B, K]`; values of cells that are not free are ignored.
   * @returns `[B, K, 1]`: the step as it stands in the sequence, which the model reads next.
   * @throws CodesError if a free cell gets a value that is neither a code nor `eosToken` in the first cell of a frame; the cursor then stays where it is.
   * @throws RangeError if the number of tokens is wrong or nothing is left to predict.
   */
  push(tokens: ArrayLike<number | bigint>): TokenGrid<Type> {
    if (this.isDone) throw new RangeError("the sequence is complete; nothing is left to predict");
    const { numCodebooks } = this.pattern;
    if (tokens.length !== this.#lastSteps.length) {
      const sequences = this.batchSize === 1 ? "" : ` in ${this.batchSize} sequences`;
      throw new RangeError(
        `expected ${this.#lastSteps.length} tokens, one for each of ${numCodebooks} codebooks${sequences}; received ${tokens.length}`,
      );
    }
    checkNumbers(tokens);
    const lengths = this.#options.eosToken === null ? this.#lengths : this.#lengthsAfter(tokens, this.#options.eosToken);
    for (let cell = 0; cell < tokens.length; cell++) {
      if (this.#isFree(cell, lengths[Math.floor(cell / numCodebooks)]!)) this.#checkCode(tokens[cell]!, this.#frames[cell % numCodebooks]!);
    }
    for (const [item, length] of lengths.entries()) if (length !== this.#lengths[item]) this.#setLength(item, length);
    const step = this.forced.map((token, cell) => (token === freeCell ? Number(tokens[cell]) : token));
    this.#advance(step);
    return gridOf(this.#options.type, [this.batchSize, numCodebooks, 1], step);
  }

  /**
   * Shortens the sequence, as when something other than the model says that it has finished: cells of later frames hold special tokens from here on.
   * @param numFrames Frames that the sequence is to have, not fewer than have begun: those of the prompt, and those with a code in the steps so far.
   * More frames than the sequence is already to have change nothing.
   * @param item The sequence of the batch. By default all.
   * @throws RangeError for another number of frames, or a sequence that is not there.
   */
  endAt(numFrames: number, item?: number): void {
    if (item !== undefined) checkCount("item", item, 0, this.batchSize - 1);
    const items = item === undefined ? [...this.#lengths.keys()] : [item];
    const least = Math.max(...items.map((each) => this.#begun[each]!));
    if (!Number.isInteger(numFrames) || numFrames < least || numFrames > this.pattern.timesteps) {
      throw new RangeError(`cannot end after ${numFrames} frames; expected ${least}, those that have begun, to ${this.pattern.timesteps}`);
    }
    for (const each of items) if (numFrames < this.#lengths[each]!) this.#setLength(each, numFrames);
  }

  /** `[B]`: frames that each sequence is to have, fewer than the pattern's where they have ended. */
  get lengths(): readonly number[] {
    return [...this.#lengths];
  }

  /**
   * Frames that are complete and were not taken before, the prompt's included.
   * @returns `[B, K, n]`, n often 0; `specialToken` where a sequence of the batch has ended.
   */
  takeFrames(): TokenGrid<Type> {
    const { numCodebooks, timesteps } = this.pattern;
    const start = this.#taken;
    const end = Math.max(...this.#lengths);
    while (this.#taken < end && this.#isComplete(this.#taken)) this.#taken++;
    const numFrames = this.#taken - start;
    const numRows = this.batchSize * numCodebooks;
    const frames = new Int32Array(numRows * numFrames).fill(this.#options.specialToken);
    for (let row = 0; row < numRows; row++) {
      const length = this.#lengths[Math.floor(row / numCodebooks)]!;
      for (let t = start; t < Math.min(this.#taken, length); t++) frames[row * numFrames + t - start] = this.#codes[row * timesteps + t]!;
    }
    return gridOf(this.#options.type, [this.batchSize, numCodebooks, numFrames], frames);
  }

  #isComplete(timestep: number): boolean {
    if (this.#completion[timestep]! < this.#step) return true;
    return this.#lengths.every((length, item) => timestep < this.#promptFrames[item]! || timestep >= length);
  }

  /** Whether the model fills a cell of the next step, in a sequence of so many frames. */
  #isFree(cell: number, length: number): boolean {
    const frame = this.#frames[cell % this.pattern.numCodebooks]!;
    return frame >= 0 && frame < length && this.#codes[cell * this.pattern.timesteps + frame] === freeCell;
  }

  /**
   * `[B]`: frames that the sequences have when the model predicts these tokens. One ends where `eosToken` is in the first cell of a frame:
   * codes of the frame would else stand before it.
   */
  #lengthsAfter(tokens: ArrayLike<number | bigint>, eosToken: number): readonly number[] {
    const { numCodebooks } = this.pattern;
    const lengths = [...this.#lengths];
    for (let cell = 0; cell < tokens.length; cell++) {
      const [item, codebook] = [Math.floor(cell / numCodebooks), cell % numCodebooks];
      if (Number(tokens[cell]) !== eosToken || !this.#isFree(cell, lengths[item]!)) continue;
      const frame = this.#frames[codebook]!;
      if (frame < this.#begun[item]! || this.#frames.subarray(0, codebook).includes(frame)) {
        throw new CodesError(
          "CODES_OUT_OF_RANGE",
          `eosToken ${eosToken} for frame ${frame} of codebook ${codebook} comes too late: the frame has begun. Mask it when sampling, except for a frame's first codebook`,
        );
      }
      lengths[item] = frame;
    }
    return lengths;
  }

  #advance(tokens: Int32Array): void {
    const { numCodebooks, timesteps } = this.pattern;
    for (let cell = 0; cell < tokens.length; cell++) {
      const frame = this.#frames[cell % numCodebooks]!;
      const item = Math.floor(cell / numCodebooks);
      if (frame < 0 || frame >= this.#lengths[item]!) continue;
      this.#codes[cell * timesteps + frame] = tokens[cell]!;
      if (frame >= this.#begun[item]!) this.#begun[item] = frame + 1;
    }
    this.#tokens.set(tokens, this.#step++ * tokens.length);
    this.#readFrames();
  }

  #readFrames(): void {
    const { starts, timesteps, codebooks } = this.pattern.layout;
    this.#frames.fill(-1);
    if (this.#step >= this.pattern.numSteps) return;
    for (let index = starts[this.#step]!; index < starts[this.#step + 1]!; index++) this.#frames[codebooks[index]!] = timesteps[index]!;
  }

  #checkCode(token: number | bigint, timestep: number): void {
    const { codebookSize } = this.#options;
    if (isCode(token, codebookSize)) return;
    throw new CodesError(
      "CODES_OUT_OF_RANGE",
      `token ${token} for frame ${timestep} is not a code; expected 0 to ${codebookSize - 1}. ` +
        "Mask special tokens when sampling, or call endAt when the model ends",
    );
  }

  /** Steps `start` to the last so far, as `[B, K, steps]`. */
  #stepsFrom(start: number): TokenGrid<Type> {
    const numRows = this.batchSize * this.pattern.numCodebooks;
    const numSteps = this.#step - start;
    const tokens = new Int32Array(numRows * numSteps);
    for (let step = 0; step < numSteps; step++) {
      for (let row = 0; row < numRows; row++) tokens[row * numSteps + step] = this.#tokens[(start + step) * numRows + row]!;
    }
    return gridOf(this.#options.type, [this.batchSize, this.pattern.numCodebooks, numSteps], tokens);
  }

  #setLength(item: number, numFrames: number): void {
    this.#lengths[item] = numFrames;
    this.#lastSteps.set(this.pattern.lastSteps(numFrames), item * this.pattern.numCodebooks);
    this.#lastStep = this.#lastSteps.reduce((last, step) => Math.max(last, step), -1);
  }
}

/** `[T]`: the step that holds the last code of a frame that was not there before; Infinity where the layout lacks one of its cells. */
function completionSteps({ layout, numCodebooks, numSteps, timesteps }: Pattern): Float64Array {
  const completion = new Float64Array(timesteps).fill(Infinity);
  const numMissing = new Uint32Array(timesteps).fill(numCodebooks);
  const cells = new Uint8Array(timesteps * numCodebooks);
  for (let step = 0; step < numSteps; step++) {
    for (let index = layout.starts[step]!; index < layout.starts[step + 1]!; index++) {
      const timestep = layout.timesteps[index]!;
      const cell = timestep * numCodebooks + layout.codebooks[index]!;
      if (timestep >= timesteps || cells[cell] === 1) continue;
      cells[cell] = 1;
      if (--numMissing[timestep]! === 0) completion[timestep] = step;
    }
  }
  return completion;
}
