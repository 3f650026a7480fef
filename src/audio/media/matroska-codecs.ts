import { AudioFormatError } from "../../core/index.ts";
import { openFlacPackets } from "../ogg/decode-flac-packets.ts";
import { openOpus } from "../ogg/decode-opus.ts";
import { openVorbis } from "../ogg/decode-vorbis.ts";
import type { PacketCodec } from "../ogg/packet-codec.ts";
import { floatsOf, integersOf } from "../pcm/pcm-layout.ts";
import { splitLaces } from "./ebml.ts";
import { openMp3Packets } from "./mp3-packets.ts";
import { openPcmPackets } from "./pcm-packets.ts";
import type { MatroskaTrack } from "./matroska-head.ts";

/** Codecs of other audio tracks, by what their names in the file start with. */
const otherCodecs: readonly (readonly [start: string, name: string])[] = [
  ["A_AAC", "AAC"],
  ["A_MPEG/L2", "MPEG layer II"],
  ["A_MPEG/L1", "MPEG layer I"],
  ["A_AC3", "AC-3"],
  ["A_EAC3", "E-AC-3"],
  ["A_DTS", "DTS"],
  ["A_ALAC", "Apple Lossless"],
  ["A_TRUEHD", "TrueHD"],
  ["A_MLP", "MLP"],
  ["A_WAVPACK4", "WavPack"],
  ["A_TTA1", "True Audio"],
];

/**
 * The codec of a track, and how many samples of its beginning are cut off.
 * Source: Matroska codec mappings (draft-ietf-cellar-codec), section 6.4.
 * @param readFirst Reads the first packet.
 * @throws AudioFormatError `AUDIO_UNSUPPORTED` for other codecs, and as the codecs do.
 */
export async function openMatroskaCodec(
  track: MatroskaTrack,
  readFirst: () => Promise<Uint8Array>,
): Promise<{ readonly codec: PacketCodec; readonly start: number }> {
  const codec = await codecOf(track, readFirst);
  const delay = Math.round((track.codecDelay * codec.sampleRate) / 1e9);
  return { codec, start: codec.preSkip > 0 ? codec.preSkip : Math.min(delay, maxDelay) };
}

/** No encoder is later than this. */
const maxDelay = 2 ** 16;

async function codecOf(
  { codecId, codecPrivate, channels, samplingFrequency, bitDepth }: MatroskaTrack,
  readFirst: () => Promise<Uint8Array>,
): Promise<PacketCodec> {
  const form = { sampleRate: samplingFrequency, channels };
  switch (codecId) {
    case "A_OPUS":
      return openOpus("Matroska Opus", codecPrivate);
    case "A_VORBIS": {
      const headers = splitLaces(codecPrivate, 1);
      if (headers?.length !== 3)
        throw new AudioFormatError("AUDIO_CORRUPT", "damaged Matroska Vorbis file: its three header packets are not in place");
      return openVorbis("Matroska Vorbis", headers[0]!, headers[2]);
    }
    case "A_FLAC":
      return openFlacPackets("Matroska FLAC", codecPrivate);
    case "A_MPEG/L3":
      return openMp3Packets("Matroska MP3", await readFirst());
    case "A_PCM/INT/LIT":
    case "A_PCM/INT/BIG":
      return openPcmPackets(
        "Matroska PCM",
        form,
        bitDepth === 8 ? { kind: "unsigned", numBytes: 1 } : integersOf("Matroska", bitDepth, codecId === "A_PCM/INT/LIT"),
      );
    case "A_PCM/FLOAT/IEEE":
      return openPcmPackets("Matroska PCM", form, floatsOf("Matroska", bitDepth, true));
    default: {
      const name = otherCodecs.find(([start]) => codecId.startsWith(start))?.[1] ?? codecId;
      throw new AudioFormatError(
        "AUDIO_UNSUPPORTED",
        `WebM or Matroska file with ${name} audio, for which there is no decoder; convert it first: ffmpeg -i in.mkv out.wav`,
      );
    }
  }
}
