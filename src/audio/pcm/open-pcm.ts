import type { Waveform } from "../../core/index.ts";
import { AudioFormatError } from "../../core/index.ts";
import type { ByteWindow } from "../reading/byte-window.ts";
import type { EncodedAudio } from "../reading/encoded-audio.ts";
import { pcmFormats } from "./pcm-containers.ts";
import type { PcmContainer } from "./pcm-containers.ts";
import { viewOf } from "./pcm-layout.ts";
import type { HeaderReading, PcmLayout } from "./pcm-layout.ts";
import { codecOf } from "./codec-of.ts";
import type { SampleCodec } from "./sample-codec.ts";

/** Bytes of samples read at a time from a long file, and samples of all channels that they may be. */
const [pieceLength, pieceSize] = [2 ** 17, 2 ** 16];

/** Opens a file of samples. */
export async function openPcm(container: PcmContainer, source: ByteWindow): Promise<EncodedAudio> {
  const { name, readHeader } = pcmFormats[container];
  const layout = await read(readHeader(source.size), source);
  const { channels, sampleRate, data, faults } = layout;
  const numSamples = countSamples(name, layout);
  const numMissing = countPromised(layout) - numSamples;
  return {
    sampleRate,
    channels,
    numSamples,
    async *decode(report) {
      for (const message of faults) report.add({ code: "AUDIO_EXTRA", message, position: 0, numLost: 0 });
      const codec = codecOf(layout.encoding, channels);
      const { bytesPerBlock, samplesPerBlock } = codec;
      const blocksPerPiece = Math.max(1, Math.floor(Math.min(pieceLength / bytesPerBlock, pieceSize / (samplesPerBlock * channels))));
      for (let first = 0; first < numSamples; first += blocksPerPiece * samplesPerBlock) {
        const start = data.start + (first / samplesPerBlock) * bytesPerBlock;
        const length = Math.min(blocksPerPiece * bytesPerBlock, data.end - start);
        const count = Math.min(blocksPerPiece * samplesPerBlock, numSamples - first);
        const piece = readSamples(await source.bytes(start, length), layout, codec, count, (block) => {
          const position = first + block * samplesPerBlock;
          const message = `damaged ${name} file: the block of ${layout.encoding.kind} at byte ${start + block * bytesPerBlock} begins with what no encoder writes`;
          report.add({ code: "AUDIO_GAP", message, position, numLost: Math.min(samplesPerBlock, numSamples - position) });
        });
        await source.pace.spend(count * channels);
        yield piece;
      }
      if (numMissing > 0) {
        const message = `truncated ${name} file: its header promises ${numSamples + numMissing} samples per channel, it has ${numSamples}`;
        report.add({ code: "AUDIO_TRUNCATED", message, position: numSamples, numLost: numMissing });
      }
    },
  };
}

/** Sends a header's reader the bytes that it asks for. */
async function read<T>(reading: HeaderReading<T>, source: ByteWindow): Promise<T> {
  let step = reading.next();
  while (!step.done) step = reading.next(await source.bytes(step.value.start, step.value.end - step.value.start));
  return step.value;
}

/**
 * Samples per channel that the file has.
 * @throws AudioFormatError `AUDIO_EMPTY`, or `AUDIO_CORRUPT` where there are bytes of samples, but not as many as one takes.
 */
export function countSamples(name: string, { encoding, channels, data, missingBytes }: PcmLayout): number {
  const codec = codecOf(encoding, channels);
  const numSamples = samplesIn(codec, data.end - data.start);
  if (numSamples > 0) return numSamples;
  const [code, what] =
    data.end > data.start || missingBytes > 0 ? (["AUDIO_CORRUPT", "truncated"] as const) : (["AUDIO_EMPTY", "empty"] as const);
  throw new AudioFormatError(
    code,
    `${what} ${name}: its ${name === "WAV" ? '"data" chunk has' : "samples have"} ${data.end - data.start} bytes, one sample frame takes ${codec.bytesPerBlock}`,
  );
}

function countPromised({ encoding, channels, data, missingBytes }: PcmLayout): number {
  return samplesIn(codecOf(encoding, channels), data.end - data.start + missingBytes);
}

function samplesIn({ bytesPerBlock, samplesPerBlock, samplesIn: samplesInBlock }: SampleCodec, numBytes: number): number {
  return Math.floor(numBytes / bytesPerBlock) * samplesPerBlock + samplesInBlock(numBytes % bytesPerBlock);
}

/**
 * @param bytes Blocks of samples.
 * @param count Samples per channel in them.
 * @param onDamage Is told which blocks hold no samples, counted from 0.
 */
export function readSamples(
  bytes: Uint8Array,
  { channels, sampleRate }: PcmLayout,
  codec: SampleCodec,
  count: number,
  onDamage: (block: number) => void,
): Waveform {
  const channelData = Array.from({ length: channels }, () => new Float32Array(count));
  for (const block of codec.read(viewOf(bytes), channelData)) onDamage(block);
  return { channelData, sampleRate };
}
