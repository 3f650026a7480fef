import { AudioFormatError, joinArrays } from "../../core/index.ts";
import { hasAscii } from "../reading/ascii.ts";
import type { ByteWindow } from "../reading/byte-window.ts";
import { pageChecksum } from "./ogg-checksum.ts";
import type { Pace } from "../reading/pace.ts";

/** One logical stream of an Ogg file, taken out of its pages. */
export interface OggStream {
  /** The first packet, which says what the others are. */
  readonly head: Uint8Array;
  /** The last page's granule position: for audio, the number of the sample after its last one, pre-skip included. */
  readonly endGranule: number;
  /** The pace of all work on the file's bytes. */
  readonly pace: Pace;
  /**
   * Reads every packet in order, the codec's header packets first, and checks that nothing is missing: checksums, page
   * numbers, no page or packet cut short.
   * @throws AudioFormatError `AUDIO_CORRUPT` for damage or a packet over 32 MiB, `AUDIO_UNSUPPORTED` for a second stream that is wanted.
   */
  packets(): AsyncGenerator<Uint8Array, void>;
}

interface OggPage {
  readonly isContinued: boolean;
  readonly isFirst: boolean;
  readonly isLast: boolean;
  /** −1 on pages on which no packet ends. */
  readonly granule: number;
  readonly serial: number;
  readonly sequence: number;
  readonly checksum: number;
  /** One byte for each piece of a packet; a piece of 255 bytes is followed by more of the same packet. */
  readonly lacing: Uint8Array;
  readonly body: Uint8Array;
  /** Length in bytes, header included. */
  readonly length: number;
}

const headerLength = 27;
const maxPageLength: number = headerLength + 255 + 255 * 255;

/** Most bytes of a packet: FLAC's longest metadata block is half of that, and the same as text in a comment two thirds. */
const maxPacketLength = 2 ** 25;
/** What an empty packet costs, in bytes that could be read instead. */
const packetWork = 32;

/** Bytes that are searched at a time for the last page, from the end on. */
const searchLength = 2 ** 16;

/**
 * Opens an Ogg file's stream whose first packet `isWanted`; streams multiplexed with it are passed over.
 * A stream need not be marked as ended: recorders that are stopped leave it so.
 * Source: RFC 3533, section 6.
 * @returns undefined if no stream is wanted.
 * @throws AudioFormatError `AUDIO_CORRUPT` for damage before or in the first packet.
 */
export async function openOgg(source: ByteWindow, isWanted: (firstPacket: Uint8Array) => boolean): Promise<OggStream | undefined> {
  let start = 0;
  let first: OggPage | undefined;
  for (let isLast = false; start < source.size; start += first.length) {
    if (isLast && !hasAscii(await source.bytes(start, 4), 0, "OggS")) return undefined;
    first = await readPage(source, start);
    if (first.isFirst && isWanted(first.body)) break;
    isLast = first.isLast;
  }
  if (first === undefined || start >= source.size) return undefined;

  const endGranule = await findEndGranule(source, start, first.serial);
  const packets = (): AsyncGenerator<Uint8Array, void> => readPackets(source, start, endGranule, isWanted);
  for await (const head of packets()) return { head, endGranule, pace: source.pace, packets };
  throw truncatedPacket();
}

async function* readPackets(
  source: ByteWindow,
  start: number,
  endGranule: number,
  isWanted: (firstPacket: Uint8Array) => boolean,
): AsyncGenerator<Uint8Array, void> {
  let unfinished: Uint8Array[] = [];
  let unfinishedLength = 0;
  let previous: OggPage | undefined;
  let granule = 0;

  for (let offset = start; offset < source.size;) {
    if (previous?.isLast && !hasAscii(await source.bytes(offset, 4), 0, "OggS")) break; // tags and the like after the end
    const page = await readPage(source, offset);
    offset += page.length;
    if (page.isFirst && isWanted(page.body)) {
      if (previous !== undefined) {
        throw new AudioFormatError(
          "AUDIO_UNSUPPORTED",
          "Ogg file with several audio streams, chained or side by side; take one out first: ffmpeg -i in.ogg -map 0:a:0 out.wav",
        );
      }
    } else if (page.serial !== previous?.serial) {
      continue;
    }
    if (previous !== undefined && page.sequence !== (previous.sequence + 1) % 2 ** 32) {
      throw new AudioFormatError("AUDIO_CORRUPT", `damaged Ogg file: page ${page.sequence} follows page ${previous.sequence}`);
    }
    if (page.isContinued !== unfinished.length > 0) {
      throw new AudioFormatError(
        "AUDIO_CORRUPT",
        `damaged Ogg file: page ${page.sequence} has a packet without its start, or lacks one's end`,
      );
    }
    await source.pace.spend(page.length + packetWork * page.lacing.length);
    const { whole, rest } = takePackets(page, unfinished);
    yield* whole;
    unfinished = rest;
    unfinishedLength = whole.length > 0 ? 0 : unfinishedLength + page.body.length;
    if (unfinishedLength > maxPacketLength) {
      throw new AudioFormatError("AUDIO_CORRUPT", `damaged Ogg file: a packet does not end within ${maxPacketLength} bytes`);
    }
    if (page.granule >= 0) granule = page.granule;
    previous = page;
  }
  if (unfinished.length > 0) throw truncatedPacket();
  if (granule !== endGranule) {
    throw new AudioFormatError(
      "AUDIO_CORRUPT",
      `damaged Ogg file: its pages end at granule position ${granule}, a page after them at ${endGranule}`,
    );
  }
}

/**
 * The granule position of the last whole page of a stream on which a packet ends, looked for from the end of the file.
 * Only what may be that page has its checksum computed. Pages do not overlap, so what does is no page.
 * @throws AudioFormatError `AUDIO_CORRUPT` where what may be pages overlaps so much that no file is like that.
 */
async function findEndGranule(source: ByteWindow, start: number, serial: number): Promise<number> {
  let budget = maxPageLength;
  for (let end = source.size; end > start; end -= searchLength) {
    const searchStart = Math.max(start, end - searchLength);
    const bytes = await source.bytes(searchStart, end - searchStart + maxPageLength);
    budget += end - searchStart;
    for (let at = end - searchStart - 1; at >= 0; at--) {
      if (bytes[at] !== 0x4f || !hasAscii(bytes, at, "OggS")) continue;
      const page = parsePageHeader(bytes.subarray(at));
      if (typeof page === "string" || page.serial !== serial || page.granule < 0) continue;
      budget -= page.length;
      if (budget < 0)
        throw new AudioFormatError(
          "AUDIO_CORRUPT",
          "damaged Ogg file: its end is full of page headers that overlap and have wrong checksums",
        );
      if (hasRightChecksum(bytes.subarray(at), page)) return page.granule;
    }
  }
  return 0;
}

async function readPage(source: ByteWindow, offset: number): Promise<OggPage> {
  const head = await source.bytes(offset, headerLength + 255);
  const page = parsePage(head.length < headerLength ? head : await source.bytes(offset, pageLength(head)));
  switch (page) {
    case "truncated":
      throw new AudioFormatError("AUDIO_CORRUPT", `truncated Ogg file: it ends within the page that starts at byte ${offset}`);
    case "no page":
      throw new AudioFormatError("AUDIO_CORRUPT", `damaged Ogg file: no page starts at byte ${offset}, where the one before ends`);
    case "wrong checksum":
      throw new AudioFormatError("AUDIO_CORRUPT", `damaged Ogg file: the checksum of the page at byte ${offset} is wrong`);
    default:
      return page;
  }
}

/** @param bytes Start with the page. */
function parsePage(bytes: Uint8Array): OggPage | "truncated" | "no page" | "wrong checksum" {
  const page = parsePageHeader(bytes);
  return typeof page === "string" || hasRightChecksum(bytes, page) ? page : "wrong checksum";
}

/** What looks like a page, whose checksum may be wrong. */
function parsePageHeader(bytes: Uint8Array): OggPage | "truncated" | "no page" {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < headerLength || bytes.length < headerLength + bytes[26]!) return "truncated";
  if (!hasAscii(bytes, 0, "OggS") || bytes[4] !== 0) return "no page";
  const length = pageLength(bytes);
  if (bytes.length < length) return "truncated";
  const bodyStart = headerLength + bytes[26]!;
  const flags = bytes[5]!;
  return {
    isContinued: (flags & 1) !== 0,
    isFirst: (flags & 2) !== 0,
    isLast: (flags & 4) !== 0,
    granule: Number(view.getBigInt64(6, true)),
    serial: view.getUint32(14, true),
    sequence: view.getUint32(18, true),
    checksum: view.getUint32(22, true),
    lacing: bytes.subarray(headerLength, bodyStart),
    body: bytes.subarray(bodyStart, length),
    length,
  };
}

function hasRightChecksum(bytes: Uint8Array, { checksum, length }: OggPage): boolean {
  return checksum === pageChecksum(bytes.subarray(0, length));
}

/** What a page's header says, as far as it is there. */
function pageLength(head: Uint8Array): number {
  const bodyStart = headerLength + head[26]!;
  let end = bodyStart;
  for (let i = headerLength; i < bodyStart; i++) end += head[i] ?? 0;
  return end;
}

function truncatedPacket(): AudioFormatError {
  return new AudioFormatError("AUDIO_CORRUPT", "truncated Ogg file: it ends within a packet");
}

/** A page's whole packets, the first of which may have started earlier, and the pieces of the one that goes on after it. */
function takePackets(page: OggPage, unfinished: Uint8Array[]): { readonly whole: Uint8Array[]; readonly rest: Uint8Array[] } {
  const whole: Uint8Array[] = [];
  let pieces = unfinished;
  let start = 0;
  let end = 0;
  for (const length of page.lacing) {
    end += length;
    if (length === 255) continue;
    pieces.push(page.body.subarray(start, end));
    whole.push(joinArrays(pieces, Uint8Array));
    pieces = [];
    start = end;
  }
  if (end > start) pieces.push(page.body.subarray(start, end));
  return { whole, rest: pieces };
}
