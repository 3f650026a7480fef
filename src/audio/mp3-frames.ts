import { AudioFormatError } from "../core/index.ts";
import { hasAscii, skipId3 } from "./audio-container.ts";

/** The audio frames of an MP3 file: where they are and what they hold. */
export interface Mp3Frames {
  /** Offset of the first audio frame; an information frame before it is left out. */
  readonly start: number;
  /** Offset after the last frame. */
  readonly end: number;
  readonly sampleRate: number;
  readonly numChannels: number;
  /** Samples per channel in all frames together. */
  readonly numSamples: number;
  /** Samples that the encoder put before the audio, and after it to fill the last frame; 0 where it does not say. */
  readonly encoderDelay: number;
  readonly encoderPadding: number;
}

interface FrameHeader {
  readonly version: 1 | 2 | 2.5;
  readonly sampleRate: number;
  readonly numChannels: number;
  readonly numSamples: number;
  /** In bytes, header included. */
  readonly length: number;
}

/** How far from the start (or the end of the ID3v2 tag) the first frame is looked for, in bytes. */
const MAX_SEARCH = 2 ** 16;

/**
 * Walks over every frame header of an MPEG layer III file.
 * Source: ISO/IEC 11172-3 section 2.4.1.3, ISO/IEC 13818-3 section 2.4.2.3; "MPEG 2.5" as encoders write it.
 * @param start Offset after any ID3v2 tag.
 * @throws AudioFormatError `AUDIO_CORRUPT` if something other than a known tag stands between or after the frames, or
 * if frames are missing; `AUDIO_UNKNOWN_FORMAT` if there are none; `AUDIO_UNSUPPORTED` if rate or channels change.
 */
export function findMp3Frames(bytes: Uint8Array, start: number): Mp3Frames {
  const firstOffset = findFirstFrame(bytes, start);
  const first = parseFrameHeader(bytes, firstOffset)!;
  const info = parseInfoFrame(bytes.subarray(firstOffset, firstOffset + first.length), first);
  const audioStart = info === undefined ? firstOffset : firstOffset + first.length;

  let offset = audioStart;
  let numFrames = 0;
  for (let header; (header = parseFrameHeader(bytes, offset)) !== undefined; numFrames++) {
    if (header.sampleRate !== first.sampleRate || header.numChannels !== first.numChannels) {
      throw new AudioFormatError(
        "AUDIO_UNSUPPORTED",
        "MP3 file whose sample rate or number of channels changes midway; convert it first: ffmpeg -i in.mp3 out.wav",
      );
    }
    if (offset + header.length > bytes.length) {
      throw new AudioFormatError("AUDIO_CORRUPT", `truncated MP3 file: it ends within the frame that starts at byte ${offset}`);
    }
    offset += header.length;
  }
  checkNoAudioAfter(bytes, offset);
  if (info !== undefined && numFrames < info.numFrames) {
    throw new AudioFormatError("AUDIO_CORRUPT", `truncated MP3 file: its header promises ${info.numFrames} frames, it has ${numFrames}`);
  }
  // Delay and padding belong to the frames that the header counted; with others appended, only the start is sure.
  const isPaddingSure = info !== undefined && numFrames === info.numFrames;
  return {
    start: audioStart,
    end: offset,
    sampleRate: first.sampleRate,
    numChannels: first.numChannels,
    numSamples: numFrames * first.numSamples,
    encoderDelay: info?.encoderDelay ?? 0,
    encoderPadding: isPaddingSure ? info.encoderPadding : 0,
  };
}

/** The first offset at which two frames follow each other, or one fills the file. */
function findFirstFrame(bytes: Uint8Array, start: number): number {
  const end = Math.min(bytes.length - 4, start + MAX_SEARCH);
  for (let offset = start; offset <= end; offset++) {
    const header = parseFrameHeader(bytes, offset);
    if (header === undefined) continue;
    const next = offset + header.length;
    if (next === bytes.length || parseFrameHeader(bytes, next)?.sampleRate === header.sampleRate || isTag(bytes, next)) return offset;
  }
  if (parseFrameHeader(bytes, start) !== undefined) {
    throw new AudioFormatError("AUDIO_CORRUPT", "truncated or damaged MP3 file: it starts with a frame header that no second frame follows");
  }
  throw new AudioFormatError("AUDIO_UNKNOWN_FORMAT", `no MP3 frames within ${MAX_SEARCH} bytes of the ${start > 0 ? "ID3 tag" : "start"}`);
}

/** In kbps, by the header's four bits; 0 is "free format" and 15 is forbidden. */
const BITRATES_1: readonly number[] = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
const BITRATES_2: readonly number[] = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
const SAMPLE_RATES_1: readonly number[] = [44_100, 48_000, 32_000];
const VERSIONS = [2.5, undefined, 2, 1] as const;

function parseFrameHeader(bytes: Uint8Array, offset: number): FrameHeader | undefined {
  const [byte0, byte1 = 0, byte2 = 0, byte3] = bytes.subarray(offset, offset + 4);
  if (byte3 === undefined || byte0 !== 0xff || (byte1 & 0xe6) !== 0xe2) return undefined; // eleven set bits; layer III
  const version = VERSIONS[(byte1 >> 3) & 3];
  const bitrate = (version === 1 ? BITRATES_1 : BITRATES_2)[byte2 >> 4];
  const fullRate = SAMPLE_RATES_1[(byte2 >> 2) & 3];
  if (version === undefined || !bitrate || fullRate === undefined) return undefined;
  const sampleRate = fullRate / (version === 2.5 ? 4 : version);
  const numSamples = version === 1 ? 1152 : 576;
  const padding = (byte2 >> 1) & 1;
  return {
    version,
    sampleRate,
    numChannels: byte3 >> 6 === 3 ? 1 : 2,
    numSamples,
    length: Math.floor((numSamples * bitrate * 125) / sampleRate) + padding,
  };
}

interface InfoFrame {
  readonly numFrames: number;
  readonly encoderDelay: number;
  readonly encoderPadding: number;
}

/**
 * Reads the frame without audio that most encoders put first: Xing's header with LAME's extension, or Fraunhofer's VBRI.
 * Source: G. Bouvigne, "MP3 Info Tag rev 1 specifications"; K. Fischer, "MPEG Audio Frame Header" (VBRI).
 */
function parseInfoFrame(frame: Uint8Array, { version, numChannels }: FrameHeader): InfoFrame | undefined {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (hasAscii(frame, 36, "VBRI") && frame.length >= 54) {
    return { numFrames: view.getUint32(50), encoderDelay: 0, encoderPadding: 0 };
  }
  const sideInfoLength = version === 1 ? (numChannels === 1 ? 17 : 32) : numChannels === 1 ? 9 : 17;
  const start = 4 + sideInfoLength;
  if ((!hasAscii(frame, start, "Xing") && !hasAscii(frame, start, "Info")) || frame.length < start + 8) return undefined;
  const flags = view.getUint32(start + 4);
  let offset = start + 8;
  const hasFrames = (flags & 1) !== 0 && frame.length >= offset + 4;
  const numFrames = hasFrames ? view.getUint32(offset) : 0;
  offset += (flags & 1 ? 4 : 0) + (flags & 2 ? 4 : 0) + (flags & 4 ? 100 : 0) + (flags & 8 ? 4 : 0);
  // LAME's extension: nine bytes of encoder name, twelve of other things, then twice twelve bits.
  if (frame.length < offset + 24 || frame[offset] === 0) return { numFrames, encoderDelay: 0, encoderPadding: 0 };
  const packed = view.getUint32(offset + 20) & 0xffffff;
  return { numFrames, encoderDelay: packed >> 12, encoderPadding: packed & 0xfff };
}

const TAGS: readonly string[] = ["TAG", "APETAGEX", "LYRICSBEGIN", "ID3", "3DI"];

function isTag(bytes: Uint8Array, offset: number): boolean {
  return TAGS.some((text) => hasAscii(bytes, offset, text));
}

/** Throws unless nothing but tags, or zeros, stands after the last of the frames that follow each other. */
function checkNoAudioAfter(bytes: Uint8Array, framesEnd: number): void {
  const rest = skipTrailingTags(bytes, framesEnd);
  if (parseFrameHeader(bytes, rest) !== undefined) {
    throw new AudioFormatError(
      "AUDIO_UNSUPPORTED",
      `MP3 file with another one appended at byte ${rest}; join them first: ffmpeg -i in.mp3 out.wav`,
    );
  }
  if (bytes.subarray(rest).some((byte) => byte !== 0)) {
    throw new AudioFormatError(
      "AUDIO_CORRUPT",
      `damaged MP3 file: neither a frame nor a tag starts at byte ${rest}; what it holds can be saved with: ffmpeg -i in.mp3 out.wav`,
    );
  }
}

/** Source: ID3v1 is 128 bytes; an APEv2 header of 32 bytes gives the length of what follows it. */
function skipTrailingTags(bytes: Uint8Array, start: number): number {
  let offset = start;
  while (offset < bytes.length && isTag(bytes, offset)) {
    if (hasAscii(bytes, offset, "ID3") && offset + 10 <= bytes.length) {
      offset += skipId3(bytes.subarray(offset));
    } else if (hasAscii(bytes, offset, "TAG")) {
      offset += 128;
    } else if (hasAscii(bytes, offset, "APETAGEX") && offset + 32 <= bytes.length) {
      offset += 32 + new DataView(bytes.buffer, bytes.byteOffset + offset).getUint32(12, true);
    } else {
      offset = bytes.length; // tags that only say at their end how long they are
    }
  }
  return Math.min(offset, bytes.length);
}
