import { chmod, mkdir, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { CheckpointError } from "../../src/core/errors.ts";
import { openFile, openModelPath } from "../../src/files/file-source.ts";
import { temporaryFolder } from "../temporary-folder.ts";

let folder = "";

beforeEach(async () => {
  folder = await temporaryFolder();
});

async function write(name: string, ...bytes: number[]): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, Uint8Array.from(bytes));
  return path;
}

async function expectNotFound(opening: Promise<unknown>, message: string): Promise<void> {
  const error: unknown = await opening.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(CheckpointError);
  expect(error).toMatchObject({ code: "CHECKPOINT_NOT_FOUND" });
  expect((error as Error).message).toContain(message);
}

describe("an open file", () => {
  test("reads ranges, in any order and at the same time", async () => {
    await using file = await openFile(await write("a.bin", 10, 11, 12, 13, 14));
    expect(file.size).toBe(5);
    expect(await Promise.all([file.read(3, 2), file.read(0, 1), file.read(5, 0)])).toEqual([
      Uint8Array.of(13, 14),
      Uint8Array.of(10),
      new Uint8Array(),
    ]);
  });

  test.each([
    [0, 6],
    [5, 1],
    [-1, 1],
    [0, -1],
    [0.5, 1],
  ])("refuses the range from %s of length %s", async (offset, length) => {
    await using file = await openFile(await write("a.bin", 1, 2, 3, 4, 5));
    await expect(file.read(offset, length)).rejects.toThrow(RangeError);
  });

  test("notices that the file became shorter instead of reading zeros", async () => {
    const path = await write("a.bin", 1, 2, 3, 4);
    await using file = await openFile(path);
    await truncate(path, 2);
    await expect(file.read(0, 4)).rejects.toMatchObject({ code: "CHECKPOINT_FORMAT" });
    await expect(file.read(0, 4)).rejects.toThrow("it had 4 bytes and now ends at 2");
    expect(await file.read(0, 2)).toEqual(Uint8Array.of(1, 2));
  });

  test("may be closed more than once", async () => {
    const file = await openFile(await write("a.bin", 1));
    await file[Symbol.asyncDispose]();
    await file[Symbol.asyncDispose]();
    await expect(file.read(0, 1)).rejects.toThrow();
  });
});

describe("the path of a model", () => {
  test("may be a folder, whose files are opened by name", async () => {
    await write("config.json", 1);
    await write("model.safetensors", 2, 3);
    await mkdir(join(folder, "onnx"));
    const files = await openModelPath(folder);
    if (files.kind !== "folder") throw new Error("expected a folder");
    expect(files.name).toBe(folder);
    expect(await files.list()).toEqual(["config.json", "model.safetensors"]);
    const source = await files.open("model.safetensors");
    expect(await source?.read(0, 2)).toEqual(Uint8Array.of(2, 3));
    expect(await files.open("model.safetensors")).toBe(source);
    expect(await files.open("missing")).toBeUndefined();
    await files.close?.();
    await files.close?.();
    await expect(source?.read(0, 2)).rejects.toThrow();
  });

  test("may be a folder of links, as in the Hugging Face cache", async () => {
    const blob = await write("blob", 7);
    const snapshot = join(folder, "snapshot");
    await mkdir(snapshot);
    await symlink(blob, join(snapshot, "model.safetensors"));
    const files = await openModelPath(snapshot);
    if (files.kind !== "folder") throw new Error("expected a folder");
    expect(await files.list()).toEqual(["model.safetensors"]);
    expect(await (await files.open("model.safetensors"))?.read(0, 1)).toEqual(Uint8Array.of(7));
    await files.close?.();
  });

  test("may be a file, beside which others are found", async () => {
    await write("config.json", 1, 2);
    const files = await openModelPath(await write("weights.th", 9));
    if (files.kind !== "file") throw new Error("expected a file");
    expect(files.source.name).toBe(join(folder, "weights.th"));
    expect((await files.beside?.open("config.json"))?.size).toBe(2);
    await files.close?.();
    await files.close?.();
    await expect(files.source.read(0, 1)).rejects.toThrow();
  });

  test("that leads nowhere is named, with what was expected", async () => {
    await expectNotFound(openModelPath(join(folder, "nothing")), "expected a folder with config.json and model.safetensors");
    await expectNotFound(openModelPath(join(await write("file", 1), "below")), "there is no");
    await expectNotFound(openFile(join(folder, "nothing")), "there is no");
  });

  test("of something that is neither a file nor a folder is refused without waiting for it", async () => {
    await expectNotFound(openModelPath("/dev/null"), "/dev/null is not a file");
    await expectNotFound(openFile(folder), "is not a file");
  });

  // The superuser may read everything.
  test.skipIf(process.getuid?.() === 0 || process.platform === "win32")("that may not be read says so", async () => {
    const path = await write("secret.th", 1);
    await chmod(path, 0);
    await expectNotFound(openModelPath(path), "may not be read; check its permissions");
  });

  test("does not open names that lead out of the folder", async () => {
    const files = await openModelPath(folder);
    if (files.kind !== "folder") throw new Error("expected a folder");
    for (const name of ["../a", "a/b", "..", ".", "", "a\\b"]) {
      await expect(files.open(name)).rejects.toThrow(RangeError);
    }
  });
});
