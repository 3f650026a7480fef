import { damaged } from "./damaged.ts";

/** Any file may become a quarter of a gibibyte; silence packs so well that a file of it becomes hundreds of times as long. */
const freeBytes = 2 ** 28;
const mostPerByte = 2 ** 10;

/**
 * What reading a file may cost in all, in bytes that are read, unpacked and decoded: `2 ** 28`, and `2 ** 10` for each byte of the file.
 * It keeps small files from becoming much work: pages that claim much, columns on top of each other, texts that are repeated by number.
 */
export class DecodingBudget {
  readonly #size: number;
  #left: number;

  /** @param size Of the file, in bytes. */
  constructor(size: number) {
    this.#size = size;
    this.#left = freeBytes + mostPerByte * size;
  }

  /** @throws CodesError with code CODES_FORMAT when it is used up. */
  take(bytes: number): void {
    this.#left -= bytes;
    if (this.#left < 0)
      throw damaged(`its ${this.#size} bytes would become more than ${freeBytes + mostPerByte * this.#size}; it is not read on`);
  }
}
