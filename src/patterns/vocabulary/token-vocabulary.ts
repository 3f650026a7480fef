import { CodesError } from "../../core/index.ts";
import { checkToken, gridOf, viewGrids } from "../grid/token-grid.ts";
import type { CodesInput, GridView, TokenGrid, TokenType } from "../grid/token-grid.ts";
import type { ParsedCodes } from "./frame-assembler.ts";
import { parseIds } from "./token-id-parser.ts";
import type { ParseOptions } from "./token-id-parser.ts";
import { TokenIds } from "./token-ids.ts";
import { parseText } from "./token-text-parser.ts";
import type { ParsedText } from "./token-text-parser.ts";

/** Special tokens to write around the codes, by name. */
export interface SurroundingTokens {
  /** What stands before the first clip. @default none */
  readonly before?: readonly string[] | undefined;
  /** What stands between one clip and the next, where there are several. @default none */
  readonly between?: readonly string[] | undefined;
  /** What stands after the last clip. @default none */
  readonly after?: readonly string[] | undefined;
}

/**
 * One flat vocabulary of all codes and a few special tokens, to be put behind that of a text model (LLaMA style).
 *
 *     const vocabulary = new TokenVocabulary({ codebookSize: 1024, numCodebooks: 8, base: 128_256, specialTokens: { bos: {}, eos: {} } });
 *     const ids = vocabulary.encode(codes, { before: ["bos"], after: ["eos"] });   // [2 + 8 * T]
 *     const { codes: back } = vocabulary.decode(ids.data);                         // [8, T]
 */
export class TokenVocabulary extends TokenIds {
  /**
   * Lays codes out as one sequence of ids, in the order of their frames: clips follow each other, with what is `between` them.
   * @param codes One clip, or a list of clips of any lengths.
   * @param options Special tokens around them, and the type of the ids. By default int64, which ONNX language models take.
   * @returns `[N]` with N = K * T of all clips and the special tokens.
   * @throws CodesError with code CODES_MISMATCH for codes of another codec, or a batch in one tensor; CODES_OUT_OF_RANGE for a value that is
   * no code.
   * @throws RangeError if a special token is unknown, or the type cannot hold the ids.
   */
  encode<Type extends TokenType = "int64">(
    codes: CodesInput | readonly CodesInput[],
    options: SurroundingTokens & { readonly type?: Type | undefined } = {},
  ): TokenGrid<Type> {
    const { before = [], between = [], after = [], type = "int64" as Type } = options;
    checkToken(this.vocabularySize - 1, type, "the last id");
    const idsOf = (names: readonly string[]): number[] => {
      if (!Array.isArray(names)) throw new TypeError(`before, between and after are lists of names; received ${JSON.stringify(names)}`);
      return names.map((name) => this.specialIdOf(name));
    };
    const [first, separator, last] = [before, between, after].map(idsOf) as [number[], number[], number[]];
    const clips = viewGrids(codes).map((view) => this.#idsOfClip(view));
    const ids = new Int32Array(
      first.length + last.length + separator.length * (clips.length - 1) + clips.reduce((sum, clip) => sum + clip.length, 0),
    );
    ids.set(first);
    let end = first.length;
    for (const [index, clip] of clips.entries()) {
      for (const part of index === 0 ? [clip] : [separator, clip]) {
        ids.set(part, end);
        end += part.length;
      }
    }
    ids.set(last, end);
    return gridOf(type, [ids.length], ids);
  }

  /**
   * Reads the codes of a sequence of ids; the inverse of `encode`.
   * @param options What becomes of ids that do not fit. By default strict: special tokens around the codes only, complete frames only.
   * @returns Codes `[K, T]`.
   * @throws CodesError with code CODES_FORMAT naming the position, if reading is strict and an id does not fit.
   */
  decode(ids: ArrayLike<number | bigint>, options: ParseOptions = {}): ParsedCodes {
    return parseIds(this, ids, options);
  }

  /**
   * Reads the codes of each clip of a sequence; the inverse of `encode` for a list of clips.
   * @param separator Name of the special token that stands between clips; where it stands at the end, no clip follows.
   * @param options As `decode` takes them, for each clip by itself: an `eos` ends its clip, not the sequence.
   * @throws RangeError if there is no such token; CodesError as `decode` does, with positions counted from the start of the clip.
   */
  decodeClips(ids: ArrayLike<number | bigint>, separator: string, options: ParseOptions = {}): ParsedCodes[] {
    const id = this.specialIdOf(separator);
    const clips: (number | bigint)[][] = [[]];
    for (const each of Array.from(ids)) {
      if (Number(each) === id) clips.push([]);
      else clips.at(-1)!.push(each);
    }
    if (clips.at(-1)!.length === 0) clips.pop();
    return clips.map((clip) => this.decode(clip, options));
  }

  /** The strings of the ids that `encode` gives, one after the other; same errors. */
  toText(codes: CodesInput | readonly CodesInput[], options: SurroundingTokens = {}): string {
    return Array.from(this.encode(codes, { ...options, type: "int32" }).data, (id) => this.tokenToString(id)).join("");
  }

  /**
   * Reads the codes of a text of tokens; the inverse of `toText`.
   * @throws CodesError with code CODES_FORMAT naming the character, if reading is strict and something does not fit.
   */
  parseText(text: string, options: ParseOptions = {}): ParsedText {
    return parseText(this, text, options);
  }

  #idsOfClip({ data, batchSize, numRows, numColumns, codebookSize }: GridView): Int32Array {
    const { codeIds, order } = this;
    if (batchSize !== 1)
      throw new CodesError("CODES_MISMATCH", `found codes of ${batchSize} clips in one tensor; pass them as a list of clips`);
    if (numRows !== codeIds.numCodebooks || (codebookSize ?? codeIds.codebookSize) !== codeIds.codebookSize) {
      const size = codebookSize === null ? "" : ` of ${codebookSize}`;
      const expected = `${codeIds.numCodebooks} of ${codeIds.codebookSize}`;
      throw new CodesError("CODES_MISMATCH", `found ${numRows} codebooks${size}; this vocabulary has ${expected}`);
    }
    const ids = new Int32Array(numRows * numColumns);
    for (let codebook = 0; codebook < numRows; codebook++) {
      for (let frame = 0; frame < numColumns; frame++) {
        const index = codebook * numColumns + frame;
        ids[order === "codebook-major" ? index : frame * numRows + codebook] = codeIds.idOf(codebook, Number(data[index]));
      }
    }
    return ids;
  }
}
