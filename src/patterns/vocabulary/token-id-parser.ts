import { checkNumbers, numbersOf } from "../grid/token-grid.ts";
import type { TokenGrid } from "../grid/token-grid.ts";
import { FrameAssembler, assembleFrames, checkStreams } from "./frame-assembler.ts";
import type { DescribeToken, ParsedCodes, ParsePolicy } from "./frame-assembler.ts";
import type { TokenIds } from "./token-ids.ts";

/** How tokens that do not fit are treated. */
export interface ParseOptions {
  /** What becomes of ids that do not fit. @default "strict" */
  readonly policy?: ParsePolicy | undefined;
}

/**
 * Reads codes from ids as a language model generates them, in pieces of any length.
 *
 *     const parser = new TokenIdParser(vocabulary, { policy: "resync" });
 *     for await (const ids of generated) { play(parser.push(ids)); if (parser.ended) break; }
 *     parser.finish();
 */
export class TokenIdParser {
  readonly #assembler: FrameAssembler;
  #position = 0;

  /** @throws RangeError if the vocabulary's order is codebook-major, where no frame is complete before the end. */
  constructor(vocabulary: TokenIds, { policy = "strict" }: ParseOptions = {}) {
    checkStreams(vocabulary);
    this.#assembler = new FrameAssembler(vocabulary, policy, describeId(vocabulary));
  }

  /** Ids so far that ended up in no frame, special tokens not counted; an unfinished frame counts when it is given up. */
  get dropped(): number {
    return this.#assembler.dropped;
  }

  /** Whether the special token `eos` was seen. */
  get hasEnded(): boolean {
    return this.#assembler.hasEnded;
  }

  /**
   * Takes the next ids.
   * @returns The frames that they complete, `[K, n]`; n is often 0.
   * @throws CodesError with code CODES_FORMAT naming the position in the stream, if reading is strict and an id does not fit;
   * CODES_OUT_OF_RANGE for what is no number, before any id is taken.
   * Frames that the ids before it completed are not lost: `push([])` gives them.
   */
  push(ids: ArrayLike<number | bigint>): TokenGrid<"uint16"> {
    checkIds(ids);
    for (let index = 0; index < ids.length; index++) this.#assembler.accept(Number(ids[index]), this.#position++);
    return this.#assembler.take();
  }

  /**
   * Ends the stream.
   * @returns `[K, 0]`: ids never complete a frame late. Here for symmetry with `TokenTextParser`.
   * @throws CodesError with code CODES_FORMAT if reading is strict and the last frame is unfinished.
   */
  finish(): TokenGrid<"uint16"> {
    this.#assembler.finish();
    return this.#assembler.take();
  }
}

/** Reads the codes of ids that are all there, in either order; what `TokenVocabulary.decode` does. */
export function parseIds(vocabulary: TokenIds, ids: ArrayLike<number | bigint>, { policy = "strict" }: ParseOptions = {}): ParsedCodes {
  checkIds(ids);
  return assembleFrames(vocabulary, numbersOf(ids), policy, describeId(vocabulary));
}

function describeId(vocabulary: TokenIds): DescribeToken {
  return (id, position) => {
    const special = vocabulary.specialTokenOf(id);
    const codebook = vocabulary.codeIds.codebookOf(id);
    const what =
      special !== undefined ? ` (special token ${special.name})` : codebook !== undefined ? ` (a code of codebook ${codebook})` : "";
    return `id ${id}${what} at position ${position}`;
  };
}

function checkIds(ids: ArrayLike<number | bigint>): void {
  if (typeof ids !== "object" || ids === null || !Number.isInteger(ids.length)) {
    throw new TypeError("expected an array of ids; of a tensor, pass its data");
  }
  checkNumbers(ids);
}
