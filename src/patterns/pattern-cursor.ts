import { CodesError } from "../core/index.ts";
import { checkNotCode } from "./check-codes.ts";
import { checkCount } from "./check-count.ts";
import type { Pattern } from "./pattern.ts";
import { checkToken, gridOf, viewGrid } from "./token-grid.ts";
import type { CodesInput, TokenGrid, TokenType } from "./token-grid.ts";

/** What a cursor starts from. */
export interface CursorOptions<Type extends TokenType = TokenType> {
  /** Fills the cells that hold no code: an id that the model reads, `codebookSize` or more. */
  readonly specialToken: number;
  /** Fills the cells after a codebook's last code. @default specialToken */
  readonly padToken?: number | undefined;
  /** Stands in the cell after a codebook's last code when the sequence has ended. @default null, as for models without an end */
  readonly eosToken?: number | null | undefined;
  /** Codes are below this (`card`): what a model may put into free cells. */
  readonly codebookSize: number;
  /** Codes to go on from: `[K, T0]`, or `[B, K, T0]` for a batch, T0 ≤ T. @default none */
  readonly prompt?: CodesInput | undefined;
  /** Sequences generated side by side. @default that of the prompt, or 1 */
  readonly batchSize?: number | undefined;
  /** Of all grids that come out. @default "int32" */
  readonly type?: Type | undefined;
}

const endAdvice = "Mask special tokens when sampling, or call endAt when the model ends";

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
  readonly #promptFrames: number;
  /** `[B, K, T]`: codes known so far, `freeCell` elsewhere. */
  readonly #codes: Int32Array;
  /** `[T]`: the step after which a frame is complete; Infinity where the layout lacks one of its cells. */
  readonly #completion: Float64Array;
  /** `[B]`: frames that each sequence is to have. */
  readonly #lengths: number[];
  /** `[B, K]`: the last step with a code, -1 where there is none. */
  readonly #lastSteps: Int32Array;
  #step = 0;
  #taken = 0;
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
    const prompt = options.prompt === undefined ? null : viewGrid(options.prompt);
    this.batchSize = options.batchSize ?? prompt?.batchSize ?? 1;
    checkCount("batchSize", this.batchSize, 1);
    if (prompt !== null && prompt.batchSize !== this.batchSize) {
      throw new RangeError(`batchSize is ${this.batchSize} and the prompt has ${prompt.batchSize} clips; expected as many`);
    }
    if (prompt !== null && (prompt.numRows !== pattern.numCodebooks || prompt.numColumns > pattern.timesteps)) {
      throw new CodesError(
        "CODES_MISMATCH",
        `the prompt has ${prompt.numRows} codebooks and ${prompt.numColumns} frames; this pattern takes ${pattern.numCodebooks} and at most ${pattern.timesteps}`,
      );
    }
    this.pattern = pattern;
    this.#options = { specialToken, padToken, eosToken, codebookSize, type };
    this.#promptFrames = prompt?.numColumns ?? 0;
    this.#codes = new Int32Array(this.batchSize * pattern.numCodebooks * pattern.timesteps).fill(freeCell);
    if (prompt !== null) {
      for (let index = 0; index < prompt.data.length; index++) {
        const timestep = index % prompt.numColumns;
        const row = (index - timestep) / prompt.numColumns;
        this.#codes[row * pattern.timesteps + timestep] = this.#checkCode(prompt.data[index]!, timestep, "A prompt holds codes only");
      }
    }
    this.#tokens = new Int32Array(pattern.numSteps * this.batchSize * pattern.numCodebooks);
    this.#completion = completionSteps(pattern);
    this.#lengths = [];
    this.#lastSteps = new Int32Array(this.batchSize * pattern.numCodebooks);
    for (let item = 0; item < this.batchSize; item++) this.#setLength(item, pattern.timesteps);
    while (!this.isDone && !this.forced.includes(freeCell)) this.#advance(this.forced);
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
    return this.#lastSteps.every((lastStep) => lastStep < this.#step);
  }

  /** `[K]`: the frame that each codebook's cell of the next step belongs to, -1 where there is none. */
  get timesteps(): Int32Array {
    return this.#layoutTimesteps.map((timestep) => (timestep < this.pattern.timesteps ? timestep : -1));
  }

  /** `[B, K]`: for each cell of the next step the token that stands there, whatever the model says, or `freeCell`. */
  get forced(): Int32Array {
    const timesteps = this.#layoutTimesteps;
    const { specialToken, padToken, eosToken } = this.#options;
    return new Int32Array(this.batchSize * timesteps.length).map((_, cell) => {
      const timestep = timesteps[cell % timesteps.length]!;
      const length = this.#lengths[Math.floor(cell / timesteps.length)]!;
      if (timestep >= 0 && timestep < length) return this.#codes[cell * this.pattern.timesteps + timestep]!;
      if (timestep === length && eosToken !== null) return eosToken;
      const lastStep = this.#lastSteps[cell]!;
      return lastStep >= 0 && this.#step > lastStep ? padToken : specialToken;
    });
  }

  /** `[B, K, step]`: all steps so far. */
  get sequence(): TokenGrid<Type> {
    return this.#stepsFrom(0);
  }

  /**
   * Takes what the model predicts for the next step.
   * @param tokens `[B, K]`; values of cells that are not free are ignored.
   * @returns `[B, K, 1]`: the step as it stands in the sequence, which the model reads next.
   * @throws CodesError if a free cell gets a value that is not a code. A model that emits its end-of-sequence token there asks for `endAt`.
   * @throws RangeError if the number of tokens is wrong or nothing is left to predict.
   */
  push(tokens: ArrayLike<number | bigint>): TokenGrid<Type> {
    const { forced } = this;
    if (this.isDone) throw new RangeError("the sequence is complete; nothing is left to predict");
    if (tokens.length !== forced.length) {
      const sequences = this.batchSize === 1 ? "" : ` in ${this.batchSize} sequences`;
      throw new RangeError(
        `expected ${forced.length} tokens, one for each of ${this.pattern.numCodebooks} codebooks${sequences}; received ${tokens.length}`,
      );
    }
    const { timesteps } = this;
    for (let cell = 0; cell < forced.length; cell++) {
      if (forced[cell] === freeCell) forced[cell] = this.#checkCode(tokens[cell]!, timesteps[cell % timesteps.length]!, endAdvice);
    }
    this.#advance(forced);
    return this.#stepsFrom(this.#step - 1);
  }

  /**
   * Shortens the sequence, as when a model says that it has finished: cells of later frames hold special tokens from here on.
   * @param numFrames Frames that the sequence is to have, not fewer than the prompt's or those already taken.
   * More frames than the sequence is already to have change nothing.
   * @param item The sequence of the batch. @default all
   * @throws RangeError for another number of frames, or a sequence that is not there.
   */
  endAt(numFrames: number, item?: number): void {
    const least = Math.max(this.#promptFrames, this.#taken);
    if (!Number.isInteger(numFrames) || numFrames < least || numFrames > this.pattern.timesteps) {
      throw new RangeError(
        `cannot end after ${numFrames} frames; expected ${least}, those of the prompt or already taken, to ${this.pattern.timesteps}`,
      );
    }
    if (item !== undefined && !(Number.isInteger(item) && item >= 0 && item < this.batchSize)) {
      throw new RangeError(`the batch has sequences 0 to ${this.batchSize - 1}; received ${item}`);
    }
    for (const each of item === undefined ? this.#lengths.keys() : [item]) {
      if (numFrames < this.#lengths[each]!) this.#setLength(each, numFrames);
    }
  }

  /** `[B]`: frames that each sequence is to have, fewer than the pattern's after `endAt`. */
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
    while (this.#taken < end && (this.#taken < this.#promptFrames || this.#completion[this.#taken]! < this.#step)) this.#taken++;
    const numFrames = this.#taken - start;
    const numRows = this.batchSize * numCodebooks;
    const frames = new Int32Array(numRows * numFrames).fill(this.#options.specialToken);
    for (let row = 0; row < numRows; row++) {
      const length = this.#lengths[Math.floor(row / numCodebooks)]!;
      for (let t = start; t < Math.min(this.#taken, length); t++) frames[row * numFrames + t - start] = this.#codes[row * timesteps + t]!;
    }
    return gridOf(this.#options.type, [this.batchSize, numCodebooks, numFrames], frames);
  }

  /** `[K]`: what the layout says of the next step, frames beyond the clip included. */
  get #layoutTimesteps(): Int32Array {
    const timesteps = new Int32Array(this.pattern.numCodebooks).fill(-1);
    if (this.#step < this.pattern.numSteps) {
      for (const [timestep, codebook] of this.pattern.coordinates(this.#step)) timesteps[codebook] = timestep;
    }
    return timesteps;
  }

  #advance(tokens: Int32Array): void {
    for (const [codebook, timestep] of this.timesteps.entries()) {
      if (timestep < 0) continue;
      for (const [item, length] of this.#lengths.entries()) {
        const row = item * this.pattern.numCodebooks + codebook;
        if (timestep < length) this.#codes[row * this.pattern.timesteps + timestep] = tokens[row]!;
      }
    }
    this.#tokens.set(tokens, this.#step++ * tokens.length);
  }

  #checkCode(token: number | bigint, timestep: number, advice: string): number {
    const code = Number(token);
    const { codebookSize } = this.#options;
    if (Number.isInteger(code) && code >= 0 && code < codebookSize) return code;
    throw new CodesError("CODES_OUT_OF_RANGE", `token ${code} for frame ${timestep} is not a code; expected 0 to ${codebookSize - 1}. ${advice}`);
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
  }
}

/** `[T]`: the step that holds the last code of a frame that was not there before; Infinity where the layout lacks one of its cells. */
function completionSteps({ layout, numCodebooks, numSteps, timesteps }: Pattern): Float64Array {
  const completion = new Float64Array(timesteps).fill(-1);
  const cells = new Uint8Array(timesteps * numCodebooks);
  for (let step = 0; step < numSteps; step++) {
    for (let index = layout.starts[step]!; index < layout.starts[step + 1]!; index++) {
      const timestep = layout.timesteps[index]!;
      const cell = timestep * numCodebooks + layout.codebooks[index]!;
      if (timestep >= timesteps || cells[cell] === 1) continue;
      completion[timestep] = step;
      cells[cell] = 1;
    }
  }
  return completion.map((step, timestep) => (cells.subarray(timestep * numCodebooks, (timestep + 1) * numCodebooks).includes(0) ? Infinity : step));
}
