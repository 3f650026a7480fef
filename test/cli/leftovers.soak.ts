import { spawn } from "node:child_process";
import { join } from "node:path";
import { once } from "node:events";
import { cp, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, test, vi } from "vitest";
import { AudioCodes, AudioTokenizer, openAudio, writeCodes } from "../../src/index.ts";
import { run } from "./fake-terminal.ts";
import { builtFile } from "../built-package.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const main = builtFile("cli/main.ts");
const speech = fileURLToPath(new URL("../fixtures/golden/mini-24khz/speech.wav", import.meta.url));

describe("a command that fails", () => {
  test.each([
    [["encode", "none.wav", "-o", "OUT/a/b/"]],
    [["decode", "speech.wav", "-o", "OUT/a/b.wav"]],
    [["roundtrip", "none.wav", "-o", "OUT/a"]],
    [["patterns", "apply", "none.npz", "-p", "delay", "-o", "OUT/a/"]],
    [["patterns", "revert", "none.npz", "-o", "OUT/a/"]],
    [["patterns", "show", "delay", "--svg", "OUT/a/b.svg", "--save", "speech.wav/c.json"]],
    [["encode", "speech.wav", "none.wav", "-o", "speech.wav/b/"]],
    [["tokenize", "none", "-o", "OUT/a/b"]],
    [["tokenize", "EMPTY", "-o", "OUT/a/b"]],
    [["tokenize", "speech.wav", "-o", "OUT/a/b", "-m", "none"]],
    [["notice", "tiny", "-o", "speech.wav/b"]],
  ])("leaves no empty folder: %j", async (args) => {
    const folder = await temporaryFolder();
    await cp(speech, join(folder, "speech.wav"));
    await mkdir(join(folder, "empty"));
    const names = await readdir(folder, { recursive: true });
    const { code, stderr } = await run(
      args.map((arg) =>
        arg
          .replace("OUT", join(folder, "out"))
          .replace("EMPTY", join(folder, "empty"))
          .replace(/^(?:none|speech)\b/u, (name) => join(folder, name)),
      ),
    );
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(/^encodec-tokenizer: /u) });
    expect(await readdir(folder, { recursive: true })).toEqual(names);
  });

  test("leaves folders that were there, and what came into one before", async () => {
    const folder = await temporaryFolder();
    await cp(speech, join(folder, "speech.wav"));
    await mkdir(join(folder, "mine"));
    expect((await run(["encode", join(folder, "none.wav"), "-o", join(folder, "mine/")])).code).toBe(1);
    expect((await run(["tokenize", join(folder, "mine"), "-o", join(folder, "mine")])).code).toBe(1);
    expect(await readdir(join(folder, "mine"))).toEqual([]);
    expect((await run(["encode", join(folder, "speech.wav"), join(folder, "none.wav"), "-o", join(folder, "out/")])).code).toBe(1);
    expect(await readdir(join(folder, "out"))).toEqual(["speech.safetensors"]);
  });
});

describe.skipIf(process.platform !== "linux")("a command that was killed", () => {
  test("leaves a file that the next one takes away, and that a command which is still at work keeps", async () => {
    const folder = await temporaryFolder();
    await writeCodes(join(folder, "long.npz"), await longCodes());
    const start = () =>
      spawn(process.execPath, [main, "decode", join(folder, "long.npz"), "-o", join(folder, "out/a.wav"), "--force", "--threads", "1"], {
        stdio: "ignore",
      });
    const temporaries = async () => (await readdir(join(folder, "out")).catch(() => [])).filter((name) => name.endsWith(".tmp"));
    const killed = start();
    while ((await temporaries()).length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    const before = await temporaries();
    killed.kill("SIGKILL");
    await once(killed, "close");
    expect(await temporaries()).toEqual(before);
    const next = start();
    while ((await temporaries()).every((name) => before.includes(name))) await new Promise((resolve) => setTimeout(resolve, 20));
    const atWork = await temporaries();
    expect(atWork.filter((name) => before.includes(name))).toEqual([]);
    expect((await run(["patterns", "show", "delay", "--save", join(folder, "out/p.json")])).code).toBe(0);
    expect(await temporaries()).toEqual(atWork);
    next.kill("SIGKILL");
    await once(next, "close");
  });
});

describe("a folder for temporary files", () => {
  test.each([
    ["that is missing", "none", "FILE_NOT_FOUND", "there is no folder FOLDER"],
    ["that is a file", "file", "FILE_NOT_FOUND", "there is no folder FOLDER"],
    ["that lets nobody write", "/sys", "FILE_UNWRITABLE", /no permission to write into FOLDER|FOLDER is read-only/u],
  ])("%s is named, with the variable that chooses another", async (_, name, code, problem) => {
    if (name === "/sys" && process.platform !== "linux") return;
    const folder = await temporaryFolder();
    await writeFile(join(folder, "file"), "");
    const path = name.startsWith("/") ? name : join(folder, name);
    vi.stubEnv("TMPDIR", path);
    try {
      const error: unknown = await openAudio(silence()).catch((cause: unknown) => cause);
      expect(error).toMatchObject({ name: "FileError", code, path });
      expect((error as Error).message.replaceAll(path, "FOLDER")).toMatch(problem);
      expect((error as Error).message).toMatch(/; set TMPDIR to /u);
      const { stderr } = await run(["encode", "-", "-o", join(folder, "out/a.npz")], { stdin: new Uint8Array(1000) });
      expect(stderr).toMatch(/^encodec-tokenizer: stdin: [^\n]*TMPDIR[^\n]*\n$/u);
      expect(stderr).toContain(path);
    } finally {
      vi.unstubAllEnvs();
    }
    await rm(join(folder, "file"));
    expect(await readdir(folder)).toEqual([]);
  });
});

async function* silence(): AsyncGenerator<Uint8Array, void> {
  for (let i = 0; i < 3; i++) yield new Uint8Array(1000);
}

/** Codes of an hour, which take far longer to decode than a look into a folder. */
async function longCodes(): Promise<AudioCodes> {
  await using tokenizer = await AudioTokenizer.fromPretrained("tiny");
  const second = await tokenizer.encode({ channelData: [new Float32Array(24_000)], sampleRate: 24_000 });
  return AudioCodes.concatenate(Array.from({ length: 3600 }, () => second));
}
