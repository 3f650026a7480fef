import { AudioFormatError } from "../core/index.ts";
import { hasAscii } from "./audio-container.ts";

/** One logical stream of an Ogg file, taken out of its pages. */
export interface OggStream {
  /** Every packet in order, the codec's header packets first. */
  readonly packets: readonly Uint8Array[];
  /** The last page's granule position: for audio, the number of the sample after its last one, pre-skip included. */
  readonly endGranule: number;
}

interface OggPage {
  readonly isContinued: boolean;
  readonly isFirst: boolean;
  readonly isLast: boolean;
  /** −1 on pages on which no packet ends. */
  readonly granule: number;
  readonly serial: number;
  readonly sequence: number;
  /** One byte for each piece of a packet; a piece of 255 bytes is followed by more of the same packet. */
  readonly lacing: Uint8Array;
  readonly body: Uint8Array;
  /** Offset of the next page. */
  readonly end: number;
}

const HEADER_LENGTH = 27;

/**
 * Takes an Ogg file apart and checks that nothing is missing: checksums, page numbers, no page or packet cut short.
 * A file of several multiplexed streams gives the one whose first packet `isWanted`; the others are passed over.
 * A stream need not be marked as ended: recorders that are stopped leave it so.
 * Source: RFC 3533, section 6.
 * @returns undefined if no stream is wanted.
 * @throws AudioFormatError `AUDIO_CORRUPT` for damage, `AUDIO_UNSUPPORTED` for more than one wanted stream.
 */
export function parseOgg(bytes: Uint8Array, isWanted: (firstPacket: Uint8Array) => boolean): OggStream | undefined {
  const packets: Uint8Array[] = [];
  let unfinished: Uint8Array[] = [];
  let previous: OggPage | undefined;
  let endGranule = 0;

  for (let offset = 0; offset < bytes.length; ) {
    if (previous?.isLast && !hasAscii(bytes, offset, "OggS")) break; // tags and the like after the end
    const page = parsePage(bytes, offset);
    offset = page.end;
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
      throw new AudioFormatError("AUDIO_CORRUPT", `damaged Ogg file: page ${page.sequence} has a packet without its start, or lacks one's end`);
    }
    unfinished = takePackets(page, unfinished, packets);
    if (page.granule >= 0) endGranule = page.granule;
    previous = page;
  }
  if (previous === undefined) return undefined;
  if (unfinished.length > 0) throw new AudioFormatError("AUDIO_CORRUPT", "truncated Ogg file: it ends within a packet");
  return { packets, endGranule };
}

function parsePage(bytes: Uint8Array, offset: number): OggPage {
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, bytes.byteLength - offset);
  if (view.byteLength < HEADER_LENGTH || view.byteLength < HEADER_LENGTH + view.getUint8(26)) throw truncatedPage(offset);
  if (!hasAscii(bytes, offset, "OggS") || view.getUint8(4) !== 0) {
    throw new AudioFormatError("AUDIO_CORRUPT", `damaged Ogg file: no page starts at byte ${offset}, where the one before ends`);
  }
  const bodyStart = offset + HEADER_LENGTH + view.getUint8(26);
  const lacing = bytes.subarray(offset + HEADER_LENGTH, bodyStart);
  const end = bodyStart + lacing.reduce((sum, length) => sum + length, 0);
  if (end > bytes.length) throw truncatedPage(offset);
  if (view.getUint32(22, true) !== pageChecksum(bytes.subarray(offset, end))) {
    throw new AudioFormatError("AUDIO_CORRUPT", `damaged Ogg file: the checksum of the page at byte ${offset} is wrong`);
  }
  const flags = view.getUint8(5);
  return {
    isContinued: (flags & 1) !== 0,
    isFirst: (flags & 2) !== 0,
    isLast: (flags & 4) !== 0,
    granule: Number(view.getBigInt64(6, true)),
    serial: view.getUint32(14, true),
    sequence: view.getUint32(18, true),
    lacing,
    body: bytes.subarray(bodyStart, end),
    end,
  };
}

function truncatedPage(offset: number): AudioFormatError {
  return new AudioFormatError("AUDIO_CORRUPT", `truncated Ogg file: it ends within the page that starts at byte ${offset}`);
}

/** Adds a page's whole packets to `packets` and returns the pieces of the one that goes on after it. */
function takePackets(page: OggPage, unfinished: Uint8Array[], packets: Uint8Array[]): Uint8Array[] {
  let pieces = unfinished;
  let start = 0;
  let end = 0;
  for (const length of page.lacing) {
    end += length;
    if (length === 255) continue;
    pieces.push(page.body.subarray(start, end));
    packets.push(concatBytes(pieces));
    pieces = [];
    start = end;
  }
  if (end > start) pieces.push(page.body.subarray(start, end));
  return pieces;
}

/**
 * Packs packets into a plain Ogg stream: the first on a page of its own, the second too, no end mark, and all granule
 * positions 0. Decoders that are handed such a stream have nothing to skip, to misread or to trim.
 */
export function formatOgg(packets: readonly Uint8Array[]): Uint8Array {
  const pages: Uint8Array[] = [];
  let lacing: number[] = [];
  let body: Uint8Array[] = [];
  let isContinued = false;
  const finishPage = (endsWithinPacket: boolean): void => {
    pages.push(formatPage(pages.length, isContinued, lacing, concatBytes(body)));
    lacing = [];
    body = [];
    isContinued = endsWithinPacket;
  };
  for (const [index, packet] of packets.entries()) {
    for (let offset = 0; offset <= packet.length; offset += 255) {
      if (lacing.length === 255) finishPage(offset > 0);
      const piece = packet.subarray(offset, offset + 255);
      lacing.push(piece.length);
      body.push(piece);
    }
    if (index < 2) finishPage(false);
  }
  if (lacing.length > 0) finishPage(false);
  return concatBytes(pages);
}

function formatPage(sequence: number, isContinued: boolean, lacing: readonly number[], body: Uint8Array): Uint8Array {
  const page = new Uint8Array(HEADER_LENGTH + lacing.length + body.length);
  const view = new DataView(page.buffer);
  page.set([0x4f, 0x67, 0x67, 0x53, 0, (isContinued ? 1 : 0) + (sequence === 0 ? 2 : 0)]); // "OggS", version, flags
  view.setUint32(18, sequence, true);
  page[26] = lacing.length;
  page.set(lacing, HEADER_LENGTH);
  page.set(body, HEADER_LENGTH + lacing.length);
  view.setUint32(22, pageChecksum(page), true);
  return page;
}

const CHECKSUM_TABLE: Uint32Array = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24;
  for (let bit = 0; bit < 8; bit++) crc = crc < 0 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  return crc;
});

/** CRC-32 of a page with its own checksum field taken as zero: polynomial 0x04c11db7, high bit first, from 0. */
function pageChecksum(page: Uint8Array): number {
  let crc = 0;
  for (let i = 0; i < page.length; i++) {
    const byte = i >= 22 && i < 26 ? 0 : page[i]!;
    crc = (crc << 8) ^ CHECKSUM_TABLE[(crc >>> 24) ^ byte]!;
  }
  return crc >>> 0;
}

/** Joins byte arrays; a single one is returned as it is. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}
