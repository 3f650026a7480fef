import { inflateSync } from "fflate";
import { crc32 } from "../core/index.ts";
import { badFile } from "./codes-fields.ts";

const signature = { local: 0x04034b50, central: 0x02014b50, end: 0x06054b50 } as const;
const localLength = 30;
const centralLength = 46;
const endLength = 22;
const maxCommentLength = 0xffff;

const method = { stored: 0, deflated: 8 } as const;

/** Deflate cannot shrink data further than this. Source: zlib's technical notes, "Maximum Compression Factor". */
const maxDeflateRatio = 1032;

/** No array of codes is near this: 32 codebooks at 75 frames per second for two days. */
const maxEntryBytes = 2 ** 30;

/** A file in an archive, as the directory describes it. */
interface ZipEntry {
  readonly name: string;
  readonly method: number;
  readonly checksum: number;
  readonly packedSize: number;
  readonly size: number;
  readonly headerOffset: number;
}

/**
 * Reads those files of a zip archive that are wanted; what they declare is checked before anything is allocated.
 * Archives beyond 4 GiB (Zip64) are refused; the Zip64 fields that numpy puts into small ones do not matter.
 * @throws CodesError if the archive is cut short or damaged, a checksum is wrong, or a wanted file is there twice.
 * Source: PKWARE APPNOTE 6.3.10, sections 4.3.7 (local header), 4.3.12 (directory) and 4.3.16 (end record).
 */
export function readZip(bytes: Uint8Array, archive: string, isWanted: (name: string) => boolean): ReadonlyMap<string, Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const files = new Map<string, Uint8Array>();
  for (const entry of readDirectory(view, archive)) {
    if (!isWanted(entry.name)) continue;
    if (files.has(entry.name)) throw badFile(archive, `has the entry ${entry.name} twice`);
    files.set(entry.name, readEntry(view, entry, archive));
  }
  return files;
}

function* readDirectory(view: DataView, archive: string): Generator<ZipEntry> {
  const end = findEnd(view, archive);
  const count = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  for (let index = 0; index < count; index++) {
    if (at + centralLength > end || view.getUint32(at, true) !== signature.central) {
      throw badFile(archive, `is not a sound zip archive: its directory ends after ${index} of ${count} entries`);
    }
    const nameLength = view.getUint16(at + 28, true);
    const next = at + centralLength + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
    if (next > end) throw badFile(archive, "is not a sound zip archive: its directory ends within an entry");
    yield {
      name: new TextDecoder().decode(new Uint8Array(view.buffer, view.byteOffset + at + centralLength, nameLength)),
      method: view.getUint16(at + 10, true),
      checksum: view.getUint32(at + 16, true),
      packedSize: view.getUint32(at + 20, true),
      size: view.getUint32(at + 24, true),
      headerOffset: view.getUint32(at + 42, true),
    };
    at = next;
  }
}

/** The end record stands last, before a comment of unknown length. */
function findEnd(view: DataView, archive: string): number {
  const last = view.byteLength - endLength;
  for (let at = last; at >= Math.max(0, last - maxCommentLength); at--) {
    if (view.getUint32(at, true) === signature.end) return at;
  }
  throw badFile(archive, "is not a whole zip archive: it has no end record and may be cut short");
}

function readEntry(view: DataView, entry: ZipEntry, archive: string): Uint8Array {
  const { name, headerOffset, packedSize, size } = entry;
  if (size > Math.min(maxEntryBytes, packedSize * maxDeflateRatio)) {
    throw badFile(archive, `declares ${size} bytes for ${name}, more than it can hold`);
  }
  const isHeader = headerOffset + localLength <= view.byteLength && view.getUint32(headerOffset, true) === signature.local;
  const start = isHeader ? headerOffset + localLength + view.getUint16(headerOffset + 26, true) + view.getUint16(headerOffset + 28, true) : Infinity;
  if (start + packedSize > view.byteLength) throw badFile(archive, `is not a sound zip archive: ${name} is not where the directory says`);
  const data = unpack(new Uint8Array(view.buffer, view.byteOffset + start, packedSize), entry, archive);
  if (data.byteLength !== size || crc32(data) !== entry.checksum) throw badFile(archive, `is damaged: ${name} does not match its checksum`);
  return data;
}

function unpack(packed: Uint8Array, entry: ZipEntry, archive: string): Uint8Array {
  if (entry.method === method.stored) return packed;
  if (entry.method !== method.deflated) throw badFile(archive, `has ${entry.name} in compression method ${entry.method}; expected 0 or 8`);
  try {
    return inflateSync(packed, { out: new Uint8Array(entry.size) });
  } catch (cause) {
    throw badFile(archive, `is damaged: ${entry.name} cannot be unpacked`, { cause });
  }
}
