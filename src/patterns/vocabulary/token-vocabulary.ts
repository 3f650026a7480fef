import { CodesError } from "../../core/index.ts";
import { checkToken, gridOf, viewGrids } from "../grid/token-grid.ts";
import type { CodesInput, GridView, TokenGrid, TokenType } from "../grid/token-grid.ts";
import { CodeIds } from "./code-ids.ts";
import type { CodeIdsOptions } from "./code-ids.ts";
import type { ParsedCodes } from "./frame-assembler.ts";
import { resolveSpecialTokens } from "./special-tokens.ts";
import type { SpecialToken, SpecialTokenOptions } from "./special-tokens.ts";
import { parseIds } from "./token-id-parser.ts";
import type { ParseOptions } from "./token-id-parser.ts";
import { TokenStrings } from "./token-strings.ts";
import { parseText } from "./token-text-parser.ts";
import type { ParsedText } from "./token-text-parser.ts";

export interface TokenVocabularyOptions extends CodeIdsOptions {
  /** `frame-major`: code of codebook q at frame t is number `t * K + q`; `codebook-major`: number `q * T + t`. @default "frame-major" */
  readonly order?: "frame-major" | "codebook-major" | undefined;
  /** Tokens that are no codes, by names such as `bos`, `eos`, `pad`, `separator`. Parsers stop at the one called `eos`. @default none */
  readonly specialTokens?: Readonly<Record<string, SpecialTokenOptions>> | undefined;
  /** Strings of codes; see `TokenTemplate`. @default `<|audio_{q}_{code}|>`, or `<|audio_{code}|>` where codebooks share their ids */
  readonly template?: string | undefined;
}

/** Special tokens to write around the codes, by name. */
export interface SurroundingTokens {
  /** @default none */
  readonly before?: readonly string[] | undefined;
  /** Between one clip and the next, where there are several. @default none */
  readonly between?: readonly string[] | undefined;
  /** @default none */
  readonly after?: readonly string[] | undefined;
}

/** What an id of a vocabulary stands for; `codebook` is null where codebooks share their ids. */
export type VocabularyToken =
  | { readonly kind: "code"; readonly codebook: number | null; readonly code: number }
  | { readonly kind: "special"; readonly name: string };

/** An entry of `added_tokens` in a `tokenizer.json`, with its spelling. Source: huggingface/tokenizers `added_vocabulary.rs`, `AddedToken`. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly single_word: boolean;
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  readonly normalized: boolean;
  readonly special: boolean;
}

/** Begin of the strings of ids that nothing uses, so that nothing else may begin so. */
const unusedPrefix = "<|audio_unused_";

/** Unused ids among the added tokens at most; a model has some to round its vocabulary up. */
const maxUnused = 65_536;

/**
 * One flat vocabulary of all codes and a few special tokens, to be put behind that of a text model (LLaMA style).
 *
 *     const vocabulary = new TokenVocabulary({ codebookSize: 1024, numCodebooks: 8, base: 128_256, specialTokens: { bos: {}, eos: {} } });
 *     const ids = vocabulary.encode(codes, { before: ["bos"], after: ["eos"] });   // [2 + 8 * T]
 *     const { codes: back } = vocabulary.decode(ids.data);                         // [8, T]
 *
 * Ids of special tokens are never those of codes, and no string of a token begins another: both are checked here.
 */
export class TokenVocabulary {
  readonly codeIds: CodeIds;
  readonly order: "frame-major" | "codebook-major";
  readonly specialTokens: readonly SpecialToken[];
  readonly strings: TokenStrings;
  /** Ids from the base to the last audio token; special tokens of the text vocabulary are not among them. */
  readonly size: number;
  /** Rows that a model's embedding needs at least: base and size. */
  readonly vocabularySize: number;

  readonly #specialTokenOfId: ReadonlyMap<number, SpecialToken>;

  /** @throws RangeError naming the option that makes no sense, or the tokens that could be confused. */
  constructor(options: TokenVocabularyOptions) {
    const { order = "frame-major", specialTokens = {} } = options;
    if (order !== "frame-major" && order !== "codebook-major") {
      throw new RangeError(`order must be "frame-major" or "codebook-major"; received ${JSON.stringify(order)}`);
    }
    this.codeIds = new CodeIds(options);
    const { template = this.codeIds.ranges === "shared" ? "<|audio_{code}|>" : "<|audio_{q}_{code}|>" } = options;
    this.order = order;
    this.specialTokens = resolveSpecialTokens(specialTokens, this.codeIds);
    this.strings = new TokenStrings(template, this.specialTokens, this.codeIds);
    const reserved = [template, ...this.specialTokens.map((token) => token.content)].find((text) => text.startsWith(unusedPrefix));
    if (reserved !== undefined) throw new RangeError(`${JSON.stringify(reserved)}: strings that begin with ${unusedPrefix} are those of unused ids`);
    this.#specialTokenOfId = new Map(this.specialTokens.map((token) => [token.id, token]));
    this.vocabularySize = Math.max(this.codeIds.end, ...this.specialTokens.map((token) => token.id + 1));
    this.size = this.vocabularySize - this.codeIds.base;
    checkToken(this.vocabularySize - 1, "int32", "the last id");
  }

  /**
   * The id of a code.
   * @throws RangeError if there is no such codebook.
   * @throws CodesError with code CODES_OUT_OF_RANGE if the codebook has no such code.
   */
  idOf(codebook: number, code: number): number {
    return this.codeIds.idOf(codebook, code);
  }

  /**
   * The id of a special token.
   * @throws RangeError if there is none of that name.
   */
  specialIdOf(name: string): number {
    const token = this.specialTokens.find((each) => each.name === name);
    if (token === undefined) {
      const names = this.specialTokens.map((each) => each.name).join(", ");
      throw new RangeError(`there is no special token ${JSON.stringify(name)}; this vocabulary has ${names || "none"}`);
    }
    return token.id;
  }

  /** What an id stands for, or undefined for ids of text and unused ones. */
  tokenOf(id: number): VocabularyToken | undefined {
    const special = this.specialTokenOf(id);
    if (special !== undefined) return { kind: "special", name: special.name };
    if (!this.codeIds.isCode(id)) return undefined;
    const codebook = this.codeIds.codebookOf(id);
    return { kind: "code", codebook: codebook ?? null, code: this.codeIds.codeOf(id, codebook ?? 0)! };
  }

  /** The special token of an id, or undefined where it is none. */
  specialTokenOf(id: number): SpecialToken | undefined {
    return this.#specialTokenOfId.get(id);
  }

  /**
   * Lays codes out as one sequence of ids, in the order of their frames: clips follow each other, with what is `between` them.
   * @param codes One clip, or a list of clips of any lengths.
   * @param options Special tokens around them, and the type of the ids. @default int64, which ONNX language models take
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
    const ids = new Int32Array(first.length + last.length + separator.length * (clips.length - 1) + clips.reduce((sum, clip) => sum + clip.length, 0));
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
   * @param options What becomes of ids that do not fit. @default strict: special tokens around the codes only, complete frames only
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

  /** The string of an id, or undefined for ids of text and unused ones. */
  tokenToString(id: number): string | undefined {
    return this.strings.format(id);
  }

  /** The id of a string, or undefined where it is not exactly that of a token. */
  stringToToken(text: string): number | undefined {
    const id = this.strings.match(text, 0);
    return this.strings.format(id) === text ? id : undefined;
  }

  /**
   * The tokens as entries for `added_tokens` of a `tokenizer.json`: all ids from `base` on, in order and without a gap, since
   * huggingface/tokenizers numbers added tokens in the order of the list from the end of its vocabulary and passes over other ids that it
   * is given. So `base` must be the number of ids that the tokenizer has, and unused ids get strings (`<|audio_unused_ID|>`).
   *
   * No token is normalised or stripped, so that a text is split at them before anything else happens to it. Special tokens are `special`;
   * codes are not, or decoding with `skip_special_tokens` would lose the audio with them. Unused ids are special, as nothing should show them.
   * Special tokens with ids below `base` are left out: the text vocabulary has them.
   * @throws RangeError if more than 65,536 ids are unused, as with a special token far above the codes.
   */
  addedTokens(): AddedToken[] {
    const { base, ranges, numCodebooks, codebookSize } = this.codeIds;
    const numUnused = this.size - (ranges === "shared" ? 1 : numCodebooks) * codebookSize - this.specialTokens.filter(({ id }) => id >= base).length;
    if (numUnused > maxUnused) {
      throw new RangeError(
        `${numUnused} of the ids ${base} to ${this.vocabularySize - 1} are unused, and each would become a token; expected at most ${maxUnused}: ` +
          `choose a smaller stride, and ids for special tokens right above those of the codes, from ${this.codeIds.end} on`,
      );
    }
    return Array.from({ length: this.size }, (_, index) => {
      const id = base + index;
      const content = this.tokenToString(id) ?? `${unusedPrefix}${id}|>`;
      return { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: !this.codeIds.isCode(id) };
    });
  }

  #idsOfClip({ data, batchSize, numRows, numColumns, codebookSize }: GridView): Int32Array {
    const { codeIds, order } = this;
    if (batchSize !== 1) throw new CodesError("CODES_MISMATCH", `found codes of ${batchSize} clips in one tensor; pass them as a list of clips`);
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
