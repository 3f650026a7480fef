import type { Waveform } from "../core/index.ts";
import { AudioFormatError } from "../core/index.ts";
import type { OggStream } from "./ogg-pages.ts";
import { formatOgg } from "./ogg-pages.ts";
import type { WasmDecoder } from "./wasm-decoder.ts";
import { runDecoder, trimDecoded } from "./wasm-decoder.ts";

/** Opus always decodes to this rate, in hertz, whatever was encoded. */
const SAMPLE_RATE = 48_000;

/** Samples of one frame by the upper five bits of a packet's first byte. Source: RFC 6716, section 3.1, table 2. */
const SILK_FRAME_SAMPLES: readonly number[] = [480, 960, 1920, 2880];
const HYBRID_FRAME_SAMPLES: readonly number[] = [480, 960];
const CELT_FRAME_SAMPLES: readonly number[] = [120, 240, 480, 960];

/** A comment packet without vendor and comments. Source: RFC 7845, section 5.2. */
const EMPTY_TAGS: Uint8Array = Uint8Array.of(0x4f, 0x70, 0x75, 0x73, 0x54, 0x61, 0x67, 0x73, 0, 0, 0, 0, 0, 0, 0, 0);

/**
 * Decodes an Opus stream: without its pre-skip, up to its last granule position, and with its output gain applied.
 * Source: RFC 7845, sections 4 and 5.1.
 * @throws AudioFormatError as `decodeAudio` does.
 */
export async function decodeOpus(stream: OggStream, signal: AbortSignal | undefined): Promise<Waveform> {
  const [head, , ...packets] = stream.packets;
  const { numChannels, preSkip, gain } = parseOpusHead(head!);
  const numSamples = packets.reduce((sum, packet) => sum + samplesInPacket(packet), 0) - preSkip;
  if (stream.endGranule <= preSkip) throw new AudioFormatError("AUDIO_EMPTY", "empty Ogg Opus file: it holds no samples");

  // The decoder itself drops the pre-skip that it reads from the header.
  const decoded = await runDecoder("Ogg Opus", createOpusDecoder, formatOgg([head!, EMPTY_TAGS, ...packets]), signal);
  const numDecoded = decoded.channelData[0]?.length ?? 0;
  if (numDecoded !== numSamples || decoded.channelData.length !== numChannels) {
    throw new AudioFormatError(
      "AUDIO_CORRUPT",
      `damaged Ogg Opus file: its packets stand for ${numSamples} samples of ${numChannels} channels, ` +
        `decoded were ${numDecoded} of ${decoded.channelData.length}`,
    );
  }
  const channelData = trimDecoded("Ogg Opus", decoded.channelData, 0, stream.endGranule - preSkip);
  if (gain !== 1) {
    for (const samples of channelData) {
      for (let i = 0; i < samples.length; i++) samples[i] = samples[i]! * gain;
    }
  }
  return { channelData, sampleRate: SAMPLE_RATE };
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
