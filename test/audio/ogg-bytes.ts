import { bytesSource } from "../../src/core/index.ts";
import { ByteWindow } from "../../src/audio/reading/byte-window.ts";
import { concatBytes } from "./concat-bytes.ts";
import { formatOgg } from "./format-ogg.ts";
import type { OggStream } from "../../src/audio/ogg/ogg-pages.ts";
import { openOgg } from "../../src/audio/ogg/ogg-pages.ts";

/** A plain Ogg file of packets. */
export async function oggFile(packets: readonly Uint8Array[]): Promise<Uint8Array> {
  async function* each(): AsyncGenerator<Uint8Array, void> {
    yield* packets;
  }
  return concatBytes(await collect(formatOgg(each())));
}

export const openOggBytes = (bytes: Uint8Array, isWanted = (): boolean => true): Promise<OggStream | undefined> =>
  openOgg(new ByteWindow(bytesSource(bytes, "test")), isWanted);

/** Every packet of an Ogg file with one stream, and where that ends. */
export async function takeApart(bytes: Uint8Array): Promise<{ readonly packets: Uint8Array[]; readonly endGranule: number }> {
  const stream = (await openOggBytes(bytes))!;
  return { packets: await collect(stream.packets()), endGranule: stream.endGranule };
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

/** A copy whose last page ends at `granule`. */
export function withEndGranule(bytes: Uint8Array, granule: number): Uint8Array {
  return withGranules(bytes, (index, numPages) => (index === numPages - 1 ? granule : undefined));
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
