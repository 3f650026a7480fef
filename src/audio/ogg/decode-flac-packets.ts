import { decodeFlacFrames } from "../flac/decode-flac.ts";
import { flacBlockSize, isWholeFlacFrame } from "../flac/flac-frames.ts";
import { parseFlacHeader } from "../flac/flac-header.ts";
import type { Damage } from "../reading/wasm-decoder.ts";
import type { CodecPacket, PacketCodec } from "./packet-codec.ts";

/**
 * Opens a FLAC stream whose frames are a packet each, as in Ogg, Matroska and MP4.
 * @param format Name of the format in messages.
 * @param head Starts with `fLaC` and the STREAMINFO block.
 * @throws AudioFormatError as `decodeAudio` does.
 */
export function openFlacPackets(format: string, head: Uint8Array): PacketCodec {
  const header = parseFlacHeader(head);
  const { sampleRate, numChannels: channels, numSamples } = header;
  return {
    format,
    sampleRate,
    channels,
    preSkip: 0,
    numSamples,
    samplesIn: flacBlockSize,
    decode: (packets, pace) => decodeFlacFrames(header, checkedFrames(format, packets), pace),
  };
}

/** A decoder that gets a damaged frame takes what looks like others within for the next ones. */
async function* checkedFrames(format: string, packets: AsyncIterable<CodecPacket | Damage>): AsyncGenerator<CodecPacket | Damage, void> {
  for await (const packet of packets) {
    if ("flaw" in packet || isWholeFlacFrame(packet.bytes)) yield packet;
    else
      yield {
        flaw: { code: "AUDIO_GAP", message: `damaged ${format} file: the checksum of a frame is wrong` },
        numSamples: packet.numSamples,
      };
  }
}
