import type { Waveform } from "../core/index.ts";
import { AudioFormatError } from "../core/index.ts";
import { hasAscii } from "./audio-container.ts";
import type { OggStream } from "./ogg-pages.ts";
import { formatOgg } from "./ogg-pages.ts";
import type { WasmDecoder } from "./wasm-decoder.ts";
import { runDecoder, trimDecoded } from "./wasm-decoder.ts";

/** A comment packet without vendor and comments. Source: Vorbis I specification, section 5.2.1. */
const EMPTY_COMMENTS: Uint8Array = Uint8Array.of(3, 0x76, 0x6f, 0x72, 0x62, 0x69, 0x73, 0, 0, 0, 0, 0, 0, 0, 0, 1);

/**
 * Decodes a Vorbis stream; what its last block holds beyond the last granule position is cut off.
 * Source: Vorbis I specification, section 4 and appendix A.2.
 * @throws AudioFormatError as `decodeAudio` does.
 */
export async function decodeVorbis(stream: OggStream, signal: AbortSignal | undefined): Promise<Waveform> {
  const [head, , setup, ...blocks] = stream.packets;
  if (head === undefined || head.length !== 30 || setup === undefined || !hasAscii(setup, 0, "\x05vorbis")) {
    throw new AudioFormatError("AUDIO_CORRUPT", "damaged Ogg Vorbis file: its three header packets are not in place");
  }
  const plain = formatOgg([head, EMPTY_COMMENTS, setup, ...blocks]);
  const decoded = await runDecoder("Ogg Vorbis", createVorbisDecoder, plain, signal);
  return {
    channelData: trimDecoded("Ogg Vorbis", decoded.channelData, 0, stream.endGranule),
    sampleRate: decoded.sampleRate,
  };
}

async function createVorbisDecoder(): Promise<WasmDecoder> {
  const { OggVorbisDecoder } = await import("@wasm-audio-decoders/ogg-vorbis");
  return new OggVorbisDecoder();
}
