import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CodesError, FileError } from "../../src/core/index.ts";
import { readCodes, writeCodes } from "../../src/files/codes-file.ts";
import { codesAt48kHz } from "../core/arbitrary-codes.ts";

const codes = codesAt48kHz(50_000);
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "codes-file-"));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

describe("codes files", () => {
  it.each(["clip.safetensors", "clip.npz", "clip.JSON"])("%s is written and read", async (file) => {
    const path = join(folder, file);
    await writeCodes(path, codes);
    expect(await readCodes(path)).toEqual(codes);
    expect(await readCodes(await readFile(path))).toEqual(codes);
    expect(await readdir(folder)).toEqual([file]);
  });

  it("are not written where the extension or the format does not do", async () => {
    await expect(writeCodes(join(folder, "clip.wav"), codes)).rejects.toThrow(/clip\.wav does not name a format for codes; end it in \.safetensors/);
    await expect(writeCodes(join(folder, "clip.npy"), codes)).rejects.toThrow(CodesError);
    expect(await readdir(folder)).toEqual([]);
  });

  it("are kept when overwriting is not allowed", async () => {
    const path = join(folder, "clip.npz");
    await writeCodes(path, codes, { overwrite: false });
    await expect(writeCodes(path, codes.sliceSegments(0, 1), { overwrite: false })).rejects.toMatchObject({ code: "FILE_EXISTS" });
    expect(await readCodes(path)).toEqual(codes);
  });

  it("that are missing or folders are said to be so", async () => {
    await expect(readCodes(join(folder, "none.npz"))).rejects.toThrow(/cannot read .*none\.npz: there is no such file/);
    await expect(readCodes(folder)).rejects.toThrow(FileError);
    await expect(readCodes(new URL(import.meta.url).pathname)).rejects.toThrow(/codes-file\.test\.ts is not a file of codes/);
  });
});
