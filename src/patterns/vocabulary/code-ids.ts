import { CodesError } from "../../core/index.ts";
import { checkCount } from "../grid/check-count.ts";

/** Ids fit 32 bits with a sign, as frameworks keep them. */
const maxId = 0x7fff_ffff;

/** How the ids of the codebooks lie in a vocabulary. */
export interface CodeIdsOptions {
  /** Entries of a codebook; 1 to 65,536. */
  readonly codebookSize: number;
  /** Codebooks in use (`n_q`). */
  readonly numCodebooks: number;
  /** Id of code 0 of codebook 0: the number of ids of the text tokenizer, as a rule. @default 0 */
  readonly base?: number | undefined;
  /**
   * `per-codebook`: every codebook has ids of its own, so an id alone names codebook and code.
   * `shared`: all codebooks have the same ids, and only the position in the sequence tells them apart.
   * @default "per-codebook"
   */
  readonly ranges?: "per-codebook" | "shared" | undefined;
  /** Ids from one codebook to the next, for models with rows between them. Only with ranges of their own. @default codebookSize */
  readonly stride?: number | undefined;
}

/**
 * The arithmetic between codes and ids: `id = base + codebook * stride + code`, or `base + code` where codebooks share their ids.
 *
 *     base                 base + stride
 *      | 0 1 … codebookSize-1 | gap |  0 1 … codebookSize-1 | gap | … end
 */
export class CodeIds {
  readonly codebookSize: number;
  readonly numCodebooks: number;
  readonly base: number;
  readonly ranges: "per-codebook" | "shared";
  readonly stride: number;
  /** The first id above those of all codebooks, the gap of the last one included. */
  readonly end: number;

  /** @throws RangeError naming the option that makes no sense. */
  constructor(options: CodeIdsOptions) {
    const { codebookSize, numCodebooks, base = 0, ranges = "per-codebook", stride = codebookSize } = options;
    checkCount("codebookSize", codebookSize, 1, 65_536);
    checkCount("numCodebooks", numCodebooks, 1, maxId);
    checkCount("base", base, 0, maxId);
    if (ranges !== "per-codebook" && ranges !== "shared") {
      throw new RangeError(`ranges must be "per-codebook" or "shared"; received ${JSON.stringify(ranges)}`);
    }
    if (ranges === "shared" && options.stride !== undefined) {
      throw new RangeError("codebooks that share their ids have no stride; leave it out, or choose ranges per-codebook");
    }
    checkCount("stride", stride, codebookSize, maxId);
    this.codebookSize = codebookSize;
    this.numCodebooks = numCodebooks;
    this.base = base;
    this.ranges = ranges;
    this.stride = stride;
    this.end = base + (ranges === "shared" ? codebookSize : numCodebooks * stride);
  }

  /**
   * The id of a code.
   * @throws RangeError if there is no such codebook.
   * @throws CodesError with code CODES_OUT_OF_RANGE if the codebook has no such code.
   */
  idOf(codebook: number, code: number): number {
    checkCount("codebook", codebook, 0, this.numCodebooks - 1);
    if (!Number.isInteger(code) || code < 0 || code >= this.codebookSize) {
      throw new CodesError(
        "CODES_OUT_OF_RANGE",
        `${code} is not a code of codebook ${codebook}; expected 0 to ${this.codebookSize - 1}. Special tokens have ids of their own.`,
      );
    }
    return this.#firstId(codebook) + code;
  }

  /** The code of a codebook that an id stands for, or undefined where the id is not one of that codebook's. */
  codeOf(id: number, codebook: number): number | undefined {
    const code = id - this.#firstId(codebook);
    return Number.isInteger(code) && code >= 0 && code < this.codebookSize ? code : undefined;
  }

  /** The codebook that an id belongs to; undefined for an id of none, and for all where codebooks share their ids. */
  codebookOf(id: number): number | undefined {
    if (this.ranges === "shared" || !this.isCode(id)) return undefined;
    return Math.floor((id - this.base) / this.stride);
  }

  /** Whether an id stands for a code of some codebook. */
  isCode(id: number): boolean {
    return Number.isInteger(id) && id >= this.base && id < this.end && (id - this.base) % this.stride < this.codebookSize;
  }

  #firstId(codebook: number): number {
    return this.ranges === "shared" ? this.base : this.base + codebook * this.stride;
  }
}
