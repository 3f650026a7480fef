/** The header of a frame of MPEG audio, and what follows from it. */
export interface MpegHeader {
  readonly version: 1 | 2 | 2.5;
  readonly layer: 1 | 2 | 3;
  /** Sample rate in hertz. */
  readonly sampleRate: number;
  readonly numChannels: number;
  /** Samples per channel. */
  readonly numSamples: number;
  /** Length of the frame in bytes, header included. */
  readonly length: number;
  /** Bytes after the header that are a checksum. */
  readonly checksumLength: number;
}

/** Length of no frame is above this: layer II with 384 kbps at 32 kHz, and a byte of padding. */
export const maxFrameLength = 1729;
export const headerLength = 4;

/** Bitrates in kbps by the header's four bits; 0 is "free format", and 15 is forbidden. One list for each layer. */
const bitrates1: readonly (readonly number[])[] = [
  [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
  [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
  [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
];
const lowBitrates: readonly number[] = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
const bitrates2: readonly (readonly number[])[] = [
  [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
  lowBitrates,
  lowBitrates,
];
const sampleRates1: readonly number[] = [44_100, 48_000, 32_000];
const versions = [2.5, undefined, 2, 1] as const;
const layers = [undefined, 3, 2, 1] as const;

/**
 * Reads a frame's header.
 * Sources: ISO/IEC 11172-3, section 2.4.1.3; ISO/IEC 13818-3, section 2.4.2.3, for the lower sample rates; "MPEG 2.5" as encoders write it.
 * @returns undefined if there is none, or one in free format.
 */
export function parseMpegHeader(bytes: Uint8Array, offset: number): MpegHeader | undefined {
  const header = parse(bytes, offset);
  return header === undefined || header.length === 0 ? undefined : header;
}

/** Whether a frame in free format starts there: its header does not say how long it is. */
export function isFreeFormat(bytes: Uint8Array, offset: number): boolean {
  return parse(bytes, offset)?.length === 0;
}

/** Whether frames can be of one stream. */
export function isAlike(header: MpegHeader | undefined, { version, layer, sampleRate, numChannels }: MpegHeader): header is MpegHeader {
  return (
    header !== undefined &&
    header.version === version &&
    header.layer === layer &&
    header.sampleRate === sampleRate &&
    header.numChannels === numChannels
  );
}

/** Whether some frame of that stream has this length. */
export function isFrameLength(length: number, { version, layer, sampleRate, numSamples }: MpegHeader): boolean {
  const bitrates = (version === 1 ? bitrates1 : bitrates2)[layer - 1]!.slice(1);
  return bitrates.some((bitrate) => [0, 1].some((padding) => frameLength(layer, numSamples, bitrate, sampleRate, padding) === length));
}

function parse(bytes: Uint8Array, offset: number): MpegHeader | undefined {
  if (bytes[offset] !== 0xff || offset + headerLength > bytes.length) return undefined;
  const [byte1, byte2, byte3] = [bytes[offset + 1]!, bytes[offset + 2]!, bytes[offset + 3]!];
  if ((byte1 & 0xe0) !== 0xe0) return undefined; // eleven set bits
  const version = versions[(byte1 >> 3) & 3];
  const layer = layers[(byte1 >> 1) & 3];
  const fullRate = sampleRates1[(byte2 >> 2) & 3];
  if (version === undefined || layer === undefined || fullRate === undefined || (version === 2.5 && layer !== 3)) return undefined;
  const bitrate = (version === 1 ? bitrates1 : bitrates2)[layer - 1]![byte2 >> 4];
  if (bitrate === undefined) return undefined;
  const sampleRate = fullRate / (version === 2.5 ? 4 : version);
  const numSamples = layer === 1 ? 384 : layer === 3 && version !== 1 ? 576 : 1152;
  return {
    version,
    layer,
    sampleRate,
    numChannels: byte3 >> 6 === 3 ? 1 : 2,
    numSamples,
    length: bitrate === 0 ? 0 : frameLength(layer, numSamples, bitrate, sampleRate, (byte2 >> 1) & 1),
    checksumLength: (byte1 & 1) === 0 ? 2 : 0,
  };
}

/** Layer I pads by four bytes, the others by one. */
function frameLength(layer: number, numSamples: number, bitrate: number, sampleRate: number, padding: number): number {
  const unit = layer === 1 ? 4 : 1;
  return (Math.floor((numSamples * bitrate * 125) / (sampleRate * unit)) + padding) * unit;
}
