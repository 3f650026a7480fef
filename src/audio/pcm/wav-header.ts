import { AudioFormatError } from "../../core/index.ts";
import { FinalRefusal } from "../reading/final-refusal.ts";
import { checkHeader, dataRange, floatsOf, integersOf, textOf, unsupportedSamples, viewOf } from "./pcm-layout.ts";
import type { HeaderReading, PcmLayout, SampleEncoding } from "./pcm-layout.ts";
import { nextOf, readChunk } from "./read-chunk.ts";
import type { Chunk, ChunkStyle } from "./read-chunk.ts";

const riffStyle: ChunkStyle = { nameBytes: 4, lengthBytes: 4, littleEndian: true, alignment: 2, countsHeader: false };
const w64Style: ChunkStyle = { nameBytes: 16, lengthBytes: 8, littleEndian: true, alignment: 8, countsHeader: true };

/** Tells whether bytes start as a WAV file does: `RIFF`, `RIFX` for big-endian ones, or `RF64` / `BW64` for files over 4 GiB. */
export function isWav(bytes: Uint8Array): boolean {
  return ["RIFF", "RIFX", "RF64", "BW64"].includes(textOf(bytes, 0, 4)) && textOf(bytes, 8, 12) === "WAVE";
}

/** The rest of the GUIDs by which Sony's Wave64 names its first chunk, and its kind. */
const [riffGuidTail, waveGuidTail] = ["2e91cf11a5d628db04c10000", "f3acd3118cd100c04f8edb8a"];

/** Tells whether bytes start as a file of Sony's Wave64 does. */
export function isW64(bytes: Uint8Array): boolean {
  return (
    textOf(bytes, 0, 4) === "riff" &&
    hexOf(bytes, 4, 16) === riffGuidTail &&
    textOf(bytes, 24, 28) === "wave" &&
    hexOf(bytes, 28, 40) === waveGuidTail
  );
}

/**
 * Reads a WAV file's header.
 * @param size Length of the file in bytes.
 * @throws AudioFormatError as `parseWav` does.
 */
export function* readWavHeader(size: number): HeaderReading {
  const riff = yield { start: 0, end: Math.min(12, size) };
  if (!isWav(riff)) {
    throw new AudioFormatError("AUDIO_UNKNOWN_FORMAT", "not a WAV file: it does not start with RIFF, RIFX, RF64 or BW64 and WAVE");
  }
  const littleEndian = textOf(riff, 0, 4) !== "RIFX";
  return yield* readChunks(12, 8 + viewOf(riff).getUint32(4, littleEndian), size, { ...riffStyle, littleEndian });
}

/** Reads the header of a file of Sony's Wave64: that of a WAV file, with names and lengths for any size. */
export function* readW64Header(size: number): HeaderReading {
  const riff = yield { start: 0, end: Math.min(40, size) };
  return yield* readChunks(40, Number(viewOf(riff).getBigUint64(16, true)), size, w64Style);
}

function* readChunks(first: number, riffEnd: number, size: number, style: ChunkStyle): HeaderReading {
  let format: Format | undefined;
  let data: { readonly start: number; readonly length: number } | undefined;
  let longDataLength: number | undefined;
  const faults: string[] = [];
  let chunk = yield* readChunk(first, size, style);
  while (chunk !== undefined) {
    const { name, start } = chunk;
    let { length } = chunk;
    if (name === "data") {
      length = yield* dataLength(chunk, longDataLength, riffEnd, size, style);
      data ??= { start, length };
    } else if (start + length > size) {
      throw new AudioFormatError(
        "AUDIO_CORRUPT",
        `truncated WAV: chunk ${JSON.stringify(name)} claims ${length} bytes, but only ${size - start} are left`,
      );
    } else if (name === "fmt ") {
      format ??= parseFormat(viewOf(yield { start, end: start + Math.min(length, 40) }), length, style.littleEndian);
    } else if (name === "ds64" && length >= 16) {
      longDataLength = Number(viewOf(yield { start, end: start + 16 }).getBigUint64(8, style.littleEndian));
    } else if (name === "LIST" && length >= 4 && textOf(yield { start, end: start + 4 }, 0, 4) === "wavl") {
      throw unsupportedSamples("WAV", 'in a list of pieces and silences ("wavl")', convertFirst);
    }
    if (format !== undefined && data !== undefined) break;
    chunk = yield* chunkAfter({ name, start, length }, size, style, faults);
  }
  if (format === undefined || data === undefined) {
    const missing = format === undefined ? "fmt" : "data";
    throw new AudioFormatError("AUDIO_CORRUPT", `truncated WAV: it ends after ${size} bytes without a "${missing}" chunk`);
  }
  return { ...format, ...dataRange(data.start, data.length, size), faults: [...format.faults, ...faults] };
}

/** The samples' bytes. A length of 0 is that of a file that was never finished, unless chunks follow. */
function* dataLength(
  { start, length }: Chunk,
  longDataLength: number | undefined,
  riffEnd: number,
  size: number,
  style: ChunkStyle,
): HeaderReading<number> {
  if (length === 0xffffffff && longDataLength !== undefined && longDataLength > 0) return longDataLength;
  if (length > 0) return length;
  // Where the RIFF length reaches past `start` and fits the file, what follows may be chunks.
  const isAccountedFor = riffEnd > start && riffEnd <= size;
  const following = isAccountedFor ? yield* readChunk(start, size, style) : undefined;
  return following !== undefined && isPlausible(following, size) ? 0 : size - start;
}

/** The chunk after one. Some programs leave out the byte that has to follow an odd number of them. */
function* chunkAfter(chunk: Chunk, size: number, style: ChunkStyle, faults: string[]): HeaderReading<Chunk | undefined> {
  const [end, next] = [chunk.start + chunk.length, nextOf(chunk, style)];
  const early = style.alignment === 2 && end < next ? yield* readChunk(end, size, style) : undefined;
  if (early === undefined || !["fmt ", "data", "LIST", "fact"].includes(early.name)) return yield* readChunk(next, size, style);
  // A program that leaves it out once does so always.
  if (faults.length === 0) faults.push(`the chunk ${JSON.stringify(chunk.name)} is not padded to an even length`);
  return early;
}

function isPlausible({ name, start, length }: Chunk, size: number): boolean {
  return /^[\x20-\x7e]{4}$/.test(name) && (start + length <= size || name === "data");
}

const convertFirst = "convert first: ffmpeg -i in.wav -c:a pcm_s16le out.wav";
const extensibleTag = 0xfffe;
/** Codes that other decoders take for something else. */
const misread: Readonly<Record<number, string>> = { 0x0038: "NMS ADPCM", 0x0040: "G.721 ADPCM" };
const unsupportedFormats: Readonly<Record<number, string>> = {
  0x0014: "G.723 ADPCM",
  0x0045: "G.726 ADPCM",
  0x0050: "MPEG layer II",
  0x0055: "MP3",
  0x0064: "G.726 ADPCM",
  0x0065: "G.722 ADPCM",
  0x0083: "G.729",
  0x00ff: "AAC",
  0x0160: "Windows Media Audio",
  0x0161: "Windows Media Audio 2",
  0x0162: "Windows Media Audio Professional",
  0x0200: "Creative ADPCM",
  0x0270: "Sony ATRAC3",
  0x1600: "AAC",
  0x2000: "AC-3",
  0x566f: "Vorbis",
  0x674f: "Vorbis",
  0xf1ac: "FLAC",
};

type Format = Pick<PcmLayout, "encoding" | "channels" | "sampleRate" | "faults">;

/**
 * @param view The chunk's first 40 bytes, or all of a shorter one.
 * @param length What the chunk's header says.
 */
function parseFormat(view: DataView, length: number, littleEndian: boolean): Format {
  if (length < 14) {
    throw new AudioFormatError("AUDIO_CORRUPT", `broken WAV header: its "fmt" chunk has ${length} bytes, at least 14 are needed`);
  }
  const tag = view.getUint16(0, littleEndian);
  const channels = view.getUint16(2, littleEndian);
  const sampleRate = view.getUint32(4, littleEndian);
  const bytesPerBlock = view.getUint16(12, littleEndian);
  const bitsSaid = length < 16 ? 0 : view.getUint16(14, littleEndian);
  const bits = bitsSaid > 0 ? bitsSaid : channels > 0 ? Math.floor((8 * bytesPerBlock) / channels) : 0;
  const formatTag = tag === extensibleTag ? subFormatTag(view, length, littleEndian) : tag;
  const encoding = encodingOf(formatTag, { bits, bytesPerBlock, channels, littleEndian });
  const details = `${channels} channels of ${bits} bits at ${sampleRate} Hz in ${bytesPerBlock} bytes per sample frame`;
  checkHeader("WAV", channels, sampleRate, ` of ${bits} bits`);
  const faults: string[] = [];
  if (bitsSaid === 0 && formatTag <= 3) faults.push(`broken WAV header: it does not say how many bits a sample has; read as ${details}`);
  else if ("numBytes" in encoding && bytesPerBlock !== channels * encoding.numBytes) faults.push(`broken WAV header: ${details}`);
  return { encoding, channels, sampleRate, faults };
}

interface FormatFields {
  readonly bits: number;
  readonly bytesPerBlock: number;
  readonly channels: number;
  readonly littleEndian: boolean;
}

function encodingOf(formatTag: number, { bits, bytesPerBlock, channels, littleEndian }: FormatFields): SampleEncoding {
  switch (formatTag) {
    case 0x0001:
      if (bits >= 1 && bits <= 8) return { kind: "unsigned", numBytes: 1 };
      // Samples of 17 to 24 bits may stand in three bytes or, high, in four.
      return integersOf("WAV", bits > 16 && bits <= 24 && bytesPerBlock === 4 * channels ? 32 : bits, littleEndian);
    case 0x0003:
      return floatsOf("WAV", bits, littleEndian);
    case 0x0006:
      return { kind: "A-law" };
    case 0x0007:
      return { kind: "µ-law" };
    case 0x0002:
    case 0x0011:
      return adpcmOf(formatTag === 0x0002 ? "MS ADPCM" : "IMA ADPCM", bits, bytesPerBlock, channels);
    case 0x0031:
      if (channels === 1) return { kind: "GSM 6.10" };
  }
  if (formatTag in misread) {
    const remedy = "ffmpeg makes noise of them; convert with libsndfile, by which most were written: sndfile-convert -pcm16 in.wav out.wav";
    throw new FinalRefusal("AUDIO_UNSUPPORTED", `WAV samples in ${misread[formatTag]} are not supported; ${remedy}`);
  }
  const tag = `0x${formatTag.toString(16).padStart(4, "0")}`;
  throw unsupportedSamples("WAV", `in format ${tag} (${unsupportedFormats[formatTag] ?? "unknown"})`, convertFirst);
}

function adpcmOf(kind: "MS ADPCM" | "IMA ADPCM", bits: number, bytesPerBlock: number, channels: number): SampleEncoding {
  const headerBytes = (kind === "MS ADPCM" ? 7 : 4) * channels;
  if (bits !== 4) throw unsupportedSamples("WAV", `in ${kind} of ${bits} bits`, convertFirst);
  if (bytesPerBlock >= headerBytes) return { kind, bytesPerBlock };
  throw new AudioFormatError(
    "AUDIO_CORRUPT",
    `broken WAV header: ${kind} of ${channels} channels in blocks of ${bytesPerBlock} bytes, at least ${headerBytes} are needed`,
  );
}

/** Sub-format GUIDs that stand for a plain format tag, which is in their first two bytes, end so; the second is that of ambisonics in B format. */
const subFormatTails: ReadonlySet<string> = new Set(["000000001000800000aa00389b71", "00002107d3118644c8c1ca000000"]);

function subFormatTag(view: DataView, length: number, littleEndian: boolean): number {
  if (length < 40) {
    throw new AudioFormatError(
      "AUDIO_CORRUPT",
      `broken WAV header: its extensible "fmt" chunk has ${length} bytes, at least 40 are needed`,
    );
  }
  const guid = new Uint8Array(view.buffer, view.byteOffset + 24, 16);
  const tail = littleEndian
    ? hexOf(guid, 2, 16)
    : hexOf(Uint8Array.of(...[2, 3, 5, 4, 7, 6].map((i) => guid[i]!), ...guid.subarray(8)), 0, 14);
  if (!subFormatTails.has(tail)) {
    throw unsupportedSamples("WAV", "in an extensible sub-format that is neither PCM nor float", convertFirst);
  }
  return view.getUint16(24, littleEndian);
}

function hexOf(bytes: Uint8Array, start: number, end: number): string {
  return Array.from(bytes.subarray(start, end), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
