import type { Waveform } from "../core/index.ts";
import { AudioFormatError, numSamplesOf } from "../core/index.ts";
import type { EncodedAudio } from "./encoded-audio.ts";
import { formatOgg } from "./format-ogg.ts";
import type { OggStream } from "./ogg-pages.ts";
import { trimPieces } from "./trim-pieces.ts";
import type { WasmDecoder } from "./wasm-decoder.ts";
import { runDecoder } from "./wasm-decoder.ts";

/** Opus always decodes to this rate, in hertz, whatever was encoded. */
const SAMPLE_RATE = 48_000;

/** Samples of one frame by the upper five bits of a packet's first byte. Source: RFC 6716, section 3.1, table 2. */
const SILK_FRAME_SAMPLES: readonly number[] = [480, 960, 1920, 2880];
const HYBRID_FRAME_SAMPLES: readonly number[] = [480, 960];
const CELT_FRAME_SAMPLES: readonly number[] = [120, 240, 480, 960];

/** A comment packet without vendor and comments. Source: RFC 7845, section 5.2. */
const EMPTY_TAGS: Uint8Array = Uint8Array.of(0x4f, 0x70, 0x75, 0x73, 0x54, 0x61, 0x67, 0x73, 0, 0, 0, 0, 0, 0, 0, 0);

/**
 * Opens an Opus stream: without its pre-skip, up to its last granule position, and with its output gain applied.
 * Source: RFC 7845, sections 4 and 5.1.
 * @throws AudioFormatError as `decodeAudio` does.
 */
export function openOpus(stream: OggStream): EncodedAudio {
  const { numChannels: channels, preSkip, gain } = parseOpusHead(stream.head);
  const numSamples = Math.max(0, stream.endGranule - preSkip);
  return {
    sampleRate: SAMPLE_RATE,
    channels,
    numSamples,
    decode() {
      const form = { format: "Ogg Opus", sampleRate: SAMPLE_RATE, channels };
      return trimPieces(form, decodeAll(stream, preSkip, gain), { end: () => numSamples });
    },
  };
}

async function* decodeAll(stream: OggStream, preSkip: number, gain: number): AsyncGenerator<Waveform, void> {
  // The decoder itself drops the pre-skip that it reads from the header.
  let numPromised = -preSkip;
  async function* plainPackets(): AsyncGenerator<Uint8Array, void> {
    let index = 0;
    for await (const packet of stream.packets()) {
      if (index >= 2) numPromised += samplesInPacket(packet);
      yield index === 1 ? EMPTY_TAGS : packet;
      index++;
    }
  }
  let numDecoded = 0;
  for await (const piece of runDecoder("Ogg Opus", createOpusDecoder, formatOgg(plainPackets()))) {
    numDecoded += numSamplesOf(piece);
    if (gain !== 1) for (const samples of piece.channelData) amplify(samples, gain);
    yield piece;
  }
  if (numDecoded !== numPromised && stream.endGranule > preSkip) {
    throw new AudioFormatError(
      "AUDIO_CORRUPT",
      `damaged Ogg Opus file: its packets stand for ${numPromised} samples, decoded were ${numDecoded}`,
    );
  }
}

function amplify(samples: Float32Array, gain: number): void {
  for (let i = 0; i < samples.length; i++) samples[i] = samples[i]! * gain;
}

function parseOpusHead(head: Uint8Array): { readonly numChannels: number; readonly preSkip: number; readonly gain: number } {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const numChannels = head[9] ?? 0;
  const mappingFamily = head[18];
  const length = mappingFamily === 0 ? 19 : 21 + numChannels;
  if (head.length < length || numChannels === 0 || (mappingFamily === 0 && numChannels > 2)) {
    throw new AudioFormatError("AUDIO_CORRUPT", `damaged Ogg Opus file: a header of ${head.length} bytes for ${numChannels} channels`);
  }
  if (head[8] !== 1 || mappingFamily! > 1 || numChannels > 8) {
    throw new AudioFormatError(
      "AUDIO_UNSUPPORTED",
      `Ogg Opus version ${head[8]} with ${numChannels} channels in mapping family ${mappingFamily} is not supported; ` +
        "convert it first: ffmpeg -i in.opus out.wav",
    );
  }
  const gainDecibels = view.getInt16(16, true) / 256;
  return { numChannels, preSkip: view.getUint16(10, true), gain: 10 ** (gainDecibels / 20) };
}

/** Samples per channel that a packet decodes to. Source: RFC 6716, sections 3.1 and 3.2. */
function samplesInPacket(packet: Uint8Array): number {
  const [first = 0, second = 0] = packet;
  const config = first >> 3;
  let frameSamples: number;
  if (config < 12) frameSamples = SILK_FRAME_SAMPLES[config % 4]!;
  else if (config < 16) frameSamples = HYBRID_FRAME_SAMPLES[config % 2]!;
  else frameSamples = CELT_FRAME_SAMPLES[config % 4]!;
  const frameCountCode = first & 3;
  if (frameCountCode === 0) return frameSamples;
  return frameSamples * (frameCountCode === 3 ? second & 0x3f : 2);
}

async function createOpusDecoder(): Promise<WasmDecoder> {
  const { OggOpusDecoder } = await import("ogg-opus-decoder");
  return new OggOpusDecoder();
}
