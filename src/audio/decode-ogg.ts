import type { Waveform } from "../core/index.ts";
import { AudioFormatError } from "../core/index.ts";
import { hasAscii } from "./audio-container.ts";
import { decodeFlac } from "./decode-flac.ts";
import { decodeOpus } from "./decode-opus.ts";
import { decodeVorbis } from "./decode-vorbis.ts";
import { concatBytes, parseOgg } from "./ogg-pages.ts";

/** What the first packet of each codec's stream starts with. */
const OPUS_HEAD = "OpusHead";
const VORBIS_HEAD = "\x01vorbis";
const FLAC_HEAD = "\x7fFLAC";

/**
 * Decodes an Ogg file with one Vorbis, Opus or FLAC stream.
 * @throws AudioFormatError as `decodeAudio` does.
 */
export async function decodeOgg(bytes: Uint8Array, signal: AbortSignal | undefined): Promise<Waveform> {
  const stream = parseOgg(bytes, isReadableHead);
  if (stream === undefined) {
    throw new AudioFormatError(
      "AUDIO_UNSUPPORTED",
      "Ogg file without a Vorbis, Opus or FLAC stream; convert it first: ffmpeg -i in.ogg out.wav",
    );
  }
  const head = stream.packets[0]!;
  if (hasAscii(head, 0, OPUS_HEAD)) return decodeOpus(stream, signal);
  if (hasAscii(head, 0, VORBIS_HEAD)) return decodeVorbis(stream, signal);
  // Nine bytes of mapping, then a native FLAC stream, packet by packet. Source: RFC 9639, section 10.1.
  return decodeFlac(concatBytes([head.subarray(9), ...stream.packets.slice(1)]), signal);
}

function isReadableHead(packet: Uint8Array): boolean {
  return hasAscii(packet, 0, OPUS_HEAD) || hasAscii(packet, 0, VORBIS_HEAD) || hasAscii(packet, 0, FLAC_HEAD);
}
