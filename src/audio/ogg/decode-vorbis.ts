import { AudioFormatError } from "../../core/index.ts";
import { hasAscii } from "../reading/ascii.ts";
import type { EncodedAudio } from "../reading/encoded-audio.ts";
import type { OggStream } from "./ogg-pages.ts";
import { trimPieces } from "../reading/trim-pieces.ts";
import { checkVorbisSetup } from "./vorbis-setup.ts";
import type { Packet, WasmDecoder } from "../reading/wasm-decoder.ts";
import { runDecoder } from "../reading/wasm-decoder.ts";

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
  const [shortBlock, longBlock] = [2 ** (head[28]! & 0xf), 2 ** (head[28]! >> 4)];
  if (channels === 0 || sampleRate === 0) {
    throw new AudioFormatError("AUDIO_CORRUPT", `damaged Ogg Vorbis file: its header gives ${channels} channels at ${sampleRate} Hz`);
  }
  if (shortBlock < 64 || longBlock < shortBlock || longBlock > 8192) {
    throw new AudioFormatError(
      "AUDIO_CORRUPT",
      `damaged Ogg Vorbis file: its header gives blocks of ${shortBlock} and ${longBlock} samples`,
    );
  }
  return {
    sampleRate,
    channels,
    numSamples: endGranule,
    decode(report) {
      const form = { format: "Ogg Vorbis", sampleRate, channels };
      const decoded = runDecoder(form, createVorbisDecoder, audioPackets(stream, longBlock / 2), stream.pace);
      return trimPieces("Ogg Vorbis", decoded, { end: () => endGranule }, report);
    },
  };
}

/** A packet, and the headers that make sense of it. */
interface VorbisPacket extends Packet {
  readonly head: Uint8Array;
  readonly setup: Uint8Array;
}

async function* audioPackets(stream: OggStream, numSamples: number): AsyncGenerator<VorbisPacket, void> {
  let setup: Uint8Array | undefined;
  let numPackets = 0;
  for await (const packet of stream.packets()) {
    numPackets++;
    if (numPackets < 3) continue; // the head, which is known, and comments
    if (setup !== undefined) {
      yield { head: stream.head, setup, bytes: packet, numSamples };
      continue;
    }
    if (!hasAscii(packet, 0, "\x05vorbis")) throw missingHeaders();
    checkVorbisSetup(packet);
    setup = packet;
  }
  if (setup === undefined) throw missingHeaders();
}

function missingHeaders(): AudioFormatError {
  return new AudioFormatError("AUDIO_CORRUPT", "damaged Ogg Vorbis file: its three header packets are not in place");
}

/** It takes pages of a certain parser, of which it reads the packets; so it is given those. */
async function createVorbisDecoder(): Promise<WasmDecoder<VorbisPacket>> {
  const { OggVorbisDecoder } = await import("@wasm-audio-decoders/ogg-vorbis");
  const decoder = new OggVorbisDecoder();
  let hasHeaders = false;
  return {
    ready: decoder.ready,
    decode({ head, setup, bytes }) {
      const pages = [{ data: new Uint8Array(), codecFrames: [{ data: bytes, header: { vorbisSetup: setup } }] }];
      if (!hasHeaders) pages.unshift({ data: new Uint8Array(head), codecFrames: [] });
      hasHeaders = true;
      return decoder.decodeOggPages(pages as unknown as Parameters<typeof decoder.decodeOggPages>[0]);
    },
    free: () => decoder.free(),
  };
}
