import { inTurns, printable } from "../../core/index.ts";
import type { ByteSource, Turns } from "../../core/index.ts";
import { findZipDirectory } from "./zip-end.ts";
import { brokenZip, decodeName, safeUint64, see64, viewOf } from "./zip-fields.ts";

/** A file in a zip archive, stored without compression. */
export interface StoredEntry {
  readonly name: string;
  /** Size in bytes. */
  readonly size: number;
}

/** A zip archive whose files are read in ranges. */
export interface StoredZip {
  readonly entries: ReadonlyMap<string, StoredEntry>;
  /**
   * Position in the source at which an entry's bytes begin.
   * @throws CheckpointError if the entry's own header contradicts the directory or its bytes reach into the next entry.
   */
  locate(entry: StoredEntry): Promise<number>;
}

interface DirectoryEntry extends StoredEntry {
  readonly headerOffset: number;
  /** Where the next entry or the directory begins: the entry must end before. */
  readonly limit: number;
}

const signature = { local: 0x04034b50, central: 0x02014b50 } as const;
/** Entries that are read in some milliseconds. */
const entriesPerTurn = 10_000;

const centralLength = 46;
const localLength = 30;

/** Flags of the general purpose field: encryption; sizes that follow the data instead of standing in the local header. */
const flag = { encrypted: 1 << 0, sizesFollow: 1 << 3 } as const;

/**
 * Opens a zip archive of stored files, as `torch.save` writes them: reads and checks its directory only.
 *
 * ```text
 * local header │ data │ local header │ data │ … │ directory │ [zip64 end │ zip64 locator] │ end record
 * ```
 *
 * @throws CheckpointError with code CHECKPOINT_FORMAT if it is cut short, compressed, encrypted, split over several
 * files, has two entries of one name, overlapping entries, or records that contradict each other.
 * Source: PKWARE APPNOTE 6.3.10, sections 4.3 and 4.5.3.
 */
export async function openStoredZip(source: ByteSource): Promise<StoredZip> {
  const directory = await findZipDirectory(source);
  const bytes = await source.read(directory.offset, directory.size);
  const listed = await inTurns(parseDirectory(source.name, bytes, directory.numEntries));
  const entries = limitEntries(source.name, listed, directory.offset);
  return {
    entries,
    async locate({ name }) {
      const entry = entries.get(name);
      if (entry === undefined) throw brokenZip(source.name, `it has no entry ${printable(name)}`);
      return locateData(source, entry);
    },
  };
}

function* parseDirectory(archive: string, bytes: Uint8Array, numEntries: number): Turns<Omit<DirectoryEntry, "limit">[]> {
  const view = viewOf(bytes);
  const entries: Omit<DirectoryEntry, "limit">[] = [];
  let at = 0;
  for (let i = 0; i < numEntries; i++) {
    if (i % entriesPerTurn === entriesPerTurn - 1) yield;
    if (at + centralLength > bytes.length || view.getUint32(at, true) !== signature.central) {
      throw brokenZip(archive, `its directory ends after ${i} of ${numEntries} entries`);
    }
    const nameLength = view.getUint16(at + 28, true);
    const extraLength = view.getUint16(at + 30, true);
    const next = at + centralLength + nameLength + extraLength + view.getUint16(at + 32, true);
    if (next > bytes.length) throw brokenZip(archive, `its directory ends in the middle of entry ${i}`);
    const name = decodeName(archive, bytes.subarray(at + centralLength, at + centralLength + nameLength));
    const extra = bytes.subarray(at + centralLength + nameLength, at + centralLength + nameLength + extraLength);
    entries.push(parseEntry(archive, name, new DataView(view.buffer, view.byteOffset + at, centralLength), extra));
    at = next;
  }
  if (at !== bytes.length) {
    throw brokenZip(archive, `its directory has ${bytes.length - at} bytes after the last entry`);
  }
  return entries;
}

function parseEntry(archive: string, name: string, header: DataView, extra: Uint8Array): Omit<DirectoryEntry, "limit"> {
  if ((header.getUint16(8, true) & flag.encrypted) !== 0) {
    throw brokenZip(archive, `its entry ${printable(name)} is encrypted`);
  }
  const method = header.getUint16(10, true);
  if (method !== 0) {
    throw brokenZip(
      archive,
      `its entry ${printable(name)} is compressed (method ${method}); torch.save stores entries as ` +
        `they are, so it was packed again by another program`,
    );
  }
  const inHeader = [header.getUint32(24, true), header.getUint32(20, true), header.getUint32(42, true)];
  const [size, storedSize, headerOffset] = resolve64(archive, name, inHeader, extra) as [number, number, number];
  if (size !== storedSize) {
    throw brokenZip(archive, `its entry ${printable(name)} is not compressed, but claims ${storedSize} bytes for ${size}`);
  }
  return { name, size, headerOffset };
}

/**
 * Replaces those fields of a header that are all ones by the values of the Zip64 extra field, where they stand in the
 * same order. Source: APPNOTE 4.5.3.
 */
function resolve64(archive: string, entry: string, fields: readonly number[], extra: Uint8Array): number[] {
  if (!fields.includes(see64.u32)) return [...fields];
  const view = viewOf(extra);
  for (let at = 0; at + 4 <= extra.length;) {
    const [id, length] = [view.getUint16(at, true), view.getUint16(at + 2, true)];
    const end = at + 4 + length;
    if (end > extra.length) break;
    if (id === 1) {
      let next = at + 4;
      return fields.map((field) => {
        if (field !== see64.u32) return field;
        if (next + 8 > end) {
          throw brokenZip(archive, `its entry ${printable(entry)} has a Zip64 field that is too short`);
        }
        next += 8;
        return safeUint64(archive, view, next - 8);
      });
    }
    at = end;
  }
  throw brokenZip(archive, `its entry ${printable(entry)} refers to a Zip64 field that is not there`);
}

/** Gives every entry the place it must end before, and refuses entries that overlap already by their sizes. */
function limitEntries(
  archive: string,
  entries: readonly Omit<DirectoryEntry, "limit">[],
  directoryOffset: number,
): ReadonlyMap<string, DirectoryEntry> {
  const inOrder = entries.toSorted((a, b) => a.headerOffset - b.headerOffset);
  const byName = new Map<string, DirectoryEntry>();
  for (const [i, entry] of inOrder.entries()) {
    const limit = inOrder[i + 1]?.headerOffset ?? directoryOffset;
    if (entry.headerOffset + localLength + entry.size > limit) {
      throw brokenZip(archive, `its entry ${printable(entry.name)} overlaps what follows it or ends outside the file`);
    }
    if (byName.has(entry.name)) throw brokenZip(archive, `it has two entries ${printable(entry.name)}`);
    byName.set(entry.name, { ...entry, limit });
  }
  return byName;
}

async function locateData(source: ByteSource, entry: DirectoryEntry): Promise<number> {
  const { name, size, headerOffset, limit } = entry;
  const header = viewOf(await source.read(headerOffset, localLength));
  if (header.getUint32(0, true) !== signature.local) {
    throw brokenZip(source.name, `its directory says that ${printable(name)} begins at ${headerOffset}, but no entry does`);
  }
  const nameLength = header.getUint16(26, true);
  const extraLength = header.getUint16(28, true);
  const dataOffset = headerOffset + localLength + nameLength + extraLength;
  if (dataOffset + size > limit) throw brokenZip(source.name, `its entry ${printable(name)} overlaps what follows it`);

  const rest = await source.read(headerOffset + localLength, nameLength + extraLength);
  const nameHere = decodeName(source.name, rest.subarray(0, nameLength));
  const flags = header.getUint16(6, true);
  const inHeader = [header.getUint32(22, true), header.getUint32(18, true)];
  const sizes = resolve64(source.name, name, inHeader, rest.subarray(nameLength));
  const isDeferred = (flags & flag.sizesFollow) !== 0 && sizes.every((here) => here === 0);
  if (
    nameHere !== name ||
    header.getUint16(8, true) !== 0 ||
    (flags & flag.encrypted) !== 0 ||
    !(isDeferred || sizes.every((here) => here === size))
  ) {
    throw brokenZip(source.name, `the header of its entry ${printable(name)} contradicts the directory (name, method or size)`);
  }
  return dataOffset;
}
