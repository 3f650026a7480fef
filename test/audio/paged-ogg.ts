import { readFileSync } from "node:fs";
import { flacBlockSize } from "../../src/audio/flac/flac-frames.ts";
import { openVorbis } from "../../src/audio/ogg/decode-vorbis.ts";
import type { PageContent } from "./ogg-bytes.ts";
import { oggPages, takeApart } from "./ogg-bytes.ts";

/** An Ogg fixture's packets, to be put on pages anew. */
export interface OggPackets {
  readonly headers: readonly Uint8Array[];
  readonly audio: readonly Uint8Array[];
  /** Samples that each audio packet adds to those before. */
  readonly lengths: readonly number[];
  /** Granule position of the last page. */
  readonly end: number;
}

export async function packetsOf(name: string, numHeaders: number): Promise<OggPackets> {
  const { packets, endGranule } = await takeApart(new Uint8Array(readFileSync(new URL(`../fixtures/audio/${name}`, import.meta.url))));
  const headers = packets.slice(0, numHeaders);
  const audio = packets.slice(numHeaders).filter(({ length }) => length > 0);
  return { headers, audio, lengths: lengthsOf(headers, audio), end: endGranule };
}

/** Samples that each packet adds to those before. */
export function lengthsOf(headers: readonly Uint8Array[], audio: readonly Uint8Array[]): number[] {
  return audio.map(lengthIn(headers, audio));
}

function lengthIn(headers: readonly Uint8Array[], audio: readonly Uint8Array[]): (packet: Uint8Array, index: number) => number {
  if (headers.length < 3) return headers[0]![0] === 0x7f ? (packet) => flacBlockSize(packet)! : () => 960; // 20 ms of Opus
  const vorbis = openVorbis("Ogg Vorbis", headers[0]!, headers[2]);
  return (packet, index) => vorbis.samplesIn(packet, audio[index - 1])!;
}

export interface Paging {
  /** How many audio packets are on each page; what is left over is on a last one. */
  readonly sizes: readonly number[];
  /** Added to all granule positions of audio. @default 0 */
  readonly offset?: bigint;
}

/** Pages of audio, behind those of the headers, and the samples that end on each. */
export interface PagedOgg {
  readonly headerPages: readonly Uint8Array[];
  readonly audioPages: readonly Uint8Array[];
  /** Sample at which each audio page ends, before any trimming; and its first packet's share. */
  readonly ends: readonly number[];
  readonly firstLengths: readonly number[];
}

export function pagedOgg({ headers, audio, lengths, end }: OggPackets, { sizes, offset = 0n }: Paging): PagedOgg {
  const contents: PageContent[] = [];
  const ends: number[] = [];
  const firstLengths: number[] = [];
  let position = 0;
  for (let start = 0, page = 0; start < audio.length; page++) {
    const stop = start + (sizes[page] ?? audio.length);
    firstLengths.push(lengths[start]!);
    position += lengths.slice(start, stop).reduce((sum, length) => sum + length, 0);
    ends.push(position);
    const isLast = stop >= audio.length;
    contents.push({ packets: audio.slice(start, stop), granule: offset + BigInt(isLast ? end : position), isLast });
    start = stop;
  }
  const head = headers.map((packet, index) => ({ packets: [packet], granule: 0n, isFirst: index === 0 }));
  const pages = oggPages([...head, ...contents]);
  return { headerPages: pages.slice(0, headers.length), audioPages: pages.slice(headers.length), ends, firstLengths };
}
