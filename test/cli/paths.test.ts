import { cp, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { describe, expect, test } from "vitest";
import { isAddress } from "../../src/core/index.ts";
import { readCodes } from "../../src/index.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { run } from "./fake-terminal.ts";

const speech = fileURLToPath(new URL("../fixtures/golden/mini-24khz/speech.wav", import.meta.url));

async function folderWithSpeech(name = "speech.wav"): Promise<string> {
  const folder = await temporaryFolder();
  await cp(speech, join(folder, name));
  return folder;
}

test.each([
  ["https://example.com/a.wav", true],
  ["s3://bucket/key", true],
  ["hf://org/model", true],
  ["file:///a.wav", true],
  ["file:/a.wav", true],
  ["C:\\music\\a.wav", false],
  ["c://music/a.wav", false],
  ["./s3://bucket/key", false],
  ["12:30 interview.wav", false],
  ["a:b//c.wav", false],
  ["https:", false],
  ["file:a.wav", false],
])("%s: an address? %s", (text, is) => {
  expect(isAddress(text)).toBe(is);
});

describe("addresses", () => {
  test.each([
    ["encode", ["encode", "https://example.com/a.wav?sig=s3cret"]],
    ["encode -o", ["encode", speech, "-o", "s3://bucket/a.npz"]],
    ["decode", ["decode", "hf://datasets/org/name/a.npz"]],
    ["decode -o", ["decode", "a.npz", "-o", "gs://bucket/"]],
    ["roundtrip", ["roundtrip", "http://example.com/a.wav"]],
    ["roundtrip -o", ["roundtrip", speech, "-o", "s3://bucket/out"]],
    ["tokenize", ["tokenize", "s3://bucket/corpus", "-o", "codes"]],
    ["tokenize, a pattern", ["tokenize", "s3://bucket/**/*.wav", "-o", "codes"]],
    ["tokenize -o", ["tokenize", speech, "-o", "s3://bucket/codes"]],
    ["tokenize enqueue -o", ["tokenize", "enqueue", speech, "-o", "s3://bucket/codes"]],
    ["tokenize worker -o", ["tokenize", "worker", "-o", "s3://bucket/codes"]],
    ["tokenize status -o", ["tokenize", "status", "-o", "s3://bucket/codes"]],
    ["verify", ["verify", "s3://bucket/codes"]],
    ["push", ["push", "s3://bucket/codes", "me/codes"]],
    ["license", ["license", "https://example.com/a.npz"]],
    ["notice -o", ["notice", "tiny", "-o", "s3://bucket/NOTICE"]],
    ["patterns apply", ["patterns", "apply", "https://example.com/a.npz", "-p", "delay"]],
    ["patterns apply -p", ["patterns", "apply", "a.npz", "-p", "https://example.com/p.json"]],
    ["patterns revert", ["patterns", "revert", "https://example.com/a.npy"]],
    ["patterns show --svg", ["patterns", "show", "delay", "--svg", "s3://bucket/a.svg"]],
  ])("are refused in plain words, and nothing is made: %s", async (_, args) => {
    const { code, stdout, stderr } = await run(args);
    expect({ code, stdout: stdout.toString() }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^encodec-tokenizer: [a-z0-9]+:\/\/[^\n]+ is an address, and [^\n]+\n$/u);
    expect(stderr).not.toContain("s3cret");
    expect(await readdir(".")).not.toContain("s3:");
  });

  test("are shown without a password", async () => {
    const { code, stderr } = await run(["encode", "https://me:hunter2@example.com/a.wav"]);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr:
        "encodec-tokenizer: https://example.com/a.wav is an address, and only files of this machine are read; " +
        "download it first, or pipe it in and give - in its place\n",
    });
    expect((await run(["encode", "https://me:hun/ter2@example.com/a.wav"])).stderr).not.toMatch(/hun|ter2/u);
  });
});

describe("file: URLs", () => {
  test("are the paths that they stand for, as inputs and as outputs", async () => {
    const folder = await folderWithSpeech("two words.wav");
    const at = (name: string): string => pathToFileURL(join(folder, name)).href;
    expect(at("two words.wav")).toContain("two%20words.wav");
    expect(await run(["encode", at("two words.wav"), "-n", "2"])).toMatchObject({ code: 0 });
    expect(await run(["encode", at("two words.wav"), "-n", "2", "-o", at("a.npz")])).toMatchObject({ code: 0 });
    expect(await readCodes(join(folder, "a.npz"))).toEqual(await readCodes(join(folder, "two words.safetensors")));
    expect(await run(["decode", at("a.npz"), "-o", `${at("decoded")}/`])).toMatchObject({ code: 0 });
    expect(await readdir(join(folder, "decoded"))).toEqual(["a.decoded.wav"]);
    expect((await run(["inspect", at("a.npz"), "--json"])).stdout.toString()).toBe(
      (await run(["inspect", join(folder, "a.npz"), "--json"])).stdout.toString(),
    );
    expect(await run(["tokenize", at("two words.wav"), "-o", at("dataset"), "-f", "jsonl"])).toMatchObject({ code: 0 });
    expect(await run(["verify", at("dataset")])).toMatchObject({ code: 0 });
  });

  test("that stand for no path are refused", async () => {
    expect(await run(["encode", "file:///a%n.wav"])).toMatchObject({
      code: 2,
      stderr: "encodec-tokenizer: file:///a%n.wav has a % that stands for nothing; write %25 for it\n",
    });
    expect(await run(["encode", "file:///no/such.wav"])).toMatchObject({
      stderr: "encodec-tokenizer: cannot read /no/such.wav: there is no such file\n",
    });
  });
});

test("names with a colon are names", async () => {
  const folder = await folderWithSpeech("12:30 talk.wav");
  await cp(speech, join(folder, "C:"));
  expect(await run(["encode", join(folder, "12:30 talk.wav"), join(folder, "C:")])).toMatchObject({ code: 0 });
  expect(await readFile(join(folder, "C:.safetensors"))).toEqual(await readFile(join(folder, "12:30 talk.safetensors")));
});

describe("a model", () => {
  test.each([
    ["https://huggingface.co/facebook/encodec_24khz", "facebook/encodec_24khz"],
    ["https://huggingface.co/facebook/encodec_24khz/tree/main", "facebook/encodec_24khz"],
    ["https://huggingface.co/facebook/encodec_24khz/blob/main/config.json", "facebook/encodec_24khz"],
    ["https://hf.co/org/name/tree/v2?x=1#y", "org/name, and the revision v2 (--revision)"],
    ["hf://org/name@v2/config.json", "org/name, and the revision v2 (--revision)"],
  ])("is no page of the Hub, of which the id is said: %s", async (address, id) => {
    for (const args of [
      ["inspect", address],
      ["pull", address],
      ["encode", speech, "-o", "nowhere/a.npz", "-m", address],
    ]) {
      const { code, stderr } = await run(args);
      expect(code).toBe(1);
      expect(stderr).toMatch(
        / is an address of the Hub; give the id of the repository|\(an address that is not shown\) is an address of the Hub/u,
      );
      expect(stderr).toContain(`give the id of the repository, ${id}\n`);
    }
  });

  test("may be given as a file: URL, and is at no other address", async () => {
    const folder = pathToFileURL(fileURLToPath(new URL("../fixtures/golden/mini-24khz/hf", import.meta.url))).href;
    expect(await run(["inspect", folder])).toMatchObject({ code: 0, stderr: "" });
    for (const address of ["https://example.com/org/model", "https://huggingface.co/datasets/org/name", "s3://bucket/model"])
      expect((await run(["inspect", address])).stderr).toMatch(
        / is an address; weights come from this machine, or by their id from the Hub/u,
      );
  });
});
