import { CodesError, printable } from "../core/index.ts";
import type { AudioCodesData } from "../core/index.ts";
import { badFile, codesIn, maxTextLength } from "./codes-fields.ts";
import type { Reading, StoredCodes } from "./codes-fields.ts";
import { bytesPerElement, countElements, elementBytes, isElementType, readArray, readElements } from "./elements.ts";
import type { ArrayBytes, StoredArray } from "./elements.ts";

const magic = "\x93NUMPY";

/** Magic, version and the header's length together, then the header, are a multiple of this. */
const alignment = 64;

/**
 * numpy's own limit for headers that it evaluates.
 * Source: numpy `lib/format.py`, `_MAX_HEADER_SIZE`.
 */
const maxHeaderLength = 10_000;

/** Bytes before the elements, at most: magic, version and length, then the header. */
export const maxNpyPrefix: number = 12 + maxHeaderLength;

/** Those of transformers' `[numSegments, 1, K, T]`. */
const maxDimensions = 4;

/** What a `.npy` header says; `descr` is the dtype as numpy writes it, byte order first: `<u2`. */
interface NpyHeader {
  readonly descr: string;
  readonly isFortranOrder: boolean;
  readonly shape: readonly number[];
  /** Where the elements start, in bytes. */
  readonly dataOffset: number;
}

/** Text or an array of numbers: the two kinds of `.npy` that codes files hold. */
export type NpyValue = StoredArray | string;

/**
 * Codes as one bare uint16 array: `[K, T]`, or `[numSegments, K, T]` where there are several segments.
 * The length is rounded up to whole frames, since the format has no place for it.
 * @throws CodesError with code CODES_UNSUPPORTED if more than that would be lost: scales, or a shorter last segment.
 */
export function formatNpy(codes: AudioCodesData): Uint8Array {
  const [numSegments, numCodebooks, numFrames] = codes.shape;
  if (codes.scales !== null) throw tooPoor("the scales of these codes, without which they cannot be decoded");
  if (codes.segment !== null && codes.numSamples <= (numSegments - 1) * codes.segment.stride + (numFrames - 1) * codes.hopLength) {
    throw tooPoor("that the last segment is shorter than the others");
  }
  return formatArray("<u2", numSegments === 1 ? [numCodebooks, numFrames] : codes.shape, elementBytes(codes.data));
}

/** Reads a `.npy` file that holds nothing but codes, of any integer type, byte order and memory order. */
export function parseNpy(bytes: Uint8Array, { name }: Reading): StoredCodes {
  const codes = openArray(bytes, name);
  return {
    fields: {},
    *read(codebookSize) {
      return { ...(yield* codesIn(codes, codebookSize, name)), scales: null };
    },
  };
}

/**
 * A `.npy` file, version 1.0.
 * Source: numpy `lib/format.py`, "Format Version 1.0".
 * @param data The elements, row-major, in the byte order that `descr` says.
 */
export function formatArray(descr: string, shape: readonly number[], data: Uint8Array): Uint8Array {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const dict = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const prefixLength = magic.length + 4;
  const headerLength = Math.ceil((prefixLength + dict.length + 1) / alignment) * alignment - prefixLength;
  const header = `${dict.padEnd(headerLength - 1)}\n`;
  const version = String.fromCharCode(1, 0, headerLength & 0xff, headerLength >> 8);
  const file = new Uint8Array(prefixLength + headerLength + data.byteLength);
  file.set(Array.from(magic + version + header, (character) => character.charCodeAt(0)));
  file.set(data, prefixLength + headerLength);
  return file;
}

/** Text as a `.npy` file that holds one string: dtype `<U`, four bytes per character, no dimensions. */
export function formatText(text: string): Uint8Array {
  const characters = Uint32Array.from(text, (character) => character.codePointAt(0)!);
  const length = Math.max(1, characters.length);
  const padded = new Uint32Array(length);
  padded.set(characters);
  return formatArray(`<U${length}`, [], elementBytes(padded));
}

/**
 * Reads the one array of a `.npy` file, or its one string.
 * @throws CodesError if it is cut short, damaged, or of a type that is neither a number nor text; pickled objects are never read.
 */
export function parseArray(bytes: Uint8Array, name: string): NpyValue {
  const header = parseHeader(bytes, name);
  const text = /^([<>=])U(\d{1,9})$/.exec(header.descr);
  if (text === null || header.shape.length > 0) return readArray(arrayBytes(header, bytes, name));
  const length = Number(text[2]);
  if (length > maxTextLength) throw badFile(name, `holds text of ${length} characters; at most ${maxTextLength} are read`);
  return textFrom(readElements(elementsIn(header, 4 * length, bytes, name), "u4", text[1] === ">") as Uint32Array, name);
}

/**
 * The one array of a `.npy` file, its elements not looked at.
 * @throws CodesError as `parseArray` does, and for text.
 */
export function openArray(bytes: Uint8Array, name: string): ArrayBytes {
  const header = parseHeader(bytes, name);
  if (/^.U\d+$/.test(header.descr)) throw badFile(name, "holds text; expected an array of numbers");
  return arrayBytes(header, bytes, name);
}

function arrayBytes(header: NpyHeader, bytes: Uint8Array, name: string): ArrayBytes {
  const { descr, isFortranOrder, shape } = header;
  const [, order, type] = /^([<>|=])([a-zA-Z]\d+)$/.exec(descr) ?? [];
  if (type === undefined || !isElementType(type)) {
    throw badFile(
      name,
      `holds elements of dtype ${JSON.stringify(printable(descr))}; expected integers of 8 to 64 bits (scales: float32 or float64)`,
    );
  }
  if (shape.length > maxDimensions)
    throw badFile(name, `holds an array of ${shape.length} dimensions; codes have at most ${maxDimensions}`);
  return { type, shape, isBigEndian: order === ">", isFortranOrder, bytes: elementsIn(header, bytesPerElement(type), bytes, name) };
}

/** The bytes after the header, which have to be those of its elements. */
function elementsIn({ descr, shape, dataOffset }: NpyHeader, elementLength: number, bytes: Uint8Array, name: string): Uint8Array {
  const data = bytes.subarray(dataOffset);
  const expected = countElements(shape) * elementLength;
  if (data.byteLength !== expected) {
    throw badFile(name, `has ${data.byteLength} bytes of elements; ${descr} of shape [${shape.join(", ")}] takes ${expected}`);
  }
  return data;
}

function parseHeader(bytes: Uint8Array, name: string): NpyHeader {
  const text = Array.from(bytes.subarray(0, 12), (byte) => String.fromCharCode(byte)).join("");
  const major = bytes[6] ?? 0;
  if (!text.startsWith(magic) || major < 1 || major > 3 || bytes.byteLength < 12) {
    throw badFile(name, "does not start as a .npy file of version 1 to 3");
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, 12);
  const start = major === 1 ? 10 : 12;
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > Math.min(maxHeaderLength, bytes.byteLength - start)) {
    throw badFile(
      name,
      `has a .npy header of ${length} bytes; the file holds ${bytes.byteLength - start} and at most ${maxHeaderLength} are allowed`,
    );
  }
  const header = new TextDecoder("latin1").decode(bytes.subarray(start, start + length));
  const descr = /'descr': *'([^']*)'/.exec(header)?.[1];
  const order = /'fortran_order': *(True|False)/.exec(header)?.[1];
  const sizes = /'shape': *\(((?:\d{1,15}, *)*\d{0,15}),? *\)/.exec(header)?.[1];
  if (descr === undefined || order === undefined || sizes === undefined) {
    throw badFile(name, `has a .npy header that does not describe a plain array: ${JSON.stringify(printable(header.trim()))}`);
  }
  const shape = sizes
    .split(",")
    .filter((size) => size.trim() !== "")
    .map(Number);
  return { descr, isFortranOrder: order === "True", shape, dataOffset: start + length };
}

/** numpy pads strings with zeros, which are not part of them. */
function textFrom(characters: ArrayLike<number>, name: string): string {
  const codePoints = Array.from(characters);
  if (codePoints.some((codePoint) => codePoint > 0x10ffff)) throw badFile(name, "holds text that is not Unicode");
  return codePoints
    .map((codePoint) => String.fromCodePoint(codePoint))
    .join("")
    .replace(/\0+$/, "");
}

function tooPoor(what: string): CodesError {
  return new CodesError("CODES_UNSUPPORTED", `.npy holds bare codes and would lose ${what}; store them as .safetensors, .npz or .json`);
}
