/** Draws whole numbers from 0 up to, but not including, `limit`. */
export type Draw = (limit: number) => number;

/** Numbers that parsers stumble over: borders of the usual widths, and their neighbours. */
const borders = [0, 1, 2, 127, 128, 255, 256, 32_767, 32_768, 65_535, 65_536, 2 ** 24, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 2, 2 ** 32 - 1];

/** What is put in place of a number that is written out in text. */
const writtenValues = ["0", "-1", "1e9", "1e308", "-0", "4294967296", "9007199254740993", "0.99999", "1e-300", "null", '""', "[]", "{}"];

/** A generator of random numbers whose whole sequence follows from `seed` (xorshift32, Marsaglia 2003, "Xorshift RNGs"). */
export function drawFrom(seed: number): Draw {
  let state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) | 1;
  return (limit) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
}

type Mutation = (bytes: Uint8Array, draw: Draw, others: readonly Uint8Array[]) => Uint8Array;

const mutations: readonly Mutation[] = [
  function flipBit(bytes, draw) {
    const at = draw(bytes.length);
    return changed(bytes, at, [bytes[at]! ^ (1 << draw(8))]);
  },
  function setByte(bytes, draw) {
    return changed(bytes, draw(bytes.length), [draw(3) === 0 ? draw(256) : [0, 1, 0x7f, 0x80, 0xff][draw(5)]!]);
  },
  function setNumber(bytes, draw) {
    const width = [2, 4, 8][draw(3)]!;
    const number = new DataView(new ArrayBuffer(8));
    const littleEndian = draw(2) === 0;
    const value = borders[draw(borders.length)]!;
    if (width === 2) number.setUint16(0, value, littleEndian);
    else if (width === 4) number.setUint32(0, value, littleEndian);
    else number.setBigUint64(0, BigInt(value) * (draw(2) === 0 ? 1n : 2n ** 31n), littleEndian);
    return changed(bytes, draw(bytes.length), new Uint8Array(number.buffer, 0, width));
  },
  function setWrittenNumber(bytes, draw) {
    let start = draw(bytes.length);
    while (start < bytes.length && !isDigit(bytes[start]!)) start += 1;
    let end = start;
    while (end < bytes.length && isDigit(bytes[end]!)) end += 1;
    return spliced(bytes, start, end, Buffer.from(writtenValues[draw(writtenValues.length)]!));
  },
  function remove(bytes, draw) {
    const start = draw(bytes.length);
    return spliced(bytes, start, start + 1 + draw(16), new Uint8Array());
  },
  function truncate(bytes, draw) {
    return bytes.slice(0, draw(bytes.length + 1));
  },
  function insertRandom(bytes, draw) {
    const start = draw(bytes.length + 1);
    return spliced(
      bytes,
      start,
      start,
      Uint8Array.from({ length: 1 + draw(16) }, () => draw(256)),
    );
  },
  function repeatRange(bytes, draw) {
    const start = draw(bytes.length);
    const range = bytes.slice(start, start + 1 + draw(64));
    const copies = 1 + draw(4);
    return spliced(bytes, start, start, Buffer.concat(Array.from({ length: copies }, () => range)));
  },
  function moveRange(bytes, draw) {
    const from = draw(bytes.length);
    return changed(bytes, draw(bytes.length), bytes.slice(from, from + 1 + draw(32)));
  },
  function insertOther(bytes, draw, others) {
    const other = others[draw(others.length)]!;
    const from = draw(other.length + 1);
    const start = draw(bytes.length + 1);
    return spliced(bytes, start, start + draw(2) * draw(64), other.slice(from, from + 1 + draw(64)));
  },
];

/** One of `seeds` with one to eight small changes; `words` are inserted like pieces of other seeds. */
export function mutate(seeds: readonly Uint8Array[], words: readonly Uint8Array[], draw: Draw): Uint8Array {
  let bytes: Uint8Array = Uint8Array.from(seeds[draw(seeds.length)]!); // a `slice` of a Buffer would be no copy, and changes of it changes of the seed
  const others = words.length > 0 && draw(2) === 0 ? words : seeds;
  for (let count = 1 + draw(8) * draw(2); count > 0; count -= 1) {
    if (bytes.length === 0) bytes = Uint8Array.of(draw(256));
    bytes = mutations[draw(mutations.length)]!(bytes, draw, others);
  }
  return bytes;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

function changed(bytes: Uint8Array, at: number, values: ArrayLike<number>): Uint8Array {
  const copy = new Uint8Array(bytes); // `slice` of a Buffer would share its memory
  copy.set(Array.prototype.slice.call(values, 0, copy.length - at), at);
  return copy;
}

function spliced(bytes: Uint8Array, start: number, end: number, middle: Uint8Array): Uint8Array {
  const tail = bytes.subarray(Math.min(end, bytes.length));
  const result = new Uint8Array(start + middle.length + tail.length);
  result.set(bytes.subarray(0, start));
  result.set(middle, start);
  result.set(tail, start + middle.length);
  return result;
}
