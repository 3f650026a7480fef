import { AudioFormatError } from "../../core/index.ts";
import { textOf, viewOf } from "./pcm-layout.ts";
import type { HeaderReading } from "./pcm-layout.ts";

/** How a container writes the headers of its chunks. */
export interface ChunkStyle {
  /** Bytes of a chunk's name, of which the first four are its characters. */
  readonly nameBytes: 4 | 16;
  readonly lengthBytes: 4 | 8;
  readonly littleEndian: boolean;
  /** Chunks begin at multiples of this many bytes. */
  readonly alignment: 1 | 2 | 8;
  /** Whether a chunk's length counts its header. */
  readonly countsHeader: boolean;
}

export interface Chunk {
  readonly name: string;
  /** Where its contents begin. */
  readonly start: number;
  /** Bytes of its contents, as its header says; the file may end before. */
  readonly length: number;
}

/** @returns The chunk that begins at `offset`; undefined if the file ends before its contents do begin. */
export function* readChunk(offset: number, size: number, style: ChunkStyle): HeaderReading<Chunk | undefined> {
  const headerBytes = style.nameBytes + style.lengthBytes;
  const start = offset + headerBytes;
  if (start > size) return undefined;
  const bytes = yield { start: offset, end: start };
  const view = viewOf(bytes);
  const said =
    style.lengthBytes === 4
      ? view.getUint32(style.nameBytes, style.littleEndian)
      : Number(view.getBigUint64(style.nameBytes, style.littleEndian));
  const length = style.countsHeader ? Math.max(0, said - headerBytes) : said;
  return { name: textOf(bytes, 0, 4), start, length };
}

/** Where the chunk after one begins. */
export function nextOf({ start, length }: Chunk, { alignment }: ChunkStyle): number {
  return start + Math.ceil(length / alignment) * alignment;
}

/**
 * The first chunk of each of the given names.
 * @param format Name of the format in messages.
 * @param first Where the first chunk of all begins.
 * @param required Looking ends with the last of these.
 * @throws AudioFormatError `AUDIO_CORRUPT` where one of them is missing.
 */
export function* findChunks<Name extends string>(
  format: string,
  first: number,
  size: number,
  style: ChunkStyle,
  required: readonly Name[],
  optional: readonly string[] = [],
): HeaderReading<Readonly<Record<Name, Chunk>> & { readonly [name: string]: Chunk | undefined }> {
  const found: Record<string, Chunk> = {};
  let chunk = yield* readChunk(first, size, style);
  while (chunk !== undefined && required.some((name) => found[name] === undefined)) {
    if (([...required, ...optional] as string[]).includes(chunk.name)) found[chunk.name] ??= chunk;
    chunk = yield* readChunk(nextOf(chunk, style), size, style);
  }
  const missing = required.find((name) => found[name] === undefined);
  if (missing === undefined) return found as Record<Name, Chunk>;
  throw new AudioFormatError(
    "AUDIO_CORRUPT",
    `truncated ${format} file: it ends after ${size} bytes without a ${JSON.stringify(missing)} chunk`,
  );
}
