import type { Waveform } from "../../core/index.ts";
import { checkWaveform, numSamplesOf } from "../../core/index.ts";

/** How samples are stored in a WAV file that is written. */
export type WavFormat = "pcm16" | "pcm24" | "float32";

/** How samples are stored in a WAV file. */
export interface FormatWavOptions {
  /**
   * `pcm16` and `pcm24` round to the nearest step (halves upwards) and clip what lies beyond full scale;
   * `float32` keeps every sample as it is.
   * @default "pcm16"
   */
  readonly format?: WavFormat | undefined;
}

const sampleBytes: Readonly<Record<WavFormat, number>> = { pcm16: 2, pcm24: 3, float32: 4 };

/** The sub-format GUID after its first two bytes, which are the plain format tag. */
const subFormatTail: readonly number[] = [0x00, 0x00, 0x00, 0x00, 0x10, 0x00, 0x80, 0x00, 0x00, 0xaa, 0x00, 0x38, 0x9b, 0x71];

/**
 * Writes a waveform as the bytes of a WAV file, the inverse of `parseWav`.
 * Integers are `sample * 2^(bits-1)`, the scale that `parseWav` reads, so reading and writing again changes nothing.
 * More than two channels or more than 16 integer bits are written as WAVE_FORMAT_EXTENSIBLE, floats with a `fact` chunk,
 * as the format asks; no channel is assigned to a loudspeaker.
 * @throws TypeError for an unknown format, a sample rate that is no integer, or NaN in samples to be written as integers.
 * @throws RangeError if the file would be over 4 GiB, or has more channels than the header can say.
 */
export function formatWav(waveform: Waveform, options: FormatWavOptions = {}): Uint8Array {
  checkWaveform(waveform);
  const { channelData, sampleRate } = waveform;
  const form = { sampleRate, channels: channelData.length, numSamples: numSamplesOf(waveform) };
  const header = formatWavHeader(form, options);
  const dataLength = wavDataLength(form, options);
  const bytes = new Uint8Array(header.length + dataLength + (dataLength % 2));
  bytes.set(header);
  writeSamples(bytes.subarray(header.length), waveform, options);
  return bytes;
}

/**
 * The samples of a waveform as they stand in a WAV file: that is its header, the samples of one or more waveforms, and
 * a zero byte if all those samples take an odd number of bytes.
 * @throws TypeError for an unknown format, or NaN in samples to be written as integers.
 */
export function formatWavSamples(waveform: Waveform, options: FormatWavOptions = {}): Uint8Array {
  checkWaveform(waveform);
  const { channelData, sampleRate } = waveform;
  const bytes = new Uint8Array(wavDataLength({ sampleRate, channels: channelData.length, numSamples: numSamplesOf(waveform) }, options));
  writeSamples(bytes, waveform, options);
  return bytes;
}

/** What a WAV file's header says. */
export interface WavForm {
  /** Sample rate in hertz. */
  readonly sampleRate: number;
  readonly channels: number;
  /** Samples per channel. */
  readonly numSamples: number;
}

/**
 * The bytes of a WAV file before its samples. Their number depends on channels and format, not on `numSamples`.
 * @throws TypeError, RangeError as `formatWav` does.
 */
export function formatWavHeader(form: WavForm, options: FormatWavOptions = {}): Uint8Array {
  const { format = "pcm16" } = options;
  const { sampleRate, channels } = form;
  const bytesPerSample = bytesPerSampleOf(format);
  if (!Number.isInteger(sampleRate) || sampleRate <= 0 || sampleRate > 0xffffffff) {
    throw new TypeError(`waveform.sampleRate must be an integer below 2^32 to be written as WAV; received ${sampleRate}`);
  }
  if (channels * bytesPerSample > 0xffff) {
    throw new RangeError(
      `a WAV file of format ${format} holds at most ${Math.floor(0xffff / bytesPerSample)} channels; received ${channels}`,
    );
  }
  const dataLength = wavDataLength(form, options);
  if (dataLength + 128 > 0xffffffff) {
    throw new RangeError(`a WAV file holds at most 4 GiB, these samples take ${dataLength} bytes; write them as several files`);
  }
  return Uint8Array.from(wavHeader(form, format, dataLength));
}

/** Bytes that the samples take in a WAV file, before padding to an even number. */
function wavDataLength({ channels, numSamples }: WavForm, { format = "pcm16" }: FormatWavOptions): number {
  return channels * bytesPerSampleOf(format) * numSamples;
}

function bytesPerSampleOf(format: WavFormat): number {
  const bytesPerSample = sampleBytes[format];
  if (bytesPerSample === undefined) {
    throw new TypeError(`format must be "pcm16", "pcm24" or "float32"; received ${JSON.stringify(format)}`);
  }
  return bytesPerSample;
}

function wavHeader({ channels: numChannels, sampleRate }: WavForm, format: WavFormat, dataLength: number): number[] {
  const isFloat = format === "float32";
  const bytesPerSample = sampleBytes[format];
  const bytesPerFrame = numChannels * bytesPerSample;
  const isExtensible = numChannels > 2 || format === "pcm24";
  const formatTag = isFloat ? 3 : 1;

  const description = [
    ...uint16(isExtensible ? 0xfffe : formatTag),
    ...uint16(numChannels),
    ...uint32(sampleRate),
    ...uint32((sampleRate * bytesPerFrame) % 2 ** 32), // only a hint for players; wraps rather than fails
    ...uint16(bytesPerFrame),
    ...uint16(bytesPerSample * 8),
  ];
  if (isExtensible) {
    const extension = [
      ...uint16(bytesPerSample * 8), // valid bits: all
      ...uint32(0), // loudspeakers: none assigned
      ...uint16(formatTag),
      ...subFormatTail,
    ];
    description.push(...uint16(extension.length), ...extension);
  } else if (isFloat) {
    description.push(...uint16(0));
  }

  const chunks = [...ascii("fmt "), ...uint32(description.length), ...description];
  if (isFloat) chunks.push(...ascii("fact"), ...uint32(4), ...uint32(dataLength / bytesPerFrame));
  chunks.push(...ascii("data"), ...uint32(dataLength));
  const riffLength = 4 + chunks.length + dataLength + (dataLength % 2);
  return [...ascii("RIFF"), ...uint32(riffLength), ...ascii("WAVE"), ...chunks];
}

function writeSamples(bytes: Uint8Array, { channelData }: Waveform, { format = "pcm16" }: FormatWavOptions): void {
  const writeSample = sampleWriter(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), format);
  const bytesPerSample = sampleBytes[format];
  const bytesPerFrame = channelData.length * bytesPerSample;
  for (const [channel, samples] of channelData.entries()) {
    let offset = channel * bytesPerSample;
    for (let i = 0; i < samples.length; i++, offset += bytesPerFrame) writeSample(offset, samples[i]!);
  }
}

function sampleWriter(view: DataView, format: WavFormat): (offset: number, sample: number) => void {
  switch (format) {
    case "float32":
      return (offset, sample) => view.setFloat32(offset, sample, true);
    case "pcm16":
      return (offset, sample) => view.setInt16(offset, toInteger(sample, 2 ** 15), true);
    case "pcm24":
      return (offset, sample) => {
        const integer = toInteger(sample, 2 ** 23);
        view.setInt16(offset, integer & 0xffff, true);
        view.setInt8(offset + 2, integer >> 16);
      };
  }
}

function toInteger(sample: number, fullScale: number): number {
  if (Number.isNaN(sample)) {
    throw new TypeError('waveform has NaN samples, which no integer can hold; write it with format "float32" to keep them');
  }
  return Math.max(-fullScale, Math.min(fullScale - 1, Math.round(sample * fullScale)));
}

function ascii(text: string): number[] {
  return Array.from(text, (character) => character.charCodeAt(0));
}

function uint16(value: number): number[] {
  return [value & 0xff, value >>> 8];
}

function uint32(value: number): number[] {
  return [...uint16(value & 0xffff), ...uint16(value >>> 16)];
}
