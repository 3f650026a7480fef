import { createHash } from "node:crypto";
import { CodecError } from "../../core/index.ts";
import { streamRowBytes } from "../inputs/row-bytes.ts";
import type { RowLocation } from "../inputs/row-bytes.ts";
import type { AudioRow } from "../inputs/row.ts";

/**
 * Digests of what rows would encode: SHA-256 over the bytes of the file, or member, and the time range. The bytes of a file
 * are read once for all rows of it that follow one another.
 */
export class ContentDigester {
  readonly #locate: (row: AudioRow) => RowLocation;
  readonly #signal: AbortSignal | undefined;
  #place = "";
  #digest: Uint8Array | undefined;

  constructor(locate: (row: AudioRow) => RowLocation, signal?: AbortSignal) {
    this.#locate = locate;
    this.#signal = signal;
  }

  /** 32 bytes; undefined for a file that cannot be read, which is for whoever encodes it to tell. */
  async digestOf(row: AudioRow): Promise<Uint8Array | undefined> {
    const location = this.#locate(row);
    const place = JSON.stringify(location);
    if (place !== this.#place) {
      this.#digest = await this.#read(location);
      this.#place = place;
    }
    if (this.#digest === undefined) return undefined;
    return createHash("sha256")
      .update(this.#digest)
      .update(JSON.stringify([row.start ?? 0, row.end ?? null]))
      .digest();
  }

  async #read(location: RowLocation): Promise<Uint8Array | undefined> {
    const hash = createHash("sha256");
    try {
      for await (const chunk of streamRowBytes(location, this.#signal)) hash.update(chunk);
    } catch (error) {
      if (error instanceof CodecError) return undefined;
      throw error;
    }
    return hash.digest();
  }
}
