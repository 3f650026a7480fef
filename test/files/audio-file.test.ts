import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { beforeEach, describe, expect, test } from "vitest";
import { formatWav } from "../../src/audio/index.ts";
import { AudioFormatError, FileError } from "../../src/core/index.ts";
import { readAudio, writeWav } from "../../src/files/audio-file.ts";
import { writeFileAtomically } from "../../src/files/write-file.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const waveform = { channelData: [Float32Array.of(0, 0.5, -0.25)], sampleRate: 24_000 };
const isRoot = process.getuid?.() === 0; // to whom permissions do not apply

let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder();
});
const at = (name: string): string => join(folder, name);

describe("readAudio", () => {
  test("reads a path, a file URL and bytes alike", async () => {
    writeFileSync(at("a b.wav"), formatWav(waveform));
    expect(await readAudio(at("a b.wav"))).toEqual(waveform);
    expect(await readAudio(pathToFileURL(at("a b.wav")))).toEqual(waveform);
    expect(await readAudio(formatWav(waveform))).toEqual(waveform);
  });

  test("a missing file", async () => {
    await expect(readAudio(at("none.wav"))).rejects.toEqual(
      new FileError("FILE_NOT_FOUND", at("none.wav"), `cannot read ${at("none.wav")}: there is no such file`),
    );
  });

  test("a folder", async () => {
    await expect(readAudio(folder)).rejects.toMatchObject({
      code: "FILE_UNREADABLE",
      path: folder,
      message: expect.stringContaining("it is a folder"),
    });
  });

  test.skipIf(isRoot)("a file without permission", async () => {
    writeFileSync(at("secret.wav"), formatWav(waveform));
    chmodSync(at("secret.wav"), 0o000);
    await expect(readAudio(at("secret.wav"))).rejects.toMatchObject({
      code: "FILE_UNREADABLE",
      message: expect.stringContaining("no permission"),
    });
  });

  test("a file that is no audio is named in the error", async () => {
    writeFileSync(at("page.wav"), "<!doctype html>");
    const error = await readAudio(at("page.wav")).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(AudioFormatError);
    expect(error).toMatchObject({
      code: "AUDIO_UNKNOWN_FORMAT",
      message: expect.stringContaining(`${at("page.wav")}: not readable as audio`),
    });
  });

  test("an address on the web is not fetched", async () => {
    await expect(readAudio("https://example.com/a.wav")).rejects.toThrow(
      /expected a path.*https:\/\/example\.com\/a\.wav.*Download it first/,
    );
    await expect(readAudio(new URL("https://example.com/a.wav"))).rejects.toThrow(TypeError);
    await expect(readAudio("https://me:hunter2@example.com/a.wav?key=hunter2")).rejects.toThrow(
      /^(?!.*hunter2).*https:\/\/example\.com\/a\.wav/,
    );
    await expect(readAudio(new URL("file:///a%n.wav"))).rejects.toThrow(
      /^file:\/\/\/a%n\.wav has a % that stands for nothing; write %25 for it$/,
    );
    await expect(readAudio(new URL("file:///a%n.wav"))).rejects.toBeInstanceOf(TypeError);
  });

  test("an aborted signal rejects with its reason", async () => {
    const reason = new Error("stop");
    await expect(readAudio(at("none.wav"), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});

describe("writeWav", () => {
  test("writes what formatWav makes, in the format asked for", async () => {
    await writeWav(at("a.wav"), waveform);
    expect(new Uint8Array(readFileSync(at("a.wav")))).toEqual(formatWav(waveform));
    await writeWav(pathToFileURL(at("b.wav")), waveform, { format: "float32" });
    expect(new Uint8Array(readFileSync(at("b.wav")))).toEqual(formatWav(waveform, { format: "float32" }));
  });

  test("a waveform that cannot be written leaves the old file alone", async () => {
    writeFileSync(at("a.wav"), "old");
    await expect(writeWav(at("a.wav"), { channelData: [Float32Array.of(Number.NaN)], sampleRate: 8000 })).rejects.toThrow(TypeError);
    expect(readFileSync(at("a.wav"), "utf8")).toBe("old");
    expect(readdirSync(folder)).toEqual(["a.wav"]);
  });
});

describe("writeFileAtomically", () => {
  const bytes = Uint8Array.of(1, 2, 3);

  test("replaces a file, keeps its permissions, and leaves nothing beside it", async () => {
    writeFileSync(at("a"), "old", { mode: 0o640 });
    await writeFileAtomically(at("a"), bytes);
    expect([...readFileSync(at("a"))]).toEqual([1, 2, 3]);
    expect(statSync(at("a")).mode & 0o777).toBe(0o640);
    expect(readdirSync(folder)).toEqual(["a"]);
  });

  test("without overwriting, a file that is there stays", async () => {
    await writeFileAtomically(at("a"), bytes, { overwrite: false });
    await expect(writeFileAtomically(at("a"), Uint8Array.of(9), { overwrite: false })).rejects.toMatchObject({
      name: "FileError",
      code: "FILE_EXISTS",
      path: at("a"),
      message: `${at("a")} already exists; remove it, choose another name, or allow overwriting`,
    });
    expect([...readFileSync(at("a"))]).toEqual([1, 2, 3]);
    expect(readdirSync(folder)).toEqual(["a"]);
  });

  test("of many writers at once that do not overwrite, one wins", async () => {
    const writers = Array.from({ length: 20 }, (_, i) => writeFileAtomically(at("a"), new Uint8Array(1000).fill(i), { overwrite: false }));
    const outcomes = await Promise.allSettled(writers);
    const winner = outcomes.findIndex(({ status }) => status === "fulfilled");
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(readFileSync(at("a")).every((byte) => byte === winner)).toBe(true);
    expect(readdirSync(folder)).toEqual(["a"]);
  });

  test("of many writers at once that overwrite, one's bytes stay as a whole", async () => {
    await Promise.all(Array.from({ length: 20 }, (_, i) => writeFileAtomically(at("a"), new Uint8Array(1000).fill(i))));
    const written = readFileSync(at("a"));
    expect(written).toHaveLength(1000);
    expect(new Set(written).size).toBe(1);
  });

  test("a symbolic link keeps pointing where it did", async () => {
    mkdirSync(at("real"));
    writeFileSync(at("real/a"), "old");
    symlinkSync(at("real/a"), at("link"));
    await writeFileAtomically(at("link"), bytes);
    expect([...readFileSync(at("real/a"))]).toEqual([1, 2, 3]);
  });

  test("a missing folder", async () => {
    await expect(writeFileAtomically(at("none/a"), bytes)).rejects.toMatchObject({
      code: "FILE_NOT_FOUND",
      message: `cannot write ${at("none/a")}: there is no folder ${at("none")}; create it first`,
    });
  });

  test("a file where a folder should be", async () => {
    writeFileSync(at("file"), "");
    await expect(writeFileAtomically(at("file/a"), bytes)).rejects.toMatchObject({ code: "FILE_NOT_FOUND" });
  });

  test("a folder where the file should be", async () => {
    await expect(writeFileAtomically(folder, bytes)).rejects.toMatchObject({
      code: "FILE_UNWRITABLE",
      message: expect.stringContaining("it is a folder"),
    });
    expect(existsSync(folder)).toBe(true);
  });

  test.skipIf(isRoot)("a folder without permission", async () => {
    chmodSync(folder, 0o500);
    await expect(writeFileAtomically(at("a"), bytes)).rejects.toMatchObject({
      code: "FILE_UNWRITABLE",
      message: expect.stringContaining("no permission"),
    });
    chmodSync(folder, 0o700);
  });

  test.skipIf(process.platform === "win32")("a device is written to, not replaced", async () => {
    await writeFileAtomically("/dev/null", bytes);
    expect(statSync("/dev/null").isCharacterDevice()).toBe(true);
  });
});
