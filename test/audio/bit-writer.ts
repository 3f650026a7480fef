/** Puts numbers together bit by bit, lowest bits first, as Vorbis has them. */
export class BitWriter {
  readonly #bits: number[] = [];

  write(value: number, width: number): this {
    for (let bit = 0; bit < width; bit++) this.#bits.push(Math.floor(value / 2 ** bit) % 2);
    return this;
  }

  text(characters: string): this {
    for (const character of characters) this.write(character.charCodeAt(0), 8);
    return this;
  }

  bytes(): Uint8Array {
    const bytes = new Uint8Array(Math.ceil(this.#bits.length / 8));
    for (const [index, bit] of this.#bits.entries()) bytes[index >> 3]! |= bit << (index & 7);
    return bytes;
  }
}
