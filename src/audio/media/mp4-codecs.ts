import { AudioFormatError } from "../../core/index.ts";
import { openFlacPackets } from "../ogg/decode-flac-packets.ts";
import { openOpus } from "../ogg/decode-opus.ts";
import type { PacketCodec } from "../ogg/packet-codec.ts";
import type { SampleEncoding } from "../pcm/pcm-layout.ts";
import { floatsOf, integersOf } from "../pcm/pcm-layout.ts";
import { damagedMp4, viewOf } from "./mp4-boxes.ts";
import { openMp3Packets } from "./mp3-packets.ts";
import { openPcmPackets } from "./pcm-packets.ts";

/** Codecs of other audio tracks, by the type of their sample description. */
const otherCodecs: Readonly<Record<string, string>> = {
  alac: "Apple Lossless",
  ".mp3": "MP3",
  "ac-3": "AC-3",
  "ec-3": "E-AC-3",
  "ac-4": "AC-4",
  dtsc: "DTS",
  samr: "AMR",
  sawb: "AMR wideband",
  ima4: "IMA ADPCM",
  QDM2: "QDesign Music",
  enca: "encrypted",
  agsm: "GSM",
};

/** Kinds of MPEG-4 audio by their number. Source: the registration authority of MP4, "object types". */
const objectTypes: Readonly<Record<number, string>> = {
  0x40: "AAC",
  0x66: "AAC",
  0x67: "AAC",
  0x68: "AAC",
  0x69: "MP3",
  0x6b: "MP3",
  0xdd: "Vorbis",
};

/** A description of a track's packets. */
interface Description {
  readonly type: string;
  readonly channels: number;
  readonly sampleRate: number;
  readonly bits: number;
  /** Flags of Core Audio where QuickTime's second version has them. */
  readonly flags: number;
  /** The boxes in it. */
  readonly boxes: Uint8Array;
}

/**
 * The codec of a track.
 * Sources: ISO/IEC 14496-12, section 12.2; QuickTime File Format, "Sound Sample Descriptions"; Encapsulation of Opus in ISO BMFF, section 4.3.2;
 * Encapsulation of FLAC in ISO BMFF, section 3.3.2.
 * @param readFirst Reads the beginning of the first packet.
 * @throws AudioFormatError `AUDIO_UNSUPPORTED` for other codecs, and as the codecs do.
 */
export async function openMp4Codec(descriptions: Uint8Array, readFirst: () => Promise<Uint8Array>): Promise<PacketCodec> {
  const description = parseDescription(descriptions);
  const { type, boxes } = description;
  if (type === "Opus") return openOpus("MP4 Opus", opusHeadOf(boxIn(boxes, "dOps")));
  if (type === "fLaC") return openFlacPackets("MP4 FLAC", Uint8Array.from([0x66, 0x4c, 0x61, 0x43, ...boxIn(boxes, "dfLa").subarray(4)]));
  const name = type === "mp4a" ? (objectTypes[objectTypeOf(boxes) ?? 0] ?? "MPEG-4") : (otherCodecs[type] ?? `“${type}”`);
  if (name === "MP3") return openMp3Packets("MP4 MP3", await readFirst());
  const encoding = plainEncodingOf(description);
  if (encoding !== undefined) return openPcmPackets("MP4 PCM", description, encoding);
  throw new AudioFormatError(
    "AUDIO_UNSUPPORTED",
    `MP4 or MOV file with ${name} audio, for which there is no decoder; convert it first: ffmpeg -i in.m4a out.wav`,
  );
}

function parseDescription(descriptions: Uint8Array): Description {
  const entry = descriptions.subarray(8);
  const view = viewOf(entry);
  if (entry.length < 36) throw damagedMp4("its audio track does not say what it holds");
  const entryEnd = Math.min(view.getUint32(0), entry.length);
  const version = view.getUint16(16);
  const basic = {
    type: String.fromCharCode(...entry.subarray(4, 8)),
    channels: view.getUint16(24),
    sampleRate: view.getUint32(32) / 2 ** 16,
    bits: view.getUint16(26),
    flags: 0,
  };
  if (version !== 2 || entry.length < 72) return { ...basic, boxes: entry.subarray(36 + (version === 1 ? 16 : 0), entryEnd) };
  return {
    type: basic.type,
    sampleRate: view.getFloat64(40),
    channels: view.getUint32(48),
    bits: view.getUint32(56),
    flags: view.getUint32(60),
    boxes: entry.subarray(72, entryEnd),
  };
}

/** Samples that are not compressed, undefined for other descriptions. */
function plainEncodingOf({ type, bits, flags, boxes }: Description): SampleEncoding | undefined {
  const isLittle = littleEndianBox(boxes);
  switch (type) {
    case "raw ":
      return bits === 16 ? integersOf("MOV", 16, false) : { kind: "unsigned", numBytes: 1 };
    case "twos":
      return integersOf("MOV", bits, isLittle);
    case "sowt":
      return integersOf("MOV", bits, true);
    case "in24":
      return integersOf("MOV", 24, isLittle);
    case "in32":
      return integersOf("MOV", 32, isLittle);
    case "fl32":
      return floatsOf("MOV", 32, isLittle);
    case "fl64":
      return floatsOf("MOV", 64, isLittle);
    case "ulaw":
      return { kind: "µ-law" };
    case "alaw":
      return { kind: "A-law" };
    case "lpcm": {
      const isLittleEndian = (flags & 2) === 0;
      if ((flags & 1) !== 0) return floatsOf("MOV", bits, isLittleEndian);
      return bits === 8 && (flags & 4) === 0 ? { kind: "unsigned", numBytes: 1 } : integersOf("MOV", bits, isLittleEndian);
    }
    case "ipcm":
    case "fpcm": {
      const form = boxIn(boxes, "pcmC"); // version and flags, endianness, bits
      const isLittleEndian = (form[4]! & 1) === 1;
      return type === "ipcm" ? integersOf("MP4", form[5] ?? 0, isLittleEndian) : floatsOf("MP4", form[5] ?? 0, isLittleEndian);
    }
    default:
      return undefined;
  }
}

/** Whether QuickTime's box "enda" says that numbers are written from their lowest byte on. */
function littleEndianBox(boxes: Uint8Array): boolean {
  const wave = findBox(boxes, "wave");
  const order = wave === undefined ? undefined : findBox(wave, "enda");
  return order?.[1] === 1;
}

/** An `OpusHead`, which has the same in another order of bytes. */
function opusHeadOf(specific: Uint8Array): Uint8Array {
  if (specific.length < 11) throw damagedMp4('its box "dOps" is too short');
  const from = viewOf(specific);
  const head = new Uint8Array(8 + specific.length);
  const view = viewOf(head);
  head.set([0x4f, 0x70, 0x75, 0x73, 0x48, 0x65, 0x61, 0x64, 1, specific[1]!]);
  view.setUint16(10, from.getUint16(2), true);
  view.setUint32(12, from.getUint32(4), true);
  view.setInt16(16, from.getInt16(8), true);
  head.set(specific.subarray(10), 18);
  return head;
}

/** The number of a kind of MPEG-4 audio. Source: ISO/IEC 14496-1, section 7.2.6. */
function objectTypeOf(boxes: Uint8Array): number | undefined {
  const descriptor = findBox(boxes, "esds") ?? findBox(findBox(boxes, "wave") ?? new Uint8Array(), "esds");
  if (descriptor === undefined) return undefined;
  let offset = 4;
  const enter = (tag: number): boolean => {
    if (descriptor[offset++] !== tag) return false;
    while ((descriptor[offset]! & 0x80) !== 0) offset++;
    offset++;
    return true;
  };
  if (!enter(3)) return undefined;
  const flags = descriptor[offset + 2] ?? 0;
  offset += 3 + ((flags & 0x80) !== 0 ? 2 : 0) + ((flags & 0x20) !== 0 ? 2 : 0);
  if ((flags & 0x40) !== 0) offset += 1 + (descriptor[offset] ?? 0);
  return enter(4) ? descriptor[offset] : undefined;
}

function boxIn(boxes: Uint8Array, type: string): Uint8Array {
  const content = findBox(boxes, type);
  if (content === undefined) throw damagedMp4(`its audio track has no box "${type}"`);
  return content;
}

/** The content of the first box of a type among those that follow each other. */
function findBox(boxes: Uint8Array, type: string): Uint8Array | undefined {
  const view = viewOf(boxes);
  for (let offset = 0; offset + 8 <= boxes.length;) {
    const size = view.getUint32(offset);
    if (size < 8) return undefined;
    if (String.fromCharCode(...boxes.subarray(offset + 4, offset + 8)) === type) return boxes.subarray(offset + 8, offset + size);
    offset += size;
  }
  return undefined;
}
