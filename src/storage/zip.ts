import { Inflate } from "fflate";
import { crc32, printable, stretches } from "../core/index.ts";
import type { Turns } from "../core/index.ts";
import { badFile } from "./codes-fields.ts";

const signature = { local: 0x04034b50, central: 0x02014b50, end: 0x06054b50 } as const;
const localLength = 30;
const centralLength = 46;
const endLength = 22;
const maxCommentLength = 0xffff;

const method = { stored: 0, deflated: 8 } as const;

/** Deflate cannot shrink data further than this. Source: zlib's technical notes, "Maximum Compression Factor". */
const maxDeflateRatio = 1032;

/** Packed bytes that are unpacked at a time, of which each may become a thousand; and bytes, packed or not, of some milliseconds. */
const packedAtATime = 2 ** 10;
const packedPerTurn = 2 ** 16;
const bytesPerTurn = 2 ** 20;

/** Most files of an archive. Those of codes have under twenty arrays. */
const maxEntries = 4096;

/** A file in an archive, as the directory describes it. */
interface ZipEntry {
  readonly name: string;
  readonly method: number;
  readonly checksum: number;
  readonly packedSize: number;
  readonly size: number;
  readonly headerOffset: number;
  /** Where the next file or the directory begins: this one must end before. */
  readonly limit: number;
}

/** A zip archive whose files are unpacked when they are asked for. */
export interface ZipArchive {
  /** Names of its files. */
  readonly names: readonly string[];
  has(name: string): boolean;
  /**
   * Unpacks a file; `undefined` where there is none of that name. What it declares is checked before anything is allocated.
   * @param maxSize Most bytes that it may have.
   * @throws CodesError if it is larger, not where the directory says, or damaged.
   */
  unpack(name: string, maxSize: number): Turns<Uint8Array | undefined>;
}

/**
 * Opens a zip archive. Those beyond 4 GiB (Zip64) are refused; the Zip64 fields that numpy puts into small ones do not matter.
 * @throws CodesError if the archive is cut short, two of its files have one name or share bytes, or there are more than 4096.
 * Source: PKWARE APPNOTE 6.3.10, sections 4.3.7 (local header), 4.3.12 (directory) and 4.3.16 (end record).
 */
export function openZip(bytes: Uint8Array, archive: string): ZipArchive {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries = readDirectory(view, archive);
  return {
    names: [...entries.keys()],
    has: (name) => entries.has(name),
    *unpack(name, maxSize) {
      const entry = entries.get(name);
      if (entry === undefined) return undefined;
      if (entry.size > entry.packedSize * maxDeflateRatio)
        throw badFile(archive, `declares ${entry.size} bytes for ${name}, more than it can hold`);
      if (entry.size > maxSize) throw badFile(archive, `declares ${entry.size} bytes for ${name}; at most ${maxSize} are read`);
      return yield* unpackEntry(packedBytes(view, entry, archive), entry, archive);
    },
  };
}

function readDirectory(view: DataView, archive: string): ReadonlyMap<string, ZipEntry> {
  const end = findEnd(view, archive);
  const count = view.getUint16(end + 10, true);
  if (count > maxEntries) throw badFile(archive, `has ${count} files; at most ${maxEntries} are read`);
  const entries: Omit<ZipEntry, "limit">[] = [];
  const directory = view.getUint32(end + 16, true);
  let at = directory;
  for (let index = 0; index < count; index++) {
    if (at + centralLength > end || view.getUint32(at, true) !== signature.central) {
      throw badFile(archive, `is not a sound zip archive: its directory ends after ${index} of ${count} entries`);
    }
    const nameLength = view.getUint16(at + 28, true);
    const next = at + centralLength + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
    if (next > end) throw badFile(archive, "is not a sound zip archive: its directory ends within an entry");
    entries.push({
      name: utf8.decode(new Uint8Array(view.buffer, view.byteOffset + at + centralLength, nameLength)),
      method: view.getUint16(at + 10, true),
      checksum: view.getUint32(at + 16, true),
      packedSize: view.getUint32(at + 20, true),
      size: view.getUint32(at + 24, true),
      headerOffset: view.getUint32(at + 42, true),
    });
    at = next;
  }
  return withLimits(entries, directory, archive);
}

const utf8 = new TextDecoder();

/** The end record stands last, before a comment of unknown length. */
function findEnd(view: DataView, archive: string): number {
  const last = view.byteLength - endLength;
  for (let at = last; at >= Math.max(0, last - maxCommentLength); at--) {
    if (view.getUint32(at, true) === signature.end) return at;
  }
  throw badFile(archive, "is not a whole zip archive: it has no end record and may be cut short");
}

/** Gives every file the place that it must end before. Files over the same bytes could make terabytes of a few. */
function withLimits(entries: readonly Omit<ZipEntry, "limit">[], directory: number, archive: string): ReadonlyMap<string, ZipEntry> {
  const inOrder = entries.toSorted((a, b) => a.headerOffset - b.headerOffset);
  const byName = new Map<string, ZipEntry>();
  for (const [index, entry] of inOrder.entries()) {
    const limit = inOrder[index + 1]?.headerOffset ?? directory;
    if (entry.headerOffset + localLength + entry.packedSize > limit) {
      throw badFile(archive, `is not a sound zip archive: ${printable(entry.name)} lies over what follows it`);
    }
    if (byName.has(entry.name)) throw badFile(archive, `has the entry ${printable(entry.name)} twice`);
    byName.set(entry.name, { ...entry, limit });
  }
  return byName;
}

function packedBytes(view: DataView, { name, headerOffset, packedSize, limit }: ZipEntry, archive: string): Uint8Array {
  const isHeader = view.getUint32(headerOffset, true) === signature.local;
  const start = isHeader
    ? headerOffset + localLength + view.getUint16(headerOffset + 26, true) + view.getUint16(headerOffset + 28, true)
    : Infinity;
  if (start + packedSize > limit) throw badFile(archive, `is not a sound zip archive: ${name} is not where the directory says`);
  return new Uint8Array(view.buffer, view.byteOffset + start, packedSize);
}

function* unpackEntry(packed: Uint8Array, { name, method: packing, size, checksum }: ZipEntry, archive: string): Turns<Uint8Array> {
  if (packing !== method.stored && packing !== method.deflated) {
    throw badFile(archive, `has ${name} in compression method ${packing}; expected 0 or 8`);
  }
  const mismatch = (): Error => badFile(archive, `is damaged: ${name} does not match its checksum`);
  let sum = 0;
  if (packing === method.stored) {
    if (packed.length !== size) throw mismatch();
    yield* stretches(size, bytesPerTurn, (start, end) => (sum = crc32(packed.subarray(start, end), sum)));
    if (sum !== checksum) throw mismatch();
    return packed;
  }
  const data = new Uint8Array(size);
  let length = 0;
  const inflate = new Inflate((piece) => {
    if (length + piece.length > size) throw mismatch();
    data.set(piece, length);
    length += piece.length;
    sum = crc32(piece, sum);
  });
  let [packedSinceTurn, lengthAtTurn] = [0, 0];
  for (let start = 0; start < packed.length; start += packedAtATime) {
    if (packedSinceTurn >= packedPerTurn || length - lengthAtTurn >= bytesPerTurn) {
      yield;
      [packedSinceTurn, lengthAtTurn] = [0, length];
    }
    const end = Math.min(packed.length, start + packedAtATime);
    packedSinceTurn += end - start;
    try {
      inflate.push(packed.subarray(start, end), end === packed.length);
    } catch (cause) {
      throw badFile(archive, `is damaged: ${name} cannot be unpacked`, { cause });
    }
  }
  if (length !== size || sum !== checksum) throw mismatch();
  return data;
}
