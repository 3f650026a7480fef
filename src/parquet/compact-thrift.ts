import { damaged } from "./damaged.ts";

/** Kinds of values, as a field or a list says which follow. */
const kinds = {
  yes: 1,
  no: 2,
  int8: 3,
  int16: 4,
  int32: 5,
  int64: 6,
  double: 7,
  binary: 8,
  list: 9,
  set: 10,
  map: 11,
  struct: 12,
  uuid: 13,
} as const;

/** Structs and lists within each other; Parquet's own go six deep. */
const maxDepth = 32;

/**
 * Reads what Parquet writes about itself: Thrift's compact protocol. Nothing is read that nobody asks for, and no count is believed beyond
 * the bytes that are there.
 * Source: apache/thrift `doc/specs/thrift-compact-protocol.md`.
 */
export class CompactThrift {
  readonly #bytes: Uint8Array;
  #offset: number;

  constructor(bytes: Uint8Array, offset: number = 0) {
    this.#bytes = bytes;
    this.#offset = offset;
  }

  /** Where the next byte is. */
  get offset(): number {
    return this.#offset;
  }

  /** @param read Given the number and the kind of each field; what it leaves alone is passed over. */
  struct(read: (field: number, kind: number) => void): void {
    for (let field = 0; ;) {
      const head = this.#byte();
      if (head === 0) return;
      field = head >> 4 === 0 ? this.#zigzag() : field + (head >> 4);
      const start = this.#offset;
      read(field, head & 15);
      if (this.#offset === start) this.#skip(head & 15, 0);
    }
  }

  /** The struct of a field or of a list's element. */
  structOf(kind: number, read: (field: number, kind: number) => void): void {
    this.#expect(kind, kinds.struct);
    this.struct(read);
  }

  /** Reads every element of a list of at most `most`. */
  list(kind: number, most: number, read: (kind: number) => void): void {
    this.#expect(kind, kinds.list);
    const { count, element } = this.#listHead();
    if (count > most) throw damaged(`it has a list of ${count}; at most ${most} are read`);
    for (let i = 0; i < count; i++) read(element);
  }

  /** A whole number of up to 64 bits. */
  int(kind: number): number {
    if (kind === kinds.int8) return (this.#byte() << 24) >> 24;
    if (kind < kinds.int16 || kind > kinds.int64) throw damaged("its metadata has something else where a number should be");
    return this.#zigzag();
  }

  /** Its value is in its kind. */
  boolean(kind: number): boolean {
    if (kind !== kinds.yes && kind !== kinds.no) throw damaged("its metadata has something else where yes or no should be");
    return kind === kinds.yes;
  }

  text(kind: number): string {
    this.#expect(kind, kinds.binary);
    const length = this.#varint();
    const bytes = this.#bytes.subarray(this.#offset, this.#advance(length));
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    } catch {
      throw damaged("a text of its metadata is not UTF-8");
    }
  }

  #skip(kind: number, depth: number): void {
    if (depth > maxDepth) throw damaged(`its metadata is nested deeper than ${maxDepth}`);
    switch (kind) {
      case kinds.yes:
      case kinds.no:
        return;
      case kinds.int8:
        this.#advance(1);
        return;
      case kinds.int16:
      case kinds.int32:
      case kinds.int64:
        while (this.#byte() > 127);
        return;
      case kinds.double:
        this.#advance(8);
        return;
      case kinds.uuid:
        this.#advance(16);
        return;
      case kinds.binary:
        this.#advance(this.#varint());
        return;
      case kinds.list:
      case kinds.set: {
        const { count, element } = this.#listHead();
        for (let i = 0; i < count; i++) this.#skipElement(element, depth + 1);
        return;
      }
      case kinds.map: {
        const count = this.#varint();
        const both = count === 0 ? 0 : this.#byte();
        for (let i = 0; i < count; i++) {
          this.#skipElement(both >> 4, depth + 1);
          this.#skipElement(both & 15, depth + 1);
        }
        return;
      }
      case kinds.struct:
        for (let head = this.#byte(); head !== 0; head = this.#byte()) {
          if (head >> 4 === 0) this.#zigzag(); // the number of the field
          this.#skip(head & 15, depth + 1);
        }
        return;
      default:
        throw damaged(`its metadata has a value of the unknown kind ${kind}`);
    }
  }

  /** Yes and no take a byte within a list, and none as fields; so every element takes one, and no count outlives the bytes. */
  #skipElement(kind: number, depth: number): void {
    if (kind === kinds.yes || kind === kinds.no) this.#advance(1);
    else this.#skip(kind, depth);
  }

  #listHead(): { readonly count: number; readonly element: number } {
    const head = this.#byte();
    return { count: head >> 4 === 15 ? this.#varint() : head >> 4, element: head & 15 };
  }

  #zigzag(): number {
    const value = this.#varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  /** Numbers that JavaScript does not hold stand for nothing in a file that can be read. */
  #varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#byte();
      value += (byte & 127) * scale;
      if (value > Number.MAX_SAFE_INTEGER || scale > 2 ** 63) throw damaged("its metadata has a number of more than 53 bits");
      if (byte < 128) return value;
    }
  }

  #byte(): number {
    return this.#bytes[this.#advance(1) - 1]!;
  }

  /** @returns The new offset. */
  #advance(length: number): number {
    if (this.#offset + length > this.#bytes.length) throw damaged("its metadata ends too early");
    return (this.#offset += length);
  }

  #expect(kind: number, expected: number): void {
    if (kind !== expected) throw damaged(`its metadata has a value of kind ${kind} where kind ${expected} should be`);
  }
}
