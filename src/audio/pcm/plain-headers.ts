import { AudioFormatError } from "../../core/index.ts";
import { checkHeader, checkHeaderLength, dataRange, floatsOf, integersOf, textOf, unsupportedSamples, viewOf } from "./pcm-layout.ts";
import type { HeaderReading, SampleEncoding } from "./pcm-layout.ts";

/** Looks up how samples are written, by a file's own number for it. */
function encodingBy(
  name: string,
  code: number | string,
  encodings: { readonly [code: number | string]: SampleEncoding | undefined },
  extension: string,
): SampleEncoding {
  const encoding = encodings[code];
  if (encoding !== undefined) return encoding;
  throw unsupportedSamples(name, `of the encoding ${JSON.stringify(code)}`, `convert first: ffmpeg -i in.${extension} out.wav`);
}

/**
 * Reads the header of a file of Sun and NeXT.
 * Source: NeXT's `SNDSoundStruct` and the formats of its `soundstruct.h`; the A-law of Sun's `audio_filehdr.h`. Little-endian ones are those of DEC.
 */
export function* readAuHeader(size: number): HeaderReading {
  const bytes = yield { start: 0, end: 24 };
  checkHeaderLength("AU", bytes, 24);
  const littleEndian = textOf(bytes, 0, 4) === "dns.";
  const [start, length, code, sampleRate, channels] = Array.from({ length: 5 }, (_, i) => viewOf(bytes).getUint32(4 + 4 * i, littleEndian));
  checkHeader("AU", channels!, sampleRate!);
  const encodings: Record<number, SampleEncoding> = {
    1: { kind: "µ-law" },
    2: integersOf("AU", 8, littleEndian),
    3: integersOf("AU", 16, littleEndian),
    4: integersOf("AU", 24, littleEndian),
    5: integersOf("AU", 32, littleEndian),
    6: floatsOf("AU", 32, littleEndian),
    7: floatsOf("AU", 64, littleEndian),
    27: { kind: "A-law" },
  };
  const encoding = encodingBy("AU", code!, encodings, "au");
  return {
    encoding,
    channels: channels!,
    sampleRate: sampleRate!,
    ...dataRange(start!, length === 0xffffffff ? undefined : length, size),
    faults: [],
  };
}

/** Most bytes of a SPHERE header; those in use have 1024. */
const maxSphereHeader = 2 ** 16;

/**
 * Reads the header of a NIST SPHERE file: lines such as `sample_rate -i 16000`.
 * Source: NIST's "SPHERE Header Structure", part of the SPeech HEader REsources, version 2.6.
 */
export function* readSphereHeader(size: number): HeaderReading {
  const headerLength = Number(textOf(yield { start: 0, end: 16 }, 8, 16).trim());
  if (!(headerLength >= 16 && headerLength <= Math.min(maxSphereHeader, size))) {
    throw new AudioFormatError(
      "AUDIO_CORRUPT",
      "broken SPHERE header: its length, which its second line should say, is no number of bytes of it",
    );
  }
  const text = textOf(yield { start: 0, end: headerLength }, 16, headerLength);
  const fields = new Map<string, string>();
  for (const line of text.split("\n")) {
    if (line.startsWith("end_head")) break;
    const [, name, value] = /^(\w+) -\w+ (.*?)\s*$/.exec(line) ?? [];
    if (name !== undefined) fields.set(name, value!);
  }
  const numberOf = (name: string): number => Number(fields.get(name) ?? 0);
  const [channels, sampleRate, numBytes] = [Number(fields.get("channel_count") ?? 1), numberOf("sample_rate"), numberOf("sample_n_bytes")];
  checkHeader("SPHERE", channels, sampleRate);
  const pcm = (): SampleEncoding => integersOf("SPHERE", 8 * numBytes, !(fields.get("sample_byte_format") ?? "10").startsWith("10"));
  const coding = fields.get("sample_coding") ?? "pcm";
  const encodings: Record<string, SampleEncoding> = {
    alaw: { kind: "A-law" },
    ulaw: { kind: "µ-law" },
    "mu-law": { kind: "µ-law" },
    ...(coding === "pcm" ? { pcm: pcm() } : {}),
  };
  const encoding = encodingBy("SPHERE", coding, encodings, "sph");
  const bytesPerSample = "numBytes" in encoding ? encoding.numBytes : 1;
  const length = fields.has("sample_count") ? numberOf("sample_count") * channels * bytesPerSample : undefined;
  return {
    encoding,
    channels,
    sampleRate,
    ...dataRange(headerLength, Number.isSafeInteger(length) ? length : undefined, size),
    faults: [],
  };
}

/** Tells whether bytes start as a file of IRCAM does: 0x64 0xa3, the digit of a kind of machine, and 0; or the same backwards. */
export function isIrcam(bytes: Uint8Array): boolean {
  return ircamByteOrder(bytes) !== undefined;
}

/** The odd machines (VAX, MIPS) write the low byte first, the others (Sun, NeXT) the high one; backwards, it is the other way round. */
function ircamByteOrder([a, b, c, d]: Uint8Array): "little" | "big" | undefined {
  if (a === 0x64 && b === 0xa3 && c! >= 1 && c! <= 4 && d === 0) return c! % 2 === 1 ? "little" : "big";
  if (a === 0 && b! >= 1 && b! <= 4 && c === 0xa3 && d === 0x64) return b! % 2 === 1 ? "big" : "little";
  return undefined;
}

/**
 * Reads the header of a file of IRCAM, or BICSF.
 * Source: `sfheader.h` of the Berkeley / IRCAM / CARL sound file system, and what libsndfile 1.2 and ffmpeg 5.1 read.
 */
export function* readIrcamHeader(size: number): HeaderReading {
  const bytes = yield { start: 0, end: 16 };
  checkHeaderLength("IRCAM", bytes, 16);
  const littleEndian = ircamByteOrder(bytes) === "little";
  const view = viewOf(bytes);
  const [sampleRate, channels] = [Math.round(view.getFloat32(4, littleEndian)), view.getUint32(8, littleEndian)];
  checkHeader("IRCAM", channels, sampleRate);
  const encodings: Record<number, SampleEncoding> = {
    0x00001: integersOf("IRCAM", 8, littleEndian),
    0x00002: integersOf("IRCAM", 16, littleEndian),
    0x00003: integersOf("IRCAM", 24, littleEndian),
    0x40004: integersOf("IRCAM", 32, littleEndian),
    0x00004: floatsOf("IRCAM", 32, littleEndian),
    0x00008: floatsOf("IRCAM", 64, littleEndian),
    0x10001: { kind: "A-law" },
    0x20001: { kind: "µ-law" },
  };
  const encoding = encodingBy("IRCAM", view.getUint32(12, littleEndian), encodings, "sf");
  return { encoding, channels, sampleRate, ...dataRange(1024, undefined, size), faults: [] };
}

/**
 * Reads the header of an Audio Visual Research file.
 * Source: what libsndfile 1.2 and ffmpeg 5.1 read; there is no document of the makers.
 */
export function* readAvrHeader(size: number): HeaderReading {
  const bytes = yield { start: 0, end: 128 };
  checkHeaderLength("AVR", bytes, 128);
  const view = viewOf(bytes);
  const [channels, bits, isSigned] = [view.getUint16(12) === 0 ? 1 : 2, view.getUint16(14), view.getUint16(16) !== 0];
  const sampleRate = view.getUint32(22) & 0xffffff;
  checkHeader("AVR", channels, sampleRate);
  if (!isSigned && bits !== 8) throw unsupportedSamples("AVR", `of ${bits} bits without a sign`, "convert first: ffmpeg -i in.avr out.wav");
  const encoding: SampleEncoding = isSigned ? integersOf("AVR", bits, false) : { kind: "unsigned", numBytes: 1 };
  return { encoding, channels, sampleRate, ...dataRange(128, view.getUint32(26) * channels * (bits >> 3), size), faults: [] };
}

/**
 * Reads the header of an Ensoniq PARIS file.
 * Samples begin at byte 2048. Source: what libsndfile 1.2 and ffmpeg 5.1 read; there is no document of the makers.
 */
export function* readPafHeader(size: number): HeaderReading {
  const bytes = yield { start: 0, end: 28 };
  checkHeaderLength("PARIS", bytes, 28);
  const headerIsLittle = textOf(bytes, 0, 4) === "fap ";
  const [littleEndian, sampleRate, code, channels] = Array.from({ length: 4 }, (_, i) =>
    viewOf(bytes).getUint32(8 + 4 * i, headerIsLittle),
  );
  checkHeader("PARIS", channels!, sampleRate!);
  const encodings: Record<number, SampleEncoding> = {
    0: integersOf("PARIS", 16, littleEndian === 1),
    2: integersOf("PARIS", 8, littleEndian === 1),
  };
  const encoding = encodingBy("PARIS", code!, encodings, "paf");
  return { encoding, channels: channels!, sampleRate: sampleRate!, ...dataRange(2048, undefined, size), faults: [] };
}

/** Tells whether bytes start as a sound of Akai's MPC 2000 does: two numbers, a name of printable characters, and lengths that fit each other. */
export function isMpc2000(bytes: Uint8Array): boolean {
  if (bytes.length < 42 || bytes[0] !== 1 || bytes[1] !== 4 || !/^[\x20-\x7e\0]{17}$/.test(textOf(bytes, 2, 19))) return false;
  const view = viewOf(bytes);
  return bytes[21]! <= 1 && view.getUint32(22, true) <= view.getUint32(30, true);
}

/**
 * Reads the header of a sound of Akai's MPC 2000, whose samples have 16 bits.
 * Source: what libsndfile 1.2 reads; there is no document of the makers.
 */
export function* readMpc2000Header(size: number): HeaderReading {
  const bytes = yield { start: 0, end: 42 };
  const view = viewOf(bytes);
  const [channels, sampleRate] = [1 + bytes[21]!, view.getUint16(40, true)];
  checkHeader("MPC 2000", channels, sampleRate);
  const encoding = integersOf("MPC 2000", 16, true);
  return { encoding, channels, sampleRate, ...dataRange(42, view.getUint32(30, true) * channels * 2, size), faults: [] };
}

/**
 * Reads the header of a Portable Voice Format file: `PVF1` and a line with channels, sample rate and bits.
 * Source: `lib.c` of the pvftools of mgetty+sendfax, and what libsndfile 1.2 and ffmpeg 5.1 read.
 */
export function* readPvfHeader(size: number): HeaderReading {
  const text = textOf(yield { start: 0, end: 64 }, 0, 64);
  const [line, channels, sampleRate, bits] = /^PVF1\n(\d+) (\d+) (\d+)\n/.exec(text) ?? [];
  if (line === undefined) {
    throw new AudioFormatError("AUDIO_CORRUPT", "broken PVF header: its second line does not say channels, sample rate and bits");
  }
  checkHeader("PVF", Number(channels), Number(sampleRate));
  const encoding = integersOf("PVF", Number(bits), false);
  return { encoding, channels: Number(channels), sampleRate: Number(sampleRate), ...dataRange(line.length, undefined, size), faults: [] };
}

/**
 * Reads the header of a Creative Voice file of one sound.
 * Source: Creative Labs' "Sound Blaster Series Developer Kit", "Creative Voice File (VOC) Format", blocks 0, 1, 8 and 9.
 */
export function* readVocHeader(size: number): HeaderReading {
  const bytes = yield { start: 0, end: 22 };
  checkHeaderLength("VOC", bytes, 22);
  let start = viewOf(bytes).getUint16(20, true);
  let block = viewOf(yield { start, end: start + 16 });
  checkHeaderLength("VOC", block, 16);
  let form: { readonly sampleRate: number; readonly channels: number } | undefined;
  if (block.getUint8(0) === 8) {
    const channels = block.getUint8(7) + 1;
    form = { sampleRate: Math.floor(256e6 / (channels * (65_536 - block.getUint16(4, true)))), channels };
    start += 8;
    block = viewOf(yield { start, end: start + 16 });
    checkHeaderLength("VOC", block, 16);
  }
  const type = block.getUint8(0);
  const length = block.getUint16(1, true) + block.getUint8(3) * 2 ** 16;
  if (type !== 1 && type !== 9) {
    throw unsupportedSamples("VOC", `that begin with a block of type ${type}`, "convert first: ffmpeg -i in.voc out.wav");
  }
  const headerBytes = type === 1 ? 2 : 12;
  const { sampleRate, channels } =
    type === 9
      ? { sampleRate: block.getUint32(4, true), channels: block.getUint8(9) }
      : (form ?? { sampleRate: Math.floor(1e6 / (256 - block.getUint8(4))), channels: 1 });
  checkHeader("VOC", channels, sampleRate);
  const encodings: Record<number, SampleEncoding> = {
    0: { kind: "unsigned", numBytes: 1 },
    4: integersOf("VOC", 16, true),
    6: { kind: "A-law" },
    7: { kind: "µ-law" },
  };
  const encoding = encodingBy("VOC", type === 1 ? block.getUint8(5) : block.getUint16(10, true), encodings, "voc");
  const end = start + 4 + length;
  const [next] = yield { start: end, end: end + 1 };
  if (next !== undefined && next !== 0) throw unsupportedSamples("VOC", "in several blocks", "convert first: ffmpeg -i in.voc out.wav");
  return { encoding, channels, sampleRate, ...dataRange(start + 4 + headerBytes, Math.max(0, length - headerBytes), size), faults: [] };
}
