import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { CodesError, DisposedError, FileError } from "../../src/core/index.ts";
import { AtomicFile } from "../../src/files/atomic-file.ts";
import { publishFiles } from "../../src/files/publish-files.ts";
import { openTokenDataset } from "../../src/files/read-token-dataset.ts";
import { TokenDatasetWriter } from "../../src/files/token-dataset.ts";
import type { TokenDatasetFile, TokenDatasetOptions } from "../../src/files/token-dataset.ts";
import { formatMegatronIndex } from "../../src/patterns/index.ts";
import type { DocumentTokens } from "../../src/patterns/index.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const flat: TokenDatasetOptions = { format: "flat", vocabularySize: 1025, eosToken: 1024 };
const megatron: TokenDatasetOptions = { ...flat, format: "megatron" };
const documents = [[5, 6, 7], [], [1023]];

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await temporaryFolder();
  path = join(folder, "train");
});

async function write(options: TokenDatasetOptions, all: readonly DocumentTokens[] = documents, to: string = path) {
  await using writer = await TokenDatasetWriter.create(to, options);
  for (const tokens of all) await writer.append(tokens);
  return await writer.finish();
}

function create(to: string, options: object = {}): Promise<TokenDatasetWriter> {
  return TokenDatasetWriter.create(to, { ...flat, ...options });
}

async function readAll(from: string = path): Promise<number[][]> {
  const all: number[][] = [];
  for await (const tokens of await openTokenDataset(from)) all.push([...tokens]);
  return all;
}

const hexOf = async (file: string): Promise<string> => (await readFile(join(folder, file))).toString("hex");

/** What a report says of files, by what is on the disk. */
async function published(...names: readonly string[]): Promise<TokenDatasetFile[]> {
  return Promise.all(
    names.map(async (name) => {
      const bytes = await readFile(join(folder, name));
      return { path: join(folder, name), bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
    }),
  );
}

describe("TokenDatasetWriter", () => {
  test("writes what nanoGPT reads, and says what it is", async () => {
    const metadata = { codec: "facebook/encodec_24khz", pattern: { kind: "flat" }, frame_rate: 75, license: "MIT" };
    const report = await write({ ...flat, metadata });
    expect(report).toEqual({ documents: 3, tokens: 7, files: await published("train.bin", "train.json") });
    expect(await readdir(folder)).toEqual(["train.bin", "train.json"]);
    expect(await hexOf("train.bin")).toBe("05000600070000040004ff030004");
    expect(JSON.parse(await readFile(join(folder, "train.json"), "utf8"))).toEqual({
      format: "encodec-tokenizer/tokens",
      version: 1,
      stream_format: "flat",
      dtype: "uint16",
      byte_order: "little",
      vocabulary_size: 1025,
      eos_token: 1024,
      num_documents: 3,
      num_tokens: 7,
      longest_document: 3,
      metadata,
    });
  });

  // Made with the algorithm of Megatron-LM's IndexedDatasetBuilder (commit 00caa53) under numpy 2.4.6 and torch 2.13.
  test("writes what Megatron-LM's IndexedDatasetBuilder writes", async () => {
    const report = await write(megatron);
    expect(report).toEqual({ documents: 3, tokens: 7, files: await published("train.bin", "train.json", "train.idx") });
    expect(await readdir(folder)).toEqual(["train.bin", "train.idx", "train.json"]);
    expect(await hexOf("train.bin")).toBe("05000600070000040004ff030004");
    expect(await hexOf("train.idx")).toBe(
      "4d4d4944494458000001000000000000000803000000000000000400000000000000040000000100000002000000000000000000000008000000000000000a000000000000000000000000000000010000000000000002000000000000000300000000000000",
    );
    await write({ format: "megatron", vocabularySize: 156_940, eosToken: 128_257 }, [[128_266, 70_000], []], join(folder, "large.bin"));
    expect(await hexOf("large.bin")).toBe("0af501007011010001f5010001f50100");
    expect(await hexOf("large.idx")).toBe(
      "4d4d4944494458000001000000000000000402000000000000000300000000000000030000000100000000000000000000000c00000000000000000000000000000001000000000000000200000000000000",
    );
  });

  test("keeps the order of documents that were not waited for, of any type and size", async () => {
    const long = Array.from({ length: 300_000 }, (_, index) => index % 1024);
    await using writer = await TokenDatasetWriter.create(path, flat);
    const appended = [long, Uint16Array.of(1), { data: BigInt64Array.of(2n, 3n, 4n, 5n), dims: [2, 2] }, long.slice(7), []].map((tokens) =>
      writer.append(tokens),
    );
    const report = await writer.finish();
    await Promise.all(appended);
    expect(report).toMatchObject({ documents: 6, tokens: 599_993 + 1 + 4 + 6 });
    expect(await readAll()).toEqual([long, [1], [2, 3], [4, 5], long.slice(7), []]);
  });

  test("indexes thousands of documents, one by one or in grids", async () => {
    const short = Array.from({ length: 3000 }, (_, document) => Array<number>(document % 5).fill(document % 1024));
    await write(megatron, [...short, { data: new Uint16Array(14_000), dims: [7000, 2] }]);
    expect(await readAll()).toEqual([...short, ...Array.from({ length: 7000 }, () => [0, 0])]);
  });

  test("leaves out what it refuses, and goes on", async () => {
    await using writer = await TokenDatasetWriter.create(path, megatron);
    await writer.append([1]);
    await expect(writer.append([2, 1025])).rejects.toThrow(/token 1025 at position 1/);
    await expect(writer.append({ data: [2, 3, 4, 1024], dims: [2, 2] })).rejects.toThrow(CodesError);
    await writer.append([5]);
    await writer.finish();
    expect(await readAll()).toEqual([[1], [5]]);
  });

  test.each([flat, megatron])("leaves nothing if an error ends the writing as $format", async (options) => {
    await expect(write(options, [Array<number>(600_000).fill(1), [1024]])).rejects.toThrow(/is eosToken/);
    expect(await readdir(folder)).toEqual([]);
  });

  test.each([flat, megatron])("leaves nothing after an abort as $format", async (options) => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const writing = async (abortBefore: "append" | "finish") => {
      await using writer = await TokenDatasetWriter.create(path, { ...options, signal: controller.signal });
      await writer.append(Array<number>(600_000).fill(1));
      expect(await readdir(folder)).toEqual([expect.stringMatching(/^\.train\.bin\..*\.tmp$/)]);
      controller.abort(reason);
      await (abortBefore === "append" ? writer.append([1]) : writer.finish());
    };
    await expect(writing("finish")).rejects.toBe(reason);
    expect(await readdir(folder)).toEqual([]);
    await expect(writing("append")).rejects.toBe(reason);
    expect(await readdir(folder)).toEqual([]);
  });

  test("leaves nothing if aborted while it finishes", async () => {
    const controller = new AbortController();
    {
      await using writer = await TokenDatasetWriter.create(path, { ...megatron, signal: controller.signal });
      await writer.append([1]);
      const finishing = writer.finish();
      controller.abort();
      await expect(finishing).rejects.toThrow(/aborted/);
    }
    expect(await readdir(folder)).toEqual([]);
  });

  test("leaves nothing if it is not finished, or has nothing to finish", async () => {
    {
      await using writer = await TokenDatasetWriter.create(path, flat);
      await writer.append([1]);
    }
    expect(await readdir(folder)).toEqual([]);
    await expect(write(flat, [])).rejects.toThrow(/needs at least one document/);
    expect(await readdir(folder)).toEqual([]);
  });

  test("waits for what is being written when it is disposed", async () => {
    const writer = await TokenDatasetWriter.create(path, flat);
    const appended = writer.append(Array<number>(600_000).fill(1));
    await Promise.all([writer.dispose(), writer.dispose()]);
    await appended;
    await expect(writer.append([1])).rejects.toThrow(DisposedError);
    await expect(writer.append([1])).rejects.toThrow("this TokenDatasetWriter was disposed and cannot be used any more; create another");
    await expect(writer.finish()).rejects.toThrow(DisposedError);
    expect(await readdir(folder)).toEqual([]);
  });

  test("takes no more after it is finished", async () => {
    await using writer = await TokenDatasetWriter.create(path, flat);
    await writer.append([1]);
    await writer.finish();
    await expect(writer.append([1])).rejects.toThrow(/this data set is finished/);
    await expect(writer.finish()).rejects.toThrow(TypeError);
    await writer.dispose();
    expect(await readAll()).toEqual([[1]]);
  });

  test("leaves files that are there alone, whichever of the three names they have", async () => {
    for (const file of ["train.bin", "train.json", "train.idx"]) {
      await writeFile(join(folder, file), "mine");
      await expect(write(flat)).rejects.toMatchObject({ code: "FILE_EXISTS", path: join(folder, file) });
      expect(await readdir(folder)).toEqual([file]);
      expect(await readFile(join(folder, file), "utf8")).toBe("mine");
      await rm(join(folder, file));
    }
  });

  test("leaves a file alone that came while it wrote", async () => {
    {
      await using writer = await TokenDatasetWriter.create(path, megatron);
      await writer.append([1]);
      await writeFile(join(folder, "train.idx"), "mine");
      await expect(writer.finish()).rejects.toMatchObject({ code: "FILE_EXISTS" });
    }
    expect(await readdir(folder)).toEqual(["train.idx"]);
  });

  test("replaces a data set of another format as a whole when it may", async () => {
    await write(megatron);
    await write({ ...flat, overwrite: true }, [[9]]);
    expect(await readdir(folder)).toEqual(["train.bin", "train.json"]);
    expect(await readAll()).toEqual([[9]]);
  });

  test("keeps the old data set if the new one is not finished", async () => {
    await write(megatron);
    await expect(write({ ...flat, overwrite: true }, [[9], [1024]])).rejects.toThrow(CodesError);
    expect(await readAll()).toEqual(documents);
  });

  test("says what is wrong with its path or its options before it writes", async () => {
    await expect(create(join(folder, "none", "train"))).rejects.toThrow(/there is no folder .*none; create it first/);
    await expect(create(`${folder}/`)).rejects.toThrow(/does not name a data set/);
    await expect(create(`${folder}/.bin`)).rejects.toThrow(RangeError);
    await mkdir(join(folder, "train.idx"));
    await expect(create(path, { overwrite: true })).rejects.toMatchObject({ code: "FILE_UNWRITABLE" });
    await expect(create(path, { eosToken: 1025 })).rejects.toThrow(RangeError);
    await expect(create(path, { metadata: { size: 1n } })).rejects.toThrow(TypeError);
    await expect(create(path, { metadata: [1] })).rejects.toThrow(/metadata must be an object/);
    await expect(create(path, { signal: AbortSignal.abort() })).rejects.toThrow(/aborted/);
    expect(await readdir(folder)).toEqual(["train.idx"]);
  });
});

describe("publishFiles", () => {
  test("takes back the names it gave if one of them is taken at the last moment", async () => {
    const names = ["a.bin", "a.json", "a.idx"].map((name) => join(folder, name));
    const files = await Promise.all(names.map((name) => AtomicFile.create(name, { overwrite: false })));
    await writeFile(names[2]!, "mine");
    await expect(publishFiles(files, names.slice(0, 2), false)).rejects.toMatchObject({ code: "FILE_EXISTS", path: names[2] });
    await Promise.all(files.map((file) => file[Symbol.asyncDispose]()));
    expect(await readdir(folder)).toEqual(["a.idx"]);
    expect(await readFile(names[2]!, "utf8")).toBe("mine");
  });
});

describe("openTokenDataset", () => {
  test("gives back the documents that were written, empty ones included", async () => {
    const cases = fc
      .record({
        format: fc.constantFrom("flat" as const, "megatron" as const),
        vocabularySize: fc.constantFrom(2, 1025, 65_500, 65_536, 200_000),
      })
      .chain((options) => fc.tuple(fc.constant(options), fc.nat({ max: options.vocabularySize - 1 })))
      .chain(([options, eosToken]) => {
        const token = fc.nat({ max: options.vocabularySize - 1 }).filter((id) => id !== eosToken);
        return fc.tuple(
          fc.constant({ ...options, eosToken }),
          fc.array(fc.array(token, { maxLength: 20 }), { minLength: 1, maxLength: 8 }),
        );
      });
    await fc.assert(
      fc.asyncProperty(cases, async ([options, all]) => {
        await write({ ...options, overwrite: true }, all);
        expect(await readAll()).toEqual(all);
      }),
      { numRuns: 60 },
    );
  });

  test.each([flat, megatron])("reads documents across the pieces in which a $format file is read", async (options) => {
    const lengths = [524_287, 524_287, 0, 524_288, 1_200_000, 1];
    const all = lengths.map((length, document) => new Uint16Array(length).map((_, index) => (index * 7 + document) % 1024));
    await write(options, all);
    let document = 0;
    for await (const tokens of await openTokenDataset(path)) {
      expect(
        Buffer.compare(Buffer.from(tokens.buffer, tokens.byteOffset, tokens.byteLength), Buffer.from(all[document]!.buffer)),
        `document ${document}`,
      ).toBe(0);
      document++;
    }
    expect(document).toBe(lengths.length);
  });

  test("says what the data set is, and can be read more than once and left early", async () => {
    await write({ ...megatron, metadata: { codec: "tiny" } });
    const dataset = await openTokenDataset(join(folder, "train.bin"));
    expect(dataset).toMatchObject({
      format: "megatron",
      type: "uint16",
      vocabularySize: 1025,
      eosToken: 1024,
      numDocuments: 3,
      numTokens: 7,
      longestDocument: 3,
      metadata: { codec: "tiny" },
    });
    for await (const tokens of dataset) {
      expect(tokens).toEqual(Uint16Array.of(5, 6, 7));
      break;
    }
    let count = 0;
    for await (const tokens of dataset) expect([...tokens]).toEqual(documents[count++]);
    expect(count).toBe(3);
  });

  test("names the file that is missing", async () => {
    await write(megatron);
    for (const file of ["train.idx", "train.bin", "train.json"]) {
      await rm(join(folder, file));
      await expect(openTokenDataset(path)).rejects.toMatchObject({ code: "FILE_NOT_FOUND", path: join(folder, file) });
    }
    await expect(openTokenDataset(path)).rejects.toThrow(FileError);
  });

  test("stops at its signal", async () => {
    await write(flat);
    await expect(openTokenDataset(path, { signal: AbortSignal.abort() })).rejects.toThrow(/aborted/);
    const controller = new AbortController();
    const dataset = await openTokenDataset(path, { signal: controller.signal });
    controller.abort();
    await expect(dataset[Symbol.asyncIterator]().next()).rejects.toThrow(/aborted/);
  });

  test("refuses files cut anywhere", async () => {
    await write(megatron);
    for (const file of ["train.bin", "train.json", "train.idx"]) {
      const bytes = await readFile(join(folder, file));
      // The last byte of the JSON file is a line break, which nothing needs.
      for (let length = 0; length < bytes.length - (file === "train.json" ? 1 : 0); length++) {
        await writeFile(join(folder, file), bytes.subarray(0, length));
        await expect(readAll(), `${file} cut to ${length}`).rejects.toThrow(CodesError);
      }
      await writeFile(join(folder, file), bytes);
    }
    expect(await readAll()).toEqual(documents);
  });

  test.each([
    ["version", 2, /version: Invalid input: expected 1/],
    ["dtype", "int32", /dtype: found int32; a vocabulary of 1025 has uint16/],
    ["eos_token", 1025, /eosToken must be a token of the vocabulary/],
    ["eos_token", 7, /does not end where its first token 7 is|ends within document/],
    ["num_documents", 4, /ends after document 3; expected 4/],
    ["num_tokens", 8, /has 14 bytes; .* 8 tokens of uint16, which take 16/],
    ["num_tokens", -1, /num_tokens/],
    ["longest_document", 2, /document of more than 2 tokens/],
    ["vocabulary_size", 1023, /eosToken must be/],
    ["metadata", null, /metadata/],
  ])("refuses a JSON file of which %s became %s", async (field, value, message) => {
    await write(flat);
    const fields = JSON.parse(await readFile(join(folder, "train.json"), "utf8")) as object;
    await writeFile(join(folder, "train.json"), JSON.stringify({ ...fields, [field]: value }));
    await expect(readAll()).rejects.toThrow(CodesError);
    await expect(readAll()).rejects.toThrow(message);
  });

  test("refuses tokens outside the vocabulary", async () => {
    await write(flat);
    await writeFile(join(folder, "train.bin"), Buffer.from("05000600010400040004ff030004", "hex"));
    await expect(readAll()).rejects.toMatchObject({ code: "CODES_OUT_OF_RANGE" });
  });

  test.each([
    [[4, 1], undefined, /has 2 documents with 5 tokens/],
    [[4, 1, 1], undefined, /has 3 documents with 6 tokens/],
    [[4, 1, 2], [0, 1, 3], /has 2 documents with 7 tokens/],
    [[3, 2, 2], undefined, /does not end where its first token 1024 is \(document 0\)/],
    [[0, 5, 2], undefined, /does not end where its first token 1024 is \(document 0\)/],
    [[4, 3, 0], undefined, /does not end where its first token 1024 is \(document 1\)/],
    [[7, 0, 0], undefined, /a document of more than 3 tokens/],
  ])("refuses an index of lengths %j that is not of its tokens", async (sequenceLengths, documentIndices, message) => {
    await write(megatron);
    await writeFile(join(folder, "train.idx"), formatMegatronIndex({ dtype: "uint16", sequenceLengths, documentIndices }));
    await expect(readAll()).rejects.toThrow(CodesError);
    await expect(readAll()).rejects.toThrow(message);
  });

  test("reads documents of several sequences", async () => {
    await write(megatron);
    await writeFile(
      join(folder, "train.idx"),
      formatMegatronIndex({ dtype: "uint16", sequenceLengths: [1, 3, 1, 0, 2], documentIndices: [0, 2, 3, 5] }),
    );
    expect(await readAll()).toEqual(documents);
  });
});
