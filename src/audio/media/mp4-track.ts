import type { ByteWindow } from "../reading/byte-window.ts";
import type { Box } from "./mp4-boxes.ts";
import { boxesIn, contentOf, damagedMp4, viewOf } from "./mp4-boxes.ts";

/** What an MP4 or QuickTime file says of one of its tracks. */
export interface Mp4Track {
  readonly id: number;
  /** What kind it is, such as "soun". */
  readonly handler: string;
  /** Units in a second, of the track's own times. */
  readonly timescale: number;
  /** Sample descriptions: what the packets are. */
  readonly descriptions: Uint8Array;
  readonly table: SampleTable;
  /** The parts of the track that are presented one after the other; none where nothing says. */
  readonly edits: readonly Mp4Edit[];
}

/** A part of a track, in its units; without a duration it goes on to the end. */
export interface Mp4Edit {
  readonly start: number;
  readonly duration: number | undefined;
}

/** Where a track's packets are. The boxes are kept as they are in the file. */
export interface SampleTable {
  readonly durations: Uint8Array;
  readonly chunks: Uint8Array;
  readonly chunkOffsets: Uint8Array;
  /** Bytes of a number in `chunkOffsets`. */
  readonly offsetSize: 4 | 8;
  readonly sizes: Uint8Array;
  /** Whether sizes are written in fewer than 32 bits. */
  readonly areSizesCompact: boolean;
}

/** What fragments need not say of their packets. */
export interface FragmentDefaults {
  readonly duration: number;
  readonly size: number;
}

export interface Movie {
  readonly tracks: readonly Mp4Track[];
  /** Defaults by track; a file without them is not fragmented. */
  readonly defaults: ReadonlyMap<number, FragmentDefaults>;
}

const maxTracks = 1000;

/** Reads the box "moov". Source: ISO/IEC 14496-12, section 8. */
export async function readMovie(source: ByteWindow, moov: Box): Promise<Movie> {
  const tracks: Mp4Track[] = [];
  const defaults = new Map<number, FragmentDefaults>();
  let movieTimescale = 1;
  for await (const box of boxesIn(source, moov.start, moov.end)) {
    if (box.type === "mvhd") movieTimescale = timescaleOf(await contentOf(source, box));
    else if (box.type === "trak") {
      if (tracks.length === maxTracks) throw damagedMp4(`it has over ${maxTracks} tracks`);
      tracks.push(await readTrack(source, box, movieTimescale));
    } else if (box.type === "mvex") {
      for await (const defaultsBox of boxesIn(source, box.start, box.end)) {
        if (defaultsBox.type !== "trex" || defaults.size === maxTracks) continue;
        const view = viewOf(await contentOf(source, defaultsBox));
        if (view.byteLength >= 24) defaults.set(view.getUint32(4), { duration: view.getUint32(12), size: view.getUint32(16) });
      }
    }
  }
  return { tracks, defaults };
}

/** Boxes that are read into, and how deep those of the tables lie. */
const entered: ReadonlySet<string> = new Set(["mdia", "minf", "stbl", "edts"]);
const maxDepth = 3;

async function readTrack(source: ByteWindow, trak: Box, movieTimescale: number): Promise<Mp4Track> {
  const found = new Map<string, Uint8Array>();
  const visit = async (start: number, end: number, depth: number): Promise<void> => {
    for await (const box of boxesIn(source, start, end)) {
      if (entered.has(box.type) && depth < maxDepth) await visit(box.start, Math.min(box.end, end), depth + 1);
      else if (leaves.has(box.type) && !found.has(box.type)) found.set(box.type, await contentOf(source, box));
    }
  };
  await visit(trak.start, trak.end, 0);
  const at = (type: string): Uint8Array => found.get(type) ?? new Uint8Array();
  const timescale = timescaleOf(at("mdhd"));
  const header = viewOf(at("tkhd"));
  const idOffset = header.byteLength > 0 && header.getUint8(0) === 1 ? 20 : 12;
  return {
    id: header.byteLength >= idOffset + 4 ? header.getUint32(idOffset) : 0,
    handler: String.fromCharCode(...at("hdlr").subarray(8, 12)),
    timescale,
    descriptions: at("stsd"),
    table: {
      durations: at("stts"),
      chunks: at("stsc"),
      chunkOffsets: found.get("co64") ?? at("stco"),
      offsetSize: found.has("co64") ? 8 : 4,
      sizes: found.get("stsz") ?? at("stz2"),
      areSizesCompact: !found.has("stsz"),
    },
    edits: editsOf(at("elst"), timescale / movieTimescale),
  };
}

const leaves: ReadonlySet<string> = new Set(["tkhd", "mdhd", "hdlr", "stsd", "stts", "stsc", "stco", "co64", "stsz", "stz2", "elst"]);

function timescaleOf(header: Uint8Array): number {
  const offset = header[0] === 1 ? 20 : 12;
  return header.length >= offset + 4 ? Math.max(1, viewOf(header).getUint32(offset)) : 1;
}

/**
 * The parts of the track that an edit list presents; empty edits only delay them.
 * @param ratio Units of the track for one of the movie.
 * Source: ISO/IEC 14496-12, section 8.6.6.
 */
function editsOf(list: Uint8Array, ratio: number): Mp4Edit[] {
  const view = viewOf(list);
  const isLong = list[0] === 1;
  const entryLength = isLong ? 20 : 12;
  const edits: Mp4Edit[] = [];
  for (let offset = 8; offset + entryLength <= list.length; offset += entryLength) {
    const start = isLong ? Number(view.getBigInt64(offset + 8)) : view.getInt32(offset + 4);
    const duration = isLong ? Number(view.getBigUint64(offset)) : view.getUint32(offset);
    if (start >= 0) edits.push({ start, duration: duration === 0 ? undefined : duration * ratio });
  }
  return edits;
}
