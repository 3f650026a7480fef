import { CodesError } from "../core/index.ts";
import type { AudioCodesData } from "../core/index.ts";
import { badFile, collectFields, fieldsOf } from "./codes-fields.ts";
import type { Reading, StoredCodes } from "./codes-fields.ts";

/** Larger files than this take minutes and gigabytes as JSON; the other formats hold them in a twentieth. */
const maxBytes = 2 ** 28;

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

/** Reads JSON of `formatJson`; `codes` may also be `[numCodebooks][numFrames]`. */
export function parseJson(bytes: Uint8Array, { name }: Reading): StoredCodes {
  const document = parseObject(bytes, name);
  const { codes, scales = null } = document;
  if (codes === undefined && "kind" in document && "numCodebooks" in document) {
    throw new CodesError("CODES_UNSUPPORTED", `${name} is a pattern file, not a file of codes; give it as the pattern that codes are laid out by`);
  }
  if (codes === undefined) throw badFile(name, 'has no "codes"');
  return {
    codes: { type: "u2", ...flatten(codes, "codes", name) },
    scales: scales === null ? null : { type: "f4", ...flatten(scales, "scales", name) },
    fields: collectFields(name, (field) => document[field]),
  };
}

function parseObject(bytes: Uint8Array, name: string): Readonly<Record<string, unknown>> {
  if (bytes.byteLength > maxBytes) {
    throw badFile(name, `has ${bytes.byteLength} bytes of JSON, at most ${maxBytes} are read; store long audio as .safetensors or .npz`);
  }
  let document: unknown;
  try {
    document = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw badFile(name, "is not JSON; it may be cut short", { cause });
  }
  if (typeof document !== "object" || document === null || Array.isArray(document)) {
    throw badFile(name, `holds ${describe(document)}; expected an object with "codes"`);
  }
  return document as Readonly<Record<string, unknown>>;
}

/** Nested arrays of equal lengths as one array with its shape; at most three deep. */
function flatten(value: unknown, field: string, name: string): { readonly shape: readonly number[]; readonly data: readonly number[] } {
  const shape: number[] = [];
  for (let inner = value; Array.isArray(inner) && shape.length < 3; inner = inner[0]) shape.push(inner.length);
  const data: number[] = [];
  const visit = (part: unknown, depth: number): void => {
    if (depth < shape.length) {
      if (!Array.isArray(part) || part.length !== shape[depth]) {
        throw badFile(name, `has ${describe(part)} in "${field}" where an array of ${shape[depth]} is expected`);
      }
      for (const element of part) visit(element, depth + 1);
    } else if (typeof part === "number") {
      data.push(part);
    } else {
      throw badFile(name, `has ${describe(part)} in "${field}" where a number is expected`);
    }
  };
  visit(value, 0);
  return { shape, data };
}

function describe(value: unknown): string {
  if (value === undefined || value === null) return "nothing";
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return typeof value === "string" ? "text" : typeof value === "object" ? "an object" : `${String(value).slice(0, 40)}`;
}
