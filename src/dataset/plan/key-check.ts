import { hash } from "node:crypto";
import { DatasetError } from "../folder/dataset-error.ts";
import { createDurable } from "../folder/durable-file.ts";
import type { DurableFile } from "../folder/durable-file.ts";
import { ContentIndex } from "./content-index.ts";

/** A row whose key an earlier one has; both are counted from 0. */
export interface RepeatedKey {
  readonly row: number;
  /** The earliest with this key. */
  readonly first: number;
}

/** Bytes of SHA-256 that are kept; two of a billion different keys share so many with probability 10⁻²¹. */
const digestBytes = 16;
const recordBytes = digestBytes + 8;
/** Keys are told apart by the last of these bytes; `ContentIndex` goes by the first ones. */
const numGroups = 256;
/** Records of one group before they are written: 12 MiB for all. */
const blockRecords = 2 ** 11;
const blockBytes = blockRecords * recordBytes;

/** Most rows that may have the key of another one; with more of them, ids are none. */
const maxRepeated = 100_000;

/** Records of the keys whose digests end alike: what is written, by the offsets of its blocks, and what waits. */
interface Group {
  readonly blocks: number[];
  readonly waiting: Uint8Array;
  bytes: number;
}

/**
 * Finds keys that several rows have. Their digests go to a scratch file in 256 groups, and at the end one group after the other is looked
 * at, so that memory holds 13 MiB and the 256th part of the digests, which is 14 to 28 MiB for 100 million rows.
 */
export class KeyCheck implements AsyncDisposable {
  readonly #path: string;
  readonly #groups: (Group | undefined)[] = Array.from({ length: numGroups });
  #scratch: DurableFile | undefined;

  /** @param path Where the scratch file may be; it never has this name, and goes with `this`. */
  constructor(path: string) {
    this.#path = path;
  }

  /** Notes a key. Calls are to be waited for. @throws as `createDurable`. */
  async add(key: string, row: number): Promise<void> {
    const digest = hash("sha256", key, "buffer").subarray(0, digestBytes);
    const group = (this.#groups[digest.at(-1)!] ??= { blocks: [], waiting: new Uint8Array(blockBytes), bytes: 0 });
    group.waiting.set(digest, group.bytes);
    new DataView(group.waiting.buffer).setFloat64(group.bytes + digestBytes, row);
    group.bytes += recordBytes;
    if (group.bytes < blockBytes) return;
    this.#scratch ??= await createDurable(this.#path);
    group.blocks.push(this.#scratch.bytes);
    await this.#scratch.write(group.waiting);
    group.bytes = 0;
  }

  /** The rows whose key an earlier one has, in order. @throws DatasetError with code DATASET_INPUT if there are over 100,000. */
  async repeated(): Promise<readonly RepeatedKey[]> {
    const found: RepeatedKey[] = [];
    for (const group of this.#groups) {
      if (group === undefined) continue;
      const index = new ContentIndex();
      for await (const records of this.#recordsOf(group)) {
        const view = new DataView(records.buffer, records.byteOffset);
        for (let start = 0; start < records.length; start += recordBytes) {
          const row = view.getFloat64(start + digestBytes);
          const first = index.add(records.subarray(start, start + digestBytes), row);
          if (first !== undefined) found.push({ row, first });
        }
        if (found.length > maxRepeated) throw tooMany(found);
      }
    }
    return found.toSorted((a, b) => a.row - b.row);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#scratch?.[Symbol.asyncDispose]();
  }

  async *#recordsOf({ blocks, waiting, bytes }: Group): AsyncGenerator<Uint8Array> {
    for (const offset of blocks) yield await this.#scratch!.read(offset, blockBytes);
    yield waiting.subarray(0, bytes);
  }
}

function tooMany(found: readonly RepeatedKey[]): DatasetError {
  const { row, first } = found[0]!;
  return new DatasetError(
    "DATASET_INPUT",
    `over ${maxRepeated} rows have the key of another one, such as row ${row} that of row ${first} (from 0); give each row an id of its own, or none`,
  );
}
