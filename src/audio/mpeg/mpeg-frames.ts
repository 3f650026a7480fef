import { joinArrays } from "../../core/index.ts";
import type { ByteWindow } from "../reading/byte-window.ts";
import type { Flaw } from "../reading/decoded-piece.ts";
import type { Damage, Packet } from "../reading/wasm-decoder.ts";
import { findMpegFrame } from "./find-mpeg.ts";
import type { MpegFrame } from "./find-mpeg.ts";
import { parseInfoFrame, sideInfoLength } from "./info-frame.ts";
import { headerLength, isAlike, isFrameLength, maxFrameLength, parseMpegHeader } from "./mpeg-header.ts";
import type { MpegHeader } from "./mpeg-header.ts";
import { isTag, skipTagsAndZeros } from "./mpeg-tags.ts";

/** Frames that the decoder takes together. */
export interface MpegPacket extends Packet {
  /** Whether silence takes the place of what it decodes to: it is whole, but uses bytes before it that are not. */
  readonly isMuted: boolean;
}

/** Where frames that are alike start, and what is known of them. */
export interface MpegRun extends MpegFrame {
  /** Name of the format in messages, such as "MP3". */
  readonly format: string;
  /** How many there should be; 0 where nothing tells. */
  readonly numFrames: number;
}

/** How frames that are alike come to an end. */
export interface MpegRunEnd {
  /** Frames, and places in which there were some. */
  readonly numFrames: number;
  /** Whether the file ends within one more. */
  readonly isCut: boolean;
  /** The first frame of another form, where that goes on. */
  readonly next: MpegFrame | undefined;
}

/** Samples that are decoded together, of all channels: about a second. */
const packetSize = 2 ** 16;
/** Most bytes before it that a layer III frame may use. */
const maxReservoir = 511;
/** Samples of layer III that depend on what was before damage, from the first frame on that can be decoded: half a frame, and the filters' memory. */
const numSettling = 1152;

/**
 * Reads frames that are alike, to the end of the file or to one of another form.
 *
 * Tags and zeros may stand anywhere. A frame after which something else stands may not be whole, and counts as lost if more frames follow, and
 * with it as many as would have had room up to the next one, if their lengths fit. Frames of layer III that use bytes of lost ones are lost, too.
 * @param onEnd Is told how they ended.
 */
export async function* readMpegFrames(
  source: ByteWindow,
  run: MpegRun,
  onEnd: (end: MpegRunEnd) => void,
): AsyncGenerator<MpegPacket | Damage, void> {
  const { header: first, format } = run;
  const group = new FrameGroup();
  let offset = run.offset;
  let numFrames = 0;
  let hasAppended = false;

  function* damage(code: Flaw["code"], message: string, numLost = 0): Generator<MpegPacket | Damage, void> {
    yield* group.take();
    numFrames += numLost;
    yield {
      flaw: { code, message: `${code === "AUDIO_TRUNCATED" ? "truncated" : "damaged"} ${format} file: ${message}` },
      numSamples: numLost * first.numSamples,
    };
  }

  function* end(isCut: boolean, next?: MpegFrame): Generator<MpegPacket | Damage, void> {
    yield* group.take();
    onEnd({ numFrames, isCut, next });
    const counts = `its header promises ${run.numFrames} frames, it has ${numFrames}`;
    if (run.numFrames > numFrames && !isCut) yield* damage("AUDIO_TRUNCATED", counts);
    if (run.numFrames > 0 && run.numFrames < numFrames && !hasAppended) yield* damage("AUDIO_EXTRA", counts);
  }

  for (;;) {
    const bytes = await source.bytes(offset, maxFrameLength + headerLength);
    const header = parseMpegHeader(bytes, 0);
    const isCutHeader = bytes.length > 0 && bytes.length < headerLength && bytes[0] === 0xff;
    if (isCutHeader || (isAlike(header, first) && offset + header.length > source.size)) {
      const isCut = numFrames < run.numFrames || run.numFrames === 0;
      yield* damage(isCut ? "AUDIO_TRUNCATED" : "AUDIO_EXTRA", `it ends within the frame that starts at byte ${offset}`);
      return yield* end(isCut);
    }
    if (!isAlike(header, first)) {
      const rest = await skipTagsAndZeros(source, offset);
      if (rest > offset && rest < source.size) {
        offset = rest;
        continue;
      }
      const found = rest < source.size ? await findMpegFrame(source, offset) : undefined;
      const foreign = `neither a frame nor a tag starts at byte ${offset}`;
      if (found === undefined || !isAlike(found.header, first)) {
        const isClean = rest >= source.size || isTag(bytes, 0) || found?.offset === offset;
        if (!isClean) yield* damage("AUDIO_EXTRA", foreign);
        return yield* end(false, found);
      }
      yield* damage("AUDIO_EXTRA", foreign);
      group.forget();
      offset = found.offset;
      continue;
    }
    const next = offset + header.length;
    const frame = bytes.subarray(0, header.length);
    if (numFrames > 0 && parseInfoFrame(frame, header) !== undefined) {
      yield* damage("AUDIO_EXTRA", `another file is appended at byte ${offset}; its audio follows`);
      hasAppended = true;
      group.forget();
      offset = next;
      continue;
    }
    const isFollowed = isAlike(parseMpegHeader(bytes, header.length), first) || next === source.size || isTag(bytes, header.length);
    const found = isFollowed ? undefined : await findMpegFrame(source, offset + headerLength);
    if (isAlike(found?.header, first) && found !== undefined && found.offset !== next) {
      // Where something of a header stands, only that is damaged, and the frame before it is whole.
      const isHeader = bytes[header.length] === 0xff || bytes[header.length + 1] === bytes[1];
      const numPlaces = placesBetween(offset, found, header, isMostlyHeader(bytes, header.length));
      const isWhole = isHeader && numPlaces > 1;
      if (isWhole) {
        yield* group.add(frame, header);
        numFrames++;
      }
      yield* damage("AUDIO_GAP", `no frame starts at byte ${next}, where the one before ends`, numPlaces - (isWhole ? 1 : 0));
      group.breakOff();
      offset = found.offset;
      continue;
    }
    const packets = group.add(frame, header);
    if (packets.length > 0) yield* packets;
    numFrames++;
    offset = next;
  }
}

/**
 * Frames that had room from `offset` to the next one that was found, if their lengths fit, or else the one that starts there.
 * @param isHeader Whether what stands after that one is most of a header: then its frame may have any length that there is.
 */
function placesBetween(offset: number, found: MpegFrame, header: MpegHeader, isHeader: boolean): number {
  const distance = found.offset - offset;
  const count = Math.round(distance / header.length);
  // A frame may be longer by a byte, or shorter, than others of its bitrate.
  if (count > 0 && Math.abs(distance - count * header.length) <= count) return count;
  return isHeader && isFrameLength(distance - header.length, header) ? 2 : 1;
}

/** Whether three of the four bytes at `offset` are those of the header that `bytes` start with, but for bitrate and padding. */
function isMostlyHeader(bytes: Uint8Array, offset: number): boolean {
  return [0xff, 0xff, 0x0d, 0xff].filter((mask, i) => ((bytes[offset + i]! ^ bytes[i]!) & mask) === 0).length >= 3;
}

/** Frames that wait to be decoded together, and what of those before them is sound. */
class FrameGroup {
  #frames: Uint8Array[] = [];
  #numSamples = 0;
  #reservoir = maxReservoir;
  #numUnsettled = 0;

  /** Adds a frame; gives out those before it if there are enough, or if it needs what is lost. */
  add(frame: Uint8Array, header: MpegHeader): readonly MpegPacket[] {
    const isMuted = header.layer === 3 && this.#isUnsound(frame, header);
    if (isMuted) return [...this.take(), { bytes: frame, numSamples: header.numSamples, isMuted }];
    this.#frames.push(frame);
    this.#numSamples += header.numSamples;
    return this.#numSamples * header.numChannels >= packetSize ? this.take() : [];
  }

  take(): readonly MpegPacket[] {
    if (this.#frames.length === 0) return [];
    const packet = { bytes: joinArrays(this.#frames, Uint8Array), numSamples: this.#numSamples, isMuted: false };
    this.#frames = [];
    this.#numSamples = 0;
    return [packet];
  }

  /** The next frame may not use bytes before it. */
  forget(): void {
    this.#reservoir = 0;
  }

  /** Audio is missing before the next frame. */
  breakOff(): void {
    this.forget();
    this.#numUnsettled = numSettling;
  }

  /** Source: ISO/IEC 11172-3, section 2.4.1.7, and ISO/IEC 13818-3, section 2.4.1.7: `main_data_begin` has nine bits, or eight. */
  #isUnsound(frame: Uint8Array, header: MpegHeader): boolean {
    const sideInfo = headerLength + header.checksumLength;
    const numUsed = header.version === 1 ? frame[sideInfo]! * 2 + (frame[sideInfo + 1]! >> 7) : frame[sideInfo]!;
    const isMissing = numUsed > this.#reservoir;
    const mainDataLength = Math.max(0, frame.length - sideInfo - sideInfoLength(header));
    this.#reservoir = Math.min(maxReservoir, this.#reservoir + mainDataLength);
    if (isMissing) this.#numUnsettled = numSettling;
    if (isMissing || this.#numUnsettled === 0) return isMissing;
    this.#numUnsettled = Math.max(0, this.#numUnsettled - header.numSamples);
    return true;
  }
}
