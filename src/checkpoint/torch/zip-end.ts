import type { ByteSource } from "../../core/index.ts";
import { brokenZip, safeUint64, see64, viewOf } from "./zip-fields.ts";

/** Where a zip archive's directory lies. */
export interface ZipDirectory {
  readonly offset: number;
  readonly size: number;
  readonly numEntries: number;
}

/** More files than any checkpoint has tensors, and a directory that they fit into. */
const maxEntries = 100_000;
const maxDirectorySize = 32 * 2 ** 20;

const signature = { end: 0x06054b50, end64: 0x06064b50, end64Locator: 0x07064b50 } as const;
const endLength = 22;
const end64LocatorLength = 20;
const end64Length = 56;
const maxCommentLength = 0xffff;

/**
 * Finds a zip archive's directory by the record at its end, or by the Zip64 record that this one refers to.
 * @throws CheckpointError if there is no such record, it is split over several files, its directory lies outside the
 * file or is larger than any checkpoint's, or the two records contradict each other.
 * Source: PKWARE APPNOTE 6.3.10, sections 4.3.14 to 4.3.16.
 */
export async function findZipDirectory(source: ByteSource): Promise<ZipDirectory> {
  const tailLength = Math.min(source.size, endLength + maxCommentLength);
  const tailOffset = source.size - tailLength;
  const tail = viewOf(await source.read(tailOffset, tailLength));
  for (let at = tailLength - endLength; at >= 0; at--) {
    // The record counts only if its comment reaches exactly to the end of the file.
    if (tail.getUint32(at, true) !== signature.end || at + endLength + tail.getUint16(at + 20, true) !== tailLength) {
      continue;
    }
    const directory = await parseEnd(source, new DataView(tail.buffer, tail.byteOffset + at, endLength), tailOffset + at);
    return checkDirectory(source.name, directory, tailOffset + at);
  }
  throw brokenZip(source.name, "it has no end record; the file is cut short or not a zip archive");
}

async function parseEnd(source: ByteSource, end: DataView, endOffset: number): Promise<ZipDirectory> {
  const disks = [end.getUint16(4, true), end.getUint16(6, true)];
  const [numEntriesHere, numEntries] = [end.getUint16(8, true), end.getUint16(10, true)];
  const [size, offset] = [end.getUint32(12, true), end.getUint32(16, true)];
  const directory = { offset, size, numEntries };
  const locatorOffset = endOffset - end64LocatorLength;
  if (locatorOffset >= 0) {
    const locator = viewOf(await source.read(locatorOffset, end64LocatorLength));
    if (locator.getUint32(0, true) === signature.end64Locator) {
      return parseEnd64(source, locator, locatorOffset, directory);
    }
  }
  if (disks.some((disk) => disk !== 0) || numEntriesHere !== numEntries) {
    throw brokenZip(source.name, "it is split over several files");
  }
  if (numEntries === see64.u16 || size === see64.u32 || offset === see64.u32) {
    throw brokenZip(source.name, "its end record refers to a Zip64 record that is not there");
  }
  return directory;
}

/** The Zip64 end record replaces the fields of the end record; those that the latter states itself must agree. */
async function parseEnd64(source: ByteSource, locator: DataView, locatorOffset: number, end: ZipDirectory): Promise<ZipDirectory> {
  const at = safeUint64(source.name, locator, 8);
  if (at + end64Length > locatorOffset) {
    throw brokenZip(source.name, "its Zip64 end record does not lie before its locator");
  }
  const record = viewOf(await source.read(at, end64Length));
  if (record.getUint32(0, true) !== signature.end64) {
    throw brokenZip(source.name, "its Zip64 locator points at something else");
  }
  if (record.getUint32(16, true) !== 0 || record.getUint32(20, true) !== 0 || locator.getUint32(16, true) !== 1) {
    throw brokenZip(source.name, "it is split over several files");
  }
  const directory = {
    numEntries: safeUint64(source.name, record, 32),
    size: safeUint64(source.name, record, 40),
    offset: safeUint64(source.name, record, 48),
  };
  const agrees =
    (end.numEntries === see64.u16 || end.numEntries === directory.numEntries) &&
    (end.size === see64.u32 || end.size === directory.size) &&
    (end.offset === see64.u32 || end.offset === directory.offset);
  if (!agrees || directory.numEntries !== safeUint64(source.name, record, 24)) {
    throw brokenZip(source.name, "its two end records contradict each other");
  }
  if (directory.offset + directory.size > at) {
    throw brokenZip(source.name, "its directory reaches beyond its Zip64 end record");
  }
  return directory;
}

function checkDirectory(archive: string, directory: ZipDirectory, endOffset: number): ZipDirectory {
  if (directory.numEntries > maxEntries || directory.size > maxDirectorySize) {
    throw brokenZip(
      archive,
      `its directory claims ${directory.numEntries} entries in ${directory.size} bytes; ` +
        `at most ${maxEntries} in ${maxDirectorySize} are read`,
    );
  }
  if (directory.offset + directory.size > endOffset) {
    throw brokenZip(archive, "its directory does not lie before its end record");
  }
  return directory;
}
