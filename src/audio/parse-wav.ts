import { AudioFormatError } from "../core/index.ts";
import type { Waveform } from "../core/index.ts";

/** What a `fmt ` chunk says about the samples. */
interface SampleFormat {
  readonly isFloat: boolean;
  readonly bytesPerSample: number;
  readonly numChannels: number;
  readonly sampleRate: number;
}

/** A chunk's bytes: `[start, end)` in the file, after its eight-byte header. */
interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** Tells whether bytes start as a WAV file does: `RIFF`, or `RF64` / `BW64` for files over 4 GiB. */
export function isWav(bytes: Uint8Array): boolean {
  return ["RIFF", "RF64", "BW64"].includes(fourCc(bytes, 0)) && fourCc(bytes, 8) === "WAVE";
}

/**
 * Reads a WAV file: 8-, 16-, 24- and 32-bit integers, 32- and 64-bit floats, plain or WAVE_FORMAT_EXTENSIBLE,
 * in RIFF, RF64 or BW64, with chunks in any order.
 *
 * Integers of b bits become `value / 2^(b-1)`, so they lie in −1…1. Floats are kept as they are, beyond ±1 and NaN included.
 *
 * Programs that write to a pipe cannot go back to fill in lengths, and recordings get interrupted, so a `data` chunk
 * that claims more than the file holds is read up to the file's last whole sample frame; so is one of length 0
 * where the header does not account for the bytes that follow it. A file that ends before its samples is refused.
 *
 * Source: RIFF/WAVE as in Microsoft's "Multimedia Programming Interface and Data Specifications 1.0" and `mmreg.h`;
 * RF64 as in EBU Tech 3306, BW64 as in ITU-R BS.2088.
 * @throws AudioFormatError `AUDIO_UNKNOWN_FORMAT` if this is no WAV file, `AUDIO_UNSUPPORTED` for compressed samples,
 * `AUDIO_CORRUPT` for a broken header or none of the promised samples, `AUDIO_EMPTY` for a file without samples.
 */
export function parseWav(bytes: Uint8Array): Waveform {
  if (!isWav(bytes)) {
    throw new AudioFormatError("AUDIO_UNKNOWN_FORMAT", "not a WAV file: it does not start with RIFF, RF64 or BW64 and WAVE");
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks = findChunks(view, bytes);
  const format = parseFormat(view, bytes, chunks.format);
  return { channelData: readSamples(view, format, chunks.data), sampleRate: format.sampleRate };
}

function findChunks(view: DataView, bytes: Uint8Array): { readonly format: ByteRange; readonly data: ByteRange } {
  let format: ByteRange | undefined;
  let data: ByteRange | undefined;
  let longDataLength: number | undefined;
  let offset = 12;
  while ((format === undefined || data === undefined) && offset + 8 <= view.byteLength) {
    const name = fourCc(bytes, offset);
    const start = offset + 8;
    let length = view.getUint32(offset + 4, true);
    if (name === "data") {
      if (length === 0xffffffff && longDataLength !== undefined) length = longDataLength;
      if (length === 0 && !isAccountedFor(view, start)) length = view.byteLength - start;
      data ??= { start, end: Math.min(start + length, view.byteLength) };
    } else if (start + length > view.byteLength) {
      throw new AudioFormatError(
        "AUDIO_CORRUPT",
        `truncated WAV: chunk ${JSON.stringify(name)} claims ${length} bytes, but only ${view.byteLength - start} are left`,
      );
    } else if (name === "fmt ") {
      format ??= { start, end: start + length };
    } else if (name === "ds64" && length >= 16) {
      longDataLength = Number(view.getBigUint64(start + 8, true));
    }
    offset = start + length + (length % 2);
  }
  if (format === undefined || data === undefined) {
    const missing = format === undefined ? "fmt" : "data";
    throw new AudioFormatError("AUDIO_CORRUPT", `truncated WAV: it ends after ${view.byteLength} bytes without a "${missing}" chunk`);
  }
  return { format, data };
}

/** Whether the RIFF length reaches past `start` and fits the file: then what follows there is chunks, not samples. */
function isAccountedFor(view: DataView, start: number): boolean {
  const riffEnd = 8 + view.getUint32(4, true);
  return riffEnd > start && riffEnd <= view.byteLength;
}

const FORMAT_PCM = 0x0001;
const FORMAT_FLOAT = 0x0003;
const FORMAT_EXTENSIBLE = 0xfffe;
const COMPRESSED_FORMATS: Readonly<Record<number, string>> = {
  0x0002: "Microsoft ADPCM",
  0x0006: "A-law",
  0x0007: "µ-law",
  0x0011: "IMA ADPCM",
  0x0031: "GSM 6.10",
  0x0050: "MPEG layer II",
  0x0055: "MP3",
};

function parseFormat(view: DataView, bytes: Uint8Array, { start, end }: ByteRange): SampleFormat {
  if (end - start < 16) {
    throw new AudioFormatError("AUDIO_CORRUPT", `broken WAV header: its "fmt" chunk has ${end - start} bytes, at least 16 are needed`);
  }
  let formatTag = view.getUint16(start, true);
  if (formatTag === FORMAT_EXTENSIBLE) formatTag = subFormatTag(view, bytes, { start, end });
  const numChannels = view.getUint16(start + 2, true);
  const sampleRate = view.getUint32(start + 4, true);
  const bytesPerFrame = view.getUint16(start + 12, true);
  const bitsPerSample = view.getUint16(start + 14, true);
  const bytesPerSample = Math.ceil(bitsPerSample / 8);
  const isFloat = formatTag === FORMAT_FLOAT;

  if (formatTag !== FORMAT_PCM && !isFloat) {
    const name = COMPRESSED_FORMATS[formatTag] ?? "unknown";
    const tag = `0x${formatTag.toString(16).padStart(4, "0")}`;
    throw new AudioFormatError(
      "AUDIO_UNSUPPORTED",
      `WAV samples in format ${tag} (${name}) are not supported; convert first: ffmpeg -i in.wav -c:a pcm_s16le out.wav`,
    );
  }
  if (!(isFloat ? [32, 64].includes(bitsPerSample) : bytesPerSample >= 1 && bytesPerSample <= 4)) {
    throw new AudioFormatError(
      "AUDIO_UNSUPPORTED",
      `WAV samples of ${bitsPerSample} bits (${isFloat ? "float" : "integer"}) are not supported; ` +
        "expected integers of 8, 16, 24 or 32 bits, or floats of 32 or 64",
    );
  }
  if (numChannels === 0 || sampleRate === 0 || bytesPerFrame !== numChannels * bytesPerSample) {
    throw new AudioFormatError(
      "AUDIO_CORRUPT",
      `broken WAV header: ${numChannels} channels of ${bitsPerSample} bits at ${sampleRate} Hz in ${bytesPerFrame} bytes per sample frame`,
    );
  }
  return { isFloat, bytesPerSample, numChannels, sampleRate };
}

/** Every sub-format GUID that stands for a plain format tag ends so; its first two bytes are the tag. */
const SUB_FORMAT_TAIL = "000000001000800000aa00389b71";

function subFormatTag(view: DataView, bytes: Uint8Array, { start, end }: ByteRange): number {
  if (end - start < 40) {
    throw new AudioFormatError(
      "AUDIO_CORRUPT",
      `broken WAV header: its extensible "fmt" chunk has ${end - start} bytes, at least 40 are needed`,
    );
  }
  const tail = Array.from(bytes.subarray(start + 26, start + 40), (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (tail !== SUB_FORMAT_TAIL) {
    throw new AudioFormatError(
      "AUDIO_UNSUPPORTED",
      "WAV samples in an extensible sub-format that is neither PCM nor float are not supported; " +
        "convert first: ffmpeg -i in.wav -c:a pcm_s16le out.wav",
    );
  }
  return view.getUint16(start + 24, true);
}

function readSamples(view: DataView, format: SampleFormat, { start, end }: ByteRange): Float32Array[] {
  const { numChannels, bytesPerSample } = format;
  const bytesPerFrame = numChannels * bytesPerSample;
  const numSamples = Math.floor((end - start) / bytesPerFrame);
  if (numSamples === 0) {
    const [code, what] = end > start ? (["AUDIO_CORRUPT", "truncated"] as const) : (["AUDIO_EMPTY", "empty"] as const);
    throw new AudioFormatError(code, `${what} WAV: its "data" chunk has ${end - start} bytes, one sample frame takes ${bytesPerFrame}`);
  }
  const readSample = sampleReader(view, format);
  return Array.from({ length: numChannels }, (_, channel) => {
    const samples = new Float32Array(numSamples);
    let offset = start + channel * bytesPerSample;
    for (let i = 0; i < numSamples; i++, offset += bytesPerFrame) samples[i] = readSample(offset);
    return samples;
  });
}

function sampleReader(view: DataView, { isFloat, bytesPerSample }: SampleFormat): (offset: number) => number {
  if (isFloat) {
    return bytesPerSample === 4 ? (offset) => view.getFloat32(offset, true) : (offset) => view.getFloat64(offset, true);
  }
  switch (bytesPerSample) {
    case 1: // the one width without a sign
      return (offset) => (view.getUint8(offset) - 128) / 128;
    case 2:
      return (offset) => view.getInt16(offset, true) / 2 ** 15;
    case 3:
      return (offset) => (view.getUint16(offset, true) + view.getInt8(offset + 2) * 2 ** 16) / 2 ** 23;
    default:
      return (offset) => view.getInt32(offset, true) / 2 ** 31;
  }
}

function fourCc(bytes: Uint8Array, offset: number): string {
  return String.fromCharCode(...bytes.subarray(offset, offset + 4));
}
