import { execFileSync } from "node:child_process";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import fc from "fast-check";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { CodesError, FileError } from "../../src/core/index.ts";
import type { AudioCodes } from "../../src/core/index.ts";
import { readCodes, writeCodes } from "../../src/files/codes-file.ts";
import { formatCodes } from "../../src/storage/index.ts";
import { codesAt48kHz, wholeClips } from "../core/arbitrary-codes.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const codes = codesAt48kHz(50_000);
let folder: string;

beforeEach(async () => {
  folder = await temporaryFolder();
});

describe("codes files", () => {
  test.each(["clip.safetensors", "clip.npz", "clip.JSON"])("%s is written and read", async (file) => {
    const path = join(folder, file);
    await writeCodes(path, codes);
    expect(await readCodes(path)).toEqual(codes);
    expect(await readCodes(await readFile(path))).toEqual(codes);
    expect(await readdir(folder)).toEqual([file]);
  });

  test("may be named by a file: URL, and by no other address", async () => {
    const url = pathToFileURL(join(folder, "two words.npz"));
    await writeCodes(url, codes);
    expect(await readdir(folder)).toEqual(["two words.npz"]);
    for (const source of [url, url.href]) expect(await readCodes(source)).toEqual(codes);
    await expect(writeCodes("s3://me:hunter2@bucket/a.npz", codes)).rejects.toThrow(
      "expected a path or a file: URL; received s3://bucket/a.npz. Download it first, or pass the bytes",
    );
    await expect(readCodes("https://example.com/a.npz?sig=s3cret")).rejects.toThrow(/received https:\/\/example\.com\/a\.npz\. Download/u);
  });

  test("are not written where the extension or the format does not do", async () => {
    await expect(writeCodes(join(folder, "clip.wav"), codes)).rejects.toThrow(
      /clip\.wav does not name a format for codes; end it in \.safetensors/,
    );
    await expect(writeCodes(join(folder, "clip.npy"), codes)).rejects.toThrow(CodesError);
    expect(await readdir(folder)).toEqual([]);
  });

  test("that name their codec need no other one, and do not ask for it", async () => {
    const context = vi.fn(() => codes);
    expect(await readCodes(formatCodes(codes, "npz"), { context })).toEqual(codes);
    expect(context).not.toHaveBeenCalled();
    await expect(readCodes(new Uint8Array(8))).rejects.toThrow(CodesError);
  });

  test.skipIf(process.platform === "win32")("are read through a pipe once, also where their codec has to be asked for", async () => {
    const [clip] = fc.sample(wholeClips, { numRuns: 1, seed: 1 }) as [AudioCodes];
    execFileSync("mkfifo", [join(folder, "pipe.npy")]);
    const writing = writeFile(join(folder, "pipe.npy"), formatCodes(clip, "npy"));
    const read = await readCodes(join(folder, "pipe.npy"), { context: async () => clip, signal: AbortSignal.timeout(10_000) });
    await writing;
    expect(read.data).toEqual(clip.data);
    await expect(readCodes(join(folder, "pipe.npy"), { signal: AbortSignal.timeout(50) })).rejects.toMatchObject({ name: "TimeoutError" });
  });

  test("are kept when overwriting is not allowed", async () => {
    const path = join(folder, "clip.npz");
    await writeCodes(path, codes, { overwrite: false });
    await expect(writeCodes(path, codes.sliceSegments(0, 1), { overwrite: false })).rejects.toMatchObject({ code: "FILE_EXISTS" });
    expect(await readCodes(path)).toEqual(codes);
  });

  test("that are missing or folders are said to be so", async () => {
    await expect(readCodes(join(folder, "none.npz"))).rejects.toThrow(/cannot read .*none\.npz: there is no such file/);
    await expect(readCodes(folder)).rejects.toThrow(FileError);
    await expect(readCodes(new URL(import.meta.url).pathname)).rejects.toThrow(/codes-file\.test\.ts is not a file of codes/);
  });
});
