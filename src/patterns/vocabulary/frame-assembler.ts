import { CodesError } from "../../core/index.ts";
import { filledGrid } from "../grid/token-grid.ts";
import type { TokenGrid } from "../grid/token-grid.ts";
import type { TokenIds } from "./token-ids.ts";

/**
 * What becomes of tokens that do not fit, as language models produce them.
 *
 * - `strict`: an error that says where.
 * - `skip`: what is not a code of the codebook that is due is dropped, and the next token is tried. The codebook of the first code is taken
 *   to be due, and a first frame that lacks its beginning is dropped. Every token that can be kept is kept, but a frame may hold
 *   codes from before and after a gap.
 * - `resync`: an unfinished frame is dropped with what does not fit, and the next one starts at the next code of codebook 0.
 *   Frames never mix. Only for codebooks with ids of their own, since shared ones do not show where a frame starts.
 */
export type ParsePolicy = "strict" | "skip" | "resync";

/** Codes that were read from tokens. */
export interface ParsedCodes {
  /** The codes, `[K, T]`, complete frames only. */
  readonly codes: TokenGrid<"uint16">;
  /** Tokens that ended up in no frame, special tokens not counted; 0 where reading was strict. */
  readonly dropped: number;
  /** Whether the special token `eos` was seen. */
  readonly hasEnded: boolean;
}

/** A token in words, for errors: what it is and where. */
export type DescribeToken = (id: number, position: number) => string;

/**
 * Puts a stream of ids in frame-major order together to frames of codes, whatever the ids were read from.
 *
 * Special tokens may stand around the codes and, unless reading is strict, between them; they are never counted as dropped.
 * After the one called `eos` no code is taken any more.
 */
export class FrameAssembler {
  /** The number that `ParsedCodes` gives. */
  dropped: number = 0;
  /** The answer that `ParsedCodes` gives. */
  hasEnded: boolean = false;
  /** How often something came in between that is no token. */
  interruptions: number = 0;

  readonly #vocabulary: TokenIds;
  readonly #policy: ParsePolicy;
  readonly #describe: DescribeToken;
  /** Complete frames that were not taken yet, frame by frame. */
  #frames: number[] = [];
  /** Codes of the unfinished frame, up to the codebook that is due; its beginning may be missing at the start of the stream. */
  #frame: number[] = [];
  /** The codebook that is due; undefined where the first code decides. */
  #due: number | undefined;
  #hasCodes = false;
  /** Whether a special token came after codes, so that strict reading takes no more of them. */
  #isClosed = false;

  constructor(vocabulary: TokenIds, policy: ParsePolicy, describe: DescribeToken) {
    const { ranges } = vocabulary.codeIds;
    if (policy !== "strict" && policy !== "skip" && policy !== "resync") {
      throw new RangeError(`policy must be "strict", "skip" or "resync"; received ${JSON.stringify(policy)}`);
    }
    if (policy === "resync" && ranges === "shared") {
      throw new RangeError("policy resync needs codebooks with ids of their own; where they share ids nothing shows where a frame starts");
    }
    this.#vocabulary = vocabulary;
    this.#policy = policy;
    this.#describe = describe;
    this.#due = policy === "skip" && ranges === "per-codebook" ? undefined : 0;
  }

  /** Takes the next id. */
  accept(id: number, position: number): void {
    const isOpen = !this.hasEnded && !this.#isClosed;
    // What nearly every id is comes first, for speed; no special token is a code.
    const code = isOpen && this.#due !== undefined ? this.#vocabulary.codeIds.codeOf(id, this.#due) : undefined;
    if (code !== undefined) {
      this.#place(code);
      return;
    }
    const special = this.#vocabulary.specialTokenOf(id);
    if (special !== undefined) {
      this.#acceptSpecial(special.name, id, position);
    } else if (!isOpen) {
      if (this.#policy === "strict") throw unexpected(this.#describe(id, position), this.#dueInWords());
      this.dropped++;
    } else {
      this.#acceptCode(id, position);
    }
  }

  /**
   * Notes that something came in between which is no token.
   * @param describe It in words, for errors.
   */
  interrupt(describe: () => string): void {
    if (this.#policy === "strict") throw unexpected(describe(), this.#dueInWords());
    this.interruptions++;
    if (this.#policy === "resync") this.#dropFrame();
  }

  /** The frames completed since the last call, `[K, n]`. */
  take(): TokenGrid<"uint16"> {
    const { numCodebooks } = this.#vocabulary.codeIds;
    const frames = this.#frames;
    this.#frames = [];
    const numFrames = frames.length / numCodebooks;
    const codes = filledGrid("uint16", [numCodebooks, numFrames]);
    for (let codebook = 0; codebook < numCodebooks; codebook++) {
      for (let frame = 0; frame < numFrames; frame++) codes.data[codebook * numFrames + frame] = frames[frame * numCodebooks + codebook]!;
    }
    return codes;
  }

  /**
   * Ends the stream: an unfinished frame is dropped.
   * @throws CodesError with code CODES_FORMAT if there is one and reading is strict.
   */
  finish(): void {
    this.#endFrame(() => "the end");
  }

  #acceptSpecial(name: string, id: number, position: number): void {
    if (this.#policy !== "skip") this.#endFrame(() => this.#describe(id, position));
    this.hasEnded ||= name === "eos";
    if (this.#policy === "strict") this.#isClosed ||= this.hasEnded || this.#hasCodes;
  }

  #acceptCode(id: number, position: number): void {
    this.#due ??= this.#vocabulary.codeIds.codebookOf(id) ?? 0;
    let code = this.#vocabulary.codeIds.codeOf(id, this.#due);
    if (code === undefined && this.#policy === "resync") {
      this.#dropFrame();
      code = this.#vocabulary.codeIds.codeOf(id, 0);
    }
    if (code === undefined) {
      if (this.#policy === "strict") throw unexpected(this.#describe(id, position), this.#dueInWords());
      this.dropped++;
      return;
    }
    this.#place(code);
  }

  #place(code: number): void {
    const { numCodebooks } = this.#vocabulary.codeIds;
    this.#hasCodes = true;
    this.#frame.push(code);
    this.#due = (this.#due! + 1) % numCodebooks;
    if (this.#due > 0) return;
    if (this.#frame.length === numCodebooks) this.#frames.push(...this.#frame);
    else this.dropped += this.#frame.length;
    this.#frame.length = 0;
  }

  #endFrame(describe: () => string): void {
    if (this.#policy === "strict" && this.#frame.length > 0) throw unexpected(describe(), this.#dueInWords());
    this.#dropFrame();
  }

  #dropFrame(): void {
    this.dropped += this.#frame.length;
    this.#frame.length = 0;
    this.#due &&= 0;
  }

  #dueInWords(): string {
    if (this.#isClosed) return "nothing but special tokens after the codes";
    const { numCodebooks } = this.#vocabulary.codeIds;
    return this.#due === 0
      ? "a code of codebook 0, or a special token"
      : `a code of codebook ${this.#due}, since a frame has ${numCodebooks}`;
  }
}

/**
 * @throws RangeError if frames of this vocabulary cannot be read one after the other.
 * @throws TypeError if there is none.
 */
export function checkStreams(vocabulary: TokenIds): void {
  if (typeof vocabulary !== "object" || vocabulary === null || !("codeIds" in vocabulary)) {
    throw new TypeError("expected a TokenVocabulary, whose tokens are to be read");
  }
  if (vocabulary.order === "codebook-major") {
    throw new RangeError("in codebook-major order no frame is complete before the end; collect all tokens and use decode or parseText");
  }
}

/**
 * Reads the codes of a sequence that is all there, in the order of its vocabulary.
 * @throws RangeError if the order is codebook-major and reading is not strict: what is missing would shift all that follows.
 * @throws CodesError with code CODES_FORMAT if reading is strict and a token does not fit.
 */
export function assembleFrames(vocabulary: TokenIds, ids: ArrayLike<number>, policy: ParsePolicy, describe: DescribeToken): ParsedCodes {
  const assembler = new FrameAssembler(vocabulary, policy, describe);
  if (vocabulary.order === "codebook-major") {
    if (policy !== "strict") {
      throw new RangeError(`policy ${policy} drops tokens, which in codebook-major order shifts all codes that follow; read strictly`);
    }
    for (const position of positionsByFrame(vocabulary, ids)) assembler.accept(ids[position]!, position);
  } else {
    for (let position = 0; position < ids.length; position++) assembler.accept(ids[position]!, position);
  }
  assembler.finish();
  return { codes: assembler.take(), dropped: assembler.dropped, hasEnded: assembler.hasEnded };
}

/** Positions of a codebook-major sequence in frame-major order; the special tokens around the codes stay where they are. */
function positionsByFrame(vocabulary: TokenIds, ids: ArrayLike<number>): Uint32Array {
  const { numCodebooks } = vocabulary.codeIds;
  const isSpecial = (position: number) => vocabulary.specialTokenOf(ids[position]!) !== undefined;
  let start = 0;
  let end = ids.length;
  while (start < end && isSpecial(start)) start++;
  while (end > start && isSpecial(end - 1)) end--;
  const numFrames = (end - start) / numCodebooks;
  if (!Number.isInteger(numFrames)) {
    throw unexpected(`${end - start} tokens between the special ones`, `a multiple of the ${numCodebooks} codebooks`);
  }
  return Uint32Array.from({ length: ids.length }, (_, position) => {
    if (position < start || position >= end) return position;
    const index = position - start;
    return start + (index % numCodebooks) * numFrames + Math.floor(index / numCodebooks);
  });
}

function unexpected(found: string, expected: string): CodesError {
  return new CodesError("CODES_FORMAT", `found ${found}; expected ${expected}`);
}
