import type { Waveform } from "../../core/index.ts";
import { AudioFormatError, numSamplesOf } from "../../core/index.ts";
import { convertAudioStream } from "../conversion/audio-converter.ts";
import { hasAscii } from "../reading/ascii.ts";
import { allLimits, checkForm } from "../reading/audio-limits.ts";
import type { AudioForm } from "../reading/audio-form.ts";
import { sinkAt } from "../reading/audio-warning.ts";
import type { WarningSink } from "../reading/audio-warning.ts";
import type { Flaw } from "../reading/decoded-piece.ts";
import { averageChannels } from "../conversion/channels.ts";
import type { ByteWindow } from "../reading/byte-window.ts";
import type { EncodedAudio } from "../reading/encoded-audio.ts";
import { SilenceBudget } from "../reading/silence-budget.ts";
import { skipId3 } from "../reading/id3.ts";
import { trimPieces } from "../reading/trim-pieces.ts";
import { openFlacPackets } from "./decode-flac-packets.ts";
import { openOpus } from "./decode-opus.ts";
import { openVorbis } from "./decode-vorbis.ts";
import type { LinkStart, OggGroup } from "./ogg-link.ts";
import { findLink, OggLink } from "./ogg-link.ts";
import { findEndGranule } from "./ogg-pages.ts";
import type { GranuleRules } from "./ogg-timeline.ts";
import { OggTimeline } from "./ogg-timeline.ts";
import type { PacketCodec } from "./packet-codec.ts";

/** How a codec is carried in Ogg. */
interface OggMapping extends GranuleRules {
  /** What the first packet starts with. */
  readonly head: string;
  /** Whether a packet is one of the headers, which have no samples. */
  isHeader(packet: Uint8Array): boolean;
  /** Whether it is the header besides the first that the codec needs. */
  isSetup(packet: Uint8Array): boolean;
  open(head: Uint8Array, setup: Uint8Array | undefined): PacketCodec;
}

/** Sources: RFC 7845, section 3; Vorbis I specification, section 4.2.1 and appendix A; RFC 9639, section 10.1. */
const mappings: readonly OggMapping[] = [
  {
    head: "OpusHead",
    cutsBeginning: false,
    trimsEnd: "marked end",
    isHeader: (packet) => hasAscii(packet, 0, "OpusHead") || hasAscii(packet, 0, "OpusTags"),
    isSetup: () => false,
    open: (head) => openOpus("Ogg Opus", head),
  },
  {
    head: "\x01vorbis",
    cutsBeginning: true,
    trimsEnd: "last page",
    isHeader: (packet) => (packet[0]! & 1) === 1,
    isSetup: (packet) => hasAscii(packet, 0, "\x05vorbis"),
    open: (head, setup) => openVorbis("Ogg Vorbis", head, setup),
  },
  {
    head: "\x7fFLAC",
    cutsBeginning: false,
    trimsEnd: "never",
    isHeader: (packet) => packet[0] !== 0xff,
    isSetup: () => false,
    open: (head) => openFlacPackets("Ogg FLAC", head.subarray(9)), // behind the mapping's own header
  },
];

/** Other streams that Ogg carries, by what their first packets start with. */
const otherStreams: readonly (readonly [start: string, name: string])[] = [
  ["Speex   ", "Speex"],
  ["\x80theora", "Theora"],
  ["PCM     ", "PCM"],
  ["CELT    ", "CELT"],
  ["\x7fKW-DIRAC", "Dirac"],
];

/**
 * Opens an Ogg file with Vorbis, Opus or FLAC. Links that follow each other in a chain are decoded one after the other, and brought to the form
 * of the first.
 * @throws AudioFormatError as `decodeAudio` does.
 */
export async function openOggAudio(source: ByteWindow): Promise<EncodedAudio> {
  const fileStart = await skipId3(source, 0);
  const others = new Set<string>();
  let damage: string | undefined;
  const start = await findLink(source, fileStart, isWanted, (found) => {
    if ("message" in found) damage ??= found.message;
    else others.add(otherStreams.find(([text]) => hasAscii(found.body, 0, text))?.[1] ?? "an unknown one");
  });
  if (start === undefined && others.size === 0)
    throw new AudioFormatError("AUDIO_CORRUPT", damage ?? "damaged Ogg file: no page is the first of a stream");
  if (start === undefined) {
    const found = [...others].join(", ");
    throw new AudioFormatError(
      "AUDIO_UNSUPPORTED",
      `Ogg file without a Vorbis, Opus or FLAC stream, but with ${found}; convert it first: ffmpeg -i in.ogg out.wav`,
    );
  }
  const { codec, timeline } = await openLink(new OggLink(source, start, isWanted), start.head);
  await timeline.close();
  const endGranule = await findEndGranule(source, start.offset, start.serial, (page) => isWanted(page.body));
  const numSamples = timeline.numSamplesUpTo(endGranule);
  // Where the last page is that far off, hours are missing, or pages are wrong.
  const isPlausible = numSamples !== undefined && numSamples <= new SilenceBudget(source.size, codec.channels).left;
  return {
    sampleRate: codec.sampleRate,
    channels: codec.channels,
    numSamples: timeline.promised ?? (isPlausible ? numSamples : undefined),
    async *decode(report) {
      if (start.offset > fileStart) {
        const message = `damaged Ogg file: its first page starts at byte ${start.offset}, not ${fileStart}`;
        report.add({ code: "AUDIO_EXTRA", message, position: 0, numLost: 0 });
      }
      yield* decodeChain(source, start, codec, report);
    },
  };
}

/** Decodes links one after the other, all in the form of the first. */
async function* decodeChain(source: ByteWindow, start: LinkStart, form: AudioForm, report: WarningSink): AsyncGenerator<Waveform, void> {
  let position = 0;
  for (let place: LinkStart | undefined = start; place !== undefined;) {
    const link: OggLink = new OggLink(source, place, isWanted);
    try {
      for await (const piece of decodeLink(source, link, place, form, position, report)) {
        yield piece;
        position += numSamplesOf(piece);
      }
    } catch (error) {
      // Without the first there is nothing to go on from.
      if (!(error instanceof AudioFormatError) || place === start) throw error;
      const message = `damaged Ogg file: the stream that starts at byte ${place.offset} of its chain cannot be decoded: ${error.message}`;
      if (error.code !== "AUDIO_EMPTY") report.add({ code: "AUDIO_GAP", message, position, numLost: 0 });
    }
    place = link.next === undefined ? undefined : await findLink(source, link.next, isWanted);
  }
}

/** @param position Samples in front of it. */
async function* decodeLink(
  source: ByteWindow,
  link: OggLink,
  place: LinkStart,
  form: AudioForm,
  position: number,
  report: WarningSink,
): AsyncGenerator<Waveform, void> {
  const { codec, timeline } = await openLink(link, place.head);
  const { sampleRate, channels } = codec;
  const isChanged = sampleRate !== form.sampleRate || channels !== form.channels;
  if (isChanged) {
    checkForm("ogg", codec, allLimits());
    const message = `Ogg file whose audio changes at byte ${place.offset}, to ${channels} channels at ${sampleRate} Hz from ${form.channels} at ${form.sampleRate}, which it is brought back to`;
    report.add({ code: "AUDIO_CHANGED", message, position, numLost: 0 });
  }
  const ownReport = sinkAt(position, form.sampleRate / sampleRate, report);
  const extent = { start: timeline.start, end: () => Math.max(timeline.end, timeline.promised ?? 0) };
  const packets = timeline.packets(new SilenceBudget(source.size, channels));
  const pieces = trimPieces(codec.format, codec.decode(packets, source.pace), extent, ownReport);
  yield* isChanged ? convertAudioStream(mixed(pieces, form.channels), form) : pieces;
}

/** Pieces that can be brought to a number of channels: as they are, or as the average of their channels where only that is defined. */
async function* mixed(pieces: AsyncIterable<Waveform>, channels: number): AsyncGenerator<Waveform, void> {
  for await (const piece of pieces) {
    const from = piece.channelData.length;
    yield from === channels || from === 1 || (from === 2 && channels === 1) ? piece : averageChannels(piece);
  }
}

async function openLink(link: OggLink, head: Uint8Array): Promise<{ readonly codec: PacketCodec; readonly timeline: OggTimeline }> {
  const mapping = mappings.find((each) => hasAscii(head, 0, each.head))!;
  let setup: Uint8Array | undefined;
  const groups = audioGroups(link.groups(), mapping, (packet) => (setup ??= packet));
  const timeline = await OggTimeline.open(() => mapping.open(head, setup), mapping, groups);
  return { codec: timeline.codec, timeline };
}

/** The groups of a link that have audio, or tell of damage, without header packets. */
async function* audioGroups(
  groups: AsyncIterable<OggGroup>,
  mapping: OggMapping,
  onSetup: (packet: Uint8Array) => void,
): AsyncGenerator<OggGroup, void> {
  let flaw: Flaw | undefined;
  for await (const group of groups) {
    const packets = group.packets.filter((packet) => !mapping.isHeader(packet));
    for (const packet of group.packets) if (mapping.isSetup(packet)) onSetup(packet);
    flaw = group.flaw ?? flaw;
    if (packets.length === 0 && group.packets.length > 0) continue;
    yield { ...group, packets, flaw };
    flaw = undefined;
  }
}

function isWanted(packet: Uint8Array): boolean {
  return mappings.some(({ head }) => hasAscii(packet, 0, head));
}
