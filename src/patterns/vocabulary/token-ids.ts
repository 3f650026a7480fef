import { checkToken } from "../grid/token-grid.ts";
import { CodeIds } from "./code-ids.ts";
import type { CodeIdsOptions } from "./code-ids.ts";
import { resolveSpecialTokens } from "./special-tokens.ts";
import type { SpecialToken, SpecialTokenOptions } from "./special-tokens.ts";
import { TokenStrings } from "./token-strings.ts";

/** Where codes lie in a vocabulary, in what order, and what else it has. */
export interface TokenVocabularyOptions extends CodeIdsOptions {
  /** `frame-major`: code of codebook q at frame t is number `t * K + q`; `codebook-major`: number `q * T + t`. @default "frame-major" */
  readonly order?: "frame-major" | "codebook-major" | undefined;
  /** Tokens that are no codes, by names such as `bos`, `eos`, `pad`, `separator`. Parsers stop at the one called `eos`. @default none */
  readonly specialTokens?: Readonly<Record<string, SpecialTokenOptions>> | undefined;
  /** Strings of codes; see `TokenTemplate`. @default `<|audio_{q}_{code}|>`, or `<|audio_{code}|>` where codebooks share their ids */
  readonly template?: string | undefined;
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
 * Which id and which string each token of a flat vocabulary has; a `TokenVocabulary` writes and reads codes by them.
 *
 * Ids of special tokens are never those of codes, and no string of a token begins another: both are checked here.
 */
export class TokenIds {
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
    if (reserved !== undefined)
      throw new RangeError(`${JSON.stringify(reserved)}: strings that begin with ${unusedPrefix} are those of unused ids`);
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
    const numUnused =
      this.size - (ranges === "shared" ? 1 : numCodebooks) * codebookSize - this.specialTokens.filter(({ id }) => id >= base).length;
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
}
