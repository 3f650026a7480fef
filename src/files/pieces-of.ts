import type { FileHandle } from "node:fs/promises";

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
