import { ascii, chunk, extensibleFields, formatChunk, littleEndian, wav } from "./wav-bytes.ts";

/** What is written into a file of samples. */
export interface PcmClip {
  readonly channels: number;
  readonly sampleRate: number;
  /** Interleaved bytes, in the order that the container wants. */
  readonly data: readonly number[];
  /** Bits of an integer or a float. */
  readonly bits: number;
  readonly isFloat?: boolean;
  /** What the header says of the length in bytes, if something else. */
  readonly length?: number;
}

/** A number of big-endian bytes. */
export const bigEndian = (value: number | bigint, numBytes: number): number[] => littleEndian(value, numBytes).toReversed();

/** A chunk of big-endian IFF with its padding byte. */
export const iffChunk = (name: string, body: readonly number[], size: number = body.length): number[] => [
  ...ascii(name),
  ...bigEndian(size, 4),
  ...body,
  ...(body.length % 2 === 1 ? [0] : []),
];

const float64 = (value: number): number[] => Array.from(new Uint8Array(Float64Array.of(value).buffer)).toReversed();
const float32 = (value: number): number[] => Array.from(new Uint8Array(Float32Array.of(value).buffer)).toReversed();

/** A whole number as AIFF writes sample rates. */
function extended(value: number): number[] {
  const exponent = Math.floor(Math.log2(value));
  return [...bigEndian(16_383 + exponent, 2), ...bigEndian(BigInt(value) << BigInt(63 - exponent), 8)];
}

/** A container of this family: how it orders bytes, which widths it has, and how a file of it is written. */
export interface PcmWriter {
  readonly container: string;
  readonly littleEndian: boolean;
  readonly integers: readonly number[];
  /** Whether integers of one byte are unsigned. */
  readonly unsigned?: boolean;
  readonly floats?: readonly number[];
  readonly maxChannels?: number;
  /** Whether the header says how long the samples are. */
  readonly knowsLength?: boolean;
  readonly write: (clip: PcmClip) => Uint8Array;
}

const format = ({ channels, sampleRate, bits, isFloat = false }: PcmClip): number[] =>
  formatChunk({ tag: isFloat ? 3 : 1, numChannels: channels, sampleRate, bits });
const sized = ({ data, length = data.length }: PcmClip): number => length;
const allIntegers = [8, 16, 24, 32];
const allFloats = [32, 64];

/** WAV chunks with their numbers the other way round; samples are left alone. */
function rifx(clip: PcmClip): Uint8Array {
  const { channels, sampleRate, bits, isFloat = false, data } = clip;
  const frame = (channels * bits) / 8;
  const fields = [
    ...bigEndian(isFloat ? 3 : 1, 2),
    ...bigEndian(channels, 2),
    ...bigEndian(sampleRate, 4),
    ...bigEndian(sampleRate * frame, 4),
    ...bigEndian(frame, 2),
    ...bigEndian(bits, 2),
  ];
  const chunks = [...iffChunk("fmt ", fields), ...iffChunk("data", data, sized(clip))];
  return Uint8Array.from([...ascii("RIFX"), ...bigEndian(chunks.length + 4, 4), ...ascii("WAVE"), ...chunks]);
}

const hex = (text: string): number[] => Array.from(text.matchAll(/../g), ([byte]) => Number.parseInt(byte, 16));
const w64Chunk = (name: string, body: readonly number[], size: number = body.length): number[] => [
  ...ascii(name),
  ...hex("f3acd3118cd100c04f8edb8a"),
  ...littleEndian(size + 24, 8),
  ...body,
  ...Array.from({ length: -body.length & 7 }, () => 0),
];

function w64(clip: PcmClip): Uint8Array {
  const chunks = [...w64Chunk("fmt ", format(clip).slice(8)), ...w64Chunk("data", clip.data, sized(clip))];
  const head = [...ascii("riff"), ...hex("2e91cf11a5d628db04c10000"), ...littleEndian(40 + chunks.length, 8)];
  return Uint8Array.from([...head, ...ascii("wave"), ...hex("f3acd3118cd100c04f8edb8a"), ...chunks]);
}

function aiff(clip: PcmClip, compression: string | undefined): Uint8Array {
  const { channels, sampleRate, bits, data } = clip;
  const numSamples = Math.floor((8 * data.length) / (channels * bits));
  const common = [...bigEndian(channels, 2), ...bigEndian(numSamples, 4), ...bigEndian(bits, 2), ...extended(sampleRate)];
  const kind = compression === undefined ? [] : [...ascii(compression), 0, 0];
  const chunks = [...iffChunk("COMM", [...common, ...kind]), ...iffChunk("SSND", [...bigEndian(0, 8), ...data], sized(clip) + 8)];
  return Uint8Array.from([
    ...ascii("FORM"),
    ...bigEndian(chunks.length + 4, 4),
    ...ascii(compression === undefined ? "AIFF" : "AIFC"),
    ...chunks,
  ]);
}

/** A chunk whose length has eight bytes. */
const cafChunk = (name: string, body: readonly number[], size: number): number[] => [...ascii(name), ...bigEndian(size, 8), ...body];

function caf(clip: PcmClip, flags: number, code = "lpcm"): Uint8Array {
  const { channels, sampleRate, bits, data, isFloat = false } = clip;
  const frame = (channels * bits) / 8;
  const description = [
    ...float64(sampleRate),
    ...ascii(code),
    ...[flags + (isFloat ? 1 : 0), frame, 1, channels, bits].flatMap((value) => bigEndian(value, 4)),
  ];
  return Uint8Array.from([
    ...ascii("caff"),
    ...bigEndian(0x10000, 4),
    ...cafChunk("desc", description, 32),
    ...cafChunk("data", [0, 0, 0, 0, ...data], sized(clip) + 4),
  ]);
}

function au(clip: PcmClip, littleEndian_ = false, code?: number): Uint8Array {
  const { channels, sampleRate, bits, isFloat = false, data } = clip;
  const encoding = code ?? (isFloat ? (bits === 32 ? 6 : 7) : 1 + bits / 8);
  const number = littleEndian_ ? littleEndian : bigEndian;
  return Uint8Array.from([
    ...ascii(littleEndian_ ? "dns." : ".snd"),
    ...[28, sized(clip), encoding, sampleRate, channels, 0].flatMap((value) => number(value, 4)),
    ...data,
  ]);
}

function sphere(clip: PcmClip, byteFormat: string, coding = "pcm"): Uint8Array {
  const { channels, sampleRate, bits, data } = clip;
  const count = Math.floor((8 * sized(clip)) / (bits * channels));
  const text = [
    "NIST_1A\n   1024",
    `channel_count -i ${channels}`,
    `sample_count -i ${count}`,
    `sample_rate -i ${sampleRate}`,
    `sample_n_bytes -i ${bits / 8}`,
    `sample_byte_format -s2 ${byteFormat}`,
    `sample_coding -s${coding.length} ${coding}`,
    "end_head\n",
  ].join("\n");
  return Uint8Array.from([...ascii(text.padEnd(1024, " ")), ...data]);
}

function ircam({ channels, sampleRate, bits, isFloat = false, data }: PcmClip): Uint8Array {
  const code = isFloat ? 4 : bits === 32 ? 0x40004 : bits / 8;
  const header = [0x64, 0xa3, 2, 0, ...float32(sampleRate), ...bigEndian(channels, 4), ...bigEndian(code, 4)];
  return Uint8Array.from([...header, ...Array.from({ length: 1024 - header.length }, () => 0), ...data]);
}

function avr(clip: PcmClip): Uint8Array {
  const { channels, sampleRate, bits, data } = clip;
  const numSamples = Math.floor((8 * sized(clip)) / (channels * bits));
  const header = [
    ...ascii("2BITname\0\0\0\0"),
    ...bigEndian(channels === 2 ? 0xffff : 0, 2),
    ...bigEndian(bits, 2),
    ...bigEndian(0xffff, 2),
    ...bigEndian(0xffff, 4),
    ...bigEndian(0xff000000 + sampleRate, 4),
    ...bigEndian(numSamples, 4),
  ];
  return Uint8Array.from([...header, ...Array.from({ length: 128 - header.length }, () => 0), ...data]);
}

function mpc2000(clip: PcmClip): Uint8Array {
  const { channels, sampleRate, data } = clip;
  const numSamples = Math.floor(sized(clip) / (2 * channels));
  const lengths = [0, numSamples, numSamples, numSamples].flatMap((value) => littleEndian(value, 4));
  return Uint8Array.from([
    1,
    4,
    ...ascii("NAME".padEnd(16, " ")),
    0,
    100,
    0,
    channels - 1,
    ...lengths,
    0,
    1,
    ...littleEndian(sampleRate, 2),
    ...data,
  ]);
}

function paf({ channels, sampleRate, bits, data }: PcmClip): Uint8Array {
  const header = [...ascii("fap "), ...[0, 1, sampleRate, bits === 8 ? 2 : 0, channels, 0].flatMap((value) => littleEndian(value, 4))];
  return Uint8Array.from([...header, ...Array.from({ length: 2048 - header.length }, () => 0), ...data]);
}

function svx(clip: PcmClip): Uint8Array {
  const { sampleRate, bits, data } = clip;
  const voice = [...bigEndian(0, 12), ...bigEndian(sampleRate, 2), 1, 0, ...bigEndian(0x10000, 4)];
  const chunks = [...iffChunk("VHDR", voice), ...iffChunk("NAME", ascii("odd")), ...iffChunk("BODY", data, sized(clip))];
  return Uint8Array.from([...ascii("FORM"), ...bigEndian(chunks.length + 4, 4), ...ascii(bits === 8 ? "8SVX" : "16SV"), ...chunks]);
}

function voc(clip: PcmClip): Uint8Array {
  const { channels, sampleRate, bits, data } = clip;
  const sound = [...littleEndian(sampleRate, 4), bits, channels, ...littleEndian(bits === 8 ? 0 : 4, 2), 0, 0, 0, 0];
  return Uint8Array.from([
    ...ascii("Creative Voice File\x1a"),
    ...littleEndian(26, 2),
    ...littleEndian(0x010a, 2),
    ...littleEndian(0x1129, 2),
    9,
    ...littleEndian(sized(clip) + 12, 3),
    ...sound,
    ...data,
    0,
  ]);
}

/** Writers of every container and order of bytes. */
export const pcmWriters: Readonly<Record<string, PcmWriter>> = {
  WAV: {
    container: "wav",
    littleEndian: true,
    integers: allIntegers,
    unsigned: true,
    floats: allFloats,
    knowsLength: true,
    write: (clip) => wav([...format(clip), ...chunk("data", clip.data, sized(clip))]),
  },
  "WAV behind an ID3 tag": {
    container: "wav",
    littleEndian: true,
    integers: allIntegers,
    unsigned: true,
    floats: allFloats,
    knowsLength: true,
    write: (clip) =>
      Uint8Array.from([...ascii("ID3"), 4, 0, 0, 0, 0, 0, 3, 1, 2, 3, ...wav([...format(clip), ...chunk("data", clip.data, sized(clip))])]),
  },
  "extensible WAV": {
    container: "wav",
    littleEndian: true,
    integers: allIntegers,
    unsigned: true,
    floats: allFloats,
    knowsLength: true,
    write: (clip) =>
      wav([
        ...formatChunk({
          tag: 0xfffe,
          numChannels: clip.channels,
          sampleRate: clip.sampleRate,
          bits: clip.bits,
          extension: extensibleFields(clip.bits, clip.isFloat ? 3 : 1),
        }),
        ...chunk("data", clip.data, sized(clip)),
      ]),
  },
  RIFX: { container: "wav", littleEndian: false, integers: allIntegers, unsigned: true, floats: allFloats, knowsLength: true, write: rifx },
  RF64: {
    container: "wav",
    littleEndian: true,
    integers: allIntegers,
    unsigned: true,
    floats: allFloats,
    knowsLength: true,
    write: (clip) =>
      wav(
        [
          ...chunk("ds64", [...littleEndian(0, 8), ...littleEndian(sized(clip), 8), ...littleEndian(0, 12)]),
          ...format(clip),
          ...chunk("data", clip.data, 0xffffffff),
        ],
        { magic: "RF64", riffSize: 0xffffffff },
      ),
  },
  Wave64: { container: "w64", littleEndian: true, integers: allIntegers, unsigned: true, floats: allFloats, knowsLength: true, write: w64 },
  AIFF: { container: "aiff", littleEndian: false, integers: allIntegers, knowsLength: true, write: (clip) => aiff(clip, undefined) },
  "AIFF-C sowt": { container: "aiff", littleEndian: true, integers: [16, 24, 32], knowsLength: true, write: (clip) => aiff(clip, "sowt") },
  "AIFF-C floats": {
    container: "aiff",
    littleEndian: false,
    integers: [],
    floats: allFloats,
    knowsLength: true,
    write: (clip) => aiff(clip, `fl${clip.bits}`),
  },
  "Core Audio": {
    container: "caf",
    littleEndian: false,
    integers: allIntegers,
    floats: allFloats,
    knowsLength: true,
    write: (clip) => caf(clip, 0),
  },
  "little-endian Core Audio": {
    container: "caf",
    littleEndian: true,
    integers: allIntegers,
    floats: allFloats,
    knowsLength: true,
    write: (clip) => caf(clip, 2),
  },
  AU: { container: "au", littleEndian: false, integers: allIntegers, floats: allFloats, knowsLength: true, write: (clip) => au(clip) },
  "little-endian AU": {
    container: "au",
    littleEndian: true,
    integers: allIntegers,
    floats: allFloats,
    knowsLength: true,
    write: (clip) => au(clip, true),
  },
  SPHERE: { container: "sphere", littleEndian: false, integers: allIntegers, knowsLength: true, write: (clip) => sphere(clip, "10") },
  "little-endian SPHERE": {
    container: "sphere",
    littleEndian: true,
    integers: [16, 24, 32],
    knowsLength: true,
    write: (clip) => sphere(clip, "01"),
  },
  IRCAM: { container: "ircam", littleEndian: false, integers: [16, 24, 32], floats: [32], write: ircam },
  AVR: { container: "avr", littleEndian: false, integers: [8, 16], maxChannels: 2, knowsLength: true, write: avr },
  "MPC 2000": { container: "mpc2k", littleEndian: true, integers: [16], maxChannels: 2, knowsLength: true, write: mpc2000 },
  PARIS: { container: "paf", littleEndian: true, integers: [8, 16], write: paf },
  PVF: {
    container: "pvf",
    littleEndian: false,
    integers: allIntegers,
    write: ({ channels, sampleRate, bits, data }) => Uint8Array.from([...ascii(`PVF1\n${channels} ${sampleRate} ${bits}\n`), ...data]),
  },
  "8SVX": { container: "svx", littleEndian: false, integers: [8, 16], maxChannels: 1, knowsLength: true, write: svx },
  VOC: { container: "voc", littleEndian: true, integers: [8, 16], unsigned: true, knowsLength: true, write: voc },
};

/** Files of samples in a law of G.711. */
export const lawWriters: Readonly<Record<string, (clip: Omit<PcmClip, "bits">, law: "A" | "µ") => Uint8Array>> = {
  WAV: (clip, law) =>
    wav([
      ...formatChunk({ tag: law === "A" ? 6 : 7, numChannels: clip.channels, sampleRate: clip.sampleRate, bits: 8 }),
      ...chunk("data", clip.data),
    ]),
  Wave64: (clip, law) => {
    const fields = formatChunk({ tag: law === "A" ? 6 : 7, numChannels: clip.channels, sampleRate: clip.sampleRate, bits: 8 }).slice(8);
    const file = w64({ ...clip, bits: 8 });
    file.set(fields, 64);
    return file;
  },
  "AIFF-C": (clip, law) => aiff({ ...clip, bits: 16, length: clip.data.length }, law === "A" ? "alaw" : "ulaw"),
  "Core Audio": (clip, law) => caf({ ...clip, bits: 8 }, 0, law === "A" ? "alaw" : "ulaw"),
  AU: (clip, law) => au({ ...clip, bits: 8 }, false, law === "A" ? 27 : 1),
  SPHERE: (clip, law) => sphere({ ...clip, bits: 8 }, "1", law === "A" ? "alaw" : "ulaw"),
};
