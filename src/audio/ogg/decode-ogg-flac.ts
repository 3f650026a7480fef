import { decodeFlacFrames } from "../flac/decode-flac.ts";
import { flacBlockSize, isWholeFlacFrame } from "../flac/flac-frames.ts";
import { parseFlacHeader } from "../flac/flac-header.ts";
import type { Damage } from "../reading/wasm-decoder.ts";
import type { CodecPacket, PacketCodec } from "./packet-codec.ts";

/**
 * Opens a FLAC stream within Ogg: nine bytes of mapping, then a native stream whose metadata blocks and frames are a
 * packet each.
 * Source: RFC 9639, section 10.1.
 * @throws AudioFormatError as `decodeAudio` does.
 */
export function openOggFlac(head: Uint8Array): PacketCodec {
  const header = parseFlacHeader(head.subarray(9));
  const { sampleRate, numChannels: channels, numSamples } = header;
  return {
    format: "Ogg FLAC",
    sampleRate,
    channels,
    preSkip: 0,
    numSamples,
    samplesIn: flacBlockSize,
    decode: (packets, pace) => decodeFlacFrames(header, checkedFrames(packets), pace),
  };
}

/** A decoder that gets a damaged frame takes what looks like others within for the next ones. */
async function* checkedFrames(packets: AsyncIterable<CodecPacket | Damage>): AsyncGenerator<CodecPacket | Damage, void> {
  for await (const packet of packets) {
    if ("flaw" in packet || isWholeFlacFrame(packet.bytes)) yield packet;
    else
      yield {
        flaw: { code: "AUDIO_GAP", message: "damaged Ogg FLAC file: the checksum of a frame is wrong" },
        numSamples: packet.numSamples,
      };
  }
}
