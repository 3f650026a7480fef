import { AudioFormatError, joinArrays } from "../../core/index.ts";
import type { ByteWindow } from "../reading/byte-window.ts";
import type { Flaw } from "../reading/decoded-piece.ts";
import type { NoPage, OggPage } from "./ogg-pages.ts";
import { readPages } from "./ogg-pages.ts";

/** The packets that end on one page. */
export interface OggGroup {
  readonly packets: readonly Uint8Array[];
  /** The page's granule position. */
  readonly granule: bigint;
  /** Whether the page is marked as the last of its stream. */
  readonly isEnd: boolean;
  /** Where the page starts in the file. */
  readonly offset: number;
  /** What is wrong right before these packets: something is missing (`AUDIO_GAP`), passed over, or the file ends there. */
  readonly flaw: Flaw | undefined;
}

/** Where a stream starts. */
export interface LinkStart {
  /** Where its first page starts in the file. */
  readonly offset: number;
  readonly serial: number;
  /** The first packet, which says what the others are. */
  readonly head: Uint8Array;
}

/** Most bytes of a packet: FLAC's longest metadata block is half of that, and the same as text in a comment two thirds. */
const maxPacketLength = 2 ** 25;
/** What an empty packet costs, in bytes that could be read instead. */
const packetWork = 32;

/**
 * Finds the next stream whose first packet `isWanted`; streams multiplexed with it are passed over.
 * @param onOther Is told what is passed over: first pages of these, and what is no page.
 * @returns undefined if no stream is wanted.
 */
export async function findLink(
  source: ByteWindow,
  start: number,
  isWanted: (head: Uint8Array) => boolean,
  onOther: (found: OggPage | NoPage) => void = () => {},
): Promise<LinkStart | undefined> {
  for await (const page of readPages(source, start)) {
    if (!("message" in page) && !page.isFirst) continue;
    if ("message" in page || !isWanted(page.body)) onOther(page);
    else return { offset: page.offset, serial: page.serial, head: takePackets(page, []).whole[0] ?? page.body };
  }
  return undefined;
}

/**
 * One logical stream of an Ogg file, taken out of its pages: a link, since others may follow it in a chain.
 * A stream need not be marked as ended: recorders that are stopped leave it so.
 * Source: RFC 3533, section 6.
 */
export class OggLink {
  /** Offset of the link that follows, undefined if there is none or the packets are not all read yet. */
  next: number | undefined;
  readonly #source: ByteWindow;
  readonly #start: LinkStart;
  readonly #isWanted: (head: Uint8Array) => boolean;

  constructor(source: ByteWindow, start: LinkStart, isWanted: (head: Uint8Array) => boolean) {
    this.#source = source;
    this.#start = start;
    this.#isWanted = isWanted;
  }

  /**
   * Reads every packet in order, the codec's header packets first. Pages that are damaged, missing or repeated are left out, and so are the packets
   * of which they had a part.
   * @throws AudioFormatError `AUDIO_CORRUPT` for a packet over 32 MiB, `AUDIO_UNSUPPORTED` for a second stream side by side that is wanted.
   */
  async *groups(): AsyncGenerator<OggGroup, void> {
    let unfinished: Uint8Array[] = [];
    let previous: OggPage | undefined;
    let areStarts = true;
    let passedOver: Flaw | undefined; // bytes that are no page
    let isDamaged = false;

    for await (const page of readPages(this.#source, this.#start.offset)) {
      if ("message" in page) {
        passedOver ??= { code: "AUDIO_EXTRA", message: page.message };
        isDamaged ||= page.isDamagedPage;
        continue;
      }
      if (page.isFirst && page.offset > this.#start.offset) {
        if (!this.#isWanted(page.body)) continue;
        if (areStarts) throw severalStreams();
        this.next = page.offset;
        break;
      }
      if (!page.isFirst) areStarts = false;
      if (page.serial !== this.#start.serial) continue;
      await this.#source.pace.spend(page.length + packetWork * page.lacing.length);

      let flaw = passedOver;
      if (previous !== undefined && isLate(page, previous)) {
        passedOver ??= { code: "AUDIO_EXTRA", message: `damaged Ogg file: page ${page.sequence} comes again, or too late` };
        continue;
      }
      if (previous !== undefined && page.sequence !== (previous.sequence + 1) % 2 ** 32) {
        flaw = {
          code: "AUDIO_GAP",
          message: passedOver?.message ?? `damaged Ogg file: page ${page.sequence} follows page ${previous.sequence}`,
        };
        unfinished = [];
      } else if (page.isContinued !== unfinished.length > 0) {
        const message = `damaged Ogg file: page ${page.sequence} has a packet without its start, or lacks one's end`;
        flaw = { code: "AUDIO_GAP", message };
        unfinished = [];
      }
      const { whole, rest } = takePackets(page, unfinished);
      unfinished = rest;
      if (unfinished.reduce((sum, { length }) => sum + length, 0) > maxPacketLength) {
        throw new AudioFormatError("AUDIO_CORRUPT", `damaged Ogg file: a packet does not end within ${maxPacketLength} bytes`);
      }
      previous = page;
      passedOver = flaw;
      if (whole.length === 0) continue;
      passedOver = undefined;
      isDamaged = false;
      yield { packets: whole, granule: page.granule, isEnd: page.isLast, offset: page.offset, flaw };
    }
    const end = this.#endOf(unfinished.length > 0, passedOver, isDamaged, previous?.isLast ?? false);
    if (end !== undefined) yield { packets: [], granule: -1n, isEnd: true, offset: this.next ?? this.#source.size, flaw: end };
  }

  /** What is wrong at the end of the link. Tags and the like after the end are not. */
  #endOf(isWithinPacket: boolean, passedOver: Flaw | undefined, isDamaged: boolean, isEnded: boolean): Flaw | undefined {
    if (isEnded) return isDamaged || this.next !== undefined ? passedOver : undefined;
    if (passedOver !== undefined && (isDamaged || passedOver.code === "AUDIO_GAP"))
      return { code: "AUDIO_TRUNCATED", message: passedOver.message };
    return isWithinPacket ? { code: "AUDIO_TRUNCATED", message: "truncated Ogg file: it ends within a packet" } : passedOver;
  }
}

/** Whether a page belongs before another, or is the same, by its number and its granule position: some programs give all pages one number. */
function isLate(page: OggPage, previous: OggPage): boolean {
  const distance = (previous.sequence - page.sequence + 2 ** 32) % 2 ** 32;
  return distance < 2 ** 31 && page.granule >= 0n && page.granule <= previous.granule;
}

/**
 * A page's whole packets, the first of which may have started earlier, and the pieces of the one that goes on after it.
 * The end of a packet whose start is not there is left out.
 */
function takePackets(
  page: OggPage,
  unfinished: readonly Uint8Array[],
): { readonly whole: readonly Uint8Array[]; readonly rest: Uint8Array[] } {
  const whole: Uint8Array[] = [];
  let pieces = [...unfinished];
  let start = 0;
  let end = 0;
  let hasStart = !page.isContinued || unfinished.length > 0;
  for (const length of page.lacing) {
    end += length;
    if (length === 255) continue;
    pieces.push(page.body.subarray(start, end));
    if (hasStart) whole.push(joinArrays(pieces, Uint8Array));
    hasStart = true;
    pieces = [];
    start = end;
  }
  if (end > start && hasStart) pieces.push(page.body.subarray(start, end));
  return { whole, rest: pieces };
}

function severalStreams(): AudioFormatError {
  return new AudioFormatError(
    "AUDIO_UNSUPPORTED",
    "Ogg file with several audio streams side by side; take one out first: ffmpeg -i in.ogg -map 0:a:0 out.wav",
  );
}
