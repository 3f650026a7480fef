import { codeOutOfRange, CodesError } from "../core/index.ts";
import type { AudioCodesData, Turns } from "../core/index.ts";
import { badFile, collectFields, fieldsOf, named, shapeOfCodes } from "./codes-fields.ts";
import type { Reading, StoredCodes } from "./codes-fields.ts";
import { parseText, takeFields } from "./json-fields.ts";
import { JsonReader } from "./json-reader.ts";
import type { NumberGrid } from "./json-reader.ts";

/** Larger files than this take minutes and gigabytes as JSON; the other formats hold them in a twentieth. */
const maxBytes = 2 ** 28;

/** Most bytes that all but codes and scales take. */
const maxFieldBytes = 2 ** 18;

/**
 * Codes as JSON for people to read: the fields, then `scales` (numbers or null) and `codes` as nested arrays
 * `[numSegments][numCodebooks][numFrames]`, a codebook per line.
 */
export function formatJson(codes: AudioCodesData): Uint8Array {
  const fields = Object.entries(fieldsOf(codes)).map(([field, value]) => `  "${field}": ${JSON.stringify(value)},\n`);
  const scales = `  "scales": ${codes.scales === null ? "null" : `[${codes.scales.join(", ")}]`},\n`;
  const [numSegments, numCodebooks, numFrames] = codes.shape;
  const segments = Array.from({ length: numSegments }, (_, segment) => {
    const rows = Array.from({ length: numCodebooks }, (__, k) => {
      const start = (segment * numCodebooks + k) * numFrames;
      return `      [${codes.data.subarray(start, start + numFrames).join(", ")}]`;
    });
    return `    [\n${rows.join(",\n")}\n    ]`;
  });
  return new TextEncoder().encode(`{\n${fields.join("")}${scales}  "codes": [\n${segments.join(",\n")}\n  ]\n}\n`);
}

/**
 * Reads JSON of `formatJson`; `codes` may also be `[numCodebooks][numFrames]`. Codes and scales are read number by number, since
 * a parser that gives nested arrays takes many times their memory, and holds up everything else meanwhile.
 */
export function* parseCodesJson(bytes: Uint8Array, { name }: Reading): Turns<StoredCodes> {
  if (bytes.byteLength > maxBytes) {
    throw badFile(name, `has ${bytes.byteLength} bytes of JSON, at most ${maxBytes} are read; store long audio as .safetensors or .npz`);
  }
  const { codes, scales, fields } = yield* readDocument(new JsonReader(bytes, name), name);
  if (codes === undefined && "kind" in fields && "numCodebooks" in fields) {
    throw new CodesError(
      "CODES_UNSUPPORTED",
      `${name} is a pattern file, not a file of codes; give it as the pattern that codes are laid out by`,
    );
  }
  if (codes === undefined) throw badFile(name, 'has no "codes"');
  return {
    fields: collectFields(name, (field) => fields[field]),
    // oxlint-disable-next-line require-yield -- all is read already
    *read(codebookSize) {
      const shape = shapeOfCodes(codes.shape, name);
      const { firstRefused, data } = codes;
      if (firstRefused !== null) throw named(name, codeOutOfRange(firstRefused.value, firstRefused.place, codebookSize));
      if (scales !== null && scales.shape.length !== 1)
        throw badFile(name, `has scales of shape [${scales.shape.join(", ")}]; expected [numSegments]`);
      return { shape, data, scales: scales?.data ?? null };
    },
  };
}

/** What a file holds: the numbers of its two large fields, and all others as they are. */
interface CodesDocument {
  readonly codes: NumberGrid<Uint16Array> | undefined;
  readonly scales: NumberGrid<Float32Array> | null;
  readonly fields: Readonly<Record<string, unknown>>;
}

function* readDocument(reader: JsonReader, name: string): Turns<CodesDocument> {
  if (!reader.takes("{")) {
    const text = reader.value(maxFieldBytes);
    throw badFile(name, `holds ${text === undefined ? "a long value" : describe(parseText(text, name))}; expected an object with "codes"`);
  }
  const {
    codes,
    scales = null,
    ...fields
  } = yield* takeFields(reader, name, { codes: takeCodes, scales: takeScales }, { maxBytes: maxFieldBytes });
  return { codes, scales, fields };
}

/** Takes codes, in lists of lists or alone. */
export function takeCodes(reader: JsonReader): Turns<NumberGrid<Uint16Array>> {
  return reader.numbers("codes", Uint16Array);
}

/** Takes scales; null for none. */
export function* takeScales(reader: JsonReader): Turns<NumberGrid<Float32Array> | null> {
  return reader.takesNull() ? null : yield* reader.numbers("scales", Float32Array);
}

function describe(value: unknown): string {
  if (value === null) return "nothing";
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return typeof value === "string" ? "text" : String(value).slice(0, 40);
}
