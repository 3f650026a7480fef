import type { Flaw } from "../reading/decoded-piece.ts";
import type { SilenceBudget } from "../reading/silence-budget.ts";
import type { Damage } from "../reading/wasm-decoder.ts";
import type { OggGroup } from "./ogg-link.ts";
import type { CodecPacket, PacketCodec } from "./packet-codec.ts";

/** What the granule positions of a codec's pages mean. */
export interface GranuleRules {
  /** Whether a first page that ends before it could have begun says how much of the beginning is cut off. */
  readonly cutsBeginning: boolean;
  /** The page whose granule position cuts off what its packets stand for beyond it: the last one, that only if it is marked as the end, or none. */
  readonly trimsEnd: "last page" | "marked end" | "never";
}

/** A group, and whether no audio follows it. */
interface PlacedGroup extends OggGroup {
  readonly isLast: boolean;
}

/**
 * Tells by the granule positions of a link's pages which samples its packets stand for: how much of the beginning and of the end is
 * cut off, and how much is missing in between. Positions need not start at 0, so only differences count.
 * Source: RFC 7845, sections 4.3 to 4.5; Vorbis I specification, appendix A.2.
 */
export class OggTimeline {
  /** Samples at the start that are cut off, the codec's pre-skip included. */
  readonly start: number;
  /** The sample after the last one, counted from the first that is decoded; Infinity until the last page is read. */
  end: number = Infinity;
  /** Position of the first sample that is decoded, undefined if the first page does not tell. */
  readonly #origin: bigint | undefined;
  readonly codec: PacketCodec;
  readonly #rules: GranuleRules;
  readonly #first: PlacedGroup | undefined;
  readonly #rest: AsyncGenerator<PlacedGroup, void>;

  private constructor(codec: PacketCodec, rules: GranuleRules, first: PlacedGroup | undefined, rest: AsyncGenerator<PlacedGroup, void>) {
    this.codec = codec;
    this.#rules = rules;
    this.#first = first;
    this.#rest = rest;
    const length = first === undefined ? 0 : sumOf(this.#samplesIn(first.packets, undefined));
    const granule = first === undefined ? undefined : positionOf(first, length, true);
    const origin = granule === undefined ? 0n : granule - BigInt(length);
    const isTrimmed = origin < 0n && first !== undefined && trims(rules, first);
    this.#origin = granule;
    if (granule !== undefined) this.#origin = isTrimmed ? 0n : origin;
    const isCut = origin < 0n && rules.cutsBeginning && !isTrimmed;
    this.start = codec.preSkip + (isCut ? -Number(origin) : 0);
  }

  /**
   * @param openCodec Is called when the first audio, and with it all that is in front of it, is read.
   * @param groups The link's audio, without header packets.
   */
  static async open(openCodec: () => PacketCodec, rules: GranuleRules, groups: AsyncIterable<OggGroup>): Promise<OggTimeline> {
    const placed = placedGroups(groups);
    const first = await placed.next();
    return new OggTimeline(openCodec(), rules, first.value ?? undefined, placed);
  }

  /** Samples from the first that is decoded on, as the codec's header has them of the whole that this may have been cut from. */
  get promised(): number | undefined {
    const { numSamples } = this.codec;
    const origin = Math.max(0, Number(this.#origin ?? 0n));
    // A position beyond that is none of that whole.
    return numSamples === undefined || origin >= numSamples ? numSamples : numSamples - origin;
  }

  /** Samples of audio if the last page has this granule position, undefined where the pages do not tell. */
  numSamplesUpTo(granule: bigint | undefined): number | undefined {
    return granule === undefined || this.#origin === undefined ? undefined : Math.max(0, Number(granule - this.#origin) - this.start);
  }

  /** Ends the reading of a link whose packets are not wanted. */
  async close(): Promise<void> {
    await this.#rest.return();
  }

  /** Packets, and what is wrong between them. To be read once. */
  async *packets(silence: SilenceBudget): AsyncGenerator<CodecPacket | Damage, void> {
    let position = 0;
    let ended: bigint | undefined; // granule position of the page before
    let previous: Uint8Array | undefined;
    for await (const group of this.#all()) {
      if (group.packets.length === 0) {
        if (group.flaw !== undefined) yield { flaw: group.flaw, numSamples: 0 };
        break;
      }
      const isFirst = group === this.#first;
      let lengths = this.#samplesIn(group.packets, previous);
      let flaw = group.flaw;
      if (flaw?.code === "AUDIO_GAP" && ended !== undefined && group.granule - ended === BigInt(sumOf(lengths))) {
        flaw = { ...flaw, code: "AUDIO_EXTRA" }; // pages are numbered in another way, and nothing is missing
      } else if (flaw?.code === "AUDIO_GAP") {
        previous = undefined;
        lengths = this.#samplesIn(group.packets, previous);
      }
      const length = sumOf(lengths);
      const granule = this.#withinHeader(positionOf(group, length, isFirst), position, ended);
      const isTrimmed = trims(this.#rules, group);
      const place = placeOf({ granule, lengths, ended, isFirst, isTrimmed, flaw, offset: group.offset });
      if (place.flaw !== undefined) yield { flaw: place.flaw, numSamples: silence.take(place.gap) };
      position += place.gap;
      if (group.isLast) this.end = position + place.numKept;
      for (const [index, bytes] of group.packets.entries()) {
        const numSamples = lengths[index];
        if (numSamples === undefined) {
          const message = `damaged ${this.codec.format} file: packet ${index} of the page at byte ${group.offset} is no audio`;
          if (bytes.length > 0) yield { flaw: { code: "AUDIO_GAP", message }, numSamples: 0 };
          continue;
        }
        yield { bytes, numSamples, isContinuation: previous !== undefined };
        previous = bytes;
      }
      position += length;
      ended = granule ?? (ended === undefined ? undefined : ended + BigInt(place.gap + length));
    }
    if (this.#first === undefined) this.end = 0;
  }

  /** A granule position, undefined for one by which there would be more samples than the codec's header says. */
  #withinHeader(granule: bigint | undefined, position: number, ended: bigint | undefined): bigint | undefined {
    if (granule === undefined || ended === undefined || this.promised === undefined) return granule;
    return position + Number(granule - ended) > this.promised ? undefined : granule;
  }

  async *#all(): AsyncGenerator<PlacedGroup, void> {
    try {
      if (this.#first !== undefined) yield this.#first;
      yield* this.#rest;
    } finally {
      await this.close();
    }
  }

  #samplesIn(packets: readonly Uint8Array[], before: Uint8Array | undefined): (number | undefined)[] {
    let previous = before;
    return packets.map((packet) => {
      const numSamples = this.codec.samplesIn(packet, previous);
      if (numSamples !== undefined) previous = packet;
      return numSamples;
    });
  }
}

/** Whether a page's granule position cuts off what its packets stand for beyond it. */
function trims({ trimsEnd }: GranuleRules, { isLast, isEnd }: PlacedGroup): boolean {
  return isLast && (trimsEnd === "last page" || (trimsEnd === "marked end" && isEnd));
}

interface Place {
  /** Samples that are missing in front of the page. */
  readonly gap: number;
  /** Samples from the page's first on that are audio: fewer than it has where the end is cut off, more where there should be some. */
  readonly numKept: number;
  readonly flaw: Flaw | undefined;
}

/** Where a page's samples belong. */
function placeOf(page: {
  readonly granule: bigint | undefined;
  /** Samples that each of the page's packets stands for. */
  readonly lengths: readonly (number | undefined)[];
  readonly ended: bigint | undefined;
  readonly isFirst: boolean;
  readonly isTrimmed: boolean;
  readonly flaw: Flaw | undefined;
  readonly offset: number;
}): Place {
  const { granule, ended, isFirst, isTrimmed, flaw, offset } = page;
  const length = sumOf(page.lengths);
  if (granule === undefined && isTrimmed && ended !== undefined) return { gap: 0, numKept: 0, flaw: flaw ?? outOfOrder(offset, length) };
  if (granule === undefined && isTrimmed && length > 0) return { gap: 0, numKept: length, flaw: flaw ?? unplaced() };
  if (granule === undefined || (ended === undefined && !isFirst)) return { gap: 0, numKept: length, flaw };
  if (ended === undefined) {
    const numKept = isTrimmed && granule < BigInt(length) ? Math.max(0, Number(granule)) : length;
    return { gap: 0, numKept, flaw };
  }
  // Less than a packet cannot be missing: whoever wrote the page rounded.
  const jump = Number(granule - ended) - length;
  const shortest = Math.min(...page.lengths.map((numSamples) => numSamples || Infinity));
  const isExact = Math.abs(jump) < shortest;
  if (jump > 0 && flaw?.code === "AUDIO_GAP" && isTrimmed) {
    // Whole packets are missing, and the end of the last one is cut off.
    const unit = page.lengths.every((numSamples) => numSamples === shortest) ? shortest : 1;
    const gap = Math.ceil(jump / unit) * unit;
    return { gap, numKept: Math.max(0, length + jump - gap), flaw };
  }
  if (jump > 0 && (flaw?.code === "AUDIO_GAP" || (!isExact && !isTrimmed))) {
    return { gap: jump, numKept: length, flaw: flaw?.code === "AUDIO_GAP" ? flaw : missing(offset, jump) };
  }
  if (jump > 0) return { gap: 0, numKept: isExact ? length : length + jump, flaw };
  if (isTrimmed)
    return { gap: 0, numKept: Math.max(0, length + jump), flaw: flaw ?? (length + jump < 0 ? outOfOrder(offset, length) : undefined) };
  return { gap: 0, numKept: length, flaw: flaw ?? (isExact ? undefined : outOfStep(offset, -jump)) };
}

function missing(offset: number, numSamples: number): Flaw {
  const message = `damaged Ogg file: ${numSamples} samples are missing in front of the page at byte ${offset}, by its granule position`;
  return { code: "AUDIO_GAP", message };
}

function outOfOrder(offset: number, numSamples: number): Flaw {
  const message = `damaged Ogg file: its last page, at byte ${offset}, ends before it starts, by its granule position, so its ${numSamples} samples are left out`;
  return { code: "AUDIO_EXTRA", message };
}

function unplaced(): Flaw {
  return {
    code: "AUDIO_EXTRA",
    message: "damaged Ogg file: no page has a granule position, so nothing tells where the audio ends within the last packet",
  };
}

function outOfStep(offset: number, numSamples: number): Flaw {
  const message = `damaged Ogg file: the page at byte ${offset} has ${numSamples} samples more than its granule position says`;
  return { code: "AUDIO_EXTRA", message };
}

/**
 * The granule position of a page with samples, undefined if it has none. Some programs write 0 on every page; that is one only
 * where the whole stream is a page.
 */
function positionOf({ granule, isLast }: PlacedGroup, length: number, isFirst: boolean): bigint | undefined {
  if (granule > 0n) return granule;
  return granule === 0n && (length === 0 || (isFirst && isLast)) ? granule : undefined;
}

/** Groups of packets, each given when it is known whether others follow; the last may be one without packets, which says what is wrong at the end. */
async function* placedGroups(groups: AsyncIterable<OggGroup>): AsyncGenerator<PlacedGroup, void> {
  let waiting: OggGroup | undefined;
  for await (const group of groups) {
    if (waiting !== undefined) yield { ...waiting, isLast: group.packets.length === 0 };
    waiting = group;
  }
  if (waiting !== undefined) yield { ...waiting, isLast: true };
}

function sumOf(lengths: readonly (number | undefined)[]): number {
  return lengths.reduce<number>((sum, length) => sum + (length ?? 0), 0);
}
