import { CodecError } from "../../core/index.ts";
import type { ByteSource } from "../../core/index.ts";

/** Something in a tar, in the order of the tar. */
export interface TarEntry {
  readonly name: string;
  readonly isFile: boolean;
  /** Where its first byte is in the tar. */
  readonly offset: number;
  /** Size in bytes, as its header says; the tar may end before. */
  readonly size: number;
}

const blockBytes = 512;
/** Read at once to see headers; what they are of may be passed over. */
const windowBytes = 2 ** 15;
/** What stands before a header, for names that do not fit into it. */
const maxExtensionBytes = 2 ** 20;
/** Two blocks of zeros end a tar, and many fill its last record; another tar may follow, but not after so many. */
const maxZeroBytes = 2 ** 20;

/** The types of headers that are understood; a member of any other type is no file. */
const types = {
  file: "0",
  contiguous: "7",
  directory: "5",
  longName: "L",
  oldLongName: "N",
  longLink: "K",
  pax: "x",
  globalPax: "g",
} as const;

/** What stands before a header about its name and size. */
interface Extension {
  name: string | undefined;
  size: number | undefined;
}

/**
 * The entries of a tar, from its headers alone: bytes of members are passed over. Memory holds one header.
 * @throws TarError at the first header that is none, for an entry that the tar ends before, and for names and sizes beyond all measure.
 * Source of the format: POSIX.1-2008 `pax`, "ustar Interchange Format" and "pax Interchange Format"; GNU tar manual, "Basic Tar Format".
 */
export async function* tarEntries(source: ByteSource): AsyncGenerator<TarEntry, void> {
  let window: { readonly start: number; readonly bytes: Uint8Array } = { start: 0, bytes: new Uint8Array() };
  const read = async (start: number, length: number): Promise<Uint8Array> => {
    if (start + length > source.size) throw new TarError("it ends too early");
    if (start < window.start || start + length > window.start + window.bytes.length) {
      const size = Math.min(Math.max(length, windowBytes), source.size - start);
      window = { start, bytes: await source.read(start, size) };
    }
    return window.bytes.subarray(start - window.start, start - window.start + length);
  };

  let extension: Extension = { name: undefined, size: undefined };
  let zeroBytes = 0;
  for (let offset = 0; offset < source.size;) {
    const block = await read(offset, blockBytes);
    offset += blockBytes;
    if (block.every((byte) => byte === 0)) {
      zeroBytes += blockBytes;
      if (zeroBytes > maxZeroBytes) return;
      continue;
    }
    zeroBytes = 0;
    const header = readHeader(block);
    const { type } = header;
    if (
      type === types.longName ||
      type === types.oldLongName ||
      type === types.longLink ||
      type === types.pax ||
      type === types.globalPax
    ) {
      if (header.size > maxExtensionBytes)
        throw new TarError(`a name is said to have ${header.size} bytes; at most ${maxExtensionBytes} are read`);
      const bytes = await read(offset, header.size);
      if (type === types.longName || type === types.oldLongName) extension.name = textOf(bytes);
      if (type === types.pax) readPax(bytes, extension);
      offset += padded(header.size);
      continue;
    }
    const name = extension.name ?? header.name;
    const size = extension.size ?? header.size;
    extension = { name: undefined, size: undefined };
    const isDirectory = type === types.directory || (type === types.file && name.endsWith("/"));
    yield { name, isFile: !isDirectory && (type === types.file || type === types.contiguous), offset, size };
    if (isDirectory) continue;
    if (offset + size > source.size) throw new TarError(`it ends within ${name.slice(0, 200)}`);
    offset += padded(size);
    if (offset > source.size) throw new TarError("it ends too early");
  }
}

/** What is wrong with a tar. */
export class TarError extends CodecError {
  constructor(message: string) {
    super("TAR_DAMAGED", message);
  }
}

interface Header extends Pick<TarEntry, "name" | "size"> {
  readonly type: string;
}

function readHeader(block: Uint8Array): Header {
  const magic = String.fromCharCode(...block.subarray(257, 265));
  const isUstar = magic.startsWith("ustar\0");
  let sum = 0;
  for (const [i, byte] of block.entries()) sum += i >= 148 && i < 156 ? 0x20 : byte; // the sum itself counts as spaces
  if (sum !== numberOf(block.subarray(148, 156)))
    throw new TarError("there is something else where a header should be; is it a tar, and not compressed?");
  if (!isUstar && magic !== "ustar  \0") throw new TarError("it is of an unknown kind of tar; expected that of POSIX or GNU");
  const name = textOf(block.subarray(0, 100));
  const prefix = isUstar ? textOf(block.subarray(345, 500)) : "";
  const type = block[156] === 0 ? types.file : String.fromCharCode(block[156]!);
  return { name: prefix === "" ? name : `${prefix}/${name}`, type, size: sizeOf(numberOf(block.subarray(124, 136))) };
}

/** Octal digits, or for what these cannot say, a binary number after a byte of 0x80. */
function numberOf(field: Uint8Array): number {
  if ((field[0]! & 0x80) === 0) {
    const digits = /^[ \0]*([0-7]*)/u.exec(String.fromCharCode(...field))![1]!;
    return digits === "" ? 0 : Number.parseInt(digits, 8);
  }
  const isNegative = field[0]! !== 0x80;
  return isNegative ? -1 : field.subarray(1).reduce((value, byte) => value * 256 + byte, 0);
}

function sizeOf(size: number): number {
  if (!Number.isSafeInteger(size) || size < 0 || size > 2 ** 52) throw new TarError("a member is said to have a size that no file has");
  return size;
}

/** Records such as `30 path=a/long/name.wav\n`, each with its own length before it; only names and sizes are of use. */
function readPax(bytes: Uint8Array, extension: Extension): void {
  for (let start = 0; start < bytes.length;) {
    const space = bytes.indexOf(0x20, start);
    const equals = bytes.indexOf(0x3d, space);
    const end = start + decimal(bytes.subarray(start, Math.max(start, space)));
    // Written so that a length that is none fails, too.
    if (!(space < equals && equals < end && end <= bytes.length && bytes[end - 1] === 0x0a))
      throw new TarError("what a header says of its member cannot be read");
    const key = textOf(bytes.subarray(space + 1, Math.min(equals, space + 10)));
    const value = bytes.subarray(equals + 1, end - 1);
    if (key === "path") extension.name = textOf(value);
    if (key === "size") extension.size = sizeOf(decimal(value));
    start = end;
  }
}

function decimal(digits: Uint8Array): number {
  const text = digits.length > 16 ? "" : textOf(digits);
  return /^\d+$/u.test(text) ? Number(text) : Number.NaN;
}

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** Text up to its first zero byte. */
function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return utf8.decode(end === -1 ? bytes : bytes.subarray(0, end));
}

function padded(size: number): number {
  return Math.ceil(size / blockBytes) * blockBytes;
}
