import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { CodesError } from "../../src/core/index.ts";
import { readBarkPrompt, writeBarkPrompt } from "../../src/files/index.ts";
import { createBarkPrompt } from "../../src/patterns/index.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const prompt = createBarkPrompt(
  { data: Int32Array.from({ length: 120 }, (_, index) => index), dims: [8, 15] },
  [1, 2, 3, 4, 5, 6, 7, 8, 9, 9999],
);
let folder: string;

beforeEach(async () => {
  folder = await temporaryFolder();
});

describe("files of history prompts", () => {
  test("are written and read", async () => {
    const path = join(folder, "voice.npz");
    await writeBarkPrompt(path, prompt);
    expect(await readBarkPrompt(path)).toEqual(prompt);
    await expect(writeBarkPrompt(path, prompt, { overwrite: false })).rejects.toMatchObject({ code: "FILE_EXISTS" });
    expect(await readdir(folder)).toEqual(["voice.npz"]);
  });

  test("are not written under a name that Bark would not read, nor where the prompt is none", async () => {
    await expect(writeBarkPrompt(join(folder, "voice"), prompt)).rejects.toThrow(/must be named \.npz/);
    const short = { ...prompt, semanticPrompt: { data: [1, 2], dims: [2] } };
    await expect(writeBarkPrompt(join(folder, "voice.npz"), short)).rejects.toThrow(CodesError);
    expect(await readdir(folder)).toEqual([]);
  });

  test("that are missing or something else are said to be so", async () => {
    await expect(readBarkPrompt(join(folder, "none.npz"))).rejects.toMatchObject({ code: "FILE_NOT_FOUND" });
    await expect(readBarkPrompt(new URL(import.meta.url).pathname)).rejects.toThrow(
      /bark-prompt-file\.test\.ts is not a whole zip archive/,
    );
  });
});
