import { AudioFormatError } from "../../core/index.ts";
import type { ByteWindow } from "../reading/byte-window.ts";
import type { EncodedAudio } from "../reading/encoded-audio.ts";
import { readMatroskaBlocks } from "./matroska-blocks.ts";
import { openMatroskaCodec } from "./matroska-codecs.ts";
import { readMatroskaHead } from "./matroska-head.ts";
import type { MatroskaHead, MatroskaTrack } from "./matroska-head.ts";
import { mediaAudio } from "./media-audio.ts";

const audioTrack = 2;

/**
 * Opens the audio track of a WebM or Matroska file: the first that is marked as the default, or else the first.
 * Sources: RFC 8794 (EBML), RFC 9559 (Matroska).
 * @throws AudioFormatError as `decodeAudio` does.
 */
export async function openMatroska(source: ByteWindow): Promise<EncodedAudio> {
  const head = await readMatroskaHead(source);
  const { tracks } = head;
  const audioTracks = tracks.filter(({ type }) => type === audioTrack);
  const track = audioTracks.find(({ isDefault }) => isDefault) ?? audioTracks[0];
  if (track === undefined) {
    throw new AudioFormatError(
      "AUDIO_UNSUPPORTED",
      `WebM or Matroska file without an audio track: it has ${tracks.length} tracks, none of which is audio`,
    );
  }
  if (track.isEncoded) {
    throw new AudioFormatError(
      "AUDIO_UNSUPPORTED",
      "WebM or Matroska file whose audio track is encrypted or compressed; convert it first: ffmpeg -i in.mkv out.wav",
    );
  }
  const { codec, start } = await openMatroskaCodec(track, () => readFirst(source, head, track));
  return mediaAudio(source, {
    codec,
    start,
    end: Infinity,
    packets: () => readMatroskaBlocks(source, head, track, codec.sampleRate),
  });
}

async function readFirst(source: ByteWindow, head: MatroskaHead, track: MatroskaTrack): Promise<Uint8Array> {
  for await (const { bytes } of readMatroskaBlocks(source, head, track, 1)) return bytes ?? new Uint8Array();
  return new Uint8Array();
}
