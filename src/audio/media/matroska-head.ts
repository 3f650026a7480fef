import { AudioFormatError } from "../../core/index.ts";
import type { ByteWindow } from "../reading/byte-window.ts";
import { elementAt, readFloat, readText, readUnsigned } from "./ebml.ts";
import type { EbmlElement } from "./ebml.ts";

/** Elements by their number. Source: RFC 9559, section 5. */
export const matroskaIds = {
  segment: 0x18538067,
  info: 0x1549a966,
  timestampScale: 0x2ad7b1,
  tracks: 0x1654ae6b,
  trackEntry: 0xae,
  trackNumber: 0xd7,
  trackType: 0x83,
  flagDefault: 0x88,
  codecId: 0x86,
  codecPrivate: 0x63a2,
  codecDelay: 0x56aa,
  audio: 0xe1,
  samplingFrequency: 0xb5,
  channels: 0x9f,
  bitDepth: 0x6264,
  contentEncodings: 0x6d80,
  contentEncoding: 0x6240,
  contentEncryption: 0x5035,
  contentCompression: 0x5034,
  contentCompAlgo: 0x4254,
  contentCompSettings: 0x4255,
  cluster: 0x1f43b675,
  timestamp: 0xe7,
  simpleBlock: 0xa3,
  blockGroup: 0xa0,
  block: 0xa1,
  discardPadding: 0x75a2,
} as const;

/** Elements whose content is read as if it stood in their place: nothing in them means anything else elsewhere. */
export const enteredElements: ReadonlySet<number> = new Set([
  matroskaIds.segment,
  matroskaIds.info,
  matroskaIds.tracks,
  matroskaIds.trackEntry,
  matroskaIds.audio,
  matroskaIds.contentEncodings,
  matroskaIds.contentEncoding,
  matroskaIds.contentCompression,
  matroskaIds.cluster,
  matroskaIds.blockGroup,
]);

/** Most bytes of a block of audio, and of a codec's private data. */
export const maxBlockLength: number = 2 ** 25;

/** What a file says of one of its tracks. */
export interface MatroskaTrack {
  number: number;
  type: number;
  isDefault: boolean;
  codecId: string;
  codecPrivate: Uint8Array;
  /** Nanoseconds by which the codec is late. */
  codecDelay: number;
  samplingFrequency: number;
  channels: number;
  bitDepth: number;
  /** Bytes that were taken off the beginning of each frame. */
  strippedBytes: Uint8Array;
  /** Whether frames are compressed in another way, or encrypted. */
  isEncoded: boolean;
}

/** What a file says before its audio. */
export interface MatroskaHead {
  readonly tracks: readonly MatroskaTrack[];
  /** Nanoseconds that a timestamp counts. */
  readonly timestampScale: number;
  /** Offset of the first cluster. */
  readonly clustersStart: number;
}

/**
 * Reads what a file says before its first cluster.
 * @throws AudioFormatError `AUDIO_CORRUPT` if its tracks are not described there.
 */
export async function readMatroskaHead(source: ByteWindow): Promise<MatroskaHead> {
  const tracks: MatroskaTrack[] = [];
  let timestampScale = 1_000_000;
  for (let offset = 0; offset < source.size;) {
    const element = await elementAt(source, offset);
    if (element === undefined) throw damagedHead(offset);
    if (element.id === matroskaIds.cluster) return { tracks, timestampScale, clustersStart: offset };
    const track = tracks.at(-1);
    if (element.id === matroskaIds.timestampScale) timestampScale = Math.max(1, await readUnsigned(source, element));
    else if (element.id === matroskaIds.trackEntry) {
      if (tracks.length === maxTracks)
        throw new AudioFormatError("AUDIO_CORRUPT", `damaged Matroska file: it has over ${maxTracks} tracks`);
      tracks.push(emptyTrack());
    } else if (track !== undefined) await readTrackField(source, element, track);
    offset = enteredElements.has(element.id) ? element.start : element.end;
  }
  if (tracks.length === 0) throw damagedHead(source.size);
  return { tracks, timestampScale, clustersStart: source.size };
}

/** Tracks that a film with sound and subtitles in every language has, and more. */
const maxTracks = 1000;

function emptyTrack(): MatroskaTrack {
  return {
    number: 0,
    type: 0,
    isDefault: true,
    codecId: "",
    codecPrivate: new Uint8Array(),
    codecDelay: 0,
    samplingFrequency: 8000,
    channels: 1,
    bitDepth: 0,
    strippedBytes: new Uint8Array(),
    isEncoded: false,
  };
}

async function readTrackField(source: ByteWindow, element: EbmlElement, track: MatroskaTrack): Promise<void> {
  switch (element.id) {
    case matroskaIds.trackNumber:
      track.number = await readUnsigned(source, element);
      break;
    case matroskaIds.trackType:
      track.type = await readUnsigned(source, element);
      break;
    case matroskaIds.flagDefault:
      track.isDefault = (await readUnsigned(source, element)) !== 0;
      break;
    case matroskaIds.codecId:
      track.codecId = await readText(source, element);
      break;
    case matroskaIds.codecPrivate:
      track.codecPrivate = await bytesOf(source, element);
      break;
    case matroskaIds.codecDelay:
      track.codecDelay = await readUnsigned(source, element);
      break;
    case matroskaIds.samplingFrequency:
      track.samplingFrequency = await readFloat(source, element);
      break;
    case matroskaIds.channels:
      track.channels = await readUnsigned(source, element);
      break;
    case matroskaIds.bitDepth:
      track.bitDepth = await readUnsigned(source, element);
      break;
    case matroskaIds.contentCompSettings:
      track.strippedBytes = await bytesOf(source, element);
      break;
    case matroskaIds.contentCompAlgo:
      track.isEncoded ||= (await readUnsigned(source, element)) !== headerStripping;
      break;
    case matroskaIds.contentEncryption:
      track.isEncoded = true;
      break;
    default:
  }
}

/** The one way of compression that leaves out the same bytes of every frame. Source: RFC 9559, section 5.1.4.1.31.6. */
const headerStripping = 3;

/** Private data of tracks that nobody asks for may be of any length. */
async function bytesOf(source: ByteWindow, { start, end }: EbmlElement): Promise<Uint8Array> {
  if (end - start > maxBlockLength)
    throw new AudioFormatError("AUDIO_CORRUPT", `damaged Matroska file: a codec's header has ${end - start} bytes`);
  return (await source.bytes(start, end - start)).slice();
}

function damagedHead(offset: number): AudioFormatError {
  return new AudioFormatError(
    "AUDIO_CORRUPT",
    offset === 0
      ? "damaged Matroska file: it does not start with an element"
      : `truncated or damaged WebM or Matroska file: its tracks are not described by byte ${offset}`,
  );
}
