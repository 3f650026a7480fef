import { AudioFormatError } from "../../core/index.ts";
import { hasAscii } from "../reading/ascii.ts";
import type { ByteWindow } from "../reading/byte-window.ts";
import { pageChecksum } from "./ogg-checksum.ts";

/** A page with the right checksum. */
export interface OggPage {
  /** Where it starts in the file. */
  readonly offset: number;
  readonly isContinued: boolean;
  readonly isFirst: boolean;
  readonly isLast: boolean;
  /** Granule position: for audio, the number of the sample after the last one that ends here; −1 where no packet ends. */
  readonly granule: bigint;
  readonly serial: number;
  readonly sequence: number;
  /** One byte for each piece of a packet; a piece of 255 bytes is followed by more of the same packet. */
  readonly lacing: Uint8Array;
  readonly body: Uint8Array;
  /** Length in bytes, header included. */
  readonly length: number;
}

/** Bytes of the file that are no page with a right checksum. */
export interface NoPage {
  /** What is there instead of a page, as a message. */
  readonly message: string;
  /** Whether it starts like a page: then one was there. */
  readonly isDamagedPage: boolean;
  readonly offset: number;
}

const headerLength = 27;
const maxPageLength: number = headerLength + 255 + 255 * 255;

/** Bytes that are searched at a time. */
const searchLength = 2 ** 16;
/**
 * Bytes of which checksums may be computed beyond those that are passed over. Pages do not overlap; where what looks like pages does, each byte may
 * begin a page of 65 kB.
 */
const checksumSlack: number = 4 * maxPageLength;

/**
 * Reads the pages of all streams in a file. What stands between them is passed over, and is given once for each place.
 * Source: RFC 3533, section 6.
 * @throws AudioFormatError `AUDIO_CORRUPT` where what looks like pages overlaps so much that no file is like that.
 */
export async function* readPages(source: ByteWindow, start: number): AsyncGenerator<OggPage | NoPage, void> {
  let budget = checksumSlack;
  for (let offset = start; offset < source.size;) {
    const found = await pageAt(source, offset);
    if (typeof found !== "string") {
      yield found;
      offset += found.length;
      continue;
    }
    yield { message: messageOf(found, offset), isDamagedPage: found !== "no page", offset };
    const search = await findPage(source, offset, budget);
    offset = search.offset;
    budget = search.budget;
  }
}

/**
 * The granule position of the last whole page of a stream on which a packet ends, looked for from the end of the file.
 * Only what may be that page has its checksum computed.
 * @param isStart Whether a page starts another stream that is wanted.
 * @returns undefined if there is none, or if another stream starts after it.
 * @throws AudioFormatError `AUDIO_CORRUPT` where what may be pages overlaps so much that no file is like that.
 */
export async function findEndGranule(
  source: ByteWindow,
  start: number,
  serial: number,
  isStart: (page: OggPage) => boolean,
): Promise<bigint | undefined> {
  let budget = checksumSlack;
  for (let end = source.size; end > start; end -= searchLength) {
    const searchStart = Math.max(start, end - searchLength);
    const bytes = await source.bytes(searchStart, end - searchStart + maxPageLength);
    budget += end - searchStart;
    for (let at = end - searchStart - 1; at >= 0; at--) {
      if (bytes[at] !== 0x4f || !hasAscii(bytes, at, "OggS")) continue;
      const page = parsePage(bytes.subarray(at), searchStart + at);
      if (typeof page === "string" || !(page.isFirst ? isStart(page) : page.serial === serial && page.granule >= 0n)) continue;
      budget -= page.length;
      if (budget < 0) throw overlappingPages();
      if (hasRightChecksum(bytes.subarray(at), page)) return page.isFirst && page.offset > start ? undefined : page.granule;
    }
  }
  return undefined;
}

/** Whether a page with a right checksum starts within so many bytes. */
export async function oggStartsWithin(source: ByteWindow, start: number, length: number): Promise<boolean> {
  const end = Math.min(start + length, source.size);
  return (await findPage(source, start, checksumSlack, end)).offset < end;
}

/** The next page with a right checksum from `start` on; the end of the file if there is none before `limit`. */
async function findPage(
  source: ByteWindow,
  start: number,
  allowed: number,
  limit: number = source.size,
): Promise<{ readonly offset: number; readonly budget: number }> {
  let budget = allowed;
  for (let offset = start; offset < limit; offset += searchLength) {
    const bytes = await source.bytes(offset, searchLength + maxPageLength);
    const end = Math.min(searchLength, bytes.length);
    for (let at = bytes.indexOf(0x4f); at >= 0 && at < end; at = bytes.indexOf(0x4f, at + 1)) {
      if (!hasAscii(bytes, at, "OggS")) continue;
      const page = parsePage(bytes.subarray(at), offset + at);
      if (typeof page === "string") continue;
      budget -= page.length;
      const left = budget + offset + at - start;
      if (left < 0) throw overlappingPages();
      if (hasRightChecksum(bytes.subarray(at), page)) return { offset: offset + at, budget: left + page.length };
    }
  }
  return { offset: source.size, budget };
}

async function pageAt(source: ByteWindow, offset: number): Promise<OggPage | "truncated" | "no page" | "wrong checksum"> {
  const head = await source.bytes(offset, headerLength + 255);
  const bytes = head.length < headerLength ? head : await source.bytes(offset, pageLength(head));
  const page = parsePage(bytes, offset);
  return typeof page === "string" || hasRightChecksum(bytes, page) ? page : "wrong checksum";
}

/** What looks like a page, whose checksum may be wrong. */
function parsePage(bytes: Uint8Array, offset: number): OggPage | "truncated" | "no page" {
  if (!hasAscii(bytes, 0, "OggS".slice(0, bytes.length))) return "no page";
  if (bytes.length < headerLength || bytes.length < headerLength + bytes[26]!) return "truncated";
  if (bytes[4] !== 0) return "no page";
  const length = pageLength(bytes);
  if (bytes.length < length) return "truncated";
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const bodyStart = headerLength + bytes[26]!;
  const flags = bytes[5]!;
  return {
    offset,
    isContinued: (flags & 1) !== 0,
    isFirst: (flags & 2) !== 0,
    isLast: (flags & 4) !== 0,
    granule: view.getBigInt64(6, true),
    serial: view.getUint32(14, true),
    sequence: view.getUint32(18, true),
    lacing: bytes.subarray(headerLength, bodyStart),
    body: bytes.subarray(bodyStart, length),
    length,
  };
}

function hasRightChecksum(bytes: Uint8Array, { length }: OggPage): boolean {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(22, true) === pageChecksum(bytes.subarray(0, length));
}

/** What a page's header says, as far as it is there. */
function pageLength(head: Uint8Array): number {
  const bodyStart = headerLength + head[26]!;
  let end = bodyStart;
  for (let i = headerLength; i < bodyStart; i++) end += head[i] ?? 0;
  return end;
}

function messageOf(problem: "truncated" | "no page" | "wrong checksum", offset: number): string {
  switch (problem) {
    case "truncated":
      return `truncated Ogg file: it ends within the page that starts at byte ${offset}`;
    case "no page":
      return `damaged Ogg file: no page starts at byte ${offset}, where the one before ends`;
    case "wrong checksum":
      return `damaged Ogg file: the checksum of the page at byte ${offset} is wrong`;
  }
}

function overlappingPages(): AudioFormatError {
  return new AudioFormatError("AUDIO_CORRUPT", "damaged Ogg file: it is full of page headers that overlap and have wrong checksums");
}
