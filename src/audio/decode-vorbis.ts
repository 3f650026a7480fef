import { AudioFormatError } from "../core/index.ts";
import { hasAscii } from "./audio-container.ts";
import type { EncodedAudio } from "./encoded-audio.ts";
import { formatOgg } from "./format-ogg.ts";
import type { OggStream } from "./ogg-pages.ts";
import { trimPieces } from "./trim-pieces.ts";
import type { WasmDecoder } from "./wasm-decoder.ts";
import { runDecoder } from "./wasm-decoder.ts";

/** A comment packet without vendor and comments. Source: Vorbis I specification, section 5.2.1. */
const EMPTY_COMMENTS: Uint8Array = Uint8Array.of(3, 0x76, 0x6f, 0x72, 0x62, 0x69, 0x73, 0, 0, 0, 0, 0, 0, 0, 0, 1);

/**
 * Opens a Vorbis stream; what its last block holds beyond the last granule position is cut off.
 * Source: Vorbis I specification, section 4 and appendix A.2.
 * @throws AudioFormatError as `decodeAudio` does.
 */
export function openVorbis(stream: OggStream): EncodedAudio {
  const { head, endGranule } = stream;
  if (head.length !== 30) throw missingHeaders();
  const channels = head[11]!;
  const sampleRate = new DataView(head.buffer, head.byteOffset).getUint32(12, true);
  if (channels === 0 || sampleRate === 0) {
    throw new AudioFormatError("AUDIO_CORRUPT", `damaged Ogg Vorbis file: its header gives ${channels} channels at ${sampleRate} Hz`);
  }
  return {
    sampleRate,
    channels,
    numSamples: endGranule,
    decode() {
      const decoded = runDecoder("Ogg Vorbis", createVorbisDecoder, formatOgg(plainPackets(stream)));
      return trimPieces({ format: "Ogg Vorbis", sampleRate, channels }, decoded, { end: () => endGranule });
    },
  };
}

/** All packets, with nothing in the comments. */
async function* plainPackets(stream: OggStream): AsyncGenerator<Uint8Array, void> {
  let numPackets = 0;
  for await (const packet of stream.packets()) {
    numPackets++;
    if (numPackets === 3 && !hasAscii(packet, 0, "\x05vorbis")) throw missingHeaders();
    yield numPackets === 2 ? EMPTY_COMMENTS : packet;
  }
  if (numPackets < 3) throw missingHeaders();
}

function missingHeaders(): AudioFormatError {
  return new AudioFormatError("AUDIO_CORRUPT", "damaged Ogg Vorbis file: its three header packets are not in place");
}

async function createVorbisDecoder(): Promise<WasmDecoder> {
  const { OggVorbisDecoder } = await import("@wasm-audio-decoders/ogg-vorbis");
  return new OggVorbisDecoder();
}
