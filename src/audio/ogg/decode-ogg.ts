import { AudioFormatError } from "../../core/index.ts";
import { hasAscii } from "../reading/ascii.ts";
import type { ByteWindow } from "../reading/byte-window.ts";
import { openOggFlac } from "./decode-ogg-flac.ts";
import { openOpus } from "./decode-opus.ts";
import { openVorbis } from "./decode-vorbis.ts";
import type { EncodedAudio } from "../reading/encoded-audio.ts";
import { openOgg } from "./ogg-pages.ts";

/** What the first packet of each codec's stream starts with. */
const opusHead = "OpusHead";
const vorbisHead = "\x01vorbis";
const flacHead = "\x7fFLAC";

/**
 * Opens an Ogg file with one Vorbis, Opus or FLAC stream.
 * @throws AudioFormatError as `decodeAudio` does.
 */
export async function openOggAudio(source: ByteWindow): Promise<EncodedAudio> {
  const stream = await openOgg(source, isReadableHead);
  if (stream === undefined) {
    throw new AudioFormatError(
      "AUDIO_UNSUPPORTED",
      "Ogg file without a Vorbis, Opus or FLAC stream; convert it first: ffmpeg -i in.ogg out.wav",
    );
  }
  if (hasAscii(stream.head, 0, opusHead)) return openOpus(stream);
  if (hasAscii(stream.head, 0, vorbisHead)) return openVorbis(stream);
  return openOggFlac(stream);
}

function isReadableHead(packet: Uint8Array): boolean {
  return hasAscii(packet, 0, opusHead) || hasAscii(packet, 0, vorbisHead) || hasAscii(packet, 0, flacHead);
}
