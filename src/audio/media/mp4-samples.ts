import type { ByteWindow } from "../reading/byte-window.ts";
import type { Box } from "./mp4-boxes.ts";
import { boxesIn, contentOf, viewOf } from "./mp4-boxes.ts";
import type { FragmentDefaults, SampleTable } from "./mp4-track.ts";

/** Bytes of a file that hold packets of one length, or samples of PCM. */
export interface SampleRun {
  readonly offset: number;
  readonly size: number;
  readonly count: number;
  /** Units of the track that each packet lasts. */
  readonly duration: number;
}

/**
 * Finds a track's packets by its tables, chunk by chunk; those that are alike and follow each other come together.
 * Source: ISO/IEC 14496-12, sections 8.6.1 and 8.7.
 */
export function* runsOfTable({
  durations,
  chunks,
  chunkOffsets,
  offsetSize,
  sizes,
  areSizesCompact,
}: SampleTable): Generator<SampleRun, void> {
  const offsets = viewOf(chunkOffsets);
  const runs = viewOf(chunks);
  const sizeAt = sizeReader(sizes, areSizesCompact);
  const durationOf = durationReader(durations);
  const numChunks = Math.floor(Math.max(0, chunkOffsets.length - 8) / offsetSize);
  let entry = 0;
  let index = 0;
  for (let chunk = 0; chunk < numChunks && index < sizeAt.count; chunk++) {
    while (16 + (entry + 1) * 12 + 4 <= chunks.length && runs.getUint32(8 + (entry + 1) * 12) <= chunk + 1) entry++;
    let left = 8 + entry * 12 + 8 <= chunks.length ? runs.getUint32(8 + entry * 12 + 4) : 0;
    let offset = offsetSize === 8 ? Number(offsets.getBigUint64(8 + chunk * 8)) : offsets.getUint32(8 + chunk * 4);
    while (left > 0 && index < sizeAt.count) {
      const size = sizeAt.read(index);
      const count = sizeAt.areAlike ? Math.min(left, sizeAt.count - index) : 1;
      yield { offset, size, count, duration: durationOf(count) };
      offset += size * count;
      index += count;
      left -= count;
    }
  }
}

/** Units of the track that its tables give all packets together. */
export function durationOfTable({ durations }: SampleTable): number {
  const view = viewOf(durations);
  let sum = 0;
  for (let offset = 8; offset + 8 <= durations.length; offset += 8) sum += view.getUint32(offset) * view.getUint32(offset + 4);
  return sum;
}

interface SizeReader {
  readonly count: number;
  readonly areAlike: boolean;
  read(index: number): number;
}

function sizeReader(sizes: Uint8Array, areCompact: boolean): SizeReader {
  const view = viewOf(sizes);
  if (sizes.length < 12) return { count: 0, areAlike: false, read: () => 0 };
  const count = view.getUint32(8);
  if (areCompact) {
    const bits = sizes[7]!;
    const inBytes = Math.floor(((sizes.length - 12) * 8) / (bits || 8));
    const read = (index: number): number => {
      if (bits === 4) return (sizes[12 + (index >> 1)]! >> (index % 2 === 0 ? 4 : 0)) & 15;
      return bits === 16 ? view.getUint16(12 + 2 * index) : sizes[12 + index]!;
    };
    return { count: Math.min(count, inBytes), areAlike: false, read };
  }
  const size = view.getUint32(4);
  if (size > 0) return { count, areAlike: true, read: () => size };
  return { count: Math.min(count, Math.floor((sizes.length - 12) / 4)), areAlike: false, read: (index) => view.getUint32(12 + 4 * index) };
}

/** Gives the duration of the next packet, and passes over as many as come together. */
function durationReader(durations: Uint8Array): (count: number) => number {
  const view = viewOf(durations);
  let offset = 8;
  let used = 0;
  return (count) => {
    const duration = offset + 8 <= durations.length ? view.getUint32(offset + 4) : 0;
    used += count;
    while (offset + 8 <= durations.length && used >= view.getUint32(offset)) {
      used -= view.getUint32(offset);
      offset += 8;
    }
    return duration;
  };
}

/**
 * Finds a track's packets in the fragments of a file, and tells where what is wrong starts.
 * Source: ISO/IEC 14496-12, section 8.8.
 */
export async function* runsOfFragment(
  source: ByteWindow,
  moof: Box,
  trackId: number,
  defaults: FragmentDefaults,
): AsyncGenerator<SampleRun, void> {
  let nextOffset = moof.offset; // where data starts unless something else is said
  for await (const traf of boxesIn(source, moof.start, moof.end)) {
    if (traf.type !== "traf") continue;
    let base = nextOffset;
    let isOurs = false;
    let { duration, size } = defaults;
    for await (const box of boxesIn(source, traf.start, Math.min(traf.end, moof.end))) {
      if (box.type === "tfhd") {
        const view = viewOf(await contentOf(source, box));
        if (view.byteLength < 8) continue;
        const flags = view.getUint32(0) & 0xffffff;
        isOurs = view.getUint32(4) === trackId;
        const fields = fieldsOf(view, 8, [
          [flags & 0x1, 8],
          [flags & 0x2, 4],
          [flags & 0x8, 4],
          [flags & 0x10, 4],
        ]);
        base = fields[0] ?? ((flags & 0x20000) !== 0 ? moof.offset : base);
        duration = fields[2] ?? duration;
        size = fields[3] ?? size;
        nextOffset = base;
      } else if (box.type === "trun") {
        const bytes = await contentOf(source, box);
        const run = runOf(bytes, base, nextOffset, { duration, size });
        for (const each of run) {
          nextOffset = each.offset + each.size * each.count;
          if (isOurs) yield each;
        }
      }
    }
  }
}

function* runOf(bytes: Uint8Array, base: number, next: number, defaults: FragmentDefaults): Generator<SampleRun, void> {
  if (bytes.length < 8) return;
  const view = viewOf(bytes);
  const flags = view.getUint32(0) & 0xffffff;
  const count = view.getUint32(4);
  let at = 8;
  let offset = next;
  if ((flags & 0x1) !== 0 && bytes.length >= at + 4) {
    offset = base + view.getInt32(at);
    at += 4;
  }
  if ((flags & 0x4) !== 0) at += 4;
  const [hasDuration, hasSize] = [(flags & 0x100) !== 0, (flags & 0x200) !== 0];
  const entryLength = 4 * [0x100, 0x200, 0x400, 0x800].filter((flag) => (flags & flag) !== 0).length;
  if (entryLength === 0) {
    if (defaults.size > 0) yield { offset, size: defaults.size, count, duration: defaults.duration };
    return;
  }
  for (let i = 0; i < count && at + entryLength <= bytes.length; i++, at += entryLength) {
    const duration = hasDuration ? view.getUint32(at) : defaults.duration;
    const size = hasSize ? view.getUint32(at + (hasDuration ? 4 : 0)) : defaults.size;
    yield { offset, size, count: 1, duration };
    offset += size;
  }
}

/** Numbers that follow each other where they are there, of four or eight bytes. */
function fieldsOf(
  view: DataView,
  start: number,
  fields: readonly (readonly [isThere: number, numBytes: number])[],
): (number | undefined)[] {
  let offset = start;
  return fields.map(([isThere, numBytes]) => {
    if (isThere === 0 || offset + numBytes > view.byteLength) return undefined;
    const value = numBytes === 8 ? Number(view.getBigUint64(offset)) : view.getUint32(offset);
    offset += numBytes;
    return value;
  });
}
