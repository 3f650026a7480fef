import { bytesSource } from "../../src/core/index.ts";
import { ByteWindow } from "../../src/audio/reading/byte-window.ts";
import { concatBytes } from "./concat-bytes.ts";
import { formatOgg } from "./format-ogg.ts";
import type { OggGroup } from "../../src/audio/ogg/ogg-link.ts";
import { findLink, OggLink } from "../../src/audio/ogg/ogg-link.ts";
import { findEndGranule } from "../../src/audio/ogg/ogg-pages.ts";
import { ascii } from "./wav-bytes.ts";

/** A plain Ogg file of packets. */
export async function oggFile(packets: readonly Uint8Array[]): Promise<Uint8Array> {
  async function* each(): AsyncGenerator<Uint8Array, void> {
    yield* packets;
  }
  return concatBytes(await collect(formatOgg(each())));
}

/** The first stream of an Ogg file that is wanted, undefined if there is none. */
export async function openOggBytes(
  bytes: Uint8Array,
  isWanted: (head: Uint8Array) => boolean = () => true,
): Promise<OpenedLink | undefined> {
  const source = new ByteWindow(bytesSource(bytes, "test"));
  const start = await findLink(source, 0, isWanted);
  if (start === undefined) return undefined;
  return {
    head: start.head,
    endGranule: Number(await findEndGranule(source, start.offset, start.serial, (page) => isWanted(page.body))),
    groups: () => new OggLink(source, start, isWanted).groups(),
  };
}

export interface OpenedLink {
  readonly head: Uint8Array;
  readonly endGranule: number;
  groups(): AsyncGenerator<OggGroup, void>;
}

/** Every packet of an Ogg file with one stream, and where that ends. */
export async function takeApart(bytes: Uint8Array): Promise<{ readonly packets: Uint8Array[]; readonly endGranule: number }> {
  const link = (await openOggBytes(bytes))!;
  return { packets: (await collect(link.groups())).flatMap(({ packets }) => packets), endGranule: link.endGranule };
}

/** A page, and the packets that end on it: at most 255 pieces of 255 bytes, of which none goes on elsewhere. */
export interface PageContent {
  readonly packets: readonly Uint8Array[];
  readonly granule: bigint;
  readonly isFirst?: boolean;
  readonly isLast?: boolean;
}

/** Pages of one stream, in order. */
export function oggPages(contents: readonly PageContent[], serial = 7): Uint8Array[] {
  return contents.map(({ packets, granule, isFirst = false, isLast = false }, sequence) => {
    const lacing = packets.flatMap(({ length }) => [...Array.from({ length: Math.floor(length / 255) }, () => 255), length % 255]);
    if (lacing.length > 255) throw new RangeError("so many bytes do not fit on a page");
    const page = concatBytes([new Uint8Array(27), Uint8Array.from(lacing), ...packets]);
    page.set([...ascii("OggS"), 0, (isFirst ? 2 : 0) + (isLast ? 4 : 0)]);
    page[26] = lacing.length;
    const view = new DataView(page.buffer);
    view.setBigInt64(6, granule, true);
    view.setUint32(14, serial, true);
    view.setUint32(18, sequence, true);
    return withChecksums(page);
  });
}

/** What an iterable gives, as an array. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** Offsets at which the pages of a whole Ogg file start. */
export function pageOffsets(bytes: Uint8Array): number[] {
  const offsets: number[] = [];
  for (let offset = 0; offset + 27 <= bytes.length; offset = pageEnd(bytes, offset)) offsets.push(offset);
  return offsets;
}

/** A copy with the right checksum on every page, so that what was changed gets past the container to the codec. */
export function withChecksums(bytes: Uint8Array): Uint8Array {
  const sealed = bytes.slice();
  for (const offset of pageOffsets(sealed)) {
    const page = sealed.subarray(offset, pageEnd(sealed, offset));
    page.fill(0, 22, 26);
    new DataView(page.buffer, page.byteOffset).setUint32(22, checksum(page), true);
  }
  return sealed;
}

/** A copy whose last page ends at `granule`, and is marked as the end. */
export function withEndGranule(bytes: Uint8Array, granule: number): Uint8Array {
  const copy = bytes.slice();
  copy[pageOffsets(copy).at(-1)! + 5]! |= 4;
  return withGranules(copy, (index, numPages) => (index === numPages - 1 ? granule : undefined));
}

/** A copy whose pages end where `granuleOf` says; undefined leaves a page as it is. */
export function withGranules(bytes: Uint8Array, granuleOf: (index: number, numPages: number) => number | undefined): Uint8Array {
  const copy = bytes.slice();
  const view = new DataView(copy.buffer);
  const offsets = pageOffsets(copy);
  for (const [index, offset] of offsets.entries()) {
    const granule = granuleOf(index, offsets.length);
    if (granule !== undefined) view.setBigInt64(offset + 6, BigInt(granule), true);
  }
  return withChecksums(copy);
}

function pageEnd(bytes: Uint8Array, offset: number): number {
  const numSegments = bytes[offset + 26]!;
  const lengths = bytes.subarray(offset + 27, offset + 27 + numSegments);
  return Math.min(offset + 27 + numSegments + lengths.reduce((sum, length) => sum + length, 0), bytes.length);
}

/** RFC 3533's CRC-32, bit by bit. */
function checksum(page: Uint8Array): number {
  let crc = 0;
  for (const byte of page) {
    crc ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) crc = crc < 0 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  }
  return crc >>> 0;
}
