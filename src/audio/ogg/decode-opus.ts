import { AudioFormatError } from "../../core/index.ts";
import type { WasmDecoder } from "../reading/wasm-decoder.ts";
import { runDecoder } from "../reading/wasm-decoder.ts";
import type { CodecPacket, PacketCodec } from "./packet-codec.ts";

/** Opus always decodes to this rate, in hertz, whatever was encoded. */
const sampleRate = 48_000;

/** Samples of one frame by the upper five bits of a packet's first byte. Source: RFC 6716, section 3.1, table 2. */
const silkFrameSamples: readonly number[] = [480, 960, 1920, 2880];
const hybridFrameSamples: readonly number[] = [480, 960];
const celtFrameSamples: readonly number[] = [120, 240, 480, 960];

/** Most samples per channel of a packet: 120 ms. */
const maxPacketSamples = 5760;
/**
 * Families of channel mappings that name a stream for each channel: Vorbis's order, ambisonics without a matrix, and channels without a
 * meaning. Family 0 is mono or stereo. Source: RFC 7845, section 5.1.1; RFC 8486, section 3.1.
 */
const mappedFamilies: ReadonlySet<number> = new Set([1, 2, 255]);

/**
 * Opens an Opus stream by its header: without its pre-skip, and with its output gain applied.
 * Source: RFC 7845, sections 4.2 and 5.1.
 * @param format Name of the format in messages.
 * @param head The packet `OpusHead`.
 * @throws AudioFormatError as `decodeAudio` does.
 */
export function openOpus(format: string, head: Uint8Array): PacketCodec {
  const { preSkip, gain, ...form } = parseOpusHead(format, head);
  const { channels } = form;
  return {
    format,
    sampleRate,
    channels,
    preSkip,
    samplesIn: samplesInPacket,
    async *decode(steps, pace) {
      for await (const piece of runDecoder({ format, sampleRate, channels }, () => createOpusDecoder(form), steps, pace)) {
        if (gain !== 1) for (const samples of piece.channelData) amplify(samples, gain);
        yield piece;
      }
    },
  };
}

function amplify(samples: Float32Array, gain: number): void {
  for (let i = 0; i < samples.length; i++) samples[i] = samples[i]! * gain;
}

/** Which channels an Opus stream has. */
interface OpusForm {
  readonly channels: number;
  /** Opus streams in each packet, and how many of them, the first ones, are stereo. */
  readonly numStreams: number;
  readonly numCoupled: number;
  /** Which of the streams' channels each channel is; 255 for silence. */
  readonly mapping: readonly number[];
}

/** What an Opus stream's first packet says. */
interface OpusHead extends OpusForm {
  /** Samples at the start that are no audio. */
  readonly preSkip: number;
  /** Factor for all samples. */
  readonly gain: number;
}

/** Source: RFC 7845, section 5.1. */
function parseOpusHead(format: string, head: Uint8Array): OpusHead {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const channels = head[9] ?? 0;
  const mappingFamily = head[18]!;
  const length = mappingFamily === 0 ? 19 : 21 + channels;
  if (head.length < 19 || channels === 0 || (mappingFamily === 0 && channels > 2)) {
    throw new AudioFormatError("AUDIO_CORRUPT", `damaged ${format} file: a header of ${head.length} bytes for ${channels} channels`);
  }
  // Versions up to 15 are compatible with 1.
  if (head[8]! > 15 || (mappingFamily !== 0 && !mappedFamilies.has(mappingFamily)) || (mappingFamily === 1 && channels > 8)) {
    throw new AudioFormatError(
      "AUDIO_UNSUPPORTED",
      `${format} version ${head[8]} with ${channels} channels in mapping family ${mappingFamily} is not supported; ` +
        "convert it first: ffmpeg -i in.opus out.wav",
    );
  }
  if (head.length < length) {
    throw new AudioFormatError("AUDIO_CORRUPT", `damaged ${format} file: a header of ${head.length} bytes for ${channels} channels`);
  }
  const [numStreams, numCoupled] = mappingFamily === 0 ? [1, channels - 1] : [head[19]!, head[20]!];
  const mapping = mappingFamily === 0 ? Array.from({ length: channels }, (_, channel) => channel) : [...head.subarray(21, length)];
  // A stream that no channel comes from would be decoded for nothing.
  const isSound = numStreams >= 1 && numStreams <= channels && numCoupled <= numStreams;
  if (!isSound || !mapping.every((channel) => channel < numStreams + numCoupled || channel === 255)) {
    throw new AudioFormatError(
      "AUDIO_CORRUPT",
      `damaged ${format} file: its header makes ${channels} channels of ${numStreams} streams, ${numCoupled} of them stereo, as ${mapping.join(", ")}`,
    );
  }
  const gainDecibels = view.getInt16(16, true) / 256;
  return { channels, preSkip: view.getUint16(10, true), gain: 10 ** (gainDecibels / 20), numStreams, numCoupled, mapping };
}

/**
 * Samples per channel that a packet decodes to, undefined for none that could be: without a byte, or of more than 120 ms.
 * Source: RFC 6716, sections 3.1, 3.2 and 3.4.
 */
function samplesInPacket(packet: Uint8Array): number | undefined {
  const [first, second = 0] = packet;
  if (first === undefined) return undefined;
  const config = first >> 3;
  let frameSamples: number;
  if (config < 12) frameSamples = silkFrameSamples[config % 4]!;
  else if (config < 16) frameSamples = hybridFrameSamples[config % 2]!;
  else frameSamples = celtFrameSamples[config % 4]!;
  const frameCountCode = first & 3;
  let numFrames = 1;
  if (frameCountCode === 3) numFrames = second & 0x3f;
  else if (frameCountCode > 0) numFrames = 2;
  const numSamples = frameSamples * numFrames;
  return numSamples === 0 || numSamples > maxPacketSamples ? undefined : numSamples;
}

async function createOpusDecoder({ channels, numStreams, numCoupled, mapping }: OpusForm): Promise<WasmDecoder<CodecPacket>> {
  const { OpusDecoder } = await import("opus-decoder");
  const decoder = new OpusDecoder({
    channels,
    streamCount: numStreams,
    coupledStreamCount: numCoupled,
    channelMappingTable: [...mapping],
  });
  return {
    ready: decoder.ready,
    decode({ bytes }) {
      const decoded = decoder.decodeFrame(bytes);
      const [expected, numSamples] = [samplesInPacket(bytes), decoded.samplesDecoded];
      if (numSamples === expected || decoded.errors.length > 0) return decoded;
      return { ...decoded, errors: [{ message: `${numSamples} samples, not ${expected}` }] };
    },
    free: () => decoder.free(),
  };
}
