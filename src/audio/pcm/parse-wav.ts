import type { Waveform } from "../../core/index.ts";
import { allLimits, checkForm, checkNumSamples } from "../reading/audio-limits.ts";
import type { ByteWindow } from "../reading/byte-window.ts";
import type { DecodeAudioOptions } from "../reading/decode-audio-options.ts";
import type { EncodedAudio } from "../reading/encoded-audio.ts";
import { readWavHeader } from "./wav-header.ts";
import type { SampleFormat } from "./wav-header.ts";

/** Bytes of samples read at a time from a long file. */
const pieceLength = 2 ** 17;

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
 * It works in one go, however long the file: where timers and signals have to have their turn, `decodeAudio` reads WAV files as well.
 *
 * Source: RIFF/WAVE as in Microsoft's "Multimedia Programming Interface and Data Specifications 1.0" and `mmreg.h`;
 * RF64 as in EBU Tech 3306, BW64 as in ITU-R BS.2088.
 * @throws AudioFormatError `AUDIO_UNKNOWN_FORMAT` if this is no WAV file, `AUDIO_UNSUPPORTED` for compressed samples or a file beyond `options.limits`,
 * `AUDIO_CORRUPT` for a broken header or none of the promised samples, `AUDIO_EMPTY` for a file without samples.
 */
export function parseWav(bytes: Uint8Array, options: Pick<DecodeAudioOptions, "limits"> = {}): Waveform {
  const limits = allLimits(options.limits);
  const reading = readWavHeader(bytes.length);
  let step = reading.next();
  while (!step.done) step = reading.next(bytes.subarray(step.value.start, step.value.end));
  const { format, data, numSamples } = step.value;
  checkForm("wav", { sampleRate: format.sampleRate, channels: format.numChannels }, limits);
  checkNumSamples("wav", numSamples * format.numChannels, limits);
  return readSamples(bytes.subarray(data.start), format, numSamples);
}

/**
 * Opens a WAV file that is not in memory; it is understood as `parseWav` does.
 * @throws AudioFormatError as `parseWav` does.
 */
export async function openWav(source: ByteWindow): Promise<EncodedAudio> {
  const reading = readWavHeader(source.size);
  let step = reading.next();
  while (!step.done) step = reading.next(await source.bytes(step.value.start, step.value.end - step.value.start));
  const { format, data, numSamples, numMissing } = step.value;
  const bytesPerFrame = format.numChannels * format.bytesPerSample;
  const samplesPerPiece = Math.max(1, Math.floor(pieceLength / bytesPerFrame));
  return {
    sampleRate: format.sampleRate,
    channels: format.numChannels,
    numSamples,
    async *decode(report) {
      for (let first = 0; first < numSamples; first += samplesPerPiece) {
        const count = Math.min(samplesPerPiece, numSamples - first);
        yield readSamples(await source.bytes(data.start + first * bytesPerFrame, count * bytesPerFrame), format, count);
      }
      if (numMissing > 0) {
        const message = `truncated WAV file: its header promises ${numSamples + numMissing} samples per channel, it has ${numSamples}`;
        report.add({ code: "AUDIO_TRUNCATED", message, position: numSamples, numLost: numMissing });
      }
    },
  };
}

/** @param bytes Start with the first sample frame. */
function readSamples(bytes: Uint8Array, format: SampleFormat, numSamples: number): Waveform {
  const { numChannels, bytesPerSample, sampleRate } = format;
  const bytesPerFrame = numChannels * bytesPerSample;
  const readSample = sampleReader(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), format);
  const channelData = Array.from({ length: numChannels }, (_, channel) => {
    const samples = new Float32Array(numSamples);
    let offset = channel * bytesPerSample;
    for (let i = 0; i < numSamples; i++, offset += bytesPerFrame) samples[i] = readSample(offset);
    return samples;
  });
  return { channelData, sampleRate };
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
