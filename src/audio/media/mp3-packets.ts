import { AudioFormatError } from "../../core/index.ts";
import { createMpegDecoder } from "../mpeg/decode-mpeg.ts";
import type { MpegPacket } from "../mpeg/mpeg-frames.ts";
import { parseMpegHeader } from "../mpeg/mpeg-header.ts";
import type { CodecPacket, PacketCodec } from "../ogg/packet-codec.ts";
import type { Damage } from "../reading/wasm-decoder.ts";
import { runDecoder } from "../reading/wasm-decoder.ts";

/**
 * Opens MP3 whose frames are a packet each. Its containers say themselves how late the encoder is, but not always its form.
 * @param format Name of the format in messages.
 * @param first The first frame, or at least its header.
 * @throws AudioFormatError `AUDIO_CORRUPT` if that is none.
 */
export function openMp3Packets(format: string, first: Uint8Array): PacketCodec {
  const header = parseMpegHeader(first, 0);
  if (header === undefined) throw new AudioFormatError("AUDIO_CORRUPT", `damaged ${format} file: its first packet is no frame of MP3`);
  const { sampleRate, numChannels: channels } = header;
  return {
    format,
    sampleRate,
    channels,
    preSkip: 0,
    samplesIn: (packet) => parseMpegHeader(packet, 0)?.numSamples,
    decode: (packets, pace) => runDecoder({ format, sampleRate, channels }, () => createMpegDecoder(channels), framesOf(packets), pace),
  };
}

async function* framesOf(packets: AsyncIterable<CodecPacket | Damage>): AsyncGenerator<MpegPacket | Damage, void> {
  for await (const packet of packets) yield "flaw" in packet ? packet : { ...packet, isMuted: false };
}
