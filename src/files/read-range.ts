import type { FileHandle } from "node:fs/promises";

const pieceBytes = 2 ** 20;

/** The bytes of an open file from its beginning on, in pieces whose memory is their own. @param signal Ends it with its reason. */
export async function* piecesOf(handle: FileHandle, signal?: AbortSignal): AsyncGenerator<Uint8Array, void> {
  for (let offset = 0; ; ) {
    signal?.throwIfAborted();
    const { buffer, bytesRead } = await handle.read(new Uint8Array(pieceBytes), 0, pieceBytes, offset);
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
