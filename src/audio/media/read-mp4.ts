import { AudioFormatError } from "../../core/index.ts";
import type { PacketCodec } from "../ogg/packet-codec.ts";
import type { ByteWindow } from "../reading/byte-window.ts";
import type { Flaw } from "../reading/decoded-piece.ts";
import type { EncodedAudio } from "../reading/encoded-audio.ts";
import { mediaAudio } from "./media-audio.ts";
import type { MediaPacket } from "./media-track.ts";
import type { Box } from "./mp4-boxes.ts";
import { boxesIn, damagedMp4 } from "./mp4-boxes.ts";
import { openMp4Codec } from "./mp4-codecs.ts";
import type { SampleRun } from "./mp4-samples.ts";
import { durationOfTable, runsOfFragment, runsOfTable } from "./mp4-samples.ts";
import type { Movie, Mp4Track } from "./mp4-track.ts";
import { readMovie } from "./mp4-track.ts";

/** Most bytes of a packet. */
const maxPacketLength = 2 ** 25;
/** Bytes of samples that are not compressed, in one packet. */
const plainPacketLength = 2 ** 15;

/**
 * Opens the first audio track of an MP4, M4A or QuickTime file, fragmented or not.
 * Sources: ISO/IEC 14496-12; QuickTime File Format Specification.
 * @throws AudioFormatError as `decodeAudio` does.
 */
export async function openMp4(source: ByteWindow): Promise<EncodedAudio> {
  let moov: Box | undefined;
  for await (const box of boxesIn(source, 0, source.size)) {
    if (box.type !== "moov") continue;
    moov = box;
    break;
  }
  if (moov === undefined)
    throw damagedMp4('it has no box "moov", which says where its audio is; programs that are stopped while they write leave such files');
  const movie = await readMovie(source, moov);
  const track = movie.tracks.find(({ handler }) => handler === "soun");
  if (track === undefined) {
    throw new AudioFormatError(
      "AUDIO_UNSUPPORTED",
      `MP4 or MOV file without an audio track: it has ${movie.tracks.length} tracks, none of which is audio`,
    );
  }
  if (track.edits.length > 1) {
    throw new AudioFormatError(
      "AUDIO_UNSUPPORTED",
      `MP4 or MOV file whose audio track is ${track.edits.length} parts put together, and one is supported; convert it first: ffmpeg -i in.mp4 out.wav`,
    );
  }
  const codec = await openMp4Codec(track.descriptions, () => readFirst(source, movie, track));
  return mediaAudio(source, { codec, ...extentOf(track, codec), packets: () => readPackets(source, movie, track, codec) });
}

/** The beginning of the first packet, as much as a header may have. */
async function readFirst(source: ByteWindow, movie: Movie, track: Mp4Track): Promise<Uint8Array> {
  for await (const { offset, size } of runsOf(source, movie, track)) return source.bytes(offset, Math.min(size, 16));
  return new Uint8Array();
}

/** Which samples are presented: those of the edit list, as far as packets have such a duration. */
function extentOf(
  { edits, table, timescale }: Mp4Track,
  { sampleRate, preSkip }: PacketCodec,
): { readonly start: number; readonly end: number } {
  const samplesIn = (units: number): number => Math.round((units * sampleRate) / timescale);
  const duration = durationOfTable(table);
  const [edit] = edits;
  const start = edit === undefined ? preSkip : samplesIn(edit.start);
  const endOfTable = duration === 0 ? Infinity : samplesIn(duration);
  if (edit?.duration === undefined) return { start, end: endOfTable };
  const end = start + samplesIn(edit.duration);
  // Durations of edits are counted in coarser units, of a millisecond mostly.
  const isWhole = Math.abs(end - endOfTable) <= sampleRate / 500;
  return { start, end: isWhole ? endOfTable : Math.min(end, endOfTable) };
}

async function* readPackets(source: ByteWindow, movie: Movie, track: Mp4Track, codec: PacketCodec): AsyncGenerator<MediaPacket, void> {
  // Tables may name the same bytes any number of times.
  let numLeft = source.size;
  for await (const run of runsOf(source, movie, track)) {
    const size = codec.bytesPerBlock === undefined ? run.size : Math.max(run.size, codec.bytesPerBlock);
    const numTogether = codec.bytesPerBlock === undefined ? 1 : Math.max(1, Math.floor(plainPacketLength / size));
    for (let index = 0; index < run.count; index += numTogether) {
      const length = size * Math.min(numTogether, run.count - index);
      const offset = run.offset + index * size;
      const problem = problemOf(source, offset, length, numLeft);
      if (problem !== undefined) {
        yield { bytes: undefined, time: undefined, numDiscarded: 0, flaw: problem };
        return;
      }
      numLeft -= length;
      yield { bytes: await source.bytes(offset, length), time: undefined, numDiscarded: 0, flaw: undefined };
    }
  }
}

function problemOf(source: ByteWindow, offset: number, length: number, numLeft: number): Flaw | undefined {
  if (offset + length > source.size)
    return {
      code: "AUDIO_TRUNCATED",
      message: `truncated MP4 or MOV file: a packet should be at byte ${offset}, and the file ends at ${source.size}`,
    };
  if (length > numLeft || length > maxPacketLength)
    return {
      code: "AUDIO_TRUNCATED",
      message: `damaged MP4 or MOV file: its tables name more bytes of audio than the file has, from byte ${offset} on`,
    };
  return undefined;
}

async function* runsOf(source: ByteWindow, { defaults }: Movie, track: Mp4Track): AsyncGenerator<SampleRun, void> {
  yield* runsOfTable(track.table);
  const ownDefaults = defaults.get(track.id);
  if (ownDefaults === undefined) return;
  for await (const box of boxesIn(source, 0, source.size)) {
    if (box.type === "moof") yield* runsOfFragment(source, box, track.id, ownDefaults);
  }
}
