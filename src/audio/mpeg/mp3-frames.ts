import { AudioFormatError, joinArrays } from "../../core/index.ts";
import { hasAscii } from "../reading/ascii.ts";
import { skipId3 } from "../reading/id3.ts";
import type { ByteWindow } from "../reading/byte-window.ts";
import type { Packet } from "../reading/wasm-decoder.ts";

/** Where the audio frames of an MP3 file start, and what they hold. */
export interface Mp3Frames {
  /** Offset of the first audio frame; an information frame before it is left out. */
  readonly start: number;
  readonly sampleRate: number;
  readonly numChannels: number;
  /** Samples per channel in each frame. */
  readonly samplesPerFrame: number;
  /** Frames that the information frame promises; 0 where it does not say. */
  readonly numFrames: number;
  /** Samples that the encoder put before the audio, and after it to fill the last frame; 0 where it does not say. */
  readonly encoderDelay: number;
  readonly encoderPadding: number;
}

interface FrameHeader {
  readonly version: 1 | 2 | 2.5;
  readonly sampleRate: number;
  readonly numChannels: number;
  readonly numSamples: number;
  /** Length in bytes, header included. */
  readonly length: number;
}

/** How far from the start (or the end of the ID3v2 tag) the first frame is looked for, in bytes. */
const maxSearch = 2 ** 16;
/** Frames that are decoded together: about a second. */
const framesPerPacket = 32;
/** Length of no frame is above this: 320 kbps at 32 kHz, or 160 kbps at 8 kHz, and a byte of padding. */
const maxFrameLength = 1441;

/**
 * Finds the first audio frame of an MPEG layer III file.
 * Source: ISO/IEC 11172-3 section 2.4.1.3, ISO/IEC 13818-3 section 2.4.2.3; "MPEG 2.5" as encoders write it.
 * @param start Offset after any ID3v2 tag.
 * @throws AudioFormatError `AUDIO_UNKNOWN_FORMAT` if there is none, `AUDIO_CORRUPT` if it stands alone.
 */
export async function findMp3Frames(source: ByteWindow, start: number): Promise<Mp3Frames> {
  const bytes = await source.bytes(start, maxSearch + 2 * maxFrameLength);
  const firstOffset = findFirstFrame(bytes, start, source.size);
  const first = parseFrameHeader(bytes, firstOffset)!;
  const info = parseInfoFrame(bytes.subarray(firstOffset, firstOffset + first.length), first);
  return {
    start: start + (info === undefined ? firstOffset : firstOffset + first.length),
    sampleRate: first.sampleRate,
    numChannels: first.numChannels,
    samplesPerFrame: first.numSamples,
    numFrames: info?.numFrames ?? 0,
    encoderDelay: info?.encoderDelay ?? 0,
    encoderPadding: info?.encoderPadding ?? 0,
  };
}

/**
 * Reads the audio frames one after the other, some at a time.
 * @throws AudioFormatError `AUDIO_CORRUPT` if something other than a known tag stands between or after the frames, or
 * if frames are missing; `AUDIO_UNSUPPORTED` if rate or channels change.
 */
export async function* readMp3Frames(source: ByteWindow, expected: Mp3Frames): AsyncGenerator<Packet, void> {
  let offset = expected.start;
  let numFrames = 0;
  let frames: Uint8Array[] = [];
  for (;;) {
    const bytes = await source.bytes(offset, maxFrameLength);
    const header = parseFrameHeader(bytes, 0);
    if (header === undefined) break;
    if (header.sampleRate !== expected.sampleRate || header.numChannels !== expected.numChannels) {
      throw new AudioFormatError(
        "AUDIO_UNSUPPORTED",
        "MP3 file whose sample rate or number of channels changes midway; convert it first: ffmpeg -i in.mp3 out.wav",
      );
    }
    if (offset + header.length > source.size) {
      throw new AudioFormatError("AUDIO_CORRUPT", `truncated MP3 file: it ends within the frame that starts at byte ${offset}`);
    }
    frames.push(bytes.subarray(0, header.length));
    if (frames.length === framesPerPacket) {
      yield joined(frames, header.numSamples);
      frames = [];
    }
    offset += header.length;
    numFrames++;
  }
  await checkNoAudioAfter(source, offset);
  if (numFrames < expected.numFrames) {
    throw new AudioFormatError(
      "AUDIO_CORRUPT",
      `truncated MP3 file: its header promises ${expected.numFrames} frames, it has ${numFrames}`,
    );
  }
  if (frames.length > 0) yield joined(frames, expected.samplesPerFrame);
}

function joined(frames: readonly Uint8Array[], samplesPerFrame: number): Packet {
  return { bytes: joinArrays(frames, Uint8Array), numSamples: frames.length * samplesPerFrame };
}

/**
 * The first offset at which two frames follow each other, or one fills the file.
 * @param bytes The file from `start` on, at least as far as the frames that may be first.
 * @returns Counted from `start`.
 */
function findFirstFrame(bytes: Uint8Array, start: number, fileLength: number): number {
  const end = Math.min(bytes.length - 4, maxSearch);
  for (let offset = 0; offset <= end; offset++) {
    const header = parseFrameHeader(bytes, offset);
    if (header === undefined) continue;
    const next = offset + header.length;
    if (start + next === fileLength || parseFrameHeader(bytes, next)?.sampleRate === header.sampleRate || isTag(bytes, next)) return offset;
  }
  if (parseFrameHeader(bytes, 0) !== undefined) {
    throw new AudioFormatError(
      "AUDIO_CORRUPT",
      "truncated or damaged MP3 file: it starts with a frame header that no second frame follows",
    );
  }
  throw new AudioFormatError("AUDIO_UNKNOWN_FORMAT", `no MP3 frames within ${maxSearch} bytes of the ${start > 0 ? "ID3 tag" : "start"}`);
}

/** Bitrates in kbps, by the header's four bits; 0 is "free format" and 15 is forbidden. */
const bitrates1: readonly number[] = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
const bitrates2: readonly number[] = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
const sampleRates1: readonly number[] = [44_100, 48_000, 32_000];
const mpegVersions = [2.5, undefined, 2, 1] as const;

function parseFrameHeader(bytes: Uint8Array, offset: number): FrameHeader | undefined {
  if (bytes[offset] !== 0xff || offset + 4 > bytes.length) return undefined;
  const [byte1, byte2, byte3] = [bytes[offset + 1]!, bytes[offset + 2]!, bytes[offset + 3]!];
  if ((byte1 & 0xe6) !== 0xe2) return undefined; // eleven set bits; layer III
  const version = mpegVersions[(byte1 >> 3) & 3];
  const bitrate = (version === 1 ? bitrates1 : bitrates2)[byte2 >> 4];
  const fullRate = sampleRates1[(byte2 >> 2) & 3];
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

const tags: readonly string[] = ["TAG", "APETAGEX", "LYRICSBEGIN", "ID3", "3DI"];

function isTag(bytes: Uint8Array, offset: number): boolean {
  return tags.some((text) => hasAscii(bytes, offset, text));
}

/** Throws unless nothing but tags, or zeros, stands after the last of the frames that follow each other. */
async function checkNoAudioAfter(source: ByteWindow, framesEnd: number): Promise<void> {
  const rest = await skipTrailingTags(source, framesEnd);
  if (parseFrameHeader(await source.bytes(rest, 4), 0) !== undefined) {
    throw new AudioFormatError(
      "AUDIO_UNSUPPORTED",
      `MP3 file with another one appended at byte ${rest}; join them first: ffmpeg -i in.mp3 out.wav`,
    );
  }
  for (let offset = rest; offset < source.size; offset += 2 ** 16) {
    const bytes = await source.bytes(offset, 2 ** 16);
    if (bytes.some((byte) => byte !== 0)) {
      throw new AudioFormatError(
        "AUDIO_CORRUPT",
        `damaged MP3 file: neither a frame nor a tag starts at byte ${rest}; what it holds can be saved with: ffmpeg -i in.mp3 out.wav`,
      );
    }
  }
}

/** Source: ID3v1 is 128 bytes; an APEv2 header of 32 bytes gives the length of what follows it. */
async function skipTrailingTags(source: ByteWindow, start: number): Promise<number> {
  let offset = start;
  for (;;) {
    const bytes = await source.bytes(offset, 32);
    if (!isTag(bytes, 0)) return offset;
    const isId3 = hasAscii(bytes, 0, "ID3") && bytes.length >= 10;
    if (isId3) offset = await skipId3(source, offset);
    else if (hasAscii(bytes, 0, "TAG")) offset += 128;
    else if (hasAscii(bytes, 0, "APETAGEX") && bytes.length === 32)
      offset += 32 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(12, true);
    else return source.size; // tags that only say at their end how long they are
  }
}
