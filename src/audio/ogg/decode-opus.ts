import { AudioFormatError } from "../../core/index.ts";
import type { DecodedPiece } from "../reading/decoded-piece.ts";
import type { EncodedAudio } from "../reading/encoded-audio.ts";
import type { OggStream } from "./ogg-pages.ts";
import { trimPieces } from "../reading/trim-pieces.ts";
import type { Packet, WasmDecoder } from "../reading/wasm-decoder.ts";
import { runDecoder } from "../reading/wasm-decoder.ts";

/** Opus always decodes to this rate, in hertz, whatever was encoded. */
const sampleRate = 48_000;

/** Samples of one frame by the upper five bits of a packet's first byte. Source: RFC 6716, section 3.1, table 2. */
const silkFrameSamples: readonly number[] = [480, 960, 1920, 2880];
const hybridFrameSamples: readonly number[] = [480, 960];
const celtFrameSamples: readonly number[] = [120, 240, 480, 960];

/** Most samples per channel of a packet: 120 ms. */
const maxPacketSamples = 5760;
/** Header packets: `OpusHead` and `OpusTags`. */
const numHeaders = 2;

/**
 * Opens an Opus stream: without its pre-skip, up to its last granule position, and with its output gain applied.
 * Source: RFC 7845, sections 4 and 5.1.
 * @throws AudioFormatError as `decodeAudio` does.
 */
export function openOpus(stream: OggStream): EncodedAudio {
  const head = parseOpusHead(stream.head);
  const { channels, preSkip } = head;
  const numSamples = Math.max(0, stream.endGranule - preSkip);
  return {
    sampleRate,
    channels,
    numSamples,
    decode(report) {
      return trimPieces("Ogg Opus", decodeAll(stream, head), { start: preSkip, end: () => stream.endGranule }, report);
    },
  };
}

async function* decodeAll(stream: OggStream, head: OpusHead): AsyncGenerator<DecodedPiece, void> {
  const form = { format: "Ogg Opus", sampleRate, channels: head.channels };
  async function* packets(): AsyncGenerator<Packet, void> {
    let index = 0;
    for await (const bytes of stream.packets()) {
      if (index++ < numHeaders) continue;
      yield { bytes, numSamples: Math.min(samplesInPacket(bytes), maxPacketSamples) };
    }
  }
  for await (const piece of runDecoder(form, () => createOpusDecoder(head), packets(), stream.pace)) {
    if (head.gain !== 1) for (const samples of piece.channelData) amplify(samples, head.gain);
    yield piece;
  }
}

function amplify(samples: Float32Array, gain: number): void {
  for (let i = 0; i < samples.length; i++) samples[i] = samples[i]! * gain;
}

/** What an Opus stream's first packet says. */
interface OpusHead {
  readonly channels: number;
  /** Samples at the start that are no audio. */
  readonly preSkip: number;
  /** Factor for all samples. */
  readonly gain: number;
  /** Opus streams in each packet, and how many of them, the first ones, are stereo. */
  readonly numStreams: number;
  readonly numCoupled: number;
  /** Which of the streams' channels each channel is; 255 for silence. */
  readonly mapping: readonly number[];
}

/** Source: RFC 7845, section 5.1. */
function parseOpusHead(head: Uint8Array): OpusHead {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const channels = head[9] ?? 0;
  const mappingFamily = head[18];
  const length = mappingFamily === 0 ? 19 : 21 + channels;
  if (head.length < length || channels === 0 || (mappingFamily === 0 && channels > 2)) {
    throw new AudioFormatError("AUDIO_CORRUPT", `damaged Ogg Opus file: a header of ${head.length} bytes for ${channels} channels`);
  }
  if (head[8] !== 1 || mappingFamily! > 1 || channels > 8) {
    throw new AudioFormatError(
      "AUDIO_UNSUPPORTED",
      `Ogg Opus version ${head[8]} with ${channels} channels in mapping family ${mappingFamily} is not supported; ` +
        "convert it first: ffmpeg -i in.opus out.wav",
    );
  }
  const [numStreams, numCoupled] = mappingFamily === 0 ? [1, channels - 1] : [head[19]!, head[20]!];
  const mapping = mappingFamily === 0 ? Array.from({ length: channels }, (_, channel) => channel) : [...head.subarray(21, length)];
  // A stream that no channel comes from would be decoded for nothing.
  const isSound = numStreams >= 1 && numStreams <= channels && numCoupled <= numStreams;
  if (!isSound || !mapping.every((channel) => channel < numStreams + numCoupled || channel === 255)) {
    throw new AudioFormatError(
      "AUDIO_CORRUPT",
      `damaged Ogg Opus file: its header makes ${channels} channels of ${numStreams} streams, ${numCoupled} of them stereo, as ${mapping.join(", ")}`,
    );
  }
  const gainDecibels = view.getInt16(16, true) / 256;
  return { channels, preSkip: view.getUint16(10, true), gain: 10 ** (gainDecibels / 20), numStreams, numCoupled, mapping };
}

/** Samples per channel that a packet decodes to. Source: RFC 6716, sections 3.1 and 3.2. */
function samplesInPacket(packet: Uint8Array): number {
  const [first = 0, second = 0] = packet;
  const config = first >> 3;
  let frameSamples: number;
  if (config < 12) frameSamples = silkFrameSamples[config % 4]!;
  else if (config < 16) frameSamples = hybridFrameSamples[config % 2]!;
  else frameSamples = celtFrameSamples[config % 4]!;
  const frameCountCode = first & 3;
  if (frameCountCode === 0) return frameSamples;
  return frameSamples * (frameCountCode === 3 ? second & 0x3f : 2);
}

async function createOpusDecoder({ channels, numStreams, numCoupled, mapping }: OpusHead): Promise<WasmDecoder<Packet>> {
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
