import { readFile } from "node:fs/promises";
import fc from "fast-check";
import { parquetReadObjects } from "hyparquet";
import type { SchemaElement } from "hyparquet";
import { parquetWriteBuffer } from "hyparquet-writer";
import { describe, expect, test } from "vitest";
import { bytesSource } from "../../src/core/index.ts";
import { ParquetFile } from "../../src/parquet/index.ts";

/** All rows of some columns: what each holds, in one list. */
async function columnsOf(bytes: Uint8Array, names: readonly string[]): Promise<Readonly<Record<string, unknown[][]>>> {
  const file = await ParquetFile.open(bytesSource(bytes, "test.parquet"));
  const columns: Record<string, unknown[][]> = Object.fromEntries(names.map((name) => [name, []]));
  for (const [group, numRows] of file.groupRows.entries()) {
    for (const name of names) {
      const column = (await file.readColumn(group, name))!;
      for (let row = 0; row < numRows; row++) columns[name]!.push(Array.from<unknown>(column.valuesOf(row)));
    }
  }
  return columns;
}

/** The same by another reader. */
async function columnsByHyparquet(bytes: Uint8Array, names: readonly string[]): Promise<Readonly<Record<string, unknown[][]>>> {
  const rows = await parquetReadObjects({ file: bytes.slice().buffer });
  const flat = (value: unknown): unknown[] => {
    if (value === null || value === undefined) return [];
    if (Array.isArray(value) || ArrayBuffer.isView(value)) return Array.from(value as unknown[], flat).flat();
    return [typeof value === "bigint" ? Number(value) : value];
  };
  return Object.fromEntries(names.map((name) => [name, rows.map((row) => flat(row[name]))]));
}

const names = ["key", "count", "num_samples", "start", "scales", "codes"];
/** As write-parquet.mjs makes them. */
const rows = Array.from({ length: 40 }, (_, i) => i);
const written = {
  key: rows.map((i) => [`speaker/utterance-${String(i).padStart(3, "0")}é`]),
  count: rows.map((i) => (i % 5 === 0 ? [] : [(i - 20) * 1000])),
  num_samples: rows.map((i) => [i * 2 ** 40]),
  start: rows.map((i) => [i / 3]),
  scales: rows.map((i) => (i % 4 === 1 ? [] : [i, i / 2, i / 4])),
  codes: rows.map((i) => [0, 1].flatMap((k) => Array.from({ length: (i % 3) + 1 }, (_, t) => (i * 271 + k * 919 + t * 37) % 1024))),
};

describe.each(["v1", "v2"])("what arrow-rs writes in pages of kind %s", (kind) => {
  test.each(["dictionary-snappy", "plain", "deltas", "delta-lengths"])("is read: %s", async (layout) => {
    const bytes = await readFile(new URL(`../fixtures/parquet/arrow-${kind}-${layout}.parquet`, import.meta.url));
    expect(await columnsOf(bytes, names)).toEqual(written);
  });
});

const list = (name: string, element: readonly SchemaElement[]): readonly SchemaElement[] => [
  { name, repetition_type: "OPTIONAL", num_children: 1, converted_type: "LIST" },
  { name: "list", repetition_type: "REPEATED", num_children: 1 },
  ...element,
];

const table = fc.integer({ min: 1, max: 60 }).chain((numRows) => {
  const rowsOf = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(value, { minLength: numRows, maxLength: numRows });
  const code = fc.oneof(fc.integer({ min: 0, max: 1023 }), fc.constant(7));
  // Dictionaries of the writer take −0 for 0.
  const number = fc.float({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
  const numbers = fc.array(number, { minLength: 1, maxLength: 5 });
  return fc.record({
    key: rowsOf(fc.oneof(fc.string({ unit: "grapheme" }), fc.constant("same"))),
    // An INT32 that is null, or not.
    count: rowsOf(fc.option(fc.integer(), { nil: undefined })),
    num_samples: rowsOf(fc.maxSafeInteger().map(BigInt)),
    start: rowsOf(fc.double({ noNaN: true }).map((value) => value + 0)),
    scales: rowsOf(fc.option(numbers, { nil: undefined })),
    codes: rowsOf(fc.array(fc.array(code, { minLength: 1, maxLength: 20 }), { minLength: 1, maxLength: 3 })),
  });
});
/** Encodings that a column may have. */
const encodings = {
  key: ["PLAIN", "RLE_DICTIONARY", "DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY"],
  count: ["PLAIN", "RLE_DICTIONARY", "DELTA_BINARY_PACKED", "BYTE_STREAM_SPLIT"],
  // Differences of numbers of 54 bits take more bits than are read.
  num_samples: ["PLAIN", "RLE_DICTIONARY", "BYTE_STREAM_SPLIT"],
  start: ["PLAIN", "RLE_DICTIONARY", "BYTE_STREAM_SPLIT"],
  scales: ["PLAIN", "RLE_DICTIONARY", "BYTE_STREAM_SPLIT"],
  codes: ["PLAIN", "RLE_DICTIONARY", "DELTA_BINARY_PACKED", "BYTE_STREAM_SPLIT"],
} as const;
const schema: SchemaElement[] = [
  { name: "schema", num_children: 6 },
  { name: "key", type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "REQUIRED" },
  { name: "count", type: "INT32", repetition_type: "OPTIONAL" },
  { name: "num_samples", type: "INT64", repetition_type: "REQUIRED" },
  { name: "start", type: "DOUBLE", repetition_type: "REQUIRED" },
  ...list("scales", [{ name: "element", type: "FLOAT", repetition_type: "REQUIRED" }]),
  ...list("codes", list("element", [{ name: "element", type: "INT32", converted_type: "UINT_16", repetition_type: "REQUIRED" }])),
];

test("any table comes back as it was written, in every encoding, page size and row group, and as another reader has it", async () => {
  const chosen = fc.record(
    Object.fromEntries(Object.entries(encodings).map(([name, some]) => [name, fc.constantFrom(undefined, ...some)])),
  );
  const layout = fc.record({
    codec: fc.constantFrom("SNAPPY" as const, "UNCOMPRESSED" as const),
    pageSize: fc.constantFrom(16, 100, 2 ** 20),
    rowGroupSize: fc.integer({ min: 1, max: 60 }),
  });
  await fc.assert(
    fc.asyncProperty(table, chosen, layout, async (data, encoding, options) => {
      const columnData = Object.entries(data).map(([name, values]) => ({
        name,
        data: values as unknown[],
        ...(encoding[name] === undefined ? {} : { encoding: encoding[name] }),
      }));
      const bytes = new Uint8Array(parquetWriteBuffer({ columnData, schema, ...options, kvMetadata: [{ key: "about", value: "ü" }] }));
      const read = await columnsOf(bytes, names);
      const flat = (value: unknown): unknown[] =>
        value === undefined ? [] : Array.isArray(value) ? value.flatMap(flat) : [typeof value === "bigint" ? Number(value) : value];
      expect(read).toEqual(Object.fromEntries(Object.entries(data).map(([name, values]) => [name, (values as unknown[]).map(flat)])));
      expect(read).toEqual(await columnsByHyparquet(bytes, names));
      expect((await ParquetFile.open(bytesSource(bytes, "test.parquet"))).metadata.get("about")).toBe("ü");
    }),
    { numRuns: 150 },
  );
});

test("a column that there is not is undefined, and only the columns that are asked for are read", async () => {
  const bytes = await readFile(new URL("../fixtures/parquet/arrow-v1-plain.parquet", import.meta.url));
  const source = bytesSource(bytes, "test.parquet");
  const reads: [number, number][] = [];
  const file = await ParquetFile.open({
    ...source,
    read: async (offset, length) => (reads.push([offset, length]), source.read(offset, length)),
  });
  expect(await file.readColumn(0, "nothing")).toBeUndefined();
  reads.length = 0;
  await file.readColumn(1, "count");
  expect(reads).toHaveLength(1);
  expect(reads[0]![1]).toBe(76); // total_compressed_size of that chunk
});
