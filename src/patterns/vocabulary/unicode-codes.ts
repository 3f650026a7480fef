import type { CodesInput } from "../grid/token-grid.ts";
import { assembleFrames } from "./frame-assembler.ts";
import type { ParsedCodes } from "./frame-assembler.ts";
import type { ParseOptions } from "./token-id-parser.ts";
import { TokenVocabulary } from "./token-vocabulary.ts";

/** The codes that characters stand for. */
export interface UnicodeCodesOptions {
  readonly codebookSize: number;
  readonly numCodebooks: number;
  /** Character of code 0 of codebook 0, as a code point. @default 0x4E00, the first CJK ideograph */
  readonly base?: number | undefined;
}

/**
 * Writes codes as text of one character per code, U+(base + codebook * codebookSize + code), frame by frame, as tokenizers that learn
 * merges of codes (BPE) read it.
 *
 * Such text must reach the tokenizer without Unicode normalisation, except where all its characters are U+4E00 to U+9FFF, which it leaves
 * alone (20,992 codes from the default base: 8 codebooks of 2048). Beyond lie Hangul syllables, which NFD takes apart (from U+AC00, reached by
 * more than 23 codebooks of 1024), and above U+E000 compatibility ideographs, which every form replaces by others (from U+F900).
 * The private plane from 0xF0000 is safe for 65,534 codes.
 *
 * Source: AbrahamSanders/codec-bpe (69c4b8a) `core/converter.py`, `codes_to_chars`.
 * @throws RangeError if the characters would run into the surrogates or beyond Unicode; the message says which base works.
 * @throws CodesError as `TokenVocabulary.encode` does.
 */
export function codesToCharacters(codes: CodesInput, options: UnicodeCodesOptions): string {
  const points = unicodeVocabulary(options).encode(codes, { type: "int32" }).data;
  return Array.from(points, (point) => String.fromCodePoint(point)).join("");
}

/**
 * Reads codes from text of one character per code; the inverse of `codesToCharacters`.
 *
 * Policy `skip` is the clean-up of codec-bpe: characters of another codebook than is due are dropped, and so are unfinished frames at
 * the start and at the end. It differs in two points: characters beyond the last codebook are dropped too instead of becoming codes that do not exist, and
 * empty text is no codes instead of an error.
 *
 * Source: AbrahamSanders/codec-bpe (69c4b8a) `core/converter.py`, `chars_to_codes`.
 * @returns Codes `[K, T]`; `dropped` counts all characters that are in no frame. A character is a code point, here and in errors.
 * @throws RangeError as `codesToCharacters` does.
 * @throws CodesError with code CODES_FORMAT naming the character, if reading is strict and one does not fit.
 */
export function charactersToCodes(text: string, options: UnicodeCodesOptions & ParseOptions): ParsedCodes {
  const points = Array.from(text, (character) => character.codePointAt(0)!);
  return assembleFrames(unicodeVocabulary(options), points, options.policy ?? "strict", (point, position) => {
    return `U+${point.toString(16).toUpperCase().padStart(4, "0")} at character ${position}`;
  });
}

/** Code points are ids like any others. */
function unicodeVocabulary({ codebookSize, numCodebooks, base = 0x4e00 }: UnicodeCodesOptions): TokenVocabulary {
  const vocabulary = new TokenVocabulary({ codebookSize, numCodebooks, base });
  const end = vocabulary.vocabularySize;
  const range = `${numCodebooks} codebooks of ${codebookSize} from U+${base.toString(16).toUpperCase()} on`;
  const { size } = vocabulary;
  if (base + size > 0x11_0000 || (base <= 0xdfff && end > 0xd800)) {
    const works = size <= 0x11_0000 - 0xe000 ? "base 0xE000 has room for them" : "no base has room for so many";
    const where = end > 0x11_0000 ? "end beyond U+10FFFF" : "run into the surrogates U+D800 to U+DFFF, which are no characters";
    throw new RangeError(`${range} ${where}; ${works}`);
  }
  return vocabulary;
}
