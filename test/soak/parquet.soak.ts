import type { Encoding, SchemaElement } from "hyparquet";
import { parquetWriteBuffer } from "hyparquet-writer";
import { bytesSource } from "../../src/core/index.ts";
import { ParquetFile } from "../../src/parquet/index.ts";
import {
  dictionaryPage,
  encodings,
  flat,
  int32,
  le32,
  listSchema,
  pageV1,
  parquetOf,
  runOf,
  snappy,
  text,
} from "../parquet/parquet-bytes.ts";
import { fuzz } from "./fuzz.ts";

const names = ["key", "count", "codes"];
const list = (name: string, element: readonly SchemaElement[]): readonly SchemaElement[] => [
  { name, repetition_type: "OPTIONAL", num_children: 1, converted_type: "LIST" },
  { name: "list", repetition_type: "REPEATED", num_children: 1 },
  ...element,
];
const schema: SchemaElement[] = [
  { name: "schema", num_children: 3 },
  { name: "key", type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "REQUIRED" },
  { name: "count", type: "INT64", repetition_type: "OPTIONAL" },
  ...list("codes", list("element", [{ name: "element", type: "INT32", repetition_type: "REQUIRED" }])),
];

function seedOf(key: Encoding, numbers: Encoding, codec: "SNAPPY" | "UNCOMPRESSED"): Uint8Array {
  const columnData = [
    { name: "key", data: ["one", "one/two", "one/two"], encoding: key },
    { name: "count", data: [5n, null, -7n], encoding: numbers },
    {
      name: "codes",
      data: [
        [
          [1, 2, 3],
          [900, 900, 900],
        ],
        [[7]],
        [[4, 4, 4, 4, 4, 4, 4, 4, 4, 4]],
      ],
      encoding: numbers,
    },
  ];
  return new Uint8Array(parquetWriteBuffer({ columnData, schema, codec, statistics: false, pageSize: 30 }));
}

/** A page of the older kind for each column, which the writer above does not make. */
const older = parquetOf({
  schema: [flat("key", text), ...listSchema, flat("count", int32, 1)],
  numColumns: 3,
  groups: [
    {
      numRows: 2,
      chunks: [
        {
          pages: [
            ...dictionaryPage([...le32(2), 65, 66], 1),
            ...pageV1({ values: [1, ...runOf(2, 0)], numValues: 2, encoding: encodings.dictionary }),
          ],
          numValues: 2,
        },
        { pages: pageV1({ repetition: [3, 0b010], definition: runOf(3, 2), values: le32(1, 2, 3), numValues: 3 }), numValues: 3 },
        {
          pages: pageV1({ values: [], numValues: 2, length: 14 }, [14, 52, 2, 0, 0, 0, 4, 1, 9, 0, 0, 0, 9, 0, 0, 0]),
          numValues: 2,
          codec: snappy!,
        },
      ],
    },
  ],
});

fuzz({
  name: "Parquet",
  seeds: [
    seedOf("PLAIN", "PLAIN", "SNAPPY"),
    seedOf("RLE_DICTIONARY", "RLE_DICTIONARY", "UNCOMPRESSED"),
    seedOf("DELTA_BYTE_ARRAY", "DELTA_BINARY_PACKED", "UNCOMPRESSED"),
    seedOf("DELTA_LENGTH_BYTE_ARRAY", "BYTE_STREAM_SPLIT", "SNAPPY"),
    older,
  ],
  dictionary: ["PAR1", "codes", "key"],
  async parse(bytes) {
    const file = await ParquetFile.open(bytesSource(bytes, "fuzz.parquet"));
    for (const [group, numRows] of file.groupRows.entries()) {
      for (const name of names) {
        const column = await file.readColumn(group, name);
        for (let row = 0; row < numRows; row++) column?.valuesOf(row);
      }
    }
  },
});
