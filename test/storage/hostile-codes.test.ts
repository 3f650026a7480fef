import { deflateSync } from "fflate";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AudioCodes, CodesError, crc32 } from "../../src/core/index.ts";
import type { AudioCodesData } from "../../src/core/index.ts";
import { formatArray, formatCodes, parseArray, parseCodes } from "../../src/storage/index.ts";
import { formatText } from "../../src/storage/npy.ts";

const context = { sampleRate: 24_000, channels: 1, hopLength: 320, codebookSize: 1024 };
const clip = new AudioCodes({
  ...context,
  data: Uint16Array.of(1, 2, 3, 4),
  shape: [1, 2, 2],
  scales: null,
  numSamples: 640,
  bandwidth: 1.5,
  segment: null,
  provenance: { model: "m", revision: null, digest: null, license: null, licenseStatus: null },
});
const number = (value: number): Uint8Array => formatArray("<i8", [], new Uint8Array(BigInt64Array.of(BigInt(value)).buffer));
const fields = {
  sample_rate: number(24_000),
  channels: number(1),
  hop_length: number(320),
  codebook_size: number(1024),
  num_samples: number(640),
};
const zeros = (type: string, shape: readonly number[], size: number): Uint8Array => formatArray(type, shape, new Uint8Array(size));

interface Entry {
  readonly name: string;
  readonly npy: Uint8Array;
  /** The entry whose bytes this one claims as well. */
  readonly over?: string;
}

/** Numbers of 2 or 4 bytes, then text, as records of a zip archive are. */
function record(numbers: readonly (readonly [bytes: 2 | 4, value: number])[], name: string): Uint8Array {
  const bytes = numbers.flatMap(([length, value]) => Array.from({ length }, (_, byte) => Math.floor(value / 256 ** byte) % 256));
  return Uint8Array.from([...bytes, ...new TextEncoder().encode(name)]);
}

/** An archive of compressed arrays, of which some may lie over others. */
function archive(entries: readonly Entry[]): Uint8Array {
  const parts: Uint8Array[] = [];
  const central: Uint8Array[] = [];
  const offsets = new Map<string, number>();
  let at = 0;
  for (const { name, npy, over } of entries) {
    const packed = deflateSync(npy, { level: 9 });
    const common = [[2, 20], [2, 0], [2, 8], [2, 0], [2, 33], [4, crc32(npy)], [4, packed.length], [4, npy.length], [2, name.length + 4], [2, 0]] as const; // prettier-ignore
    offsets.set(name, over === undefined ? at : offsets.get(over)!);
    const more = [[2, 0], [2, 0], [2, 0], [4, 0], [4, offsets.get(name)!]] as const; // prettier-ignore
    central.push(record([[4, 0x02014b50], [2, 20], ...common, ...more], `${name}.npy`)); // prettier-ignore
    if (over !== undefined) continue;
    const local = record([[4, 0x04034b50], ...common], `${name}.npy`);
    parts.push(local, packed);
    at += local.length + packed.length;
  }
  const size = central.reduce((sum, { length }) => sum + length, 0);
  const end = record([[4, 0x06054b50], [2, 0], [2, 0], [2, central.length], [2, central.length], [4, size], [4, at], [2, 0]], ""); // prettier-ignore
  return Buffer.concat([...parts, ...central, end]);
}

const archiveOf = (arrays: Readonly<Record<string, Uint8Array>>): Uint8Array =>
  archive(Object.entries(arrays).map(([name, npy]) => ({ name, npy })));
const codes = zeros("<u2", [1, 2, 2], 8);
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const withText = (details: Partial<AudioCodesData["provenance"]>): AudioCodes =>
  new AudioCodes({ ...clip, provenance: { ...clip.provenance, ...details } });

async function refusal(bytes: Uint8Array): Promise<string> {
  const error: unknown = await parseCodes(bytes, { name: "x", context }).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(CodesError);
  const { message } = error as CodesError;
  expect(message.length).toBeLessThan(600);
  return message;
}

describe("a .npz", () => {
  test("of sound arrays is read", async () => {
    expect(await parseCodes(archiveOf({ ...fields, codes, other: zeros("|u1", [1e6], 1e6) }))).toMatchObject({
      shape: [1, 2, 2],
      numSamples: 640,
    });
  });

  test("may not have two arrays over the same bytes", async () => {
    expect(await refusal(archive([{ name: "codes", npy: codes }, { name: "scales", npy: codes, over: "codes" }]))).toMatch(/(codes|scales)\.npy lies over what follows it/); // prettier-ignore
    expect(await refusal(archive([{ name: "codes", npy: codes }, { name: "a", npy: codes }, { name: "b", npy: codes, over: "a" }]))).toContain("lies over"); // prettier-ignore
  });

  test("unpacks no more codes than a clip of the length can have that its fields say, before it looks at them", async () => {
    const large = zeros("|u1", [2, 30_000], 60_000);
    expect(await refusal(archiveOf({ ...fields, codes: large }))).toBe(
      `x declares ${large.length} bytes for codes.npy; at most 18204 are read`,
    );
    expect(await refusal(archiveOf({ ...fields, num_samples: number(-640), codes: large }))).toContain("at most 10012 are read");
    const segments = { segment_length: number(640), segment_stride: number(320) };
    expect(await refusal(archiveOf({ ...fields, ...segments, codes: large }))).toContain("at most 26396 are read");
    expect(await refusal(archiveOf({ codes: zeros("|u1", [1, 2 ** 27], 2 ** 27) }))).toMatch(
      /declares 134217856 bytes for codes\.npy; at most 134217728/,
    );
  });

  test("unpacks no more scales than there are segments", async () => {
    const scales = zeros("<f4", [5000], 20_000);
    expect(await refusal(archiveOf({ ...fields, codes, scales }))).toBe(
      `x declares ${scales.length} bytes for scales.npy; at most 10020 are read`,
    );
  });

  test.each([
    ["a text of megabytes", "model", zeros("<U1000000", [], 4_000_000), "x declares 4000128 bytes for model.npy; at most 26396 are read"],
    ["a text of thousands", "model", formatText("m".repeat(4097)), "holds text of 4097 characters; at most 4096 are read"],
    ["a long list for a number", "channels", zeros("<i8", [1, 100_000], 800_000), "bytes for channels.npy; at most"],
    ["a short list for a number", "channels", zeros("<i8", [2], 16), "has no number as channels"],
  ])("may not have %s as a field", async (_what, field, npy, message) => {
    expect(await refusal(archiveOf({ ...fields, codes, [field]: npy }))).toContain(message);
  });

  test("may not have thousands of files", async () => {
    expect(await refusal(archive(Array.from({ length: 5000 }, (_, index) => ({ name: `a${index}`, npy: new Uint8Array() }))))).toBe(
      "x has 5000 files; at most 4096 are read",
    );
  });

  test("that is not stored or deflated to the end that it says is damaged", async () => {
    const bytes = archiveOf({ ...fields, codes: zeros("<u2", [2, 2], 8) });
    const damaged = Uint8Array.from(bytes);
    const directory = Buffer.from(bytes).indexOf("PK\u0001\u0002");
    for (const delta of [-1, 1]) {
      const view = new DataView(damaged.buffer);
      const last = Buffer.from(bytes).lastIndexOf("PK\u0001\u0002");
      expect(last).toBeGreaterThan(directory);
      view.setUint32(last + 24, new DataView(Uint8Array.from(bytes).buffer).getUint32(last + 24, true) + delta, true);
      expect(await refusal(damaged)).toMatch(/is damaged: codes\.npy/);
    }
  });

  test("is not written where it could not be read", () => {
    const data = new Uint16Array(2 ** 26);
    const day = new AudioCodes({ ...clip, data, shape: [1, 1, data.length], numSamples: data.length * 320 });
    expect(() => formatCodes(day, "npz")).toThrow(
      ".npz holds up to 134217728 bytes of codes; these have 134217728: store them as .safetensors",
    );
  });
});

describe.each(["npz", "json", "safetensors"] as const)("%s fields", (format) => {
  test("hold text of 4096 characters, and no more", async () => {
    const model = "é".repeat(4096);
    expect((await parseCodes(formatCodes(withText({ model }), format))).provenance.model).toBe(model);
    expect(() => formatCodes(withText({ license: `${model}x` }), format)).toThrow(
      "the license of these codes has 4097 characters; files hold at most 4096",
    );
  });
});

/** What is said of more codebooks than frames. */
const transposed = "; if the array is [T, K], frames before codebooks, transpose it";

describe("codes of any format", () => {
  test("of long clips are not taken for the wrong way round", async () => {
    expect(await refusal(zeros("|u1", [1, 513, 514], 513 * 514))).toBe("x has 513 codebooks; at most 512 are read");
  });

  test.each([
    ["codebooks", [1, 513, 1], `x has 513 codebooks; at most 512 are read${transposed}`],
    ["segments", [2 ** 20 + 1, 1, 1], "x has 1048577 segments; at most 1048576 are read"],
  ])("have no more %s than can be meant", async (_what, shape, message) => {
    expect(await refusal(zeros("|u1", shape, shape[0]! * shape[1]!))).toBe(message);
    const [numSegments, numCodebooks] = shape as [number, number];
    const data = new Uint16Array(numSegments * numCodebooks);
    const segment = numSegments === 1 ? null : { length: 320, stride: 320 };
    const tooMany = new AudioCodes({ ...clip, data, shape: [numSegments, numCodebooks, 1], numSamples: 320 * numSegments, segment });
    expect(() => formatCodes(tooMany, "safetensors")).toThrow(
      message.replace("x has", "these codes have").replace("are read", "fit a file").replace(transposed, ""),
    );
  });

  test("are read while other work goes on", async () => {
    const numFrames = 2 ** 21;
    let turns = 0;
    const count = (): void => void (turns++, setImmediate(count).unref());
    setImmediate(count).unref();
    for (const bytes of [
      archiveOf({ codes: zeros("<u2", [1, numFrames], 2 * numFrames) }),
      zeros("<u2", [1, numFrames], 2 * numFrames),
      bytesOf(`{"codes": [[${"0,".repeat(numFrames - 1)}0]]}`),
    ]) {
      turns = 0;
      expect((await parseCodes(bytes, { context })).numFrames).toBe(numFrames);
      expect(turns).toBeGreaterThan(10);
    }
  });

  test("end with the signal of who reads them", async () => {
    const controller = new AbortController();
    const reading = parseCodes(zeros("<u2", [1, 2 ** 20], 2 ** 21), { context, signal: controller.signal });
    controller.abort(new Error("enough"));
    await expect(reading).rejects.toThrow("enough");
  });

  test("are the same in either order of bytes and of dimensions", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 2, maxLength: 3 }),
        fc.constantFrom("u1", "i2", "u4", "i8"),
        fc.boolean(),
        fc.boolean(),
        async (shape, type, isBig, isFortran) => {
          const count = shape.reduce((product, size) => product * size, 1);
          const size = Number(type[1]);
          const places = Array.from({ length: count }, (_, place) => place);
          // The place, row-major, of the element that comes next where the first index runs fastest.
          const ordered = isFortran ? places.toSorted((a, b) => keyOf(a, shape) - keyOf(b, shape)) : places;
          const bytes = Uint8Array.from(
            ordered.flatMap((place) => Array.from({ length: size }, (_, byte) => ((isBig ? size - 1 - byte : byte) === 0 ? place : 0))),
          );
          const plain = formatArray(`${isBig ? ">" : "<"}${type}`, shape, bytes);
          const file = isFortran
            ? Uint8Array.from(Buffer.from(Buffer.from(plain).toString("latin1").replace("False", "True "), "latin1"))
            : plain;
          const segment = shape.length === 3 ? { length: 320 * shape[2]!, stride: 320 } : null;
          const read = await parseCodes(file, { context: { ...context, segment } });
          expect([...read.data]).toEqual(places);
          expect(Array.from((parseArray(file, "x") as { data: ArrayLike<number> }).data, Number)).toEqual(places);
        },
      ),
    );
  });
});

/** Where an element stands if the first index runs fastest. */
function keyOf(place: number, shape: readonly number[]): number {
  let rest = place;
  let key = 0;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    key = key * shape[axis]! + (rest % shape[axis]!);
    rest = Math.floor(rest / shape[axis]!);
  }
  return key;
}

describe("JSON of codes", () => {
  test("is read as JSON.parse would", async () => {
    const space = fc.constantFrom("", " ", "\n\t", "\r\n  ");
    const spelling = fc
      .integer({ min: 0, max: 1023 })
      .chain((code) => fc.constantFrom(String(code), `${code}.0`, `${code}e0`, `${code * 10}E-1`));
    const document = fc
      .record({
        numSegments: fc.integer({ min: 1, max: 3 }),
        numCodebooks: fc.integer({ min: 1, max: 3 }),
        numFrames: fc.integer({ min: 1, max: 4 }),
      })
      .chain(({ numSegments, numCodebooks, numFrames }) => {
        const row = fc.array(spelling, { minLength: numFrames, maxLength: numFrames });
        const list = (item: fc.Arbitrary<string[]>, length: number): fc.Arbitrary<string[]> =>
          fc.array(
            fc.tuple(item, space).map(([items, gap]) => `[${gap}${items.join(`${gap},`)}${gap}]`),
            { minLength: length, maxLength: length },
          );
        return fc.tuple(
          list(list(row, numCodebooks), numSegments),
          fc.json({ maxDepth: 2 }),
          space,
          fc.option(fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: numSegments, maxLength: numSegments })),
        );
      })
      .map(
        ([segments, other, gap, scales]) =>
          `{"other":${other},${gap}"scales"${gap}:${JSON.stringify(scales)},"codes":${gap}[${segments.join()}]${gap}}`,
      );
    await fc.assert(
      fc.asyncProperty(document, async (text) => {
        const expected = JSON.parse(text) as { codes: number[][][]; scales: number[] | null };
        const numFrames = expected.codes[0]![0]!.length;
        const read = await parseCodes(bytesOf(text), { context: { ...context, segment: { length: 320 * numFrames, stride: 320 } } });
        expect([...read.data]).toEqual(expected.codes.flat(2));
        expect(read.shape).toEqual([expected.codes.length, expected.codes[0]!.length, numFrames]);
        expect(read.scales).toEqual(expected.scales === null ? null : Float32Array.from(expected.scales));
      }),
    );
  });

  test.each([
    ["codes twice", '{"codes":[[1]],"codes":[[2]]}', 'has "codes" twice'],
    ["a leading zero", '{"codes":[[01]]}', "is not JSON"],
    ["a comma too many", '{"codes":[[1,]]}', "is not JSON"],
    ["a comma at the end", '{"codes":[[1]],}', "is not JSON"],
    ["something behind it", '{"codes":[[1]]}x', "is not JSON"],
    ["two values without a comma", '{"codes":[[1 2]]}', "is not JSON"],
    ["a field that is no JSON", '{"a":@,"codes":[[1]]}', "is not JSON"],
    ["text with a control character", '{"a":"\u0000","codes":[[1]]}', "is not JSON"],
    ["lists of different depths", '{"codes":[[1],2]}', 'has 2 in "codes" where an array of 1 is expected'],
    ["lists in lists in lists", '{"codes":[[[[1]]]]}', 'has an array of 1 in "codes" where a number is expected'],
    [
      "a long list where a number should be",
      `{"codes":[[1, [${"1,".repeat(50_000)}1]]]}`,
      'has an array in "codes" where a number is expected',
    ],
    ["scales of scales", '{"scales":[[1]],"codes":[[[1]]]}', "has scales of shape [1, 1]; expected [numSegments]"],
    ["a long field", `{"a":"${"x".repeat(300_000)}","codes":[[1]]}`, "more text beside its codes and scales"],
    [
      "many fields",
      `{${Array.from({ length: 50_000 }, (_, i) => `"f${i}":1`).join()},"codes":[[1]]}`,
      "more text beside its codes and scales",
    ],
    ["a field that nests", `{"a":${"[".repeat(1e5)}${"]".repeat(1e5)},"codes":[[1]]}`, "is not JSON"],
    ["nothing but space", `{"codes":[[${" ".repeat(100_000)}1]]}`, "is not JSON"],
    ["a number of megabytes", `{"codes":[[${"1".repeat(1e6)}]]}`, "is not JSON"],
  ])("is refused with %s", async (_what, text, message) => {
    expect(await refusal(bytesOf(text))).toContain(message);
  });

  test("is refused with text that is not UTF-8", async () => {
    expect(await refusal(bytesOf('{"a":"@","codes":[[1]]}').map((byte) => (byte === 0x40 ? 0xff : byte)))).toContain("is not JSON");
  });
});
