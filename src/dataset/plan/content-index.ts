/** Words of a digest that are kept: 128 bits. Two of a billion different contents share them with probability 10⁻²¹. */
const wordsPerDigest = 4;

/**
 * Remembers digests with a number for each, in 24 bytes a slot and no objects; slots are filled to between 35 and 70 %,
 * which makes 34 to 69 bytes a digest, and half as much again for the moment in which it grows.
 */
export class ContentIndex {
  #digests = new Uint32Array(1024 * wordsPerDigest);
  #values = new Float64Array(1024).fill(-1);
  #size = 0;

  /** Digests remembered. */
  get size(): number {
    return this.#size;
  }

  /**
   * Remembers a number for a digest that is new; for one that is known, gives the number that it came with.
   * @param digest At least 16 bytes, of which the first 16 count.
   * @param value 0 or more.
   */
  add(digest: Uint8Array, value: number): number | undefined {
    const view = new DataView(digest.buffer, digest.byteOffset, wordsPerDigest * 4);
    const words = [0, 4, 8, 12].map((offset) => view.getUint32(offset, true));
    const slot = this.#slotOf(words);
    const known = this.#values[slot]!;
    if (known >= 0) return known;
    this.#fill(slot, words, value);
    this.#size++;
    if (this.#size > 0.7 * this.#values.length) this.#grow();
    return undefined;
  }

  /** The slot that holds a digest, or the empty one where it belongs. */
  #slotOf(words: ArrayLike<number>): number {
    const mask = this.#values.length - 1;
    for (let slot = words[0]! & mask; ; slot = (slot + 1) & mask) {
      if (this.#values[slot]! < 0) return slot;
      const start = slot * wordsPerDigest;
      if ([0, 1, 2, 3].every((i) => this.#digests[start + i] === words[i])) return slot;
    }
  }

  #fill(slot: number, words: ArrayLike<number>, value: number): void {
    this.#digests.set(words, slot * wordsPerDigest);
    this.#values[slot] = value;
  }

  #grow(): void {
    const digests = this.#digests;
    const values = this.#values;
    this.#digests = new Uint32Array(2 * digests.length);
    this.#values = new Float64Array(2 * values.length).fill(-1);
    for (let slot = 0; slot < values.length; slot++) {
      if (values[slot]! < 0) continue;
      const words = digests.subarray(slot * wordsPerDigest, (slot + 1) * wordsPerDigest);
      this.#fill(this.#slotOf(words), words, values[slot]!);
    }
  }
}
