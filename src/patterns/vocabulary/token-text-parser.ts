import { CodesError } from "../../core/index.ts";
import type { TokenGrid } from "../grid/token-grid.ts";
import { FrameAssembler, assembleFrames, checkStreams } from "./frame-assembler.ts";
import type { DescribeToken, ParsedCodes } from "./frame-assembler.ts";
import type { ParseOptions } from "./token-id-parser.ts";
import { incompleteToken } from "./token-template.ts";
import type { TokenIds } from "./token-ids.ts";

/** Codes that were read from text. */
export interface ParsedText extends ParsedCodes {
  /** UTF-16 units that are part of no token, whitespace between tokens not counted; 0 where reading was strict. */
  readonly droppedCharacters: number;
}

/**
 * Reads codes from text as a language model writes it, cut into pieces anywhere, within a token too.
 *
 * Whitespace between tokens is passed over, since text tokenizers put it there when they decode. Anything else that is no token is an
 * error or dropped, as the policy says; after an error a parser reads no further. Positions in errors count UTF-16 units from the start of the stream, as `String.length` does.
 */
export class TokenTextParser {
  readonly #assembler: FrameAssembler;
  readonly #scanner: TextScanner;

  /** @throws RangeError if the vocabulary's order is codebook-major, where no frame is complete before the end. */
  constructor(vocabulary: TokenIds, { policy = "strict" }: ParseOptions = {}) {
    checkStreams(vocabulary);
    this.#assembler = new FrameAssembler(vocabulary, policy, describeString(vocabulary));
    this.#scanner = new TextScanner(vocabulary);
  }

  /** Tokens so far that ended up in no frame, special tokens not counted; an unfinished frame counts when it is given up. */
  get dropped(): number {
    return this.#assembler.dropped;
  }

  /** UTF-16 units so far that are part of no token, whitespace between tokens not counted. */
  get droppedCharacters(): number {
    return this.#assembler.interruptions;
  }

  /** Whether the special token `eos` was seen. */
  get hasEnded(): boolean {
    return this.#assembler.hasEnded;
  }

  /**
   * Takes the next piece of text.
   * @returns The frames that it completes, `[K, n]`; n is often 0.
   * @throws CodesError with code CODES_FORMAT naming the character, if reading is strict and something does not fit.
   * Frames that the text before it completed are not lost: `push("")` gives them.
   */
  push(text: string): TokenGrid<"uint16"> {
    checkText(text);
    this.#scanner.scan(text, false, intoFrames(this.#assembler));
    return this.#assembler.take();
  }

  /**
   * Ends the stream.
   * @returns The frames that were held back for what might have followed, `[K, n]`; n is nearly always 0.
   * @throws CodesError with code CODES_FORMAT if reading is strict and the last token or frame is unfinished.
   */
  finish(): TokenGrid<"uint16"> {
    this.#scanner.scan("", true, intoFrames(this.#assembler));
    this.#assembler.finish();
    return this.#assembler.take();
  }
}

/** Reads the codes of a text that is all there, in either order; what `TokenVocabulary.parseText` does. */
export function parseText(vocabulary: TokenIds, text: string, options: ParseOptions = {}): ParsedText {
  checkText(text);
  if (vocabulary.order === "codebook-major") return { ...parseByCodebook(vocabulary, text, options), droppedCharacters: 0 };
  const assembler = new FrameAssembler(vocabulary, options.policy ?? "strict", describeString(vocabulary));
  new TextScanner(vocabulary).scan(text, true, intoFrames(assembler));
  assembler.finish();
  const { dropped, hasEnded, interruptions: droppedCharacters } = assembler;
  return { codes: assembler.take(), dropped, hasEnded, droppedCharacters };
}

function parseByCodebook(vocabulary: TokenIds, text: string, { policy = "strict" }: ParseOptions): ParsedCodes {
  const ids: number[] = [];
  const positions: number[] = [];
  new TextScanner(vocabulary).scan(text, true, {
    token: (id, position) => {
      ids.push(id);
      positions.push(position);
    },
    other: (describe) => {
      throw new CodesError("CODES_FORMAT", `found ${describe()}; expected a token`);
    },
  });
  const describe = describeString(vocabulary);
  return assembleFrames(vocabulary, ids, policy, (id, index) => describe(id, positions[index]!));
}

/** What a scanner finds: a token with the place where it starts, or a UTF-16 unit that is part of none, in words. */
interface Findings {
  readonly token: (id: number, position: number) => void;
  readonly other: (describe: () => string) => void;
}

function intoFrames(assembler: FrameAssembler): Findings {
  return {
    token: (id, position) => assembler.accept(id, position),
    other: (describe) => assembler.interrupt(describe),
  };
}

/** Finds the tokens in pieces of text; a piece's end that may be the beginning of a token is kept for the next piece. */
class TextScanner {
  readonly #vocabulary: TokenIds;
  #rest = "";
  /** Where `#rest` starts in the stream. */
  #offset = 0;

  constructor(vocabulary: TokenIds) {
    this.#vocabulary = vocabulary;
  }

  scan(piece: string, isLast: boolean, { token, other }: Findings): void {
    const text = this.#rest + piece;
    let at = 0;
    while (at < text.length) {
      const id = this.#vocabulary.strings.match(text, at);
      if (id === incompleteToken && !isLast) break;
      if (id >= 0) {
        token(id, this.#offset + at);
        at += this.#vocabulary.strings.format(id)!.length;
      } else {
        const [start, position] = [at, this.#offset + at];
        if (!/\s/u.test(text[at]!)) other(() => describeOther(text, start, position));
        at++;
      }
    }
    this.#rest = text.slice(at);
    this.#offset += at;
  }
}

function describeString(vocabulary: TokenIds): DescribeToken {
  return (id, position) => `${JSON.stringify(vocabulary.tokenToString(id))} at character ${position}`;
}

/** Code points of text that an error shows at most. */
const maxShown = 24;

/** What stands in a text where a token should start, as far as the next whitespace. */
function describeOther(text: string, start: number, position: number): string {
  const [word] = /^\S*/u.exec(text.slice(start, start + 2 * maxShown + 2))!;
  const shown = [...word];
  const found = shown.length > maxShown ? `${shown.slice(0, maxShown).join("")}…` : word;
  return `${JSON.stringify(found)} at character ${position}, which starts no token`;
}

function checkText(text: string): void {
  if (typeof text !== "string") throw new TypeError(`expected a string; received ${text === null ? "null" : typeof text}`);
}
