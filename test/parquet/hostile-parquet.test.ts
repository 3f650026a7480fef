import { readFile } from "node:fs/promises";
import { describe, expect, test, vi } from "vitest";
import { bytesSource, CodesError } from "../../src/core/index.ts";
import { unpackDeltas } from "../../src/parquet/deltas.ts";
import { ParquetFile } from "../../src/parquet/index.ts";
import {
  dictionaryPage,
  encodings,
  flat,
  int32,
  int64,
  le32,
  listSchema,
  pageV1,
  pageV2,
  parquetOf,
  Raw,
  required,
  runOf,
  snappy,
  text,
  thriftOf,
  varint,
  zigzag,
} from "./parquet-bytes.ts";
import type { ChunkParts, FileParts, Node } from "./parquet-bytes.ts";

/** Reads a column of every row group, and every value of it. */
async function read(bytes: Uint8Array, name: string = "codes"): Promise<void> {
  const file = await ParquetFile.open(bytesSource(bytes, "test.parquet"));
  for (const [group, numRows] of file.groupRows.entries()) {
    const column = await file.readColumn(group, name);
    for (let row = 0; row < numRows; row++) column?.valuesOf(row);
  }
}

async function messageOf(bytes: Uint8Array, name?: string): Promise<string> {
  const error: unknown = await read(bytes, name).then(
    () => "it was read",
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(CodesError);
  const { message } = error as CodesError;
  expect(message.length).toBeLessThan(300);
  return message;
}

/** A file with one column and one row group. */
function fileOf(schema: readonly Node[], chunk: ChunkParts, numRows: number = 1, more: Partial<FileParts> = {}): Uint8Array {
  return parquetOf({ schema, numColumns: 1, groups: [{ numRows, chunks: [chunk] }], ...more });
}

const million = 1_000_000;
const twoBillion = 2 ** 31 - 1;
const levelsOf = (count: number, first: number, others: number): number[] => [...runOf(1, first), ...runOf(count - 1, others)];

describe("counts are held against what there is room for", () => {
  test("in the run of a real shard", async () => {
    const bytes = await readFile(new URL("../fixtures/parquet/run-of-50-million.parquet", import.meta.url));
    expect(await messageOf(bytes)).toBe("it has a run of 50000000 values where 600 are left");
  });

  test.each([million, 2 ** 27, twoBillion])("of runs of %i in levels and indexes, in pages of both kinds", async (count) => {
    const values = le32(1, 2);
    const good = { repetition: levelsOf(2, 0, 1), definition: runOf(2, 2), values, numValues: 2 };
    const packedRun = [...varint(2 * Math.ceil(count / 8) + 1), 0, 0];
    for (const page of [pageV1, pageV2]) {
      await read(fileOf(listSchema, { pages: page(good), numValues: 2 }));
      for (const run of [runOf(count, 1), packedRun]) {
        expect(await messageOf(fileOf(listSchema, { pages: page({ ...good, repetition: run }), numValues: 2 }))).toMatch(
          /^it has a run of \d+ values where 2 are left$/u,
        );
        expect(await messageOf(fileOf(listSchema, { pages: page({ ...good, definition: run }), numValues: 2 }))).toMatch(
          /^it has a run of \d+ values where 2 are left$/u,
        );
        const indexed = { ...good, values: [1, ...run], encoding: encodings.dictionary };
        expect(await messageOf(fileOf(listSchema, { pages: [...dictionaryPage(le32(5, 6), 2), ...page(indexed)], numValues: 2 }))).toMatch(
          /^it has a run of \d+ values where 2 are left$/u,
        );
      }
    }
  });

  test("of values in a page, which its bytes cannot hold", async () => {
    for (const encoding of [encodings.plain, encodings.splitBytes]) {
      const page = { values: le32(1), numValues: million, encoding };
      for (const pages of [pageV1(page), pageV2(page)])
        expect(await messageOf(fileOf([flat("codes", int32)], { pages, numValues: million }, million))).toBe(
          "4 bytes cannot hold 1000000 values of 4 bytes",
        );
    }
    const texts = pageV2({ values: le32(0), numValues: million });
    expect(await messageOf(fileOf([flat("codes", text)], { pages: texts, numValues: million }, million))).toBe(
      "4 bytes cannot hold 1000000 texts",
    );
    expect(await messageOf(fileOf([flat("codes", int32)], { pages: dictionaryPage(le32(1), million), numValues: 1 }))).toBe(
      "4 bytes cannot hold 1000000 values of 4 bytes",
    );
  });

  test.each([2 ** 25 + 1, twoBillion])("of %i values in a column, of which no page is looked at", async (numValues) => {
    const page = {
      repetition: levelsOf(numValues, 0, 1),
      definition: runOf(numValues, 2),
      values: [0],
      numValues,
      encoding: encodings.dictionary,
    };
    expect(await messageOf(fileOf(listSchema, { pages: [...dictionaryPage(le32(1), 1), ...pageV2(page)], numValues }))).toContain(
      `is said to have ${numValues} values in one row group; at most 33554432 are read`,
    );
  });

  test("of values in pages that are more than those of their column, or fewer", async () => {
    const page = pageV2({ values: le32(1, 2), numValues: 2 });
    expect(await messageOf(fileOf([flat("codes", int32)], { pages: page, numValues: 1 }))).toBe(
      "a page is said to have 2 values; expected at most 1",
    );
    expect(await messageOf(fileOf([flat("codes", int32)], { pages: page, numValues: 3 }, 3))).toBe("its metadata ends too early");
    expect(await messageOf(fileOf([flat("codes", int32)], { pages: pageV2({ values: [], numValues: -1 }), numValues: 1 }))).toContain(
      "a page is said to have -1 values",
    );
    expect(
      await messageOf(
        fileOf(listSchema, {
          pages: pageV2({ repetition: levelsOf(2, 0, 1), definition: runOf(2, 2), values: le32(1, 2), numValues: 2, numNulls: 1 }),
          numValues: 2,
        }),
      ),
    ).toBe("a page has 0 nulls, and its header says 1");
  });

  test("of rows", async () => {
    const page = pageV2({ values: le32(1, 2), numValues: 2 });
    expect(await messageOf(fileOf([flat("codes", int32)], { pages: page, numValues: 2 }, 1))).toBe(
      "its column codes has 2 values, and its group 1 rows",
    );
    const lists = pageV2({ repetition: runOf(2, 0), definition: runOf(2, 2), values: le32(1, 2), numValues: 2 });
    expect(await messageOf(fileOf(listSchema, { pages: lists, numValues: 2 }, 1))).toBe(
      "its column codes has more than the 1 rows of its group",
    );
    expect(await messageOf(fileOf(listSchema, { pages: lists, numValues: 2 }, 3))).toBe("its column codes has 2 rows, and its group 3");
    for (const numRows of [2 ** 20 + 1, 2 ** 45, -1])
      expect(await messageOf(fileOf([flat("codes", int32)], { pages: page, numValues: 2 }, numRows))).toContain(
        `is said to have ${numRows} rows; at most 1048576 are read`,
      );
    const cut = pageV2({ repetition: runOf(2, 1), definition: runOf(2, 2), values: le32(1, 2), numValues: 2 });
    expect(await messageOf(fileOf(listSchema, { pages: cut, numValues: 2 }))).toBe(
      "its column codes goes on with a row that has not begun",
    );
  });

  test("of lists in the metadata, also of what is passed over", async () => {
    const page = { pages: pageV2({ values: le32(1), numValues: 1 }), numValues: 1 };
    const hugeList = (element: number): Raw => new Raw(9, [0xf0 | element, ...varint(twoBillion)]);
    for (const element of [1, 2, 3, 5, 8, 9, 12]) {
      for (const field of [2, 4, 5, 6, 99])
        expect(
          await messageOf(fileOf([flat("codes", int32)], page, 1, { footer: { [field]: hugeList(element) } })),
          `${element} ${field}`,
        ).toMatch(/ends too early|has a list of 2147483647; at most|nested deeper|value of kind/u);
    }
    const hugeMap = new Raw(11, [...varint(twoBillion), 0x11]);
    expect(await messageOf(fileOf([flat("codes", int32)], page, 1, { footer: { 99: hugeMap } }))).toBe("its metadata ends too early");
    const hugeText = new Raw(8, varint(2 ** 40));
    for (const field of [6, 99])
      expect(await messageOf(fileOf([flat("codes", int32)], page, 1, { footer: { [field]: hugeText } }))).toBe(
        "its metadata ends too early",
      );
  });

  test("of a footer and of columns that lie outside of the file", async () => {
    const bytes = fileOf([flat("codes", int32)], { pages: pageV2({ values: le32(1), numValues: 1 }), numValues: 1 });
    new DataView(bytes.buffer).setUint32(bytes.length - 8, 2 ** 32 - 1, true);
    expect(await messageOf(bytes)).toBe(`its footer is said to have 4294967295 bytes, and the file has ${bytes.length}`);
    const pages = pageV2({ values: le32(1), numValues: 1 });
    for (const place of [{ offset: 10 ** 9 }, { length: 10 ** 12 }, { offset: 0 }])
      expect(await messageOf(fileOf([flat("codes", int32)], { pages, numValues: 1, ...place }))).toBe(
        "a column is said to lie outside of the file",
      );
    expect(await messageOf(fileOf([flat("codes", int32)], { pages, numValues: 1, length: -1 }))).toBe(
      "a column is said to have less than nothing",
    );
  });
});

/** A file with one page of the older kind, as Snappy packed it. */
const packedPage = (packed: readonly number[], length: number): Uint8Array =>
  fileOf([flat("codes", int32!)], { pages: pageV1({ values: [], numValues: 1, length }, packed), numValues: 1, codec: snappy! });

/** A file with one page of differences. */
const pageOfDeltas = (values: readonly number[], numValues: number, type: number = int64!): Uint8Array =>
  fileOf([flat("codes", type)], { pages: pageV2({ values, numValues, encoding: encodings.deltas }), numValues }, numValues);

const nested = (depth: number): Node[] =>
  Array.from({ length: depth }, (_, i) => (i === depth - 1 ? flat("x", int32!) : { 3: required!, 4: "x", 5: 1 }));

describe("lengths are held against the bytes", () => {
  const schema = [flat("codes", int32)];

  test("of pages, packed and unpacked", async () => {
    for (const said of [{ packedLength: twoBillion }, { packedLength: 5 }]) {
      const page = { values: le32(1), numValues: 1, ...said };
      for (const pages of [pageV1(page), pageV2(page)])
        expect(await messageOf(fileOf(schema, { pages, numValues: 1 }))).toBe("a page of its column codes is longer than the column");
    }
    // Else the next header would be looked for before this one, for ever.
    expect(await messageOf(fileOf(schema, { pages: pageV2({ values: le32(1), numValues: 0, packedLength: -30 }), numValues: 1 }))).toBe(
      "a page is said to have less than no bytes",
    );
    expect(
      await messageOf(fileOf(schema, { pages: pageV1({ values: le32(1), numValues: 1, length: twoBillion }), numValues: 1 })),
    ).toContain("its header says 2147483647");
  });

  test("of what Snappy packed, before anything is allocated", async () => {
    await read(packedPage([4, 12, ...le32(1)], 4));
    expect(await messageOf(packedPage([...varint(twoBillion), 12, ...le32(1)], twoBillion))).toMatch(
      /would become more than|is said to unpack to/u,
    );
    expect(await messageOf(packedPage([...varint(million), 12, ...le32(1)], million))).toBe(
      "a page of 8 bytes is said to unpack to 1000000",
    );
    expect(await messageOf(packedPage([5, 12, ...le32(1)], 4))).toBe("a packed page says that it has 5 bytes, and its header 4");
    expect(await messageOf(packedPage([4, 8, 1, 0, 0], 4))).toBe("a packed page has 3 bytes where 4 should be"); // cut off
    expect(await messageOf(packedPage([4, 16, 1, 0, 0, 0, 0], 4))).toBe("a packed page is longer than it may be"); // a literal of 5
    expect(await messageOf(packedPage([4, 240, 255], 4))).toBe("a packed page is longer than it may be"); // of 256, of which none are there
    expect(await messageOf(packedPage([4, 252, 255, 255, 255, 255], 4))).toBe("a packed page is longer than it may be");
    expect(await messageOf(packedPage([4, 0, 7, 1, 0], 4))).toBe("a packed page refers to what is before its beginning"); // 0 back
    expect(await messageOf(packedPage([4, 0, 7, 1, 9], 4))).toBe("a packed page refers to what is before its beginning"); // 9 back
    expect(await messageOf(packedPage([4, 0, 7, 1, 1], 4))).toBe("a packed page is longer than it may be"); // 1 back, 4 long, after 1
    expect(await messageOf(packedPage([255, 255, 255, 255, 255, 255, 1], 4))).toBe("a packed page has no length");
  });

  test("of levels", async () => {
    const good = { repetition: levelsOf(2, 0, 1), definition: runOf(2, 2), values: le32(1, 2), numValues: 2 };
    const v1 = pageV1(good);
    const lengthAt = v1.findIndex((_, i) => v1.slice(i, i + 4).join() === le32(good.repetition.length).join());
    const long = v1.with(lengthAt + 2, 0x7f);
    expect(await messageOf(fileOf(listSchema, { pages: long, numValues: 2 }))).toBe("a page ends within its levels");
    expect(await messageOf(fileOf(listSchema, { pages: pageV2({ ...good, length: 3 }), numValues: 2 }))).toBe(
      "the levels of a page are longer than the page",
    );
    expect(await messageOf(fileOf(listSchema, { pages: pageV2({ ...good, definition: runOf(2, 3) }), numValues: 2 }))).toBe(
      "a page has levels beyond 2, which is the most in its column",
    );
    expect(await messageOf(fileOf(listSchema, { pages: pageV2({ ...good, definition: runOf(2, 1), numNulls: 2 }), numValues: 2 }))).toBe(
      "its column codes has null, or nothing, within a list",
    );
  });

  test("of texts", async () => {
    const column = [flat("codes", text)];
    const plain = pageV2({ values: [...le32(-1), 65, 66], numValues: 1 });
    expect(await messageOf(fileOf(column, { pages: plain, numValues: 1 }))).toBe("a text is longer than its page");
    const lengths = [...deltas(1, [200]), 65];
    expect(
      await messageOf(fileOf(column, { pages: pageV2({ values: lengths, numValues: 1, encoding: encodings.deltaLengths }), numValues: 1 })),
    ).toBe("a text is longer than its page");
    const prefixed = [...deltas(1, [3]), ...deltas(1, [1]), 65];
    expect(
      await messageOf(fileOf(column, { pages: pageV2({ values: prefixed, numValues: 1, encoding: encodings.deltaTexts }), numValues: 1 })),
    ).toBe("a text shares 3 bytes with one of 0");
    expect(await messageOf(fileOf(column, { pages: pageV2({ values: [...le32(1), 0xff], numValues: 1 }), numValues: 1 }))).toBe(
      "a text is not UTF-8",
    );
  });

  test("of indexes in a dictionary, and of dictionaries that there are not", async () => {
    const indexed = pageV2({ values: [3, ...runOf(1, 7)], numValues: 1, encoding: encodings.dictionary });
    expect(await messageOf(fileOf(schema, { pages: [...dictionaryPage(le32(5, 6), 2), ...indexed], numValues: 1 }))).toBe(
      "a page refers to entry 7 of a dictionary of 2",
    );
    expect(await messageOf(fileOf(schema, { pages: indexed, numValues: 1 }))).toBe("a page refers to a dictionary that there is not");
    expect(
      await messageOf(
        fileOf(schema, {
          pages: [
            ...dictionaryPage(le32(5, 6), 2),
            ...pageV2({ values: [33, ...runOf(1, 7)], numValues: 1, encoding: encodings.dictionary }),
          ],
          numValues: 1,
        }),
      ),
    ).toBe("it has values of 33 bits; expected at most 32");
  });

  test("of differences", async () => {
    await read(pageOfDeltas(deltas(2, [5, 0]), 2));
    expect(await messageOf(pageOfDeltas(deltas(twoBillion, [5]), 2))).toBe("it has 2147483647 differences where 2 values should be");
    expect(await messageOf(pageOfDeltas([...varint(128), ...varint(4), ...varint(1000), ...zigzag(5)], 1000))).toBe(
      "its differences end too early",
    );
    for (const [block, miniblocks] of [
      [128, 0],
      [0, 1],
      [100, 3],
      [2 ** 40, 2 ** 40],
      [4, 1],
    ])
      expect(await messageOf(pageOfDeltas([...varint(block!), ...varint(miniblocks!), ...varint(2), ...zigzag(5), 0, 0], 2))).toMatch(
        /^it has blocks of/u,
      );
    expect(await messageOf(pageOfDeltas([...varint(2 ** 40), ...varint(1), ...varint(2), ...zigzag(5), 0, 60], 2))).toBe(
      "it has differences of 60 bits; at most 45 are read",
    );
    expect(await messageOf(pageOfDeltas([...varint(2 ** 50), ...varint(2 ** 45), ...varint(2), ...zigzag(5), 0, 0], 2))).toBe(
      "it has blocks in 35184372088832 parts",
    );
    expect(await messageOf(pageOfDeltas([...varint(2 ** 22), ...varint(2 ** 19), ...varint(2), ...zigzag(5), 0, 0], 2))).toBe(
      "its differences end too early",
    ); // so many widths
    expect(
      await messageOf(
        pageOfDeltas([...varint(2 ** 52), ...varint(1), ...varint(2), ...zigzag(2 ** 52 - 1), ...zigzag(2 ** 52 - 1), 3, 7], 2),
      ),
    ).toContain("whole numbers of up to 53 bits are read");
  });
});

/** Differences in one block, each of `least`, so that no bytes are needed for them. */
function deltas(count: number, [first, least = 0]: readonly [number, number?]): number[] {
  const header = [...varint(128 * Math.ceil(count / 128)), ...varint(1), ...varint(count), ...zigzag(first)];
  return count > 1 ? [...header, ...zigzag(least), 0] : header;
}

describe("what a file becomes is bounded by what it is", () => {
  test("where texts are repeated by number", async () => {
    const long = "x".repeat(100_000);
    const count = 10_000; // a gigabyte of text
    const pages = [
      ...dictionaryPage([...le32(long.length), ...Buffer.from(long)], 1),
      ...pageV2({ values: [0, ...runOf(count, 0).slice(0, -1)], numValues: count, encoding: encodings.dictionary }),
    ];
    expect(await messageOf(fileOf([flat("codes", text)], { pages, numValues: count }, count))).toMatch(
      /^its \d+ bytes would become more than \d+; it is not read on$/u,
    );
  });

  test("where each text goes on with the one before", async () => {
    const count = 60_000; // of 1 … 60,000 bytes: 1.8 gigabytes
    const values = [...deltas(count, [0, 1]), ...deltas(count, [1]), ...Buffer.alloc(count, "x")];
    expect(
      await messageOf(
        fileOf(
          [flat("codes", text)],
          { pages: pageV2({ values, numValues: count, encoding: encodings.deltaTexts }), numValues: count },
          count,
        ),
      ),
    ).toContain("it is not read on");
  });

  test("where all row groups share one column, of which no more is read than allowed", async () => {
    const long = Buffer.alloc(2 ** 20, "x");
    const pages = pageV2({ values: [...le32(long.length), ...long], numValues: 1 });
    const again = { pages: [], numValues: 1, offset: 4, length: pages.length };
    const bytes = parquetOf({
      schema: [flat("codes", text)],
      groups: [{ numRows: 1, chunks: [{ pages, numValues: 1 }] }, ...Array.from({ length: 2000 }, () => ({ numRows: 1, chunks: [again] }))],
    });
    let bytesRead = 0;
    const source = bytesSource(bytes, "test.parquet");
    const file = await ParquetFile.open({
      ...source,
      read: async (offset, length) => ((bytesRead += length), source.read(offset, length)),
    });
    const readAll = async (): Promise<void> => {
      for (const group of file.groupRows.keys()) await file.readColumn(group, "codes");
    };
    await expect(readAll()).rejects.toThrow("it is not read on");
    // Each time the column counts twice: as bytes and as text.
    expect(bytesRead).toBeLessThan((2 ** 28 + 2 ** 10 * bytes.length) / 2 + 2 * bytes.length);
  });

  test("where the schema goes deep, is cut off, or has more than so many columns", async () => {
    const page = { pages: pageV2({ values: le32(1), numValues: 1 }), numValues: 1 };
    expect(await messageOf(fileOf(nested(9_000), page))).toBe("its schema is nested deeper than 16");
    expect(await messageOf(fileOf([{ 3: required!, 4: "x", 5: twoBillion }], page))).toBe("its schema is cut off");
    expect(await messageOf(fileOf([flat("codes", int32!)], page, 1, { numColumns: twoBillion }))).toBe("its schema is cut off");
    expect(
      await messageOf(
        fileOf(
          Array.from({ length: 10_001 }, () => flat("x", int32!)),
          page,
        ),
      ),
    ).toBe("it has a list of 10002; at most 10000 are read");
    const deep = Array.from({ length: 100 }, () => 0).reduce<unknown>((inner) => ({ 1: inner }), { 1: 1 });
    expect(await messageOf(fileOf([flat("codes", int32!)], page, 1, { footer: { 99: deep as never } }))).toBe(
      "its metadata is nested deeper than 32",
    );
  });

  test("where there are more row groups, or columns in them, than so many", async () => {
    const groups = Array.from({ length: 2 ** 16 + 1 }, () => ({ numRows: 0, chunks: [] }));
    expect(await messageOf(parquetOf({ schema: [], groups }))).toBe("it has a list of 65537; at most 65536 are read");
    const emptyChunks = new Raw(9, [0xfc, ...varint(2 ** 20 + 1), ...Array.from({ length: 100 }, () => 0)]);
    const group = new Raw(9, [0x1c, 9 | 0x10, ...emptyChunks.bytes, 0]);
    expect(await messageOf(parquetOf({ schema: [], groups: [], footer: { 4: group } }))).toBe(
      "it has a list of 1048577; at most 1048576 are read",
    );
  });

  test("where its footer is longer than is read", async () => {
    const source = {
      name: "test.parquet",
      size: 2 ** 30,
      read: async (_: number, length: number): Promise<Uint8Array> =>
        Uint8Array.from([...le32(2 ** 28), ...Buffer.from("PAR1")].slice(0, length)),
    };
    await expect(ParquetFile.open(source)).rejects.toThrow("its footer has 268435456 bytes; at most 67108864 are read");
  });
});

test("a page of millions of values leaves turns to whatever else there is to do", async () => {
  const numValues = 2 ** 22;
  const page = {
    repetition: levelsOf(numValues, 0, 1),
    definition: runOf(numValues, 2),
    values: [0, ...runOf(numValues, 0).slice(0, -1)],
    numValues,
    encoding: encodings.dictionary,
  };
  const turns = vi.spyOn(globalThis, "setImmediate");
  await read(fileOf(listSchema, { pages: [...dictionaryPage(le32(1), 1), ...pageV2(page)], numValues }));
  const numTurns = turns.mock.calls.length;
  turns.mockRestore();
  // Both kinds of levels, nulls, indexes and values are gone through, and rows put together: at most 2 ** 19 of them at once.
  expect(numTurns).toBeGreaterThanOrEqual(6 * (numValues / 2 ** 19 - 1));
});

test("what is not read is told from what is damaged", async () => {
  const page = { pages: pageV2({ values: le32(1), numValues: 1 }), numValues: 1 };
  await expect(read(fileOf([flat("codes", 3)], page))).rejects.toMatchObject({ code: "CODES_UNSUPPORTED" });
  await expect(read(fileOf([flat("codes", int32!)], { ...page, codec: 6 }))).rejects.toMatchObject({
    code: "CODES_UNSUPPORTED",
    message: "its column codes is compressed with codec 6; Snappy and none are read",
  });
  await expect(
    read(fileOf([flat("codes", int32!)], { ...page, pages: pageV2({ values: [], numValues: 1, encoding: 4 }) })),
  ).rejects.toMatchObject({ code: "CODES_UNSUPPORTED" });
  for (const bytes of [
    new Uint8Array(),
    Buffer.from("PAR1PAR1"),
    Buffer.alloc(100),
    Uint8Array.from([...Buffer.from("PAR1"), 0, ...le32(1), ...Buffer.from("PAR1")]),
  ]) {
    await expect(ParquetFile.open(bytesSource(bytes, "x"))).rejects.toMatchObject({ code: "CODES_FORMAT" });
  }
  expect(thriftOf({})).toEqual([0]);
});

test("a file cut anywhere, or with any byte changed, is refused or read", async () => {
  const bytes = await readFile(new URL("../fixtures/parquet/arrow-v1-dictionary-snappy.parquet", import.meta.url));
  for (let length = 0; length < bytes.length; length += 7)
    await expect(read(bytes.subarray(0, length)), String(length)).rejects.toBeInstanceOf(CodesError);
  for (let at = 0; at < bytes.length; at += 3) {
    const changed = Uint8Array.from(bytes);
    changed[at]! ^= 1 << (at % 8);
    for (const name of ["key", "count", "num_samples", "scales", "codes"]) {
      await read(changed, name).catch((error: unknown) => expect(error, `${at} ${name}`).toBeInstanceOf(CodesError));
    }
  }
});

test("differences are numbers of at most ten bytes, however many zeros one is padded with", () => {
  const padded = Uint8Array.from([128, 1, 4, 1, ...new Uint8Array(200).fill(128), 0]);
  expect(() => [...unpackDeltas(padded, 0, 1)]).toThrow(
    expect.objectContaining({ code: "CODES_FORMAT", message: expect.stringContaining("more than ten bytes") }),
  );
});
