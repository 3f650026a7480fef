/**
 * Random access to bytes whose length is known: a file, a buffer, later a range of a download.
 * It is what keeps a checkpoint of many megabytes from being held whole while single tensors are read.
 */
export interface ByteSource {
  /** A name for error messages: a file name or path. */
  readonly name: string;
  /** Length in bytes. */
  readonly size: number;
  /**
   * Reads exactly `length` bytes from `offset`. They belong to the caller, who may write to them.
   * @throws RangeError if the range does not lie within the source.
   */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** A `ByteSource` over bytes in memory. */
export function bytesSource(bytes: Uint8Array, name: string): ByteSource {
  return {
    name,
    size: bytes.byteLength,
    async read(offset, length) {
      checkRange(name, bytes.byteLength, offset, length);
      return new Uint8Array(bytes.subarray(offset, offset + length));
    },
  };
}

/** Throws a `RangeError` unless `[offset, offset + length)` lies within `size` bytes. */
export function checkRange(name: string, size: number, offset: number, length: number): void {
  if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length) || offset < 0 || length < 0 || offset + length > size) {
    throw new RangeError(`${name}: cannot read ${length} bytes at offset ${offset}; it has ${size} bytes`);
  }
}
