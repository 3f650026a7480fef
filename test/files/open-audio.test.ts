import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { open, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { convertAudio, convertAudioStream, formatWav } from "../../src/audio/index.ts";
import { readAudio } from "../../src/files/audio-file.ts";
import { openAudio } from "../../src/files/open-audio.ts";
import { writeWavStream } from "../../src/files/write-wav-stream.ts";
import { collect } from "../audio/ogg-bytes.ts";
import { joinPieces, noise } from "../audio/pieces.ts";
import { builtUrl } from "../built-package.ts";
import { temporaryFolder } from "../temporary-folder.ts";

let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder();
});
const at = (name: string): string => join(folder, name);
const fixture = (name: string): URL => new URL(`../fixtures/audio/${name}`, import.meta.url);

/** Files of the test's folder that this process has open; undefined where the system does not tell. */
function openFiles(): number | undefined {
  if (process.platform !== "linux") return undefined;
  const maps = readdirSync("/proc/self/fd").map((fd) => {
    try {
      return readFileSync(`/proc/self/fdinfo/${fd}`, "utf8").match(/ino:\s*(\d+)/u)?.[1];
    } catch {
      return undefined;
    }
  });
  return maps.filter((inode) => inode !== undefined).length;
}

const inParts = (bytes: Uint8Array): AsyncIterable<Uint8Array> =>
  Readable.from(Array.from({ length: Math.ceil(bytes.length / 1000) }, (_, i) => bytes.subarray(1000 * i, 1000 * (i + 1))));

/** Temporary files in the test's own folder, where they go when `TMPDIR` says so. */
const temporary = (): string[] => readdirSync(folder).filter((name) => name.endsWith(".tmp"));

describe("openAudio", () => {
  test.each(["stereo.flac", "stereo-vbr.mp3", "stereo.ogg", "mono.opus"])("gives the audio of %s that readAudio gives", async (name) => {
    await using audio = await openAudio(fixture(name));
    expect(joinPieces(await collect(audio), audio)).toEqual(await readAudio(fixture(name)));
  });

  test("takes a path and a file URL, and tells the form first", async () => {
    const waveform = { channelData: noise(2, 20_000), sampleRate: 8000 };
    writeFileSync(at("a b.wav"), formatWav(waveform, { format: "float32" }));
    for (const path of [at("a b.wav"), pathToFileURL(at("a b.wav"))]) {
      await using audio = await openAudio(path);
      expect(audio).toMatchObject({ container: "wav", sampleRate: 8000, channels: 2, numSamples: 20_000 });
      expect(joinPieces(await collect(audio), audio)).toEqual(waveform);
    }
  });

  test("closes the file when the loop ends, is left or fails, and when it is disposed", async () => {
    writeFileSync(at("a.wav"), formatWav({ channelData: noise(1, 100_000), sampleRate: 8000 }));
    const damaged = at("damaged.flac");
    writeFileSync(damaged, readFileSync(fixture("stereo.flac")).subarray(0, 9000));
    const before = openFiles();
    for (let i = 0; i < 3; i++) {
      await collect(await openAudio(at("a.wav")));
      for await (const piece of await openAudio(at("a.wav"))) {
        expect(piece.sampleRate).toBe(8000);
        break;
      }
      await expect(collect(await openAudio(damaged, { strict: true }))).rejects.toThrow(`${damaged}: truncated or damaged FLAC file`);
      await (await openAudio(at("a.wav")))[Symbol.asyncIterator]().return!();
      const unread = await openAudio(at("a.wav"));
      await unread[Symbol.asyncDispose]();
      await unread[Symbol.asyncDispose]();
      await expect(openAudio(import.meta.filename)).rejects.toMatchObject({ code: "AUDIO_UNKNOWN_FORMAT" });
    }
    expect(openFiles()).toBe(before);
  });

  test("is read once", async () => {
    const audio = await openAudio(fixture("mono.flac"));
    await collect(audio);
    await expect(collect(audio)).rejects.toMatchObject({ name: "DisposedError" });
  });

  test("a signal stops it in the middle, with its reason", async () => {
    const controller = new AbortController();
    const reason = new Error("stop");
    writeFileSync(at("a.wav"), formatWav({ channelData: noise(1, 100_000), sampleRate: 8000 }));
    const reading = (async () => {
      for await (const piece of await openAudio(at("a.wav"), { signal: controller.signal })) {
        expect(piece.sampleRate).toBe(8000);
        controller.abort(reason);
      }
    })();
    await expect(reading).rejects.toBe(reason);
    await expect(openAudio(at("a.wav"), { signal: controller.signal })).rejects.toBe(reason);
  });

  test("a file that becomes shorter while it is read is noticed", async () => {
    writeFileSync(at("a.wav"), formatWav({ channelData: noise(1, 1_000_000), sampleRate: 44_100 }));
    const reading = (async () => {
      for await (const piece of await openAudio(at("a.wav"))) {
        expect(piece.sampleRate).toBe(44_100);
        truncateSync(at("a.wav"), 1000);
      }
    })();
    await expect(reading).rejects.toMatchObject({
      name: "FileError",
      code: "FILE_UNREADABLE",
      message: expect.stringContaining("became shorter"),
    });
  });

  test("what is no file is refused", async () => {
    await expect(openAudio(at("none.wav"))).rejects.toMatchObject({ code: "FILE_NOT_FOUND", path: at("none.wav") });
    mkdirSync(at("folder"));
    await expect(openAudio(at("folder"))).rejects.toMatchObject({
      code: "FILE_UNREADABLE",
      message: expect.stringContaining("it is a folder"),
    });
    await expect(openAudio("https://example.com/a.wav")).rejects.toThrow(TypeError);
    writeFileSync(at("empty"), "");
    await expect(openAudio(at("empty"))).rejects.toMatchObject({
      code: "AUDIO_EMPTY",
      message: `${at("empty")}: empty file: it has 0 bytes`,
    });
  });

  test.skipIf(process.platform === "win32")("a device is refused without reading from it", async () => {
    await expect(openAudio("/dev/zero")).rejects.toMatchObject({
      code: "FILE_UNREADABLE",
      message: expect.stringContaining("it is a device"),
    });
  });
});

describe("openAudio of a stream", () => {
  const flac = readFileSync(fixture("stereo.flac"));
  beforeEach(() => void vi.stubEnv("TMPDIR", folder));
  afterEach(() => void vi.unstubAllEnvs());

  test.each<[string, () => AsyncIterable<Uint8Array>]>([
    ["parts", () => inParts(flac)],
    ["the body of a response", () => new Response(flac).body!],
  ])("gives the audio that readAudio gives of the bytes, from %s, and leaves no file", async (_, source) => {
    const before = openFiles();
    await using audio = await openAudio(source());
    if (process.platform !== "win32") expect(temporary()).toEqual([]);
    expect(joinPieces(await collect(audio), audio)).toEqual(await readAudio(flac));
    expect(temporary()).toEqual([]);
    expect(openFiles()).toBe(before);
  });

  test("errors about the audio are those of the bytes, those of the source its own; neither leaves a file open", async () => {
    const before = openFiles();
    await expect(openAudio(inParts(new Uint8Array()))).rejects.toMatchObject({
      code: "AUDIO_EMPTY",
      message: "empty file: it has 0 bytes",
    });
    const lost = new Error("connection lost");
    async function* losing(): AsyncGenerator<Uint8Array, void> {
      yield flac.subarray(0, 1000);
      throw lost;
    }
    await expect(openAudio(losing())).rejects.toBe(lost);
    await expect(openAudio(Readable.from(["RIFF"]) as AsyncIterable<never>)).rejects.toThrow(
      new TypeError("a stream of bytes must give Uint8Array; received string"),
    );
    await expect(openAudio(null as never)).rejects.toThrow(TypeError);
    expect(temporary()).toEqual([]);
    expect(openFiles()).toBe(before);
  });

  test("a folder for temporary files that is not there is named", async () => {
    vi.stubEnv("TMPDIR", at("none"));
    await expect(openAudio(inParts(flac))).rejects.toMatchObject({
      name: "FileError",
      code: "FILE_NOT_FOUND",
      message: expect.stringContaining(`there is no folder ${at("none")}`),
    });
  });

  test("a signal ends the waiting for a source that is silent", async () => {
    const controller = new AbortController();
    const reason = new Error("stop");
    const source = new Readable({ read() {} });
    source.push(flac.subarray(0, 1000));
    const opening = openAudio(source, { signal: controller.signal });
    setTimeout(() => controller.abort(reason), 20);
    await expect(opening).rejects.toBe(reason);
    source.destroy();
  });

  test("a signal that fires while the temporary file is made is heard as well", async () => {
    const controller = new AbortController();
    const reason = new Error("stop");
    const source = new Readable({ read() {} });
    const before = openFiles();
    const opening = openAudio(source, { signal: controller.signal });
    controller.abort(reason);
    await expect(opening).rejects.toBe(reason);
    expect(openFiles()).toBe(before);
    source.destroy();
  });

  test.skipIf(process.platform === "win32").each([
    ["openAudio", "nobody writes into"],
    ["openAudio", "somebody holds without writing into"],
    ["readAudio", "nobody writes into"],
    ["readAudio", "somebody holds without writing into"],
  ])("%s of a pipe that %s ends with its signal, and holds no thread that the process would wait for", async (read, who) => {
    execFileSync("mkfifo", [at("pipe")]);
    await using writer = who.startsWith("somebody") ? await open(at("pipe"), "r+") : undefined;
    const script = `
      import { ${read} } from ${JSON.stringify(builtUrl("files/index.ts"))};
      await ${read}(${JSON.stringify(at("pipe"))}, { signal: AbortSignal.timeout(100) }).catch(({ name }) => console.log(name));
    `;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script]);
    const [stdout, [code]] = await Promise.all([child.stdout.toArray(), once(child, "close")]);
    expect([code, String(stdout.join(""))]).toEqual([0, "TimeoutError\n"]);
    await writer?.close();
  });

  test.skipIf(process.platform === "win32")("reads a pipe by its path", async () => {
    execFileSync("mkfifo", [at("pipe")]);
    const writing = writeFile(at("pipe"), flac);
    await using audio = await openAudio(at("pipe"));
    await writing;
    expect(joinPieces(await collect(audio), audio)).toEqual(await readAudio(flac));
    const writingText = writeFile(at("pipe"), "no audio");
    await expect(openAudio(at("pipe"))).rejects.toMatchObject({
      code: "AUDIO_UNKNOWN_FORMAT",
      message: expect.stringContaining(`${at("pipe")}: `),
    });
    await writingText;
  });
});

test("reading, converting and writing in pieces is reading, converting and writing the whole", async () => {
  const target = { sampleRate: 24_000, channels: 1 };
  await using audio = await openAudio(fixture("stereo.flac"));
  await writeWavStream(at("a.wav"), convertAudioStream(audio, target), { format: "float32" });
  expect(await readAudio(at("a.wav"))).toEqual(convertAudio(await readAudio(fixture("stereo.flac")), target));
});
