import type { ByteSource } from "../../core/index.ts";
import { Pace } from "./pace.ts";

/** Bytes read from a source at a time. */
const windowLength = 2 ** 16;

/**
 * Reads a source in small steps that mostly go forward, through one window of 64 KiB: however long the source, this is
 * what is held of it.
 */
export class ByteWindow {
  /** Length of the source in bytes. */
  readonly size: number;
  /** The pace of all work on the source's bytes. */
  readonly pace: Pace;
  readonly #source: ByteSource;
  #start = 0;
  #bytes: Uint8Array = new Uint8Array();

  /** @param pace Or a signal, once which fires nothing more is read. */
  constructor(source: ByteSource, pace?: Pace | AbortSignal) {
    this.#source = source;
    this.size = source.size;
    this.pace = pace instanceof Pace ? pace : new Pace(pace);
  }

  /** The rest of the source from an offset on, as if it were one of its own, at the same pace. */
  from(start: number): ByteWindow {
    if (start === 0) return this;
    const source = this.#source;
    const rest = {
      name: source.name,
      size: this.size - start,
      read: (offset: number, length: number) => source.read(start + offset, length),
    };
    return new ByteWindow(rest, this.pace);
  }

  /**
   * The `length` bytes at `offset`, fewer where the source ends before. They stay as they are when the window moves on.
   * @throws What the source throws, and the signal's reason once it is aborted.
   */
  async bytes(offset: number, length: number): Promise<Uint8Array> {
    const end = Math.min(offset + length, this.size);
    if (offset >= end) return new Uint8Array();
    if (offset < this.#start || end > this.#start + this.#bytes.length) {
      const readLength = Math.min(Math.max(length, windowLength), this.size - offset);
      await this.pace.spend(readLength);
      const bytes = await this.#source.read(offset, readLength);
      this.#bytes = bytes;
      this.#start = offset;
      return bytes.subarray(0, end - offset);
    }
    return this.#bytes.subarray(offset - this.#start, end - this.#start);
  }
}
