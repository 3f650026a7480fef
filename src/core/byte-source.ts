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

/** A file that is open, such as a `FileHandle` of Node. */
export interface OpenFile {
  read(bytes: Uint8Array, offset: number, length: number, position: number): Promise<{ readonly bytesRead: number }>;
}

/** The `length` bytes of an open file at `offset`, fewer where it ends before. */
export async function readRange(handle: OpenFile, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await handle.read(bytes, done, length - done, offset + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return bytes.subarray(0, done);
}

export interface RangesOptions {
  /** The file's name in errors. */
  readonly name: string;
  readonly size: number;
  /** Where in the file they begin. @default 0 */
  readonly start?: number | undefined;
  /** The error for a file that ends before. @param end Bytes of `size` that there are. */
  readonly cutShort: (end: number) => Error;
  /** What is thrown in place of an error of the system. @default that error */
  readonly toError?: ((error: unknown) => unknown) | undefined;
}

/** Bytes of an open file, to be read in ranges. */
export function rangesOf(handle: OpenFile, { name, size, start = 0, cutShort, toError = (error) => error }: RangesOptions): ByteSource {
  return {
    name,
    size,
    async read(offset, length) {
      checkRange(name, size, offset, length);
      const bytes = await readRange(handle, start + offset, length).catch((error: unknown) => {
        throw toError(error);
      });
      if (bytes.length < length) throw cutShort(offset + bytes.length);
      return bytes;
    },
  };
}
