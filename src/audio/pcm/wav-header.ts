import { AudioFormatError } from "../../core/index.ts";

/** What a `fmt ` chunk says about the samples. */
export interface SampleFormat {
  readonly isFloat: boolean;
  readonly bytesPerSample: number;
  readonly numChannels: number;
  /** Sample rate in hertz. */
  readonly sampleRate: number;
}

/** Bytes `[start, end)` of a file. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** What stands around a WAV file's samples. */
export interface WavHeader {
  readonly format: SampleFormat;
  /** Where the samples are. */
  readonly data: ByteRange;
  /** Whole samples per channel in `data`, at least one. */
  readonly numSamples: number;
  /** Samples per channel that its header promises and the file ends before. Lengths that stand for "until the end" promise none. */
  readonly numMissing: number;
}

/** Programs that write to a pipe, and so cannot know the length, state one of about 2 or 4 GiB. */
const leastPlaceholder = 0x7fff0000;

/** Tells whether bytes start as a WAV file does: `RIFF`, or `RF64` / `BW64` for files over 4 GiB. */
export function isWav(bytes: Uint8Array): boolean {
  return ["RIFF", "RF64", "BW64"].includes(fourCc(bytes, 0)) && fourCc(bytes, 8) === "WAVE";
}

/**
 * Reads a WAV file's header without saying where the file is: yields each range of bytes that it wants to see, which
 * lies within the file, and is sent those bytes. So it serves files in memory and files on disk alike.
 * @param size Length of the file in bytes.
 * @throws AudioFormatError as `parseWav` does.
 */
export function* readWavHeader(size: number): Generator<ByteRange, WavHeader, Uint8Array> {
  const riff = yield { start: 0, end: Math.min(12, size) };
  if (!isWav(riff)) {
    throw new AudioFormatError("AUDIO_UNKNOWN_FORMAT", "not a WAV file: it does not start with RIFF, RF64 or BW64 and WAVE");
  }
  const riffEnd = 8 + viewOf(riff).getUint32(4, true);
  let formatChunk: { readonly view: DataView; readonly length: number } | undefined;
  let data: ByteRange | undefined;
  let longDataLength: number | undefined;
  let missingBytes = 0;
  let offset = 12;
  while ((formatChunk === undefined || data === undefined) && offset + 8 <= size) {
    const start = offset + 8;
    const chunk = yield { start: offset, end: start };
    const name = fourCc(chunk, 0);
    let length = viewOf(chunk).getUint32(4, true);
    if (name === "data") {
      if (length === 0xffffffff && longDataLength !== undefined) length = longDataLength;
      // Where the RIFF length reaches past `start` and fits the file, what follows is chunks, not samples.
      const isAccountedFor = riffEnd > start && riffEnd <= size;
      if (length === 0 && !isAccountedFor) length = size - start;
      if (length < leastPlaceholder) missingBytes = Math.max(0, start + length - size);
      data ??= { start, end: Math.min(start + length, size) };
    } else if (start + length > size) {
      throw new AudioFormatError(
        "AUDIO_CORRUPT",
        `truncated WAV: chunk ${JSON.stringify(name)} claims ${length} bytes, but only ${size - start} are left`,
      );
    } else if (name === "fmt ") {
      formatChunk ??= { view: viewOf(yield { start, end: start + Math.min(length, 40) }), length };
    } else if (name === "ds64" && length >= 16) {
      longDataLength = Number(viewOf(yield { start, end: start + 16 }).getBigUint64(8, true));
    }
    offset = start + length + (length % 2);
  }
  if (formatChunk === undefined || data === undefined) {
    const missing = formatChunk === undefined ? "fmt" : "data";
    throw new AudioFormatError("AUDIO_CORRUPT", `truncated WAV: it ends after ${size} bytes without a "${missing}" chunk`);
  }
  const format = parseFormat(formatChunk.view, formatChunk.length);
  const numSamples = countSamples(format, data);
  const numPromised = Math.floor((data.end - data.start + missingBytes) / (format.numChannels * format.bytesPerSample));
  return { format, data, numSamples, numMissing: numPromised - numSamples };
}

function countSamples({ numChannels, bytesPerSample }: SampleFormat, { start, end }: ByteRange): number {
  const bytesPerFrame = numChannels * bytesPerSample;
  const numSamples = Math.floor((end - start) / bytesPerFrame);
  if (numSamples === 0) {
    const [code, what] = end > start ? (["AUDIO_CORRUPT", "truncated"] as const) : (["AUDIO_EMPTY", "empty"] as const);
    throw new AudioFormatError(code, `${what} WAV: its "data" chunk has ${end - start} bytes, one sample frame takes ${bytesPerFrame}`);
  }
  return numSamples;
}

const pcmTag = 0x0001;
const floatTag = 0x0003;
const extensibleTag = 0xfffe;
const compressedFormats: Readonly<Record<number, string>> = {
  0x0002: "Microsoft ADPCM",
  0x0006: "A-law",
  0x0007: "µ-law",
  0x0011: "IMA ADPCM",
  0x0031: "GSM 6.10",
  0x0050: "MPEG layer II",
  0x0055: "MP3",
};

/**
 * @param view The chunk's first 40 bytes, or all of a shorter one.
 * @param length What the chunk's header says.
 */
function parseFormat(view: DataView, length: number): SampleFormat {
  if (length < 16) {
    throw new AudioFormatError("AUDIO_CORRUPT", `broken WAV header: its "fmt" chunk has ${length} bytes, at least 16 are needed`);
  }
  let formatTag = view.getUint16(0, true);
  if (formatTag === extensibleTag) formatTag = subFormatTag(view, length);
  const numChannels = view.getUint16(2, true);
  const sampleRate = view.getUint32(4, true);
  const bytesPerFrame = view.getUint16(12, true);
  const bitsPerSample = view.getUint16(14, true);
  const bytesPerSample = Math.ceil(bitsPerSample / 8);
  const isFloat = formatTag === floatTag;

  if (formatTag !== pcmTag && !isFloat) {
    const name = compressedFormats[formatTag] ?? "unknown";
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
const subFormatTail = "000000001000800000aa00389b71";

function subFormatTag(view: DataView, length: number): number {
  if (length < 40) {
    throw new AudioFormatError(
      "AUDIO_CORRUPT",
      `broken WAV header: its extensible "fmt" chunk has ${length} bytes, at least 40 are needed`,
    );
  }
  const tail = Array.from({ length: 14 }, (_, i) =>
    view
      .getUint8(26 + i)
      .toString(16)
      .padStart(2, "0"),
  ).join("");
  if (tail !== subFormatTail) {
    throw new AudioFormatError(
      "AUDIO_UNSUPPORTED",
      "WAV samples in an extensible sub-format that is neither PCM nor float are not supported; " +
        "convert first: ffmpeg -i in.wav -c:a pcm_s16le out.wav",
    );
  }
  return view.getUint16(24, true);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function fourCc(bytes: Uint8Array, offset: number): string {
  return String.fromCharCode(...bytes.subarray(offset, offset + 4));
}
