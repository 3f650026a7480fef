import { AudioFormatError } from "../../core/index.ts";
import { hasAscii } from "../reading/ascii.ts";
import type { ByteWindow } from "../reading/byte-window.ts";
import { skipTagsAndZeros, isTag } from "./mpeg-tags.ts";
import { headerLength, isAlike, isFreeFormat, maxFrameLength, parseMpegHeader } from "./mpeg-header.ts";
import type { MpegHeader } from "./mpeg-header.ts";

/** Where a frame stands, and its header. */
export interface MpegFrame {
  readonly offset: number;
  readonly header: MpegHeader;
}

/** The first frame of a file, and where it was expected: after tags and zeros. */
export interface MpegStart extends MpegFrame {
  readonly expected: number;
}

/** How far from where it is expected the first frame of a file is looked for, in bytes. */
const maxSearch = 2 ** 16;
/** Frames that have to follow each other where they are looked for: bytes look like a header by chance, about once in 16 KB. */
const minFrames = 3;
/** Bytes in which frames are looked for at a time. */
const searchLength = 2 ** 14;

/**
 * Finds the first frame of a file of MPEG audio: after tags and zeros, or up to 64 KiB further on. The bytes right behind an ID3v2 tag's
 * header are looked at, too: some writers get its length wrong.
 * @returns undefined if there is none.
 */
export async function findMpegStart(source: ByteWindow): Promise<MpegStart | undefined> {
  const expected = await skipTagsAndZeros(source, 0);
  const found = await findMpegFrame(source, expected, expected + maxSearch, 2);
  if (found !== undefined) {
    const header = parseMpegHeader(await source.bytes(expected, headerLength), 0);
    // Then the next frame is damaged, or the one after it.
    const isFirst = isAlike(header, found.header) && found.offset >= expected + header.length;
    return isFirst ? { offset: expected, header, expected } : { ...found, expected };
  }
  if (!hasAscii(await source.bytes(0, 3), 0, "ID3")) return undefined;
  const behindHeader = await findMpegFrame(source, 10, 10 + maxSearch);
  return behindHeader && { ...behindHeader, expected };
}

/**
 * The first frame from `start` on that others like it follow, to the end of the file or to a tag if there are fewer than three.
 * @param limit Where no frame may start any more.
 * @param numAtStart Frames that are enough if the first is at `start`.
 */
export async function findMpegFrame(
  source: ByteWindow,
  start: number,
  limit: number = source.size,
  numAtStart: number = minFrames,
): Promise<MpegFrame | undefined> {
  for (let from = start; from < Math.min(limit, source.size); from += searchLength) {
    const bytes = await source.bytes(from, searchLength + minFrames * maxFrameLength + 16);
    for (let at = bytes.indexOf(0xff); at >= 0 && at < searchLength && from + at < limit; at = bytes.indexOf(0xff, at + 1)) {
      const header = parseMpegHeader(bytes, at);
      if (header === undefined) continue;
      const isAtStart = from + at === start;
      if (startsRun(bytes, at, header, source.size - from, isAtStart ? numAtStart : minFrames)) return { offset: from + at, header };
    }
  }
  return undefined;
}

/** @param end Where the file ends, counted like `at`. */
function startsRun(bytes: Uint8Array, at: number, first: MpegHeader, end: number, numNeeded: number): boolean {
  let count = 0;
  let offset = at;
  for (let header: MpegHeader | undefined = first; isAlike(header, first); header = parseMpegHeader(bytes, offset)) {
    count++;
    offset += header.length;
    if (count >= numNeeded) return true;
  }
  // One frame alone is enough where it was expected.
  if (offset === end || isTag(bytes, offset)) return count >= Math.min(2, numNeeded - 1);
  return offset > end && count >= 2;
}

/**
 * What is to be said of a file in which no frames were found.
 * @returns `AUDIO_UNSUPPORTED` for frames in free format, `AUDIO_CORRUPT` for a single one, `AUDIO_UNKNOWN_FORMAT` for others.
 */
export async function noMpegError(source: ByteWindow): Promise<AudioFormatError> {
  const start = await skipTagsAndZeros(source, 0);
  const bytes = await source.bytes(start, maxSearch);
  if (isFreeFormat(bytes, 0)) {
    return new AudioFormatError(
      "AUDIO_UNSUPPORTED",
      "MP3 file in free format, whose frames do not say how long they are, which is not supported; " +
        "convert it first: lame --decode in.mp3 out.wav",
    );
  }
  if (parseMpegHeader(bytes, 0) !== undefined) {
    return new AudioFormatError(
      "AUDIO_CORRUPT",
      "truncated or damaged MP3 file: it starts with a frame header that no second frame follows",
    );
  }
  return new AudioFormatError("AUDIO_UNKNOWN_FORMAT", `no MP3 frames within ${maxSearch} bytes of the ${start > 0 ? "ID3 tag" : "start"}`);
}
