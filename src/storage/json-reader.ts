import { parseJson } from "../core/index.ts";
import type { Turns } from "../core/index.ts";
import { badFile } from "./codes-fields.ts";

/** Numbers in lists of lists of equal lengths, row-major. */
export interface NumberGrid<Data> {
  /** One length for each depth; none for a bare number. */
  readonly shape: readonly number[];
  readonly data: Data;
  /** The first number that the data cannot hold, and its place. */
  readonly firstRefused: { readonly value: number; readonly place: number } | null;
}

type NumberArray = Uint16Array<ArrayBuffer> | Float32Array<ArrayBuffer>;

/** Deepest that lists of numbers nest: segments, codebooks, frames. */
const maxDepth = 3;

/** Bytes of numbers that are read in some milliseconds. */
const bytesPerTurn = 2 ** 18;

/** Most white space in a row, and the longest list whose length a message tells, in bytes. */
const maxSpace = 2 ** 16;
const maxShown = 2 ** 16;

/** Longest spelling of a number. */
const maxNumberLength = 400;

const signs = { "{": 0x7b, "}": 0x7d, "[": 0x5b, "]": 0x5d, ",": 0x2c, ":": 0x3a, '"': 0x22 } as const;
const [space, backslash, zero] = [0x20, 0x5c, 0x30];
const letter = { n: 0x6e, t: 0x74, f: 0x66 } as const;

/** Takes values off the bytes of a JSON file, one after the other. */
export class JsonReader {
  readonly #bytes: Uint8Array;
  readonly #name: string;
  #at: number;

  /** @param name Of the file, for messages. */
  constructor(bytes: Uint8Array, name: string) {
    this.#bytes = bytes;
    this.#name = name;
    const hasByteOrderMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
    this.#at = hasByteOrderMark ? 3 : 0;
  }

  /** Takes a sign if it comes next. */
  takes(sign: keyof typeof signs): boolean {
    if (this.#next() !== signs[sign]) return false;
    this.#at++;
    return true;
  }

  /** @throws CodesError if anything else comes. */
  expect(sign: keyof typeof signs): void {
    if (!this.takes(sign)) throw this.#broken();
  }

  /** Takes the word `null` if it comes next. */
  takesNull(): boolean {
    if (this.#next() !== letter.n || String.fromCharCode(...this.#bytes.subarray(this.#at, this.#at + 4)) !== "null") return false;
    this.#at += 4;
    return true;
  }

  /** @throws CodesError if anything else comes. */
  expectEnd(): void {
    if (this.#next() !== undefined) throw this.#broken();
  }

  /**
   * Takes the next value, whatever it is, and gives its text; undefined if it has more bytes than `maxLength`.
   * @throws CodesError if it is cut short. Whether it is JSON is not looked at.
   */
  value(maxLength: number): string | undefined {
    this.#next();
    const begin = this.#at;
    const end = this.#endOfValue(begin + maxLength);
    if (end - begin > maxLength) return undefined;
    this.#at = end;
    try {
      return utf8.decode(this.#bytes.subarray(begin, end));
    } catch (cause) {
      throw this.#broken(cause);
    }
  }

  /**
   * Takes a number, or lists of numbers of equal lengths, nested up to three deep.
   * @param field What they are, for messages.
   * @param Type Of the array to hold them.
   * @throws CodesError if something else is among them, or the lists are of different lengths.
   */
  *numbers<Data extends NumberArray>(field: string, Type: new (length: number) => Data): Turns<NumberGrid<Data>> {
    let data = new Type(1024);
    let count = 0;
    let firstRefused: NumberGrid<Data>["firstRefused"] = null;
    /** Lengths of lists by depth, known once one has ended; and the values so far of those that are open. */
    const shape: number[] = [];
    const open: number[] = [];
    let depthOfNumbers: number | undefined;
    const close = (): void => {
      const length = open.pop()!;
      const expected = (shape[open.length] ??= length);
      if (length !== expected) throw this.#unexpected(`an array of ${length}`, field, expected);
    };
    for (let turnsAt = this.#at + bytesPerTurn; ;) {
      if (this.#at > turnsAt) {
        yield;
        turnsAt = this.#at + bytesPerTurn;
      }
      if (this.#next() === signs["["]) {
        if (open.length === (depthOfNumbers ?? maxDepth)) throw this.#unexpected(this.#describeNext(), field);
        this.#at++;
        open.push(0);
        if (!this.takes("]")) continue;
        depthOfNumbers ??= open.length;
        close();
      } else {
        const value = this.#number();
        if (value === undefined || open.length !== (depthOfNumbers ??= open.length)) {
          throw this.#unexpected(
            value === undefined ? this.#describeNext() : String(value),
            field,
            depthOfNumbers === open.length ? undefined : shape[open.length],
          );
        }
        if (count === data.length) data = enlarged(data, Type);
        data[count] = value;
        if (data[count] !== value && data instanceof Uint16Array) firstRefused ??= { value, place: count };
        count++;
      }
      while (open.length > 0) {
        open[open.length - 1]!++;
        if (this.takes(",")) break;
        this.expect("]");
        close();
      }
      if (open.length === 0) return { shape, data: data.slice(0, count) as Data, firstRefused };
    }
  }

  /** The next byte that is no white space, which is skipped; `undefined` at the end. */
  #next(): number | undefined {
    const limit = this.#at + maxSpace;
    while (this.#bytes[this.#at]! <= space) if (this.#at++ === limit) throw this.#broken();
    return this.#bytes[this.#at];
  }

  /** Takes a number if one comes next. */
  #number(): number | undefined {
    const bytes = this.#bytes;
    const begin = this.#at;
    let at = begin;
    let value = 0;
    // Codes have up to five digits.
    for (let digit; at < begin + 5 && (digit = bytes[at]! - zero) >= 0 && digit <= 9; at++) value = 10 * value + digit;
    if (at > begin && !(bytes[at]! > signs[","] && bytes[at] !== signs["]"]) && (bytes[begin] !== zero || at === begin + 1)) {
      this.#at = at;
      return value;
    }
    for (at = begin; at < begin + maxNumberLength && isNumberByte(bytes[at]);) at++;
    const text = String.fromCharCode(...bytes.subarray(begin, at));
    if (!/^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(text)) return undefined;
    this.#at = at;
    return Number(text);
  }

  /** Where the next value ends; a place behind `limit` for one that goes on beyond it. */
  #endOfValue(limit: number): number {
    const bytes = this.#bytes;
    let depth = 0;
    for (let at = this.#at; at <= limit; at++) {
      const byte = bytes[at];
      if (byte === undefined) throw this.#broken();
      if (byte === signs['"']) {
        for (at++; at <= limit && bytes[at] !== signs['"']; at++) {
          if (bytes[at] === undefined) throw this.#broken();
          if (bytes[at] === backslash) at++;
        }
        if (depth === 0) return at + 1;
      } else if (byte === signs["["] || byte === signs["{"]) {
        depth++;
      } else if (byte === signs["]"] || byte === signs["}"]) {
        if (depth === 0) return at;
        if (--depth === 0) return at + 1;
      } else if (depth === 0 && (byte === signs[","] || byte === signs[":"] || byte <= space)) {
        return at;
      }
    }
    return limit + 1;
  }

  /** What comes next, in words. */
  #describeNext(): string {
    switch (this.#next()) {
      case signs['"']:
        return "text";
      case signs["{"]:
        return "an object";
      case signs["["]:
        return this.#describeList();
      case letter.n:
        return "nothing";
      case letter.t:
        return "true";
      case letter.f:
        return "false";
      default:
        throw this.#broken();
    }
  }

  #describeList(): string {
    try {
      return `an array of ${(parseJson(this.value(maxShown) ?? "") as readonly unknown[]).length}`;
    } catch {
      return "an array";
    }
  }

  #unexpected(found: string, field: string, length?: number): Error {
    const expected = length === undefined ? "a number" : `an array of ${length}`;
    return badFile(this.#name, `has ${found} in "${field}" where ${expected} is expected`);
  }

  #broken(cause?: unknown): Error {
    return badFile(this.#name, "is not JSON; it may be cut short", { cause });
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function enlarged<Data extends NumberArray>(data: Data, Type: new (length: number) => Data): Data {
  const larger = new Type(2 * data.length);
  larger.set(data);
  return larger;
}

/** Digits, point, signs and the exponent's letter. */
function isNumberByte(byte: number | undefined): boolean {
  return (
    byte !== undefined &&
    ((byte >= zero && byte <= 0x39) || byte === 0x2b || byte === 0x2d || byte === 0x2e || byte === 0x45 || byte === 0x65)
  );
}
