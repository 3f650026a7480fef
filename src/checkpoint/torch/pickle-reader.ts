import { malformed } from "./pickle-globals.ts";

/** Longest integer that is read; torch writes 8 bytes for sizes and 10 for its own mark. */
const maxLongLength = 16;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Takes numbers and text off a pickle from its beginning; whatever reaches beyond its end is refused. */
export class PickleReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #what: string;
  #position = 0;

  /** @param what Name of the pickle, for messages. */
  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#what = what;
  }

  /** Bytes taken so far. */
  get offset(): number {
    return this.#position;
  }

  skip(length: number): void {
    this.#take(length);
  }

  uint8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  uint16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  uint32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  int32(): number {
    return this.#view.getInt32(this.#take(4), true);
  }

  /** The only number that pickles store with its highest byte first. */
  float64(): number {
    return this.#view.getFloat64(this.#take(8), false);
  }

  /** A little-endian two's complement integer of up to 16 bytes; `bigint` where a number cannot hold it. */
  long(length: number): number | bigint {
    if (length > maxLongLength) throw malformed(this.#what, `has a number of ${length} bytes; at most ${maxLongLength} are read`);
    const begin = this.#take(length);
    let value = 0n;
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.#bytes[begin + i]!);
    value = BigInt.asIntN(length * 8, value);
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }

  /** UTF-8 of a given length in bytes. */
  text(length: number): string {
    const begin = this.#take(length);
    return this.#decode(this.#bytes.subarray(begin, begin + length));
  }

  /** Text up to a line feed. */
  line(): string {
    const begin = this.#position;
    const end = this.#bytes.indexOf(0x0a, begin);
    if (end < 0) throw malformed(this.#what, "ends in the middle of a name");
    this.#position = end + 1;
    return this.#decode(this.#bytes.subarray(begin, end));
  }

  /** Moves on by `length` bytes and gives the position they start at. */
  #take(length: number): number {
    const begin = this.#position;
    if (length > this.#bytes.length - begin) {
      throw malformed(this.#what, `ends in the middle of an operation, at byte ${this.#bytes.length}`);
    }
    this.#position = begin + length;
    return begin;
  }

  #decode(bytes: Uint8Array): string {
    try {
      return utf8.decode(bytes);
    } catch {
      throw malformed(this.#what, `has text that is not UTF-8 before byte ${this.#position}`);
    }
  }
}
