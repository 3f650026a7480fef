import type { FileHandle } from "node:fs/promises";
import type { ByteSource } from "../core/index.ts";
import { checkRange } from "../core/index.ts";

const pieceBytes = 2 ** 20;

export interface PiecesOptions {
  /** First byte. @default 0 */
  readonly start?: number | undefined;
  /** The byte after the last one. @default the end of the file */
  readonly end?: number | undefined;
  /** Ends it with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** The bytes of an open file, in pieces of up to a mebibyte whose memory is their own. */
export async function* piecesOf(
  handle: FileHandle,
  { start = 0, end = Infinity, signal }: PiecesOptions = {},
): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  for (let offset = start; offset < end;) {
    signal?.throwIfAborted();
    const { buffer, bytesRead } = await handle.read(
      new Uint8Array(Math.min(pieceBytes, end - offset)),
      0,
      Math.min(pieceBytes, end - offset),
      offset,
    );
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
    offset += bytesRead;
  }
}

/** The `length` bytes of an open file at `offset`, fewer where it ends before. */
export async function readRange(handle: FileHandle, offset: number, length: number): Promise<Uint8Array> {
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
export function rangesOf(handle: FileHandle, { name, size, start = 0, cutShort, toError = (error) => error }: RangesOptions): ByteSource {
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
