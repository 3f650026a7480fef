import { concatBytes } from "./concat-bytes.ts";
import { ascii } from "./wav-bytes.ts";

/** An element; its length is left unknown where `isOpen`. Source: RFC 8794, sections 4 to 6. */
export function element(id: number, content: Uint8Array | readonly number[], isOpen = false): Uint8Array {
  const idBytes = [id >>> 24, (id >>> 16) & 255, (id >>> 8) & 255, id & 255].slice(Math.clz32(id) >> 3);
  const length = content.length;
  const lengthBytes = isOpen
    ? [0xff]
    : [0x08, Math.floor(length / 2 ** 24) & 255, (length >> 16) & 255, (length >> 8) & 255, length & 255].map((byte, i) =>
        i === 0 ? 0x08 : byte,
      );
  return concatBytes([Uint8Array.from(idBytes), Uint8Array.from(lengthBytes), Uint8Array.from(content)]);
}

export function unsigned(id: number, value: number): Uint8Array {
  return element(id, [Math.floor(value / 2 ** 24) & 255, (value >> 16) & 255, (value >> 8) & 255, value & 255]);
}

/** How the frames of a block are told apart. */
export type Lacing = "none" | "xiph" | "fixed" | "ebml";

/** A block of a track, and the number of its group if it has one. @param timestamp From that of its cluster on, in milliseconds. */
export function simpleBlock(track: number, timestamp: number, frames: readonly Uint8Array[], lacing: Lacing = "none"): Uint8Array {
  const flags = { none: 0, xiph: 2, fixed: 4, ebml: 6 }[lacing];
  const head = [0x80 | track, (timestamp >> 8) & 255, timestamp & 255, 0x80 | flags];
  return element(0xa3, concatBytes([Uint8Array.from([...head, ...(lacing === "none" ? [] : laces(frames, lacing))]), ...frames]));
}

function laces(frames: readonly Uint8Array[], lacing: Lacing): number[] {
  const lengths = frames.slice(0, -1).map(({ length }) => length);
  const count = frames.length - 1;
  if (lacing === "fixed") return [count];
  if (lacing === "xiph")
    return [count, ...lengths.flatMap((length) => [...Array.from({ length: Math.floor(length / 255) }, () => 255), length % 255])];
  // Two bytes for each number, the first a length and the others differences.
  const values = lengths.map((length, i) => (i === 0 ? length : length - lengths[i - 1]! + 2 ** 13 - 1));
  return [count, ...values.flatMap((value) => [0x40 | (value >> 8), value & 255])];
}

export function cluster(timestamp: number, blocks: readonly Uint8Array[], isOpen = false): Uint8Array {
  return element(0x1f43b675, concatBytes([unsigned(0xe7, timestamp), ...blocks]), isOpen);
}

/** A track's entry. */
export function trackEntry(number: number, type: number, codec: string, fields: readonly Uint8Array[] = []): Uint8Array {
  return element(0xae, concatBytes([unsigned(0xd7, number), unsigned(0x83, type), element(0x86, ascii(codec)), ...fields]));
}

/** A file of such tracks and clusters. */
export function matroska(tracks: readonly Uint8Array[], clusters: readonly Uint8Array[], isOpen = false): Uint8Array {
  const head = element(0x1a45dfa3, element(0x4282, ascii("matroska")));
  const info = element(0x1549a966, unsigned(0x2ad7b1, 1_000_000));
  return concatBytes([head, element(0x18538067, concatBytes([info, element(0x1654ae6b, concatBytes(tracks)), ...clusters]), isOpen)]);
}
