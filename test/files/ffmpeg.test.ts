import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { setTimeout } from "node:timers/promises";
import { beforeEach, describe, expect, test } from "vitest";
import { decodeAudio, formatWav } from "../../src/audio/index.ts";
import type { AudioWarning } from "../../src/audio/index.ts";
import { bytesSource } from "../../src/core/index.ts";
import { decodeSource, isProcessAlive, openAudio, readAudio } from "../../src/files/index.ts";
import { joinPieces } from "../audio/pieces.ts";
import { collect, temporaryFolder } from "../temporary-folder.ts";
import { fakeFfmpeg } from "./fake-ffmpeg.ts";

let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder();
});

/** A file that this package has no decoder for; its last bytes are what the fake program makes samples of. */
const foreign = Uint8Array.from([0x30, 0x26, 0xb2, 0x75, 1, 2, 3, 4, 5, 6]);
const plays = "const bytes = input().subarray(4); au(44100, 2, [...bytes].map((byte) => byte / 8));";
const played = { sampleRate: 44_100, channelData: [Float32Array.of(1 / 8, 3 / 8, 5 / 8), Float32Array.of(2 / 8, 4 / 8, 6 / 8)] };

function foreignFile(name = "clip.wma"): string {
  writeFileSync(join(folder, name), foreign);
  return join(folder, name);
}

const callsOf = (): string[][] =>
  readFileSync(join(folder, "calls.txt"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as string[]);

describe("what this package has no decoder for", () => {
  test("is decoded by ffmpeg, at the file's own rate and channels", async () => {
    const ffmpeg = await fakeFfmpeg(folder, plays);
    expect(await readAudio(foreignFile(), { ffmpeg })).toEqual(played);
    expect(await readAudio(foreign, { ffmpeg })).toEqual(played);
    for (const source of [foreignFile(), Readable.from([foreign.subarray(0, 5), foreign.subarray(5)])]) {
      await using audio = await openAudio(source, { ffmpeg });
      expect(audio).toMatchObject({
        container: "other",
        decoder: "ffmpeg 9.9-fake",
        sampleRate: 44_100,
        channels: 2,
        numSamples: undefined,
      });
      expect(joinPieces(await collect(audio), audio)).toEqual(played);
    }
    expect(callsOf()).toHaveLength(4); // once for each
  });

  test("is decoded where it is part of a file, anew in each loop", async () => {
    await using audio = await decodeSource(bytesSource(foreign, "member"), { ffmpeg: await fakeFfmpeg(folder, plays) });
    expect(joinPieces(await collect(audio), audio)).toEqual(played);
    expect(joinPieces(await collect(audio), audio)).toEqual(played);
    expect(audio.decoder).toBe("ffmpeg 9.9-fake");
  });

  test("comes in pieces of any size, cut within samples", async () => {
    const script = `
      au(8000, 3, []);
      const bytes = Buffer.alloc(4 * 3 * 50000);
      for (let i = 0; i < 150000; i++) bytes.writeFloatBE(i / 2 ** 18, 4 * i);
      for (let at = 0, length = 1; at < bytes.length; at += length, length = (length * 7919) % 30011) write(bytes.subarray(at, at + length));`;
    await using audio = await openAudio(foreignFile(), { ffmpeg: await fakeFfmpeg(folder, script) });
    const { channelData } = joinPieces(await collect(audio), audio);
    expect(channelData.map((samples) => Array.from(samples.subarray(0, 3), (sample) => sample * 2 ** 18))).toEqual([
      [0, 3, 6],
      [1, 4, 7],
      [2, 5, 8],
    ]);
    expect(channelData.map((samples) => samples.length)).toEqual([50_000, 50_000, 50_000]);
    expect(channelData[2]!.at(-1)! * 2 ** 18).toBe(149_999);
  });

  test("gives ffmpeg no name, no shell, no network and no playlists", async () => {
    const ffmpeg = await fakeFfmpeg(folder, plays);
    await readAudio(foreignFile("-i http:$(touch x);'\n.wma"), { ffmpeg });
    const [call] = callsOf();
    expect(call!.filter((argument) => argument.includes(":"))).toEqual(["file:/dev/stdin", "0:a:0", "-c:a", "pipe:1"]);
    expect(call![call!.indexOf("-protocol_whitelist") + 1]).toBe("file,pipe");
    const demuxers = call![call!.indexOf("-format_whitelist") + 1]!.split(",");
    expect(demuxers).toContain("mov");
    expect(
      demuxers.filter((name) => ["hls", "concat", "dash", "image2", "sdp", "lavfi", "imf", "webm_dash_manifest"].includes(name)),
    ).toEqual([]);
    expect(call!.indexOf("-format_whitelist")).toBeLessThan(call!.indexOf("-i"));
  });

  test("is held to the limits of all audio", async () => {
    const ffmpeg = await fakeFfmpeg(folder, plays);
    await expect(readAudio(foreign, { ffmpeg, limits: { maxChannels: 1 } })).rejects.toThrow(
      expect.objectContaining({ code: "AUDIO_UNSUPPORTED", message: expect.stringMatching(/^audio file with 2 channels, and at most 1/) }),
    );
    await expect(readAudio(foreign, { ffmpeg, limits: { maxSamples: 5 } })).rejects.toThrow(/^audio file with over 5 samples/);
  });
});

describe("who is asked", () => {
  test("nobody for what this package reads or what is no audio", async () => {
    const ffmpeg = await fakeFfmpeg(folder, plays);
    const wav = formatWav({ channelData: [Float32Array.of(0.5)], sampleRate: 8000 });
    await using audio = await decodeSource(bytesSource(wav, "a.wav"), { ffmpeg });
    expect(audio).toMatchObject({ container: "wav", decoder: undefined });
    await expect(readAudio(new TextEncoder().encode("<html>404"), { ffmpeg })).rejects.toThrow(/web page.*download it again$/);
    await expect(readAudio(wav, { ffmpeg, limits: { minSampleRate: 9000 } })).rejects.toThrow(/minSampleRate/);
    expect(() => callsOf()).toThrow("ENOENT");
  });

  test("nobody where none is wanted", async () => {
    const refusal = await decodeAudio(foreign).catch((error: Error) => error.message);
    await expect(readAudio(foreign, { ffmpeg: false })).rejects.toThrow(expect.objectContaining({ message: refusal }));
    await expect(readAudio(foreign)).rejects.toThrow(expect.objectContaining({ message: refusal })); // by the environment of the tests
  });

  test.each([
    [
      "a program that is not there",
      "/nowhere/ffmpeg",
      /which is not supported; convert it first.*; the option ffmpeg names "\/nowhere\/ffmpeg", and there is no such program$/,
    ],
    ["a program that is no ffmpeg", process.execPath, /the option ffmpeg names ".*", which could not be started as ffmpeg \(.*\)$/],
  ])("%s is said to be no ffmpeg", async (_, ffmpeg, message) => {
    await expect(readAudio(foreign, { ffmpeg })).rejects.toThrow(
      expect.objectContaining({ code: "AUDIO_UNSUPPORTED", message: expect.stringMatching(message) }),
    );
  });

  test("the environment names one, or PATH has one", async () => {
    const { PATH, ENCODEC_TOKENIZER_FFMPEG } = process.env;
    try {
      process.env.ENCODEC_TOKENIZER_FFMPEG = await fakeFfmpeg(folder, plays);
      expect(await readAudio(foreign)).toEqual(played);
      process.env.ENCODEC_TOKENIZER_FFMPEG = "/nowhere/ffmpeg";
      await expect(readAudio(foreign)).rejects.toThrow(/ENCODEC_TOKENIZER_FFMPEG names "\/nowhere\/ffmpeg"/);
      delete process.env.ENCODEC_TOKENIZER_FFMPEG;
      process.env.PATH = folder;
      await expect(readAudio(foreign)).rejects.toThrow(/with ffmpeg installed it would be read as it is, but there is none in PATH$/);
    } finally {
      Object.assign(process.env, { PATH, ENCODEC_TOKENIZER_FFMPEG });
    }
  });
});

describe("an ffmpeg that fails", () => {
  test("before there is audio leaves the first refusal, and adds what it says", async () => {
    const message =
      /^this is a Windows Media file, .*; ffmpeg 9.9-fake was asked as well, and says: “Invalid data found when processing input”$/;
    await expect(
      ask(`console.error("noise\\nfile:/dev/stdin: Invalid data found when processing input"); process.exit(1)`),
    ).rejects.toThrow(expect.objectContaining({ code: "AUDIO_UNSUPPORTED", message: expect.stringMatching(message) }));
    await expect(ask(`console.error("Stream map '0:a:0' matches no streams.\\nadd a '?'"); process.exit(1)`)).rejects.toThrow(
      /it has no audio$/,
    );
    await expect(ask(`console.error("[hls @ 0] Format not on whitelist 'aac'\\nInvalid argument"); process.exit(1)`)).rejects.toThrow(
      /names other files$/,
    );
    await expect(ask("process.exit(3)")).rejects.toThrow(/it failed with exit code 3$/);
    await expect(ask("process.exit(0)")).rejects.toThrow(/it finds no audio in it$/);
    await expect(ask("au(8000, 0, [])")).rejects.toThrow(/it does not answer as ffmpeg does$/);
    await expect(ask("write(Buffer.alloc(100))")).rejects.toThrow(/it does not answer as ffmpeg does$/);
    await expect(ask("au(8000, 1, []); process.exit(0)")).rejects.toThrow(expect.objectContaining({ code: "AUDIO_EMPTY" }));
  });

  test("in the middle is a file that ends early, or has gaps", async () => {
    const early = `au(8000, 1, [0.5, 0.25]); console.error("truncated"); process.exit(1)`;
    const message = "damaged audio file: ffmpeg 9.9-fake says: “truncated”";
    expect(await ask(early)).toEqual({ length: 2, warnings: [{ code: "AUDIO_TRUNCATED", message, position: 2, numLost: 0 }] });
    await expect(ask(early, true)).rejects.toThrow(expect.objectContaining({ code: "AUDIO_CORRUPT", message }));
    expect(await ask(`au(8000, 1, [0.5]); console.error("bad frame")`)).toMatchObject({
      length: 1,
      warnings: [{ code: "AUDIO_GAP", position: 1 }],
    });
    await expect(ask(`au(8000, 1, [0.5]); process.kill(process.pid, "SIGKILL")`)).rejects.toThrow(/it was ended by SIGKILL$/); // no fault of the file
  });

  test("and says no end of things is heard to the end, of which little is kept", async () => {
    const { warnings } = await ask(`au(8000, 1, [0.5]); for (let i = 0; i < 3000; i++) console.error("x".repeat(1000))`);
    expect(warnings[0]!.message.length).toBeLessThan(300);
  });
});

describe("ending it", () => {
  const noted = "require('node:fs').writeFileSync(__dirname + '/pid', String(process.pid));";
  const silent = `${noted} setInterval(() => {}, 1000);`;
  const endless = `${noted} au(8000, 1, [1, 2, 3]); for (;;) write(Buffer.alloc(65536));`;

  test("leaving the loop", async () => {
    for await (const piece of await openAudio(foreignFile(), { ffmpeg: await fakeFfmpeg(folder, endless) })) {
      expect(piece.channelData[0]![0]).toBe(1);
      break;
    }
    await gone();
  });

  test("disposing it unread", async () => {
    const ffmpeg = await fakeFfmpeg(folder, `${noted} au(8000, 1, [1]); setInterval(() => {}, 1000);`);
    const audio = await openAudio(foreignFile(), { ffmpeg });
    await audio[Symbol.asyncDispose]();
    await gone();
  });

  test("disposing it while a piece is waited for", async () => {
    const audio = await openAudio(foreignFile(), {
      ffmpeg: await fakeFfmpeg(folder, `${noted} au(8000, 1, []); setInterval(() => {}, 1000);`),
    });
    const [waiting] = await Promise.allSettled([audio[Symbol.asyncIterator]().next(), audio[Symbol.asyncDispose]()]);
    expect(waiting).toMatchObject({ status: "rejected", reason: { name: "DisposedError" } });
    await gone();
  });

  test.each([
    ["works", endless],
    ["waits", silent],
  ])("an abort while it %s", async (_, script) => {
    const controller = new AbortController();
    const reading = readAudio(foreign, { ffmpeg: await fakeFfmpeg(folder, script), signal: controller.signal });
    const abort = begun().then(() => controller.abort(new Error("enough")));
    await expect(reading).rejects.toThrow("enough");
    await abort;
    await gone();
  });
});

/** Resolves once the program that left its number is gone. */
async function gone(): Promise<void> {
  const pid = Number(readFileSync(join(folder, "pid"), "utf8"));
  while (isProcessAlive({ pid, started: "" })) await setTimeout(10);
}

/** Reads the foreign file by a program, and gives what comes of it. */
async function ask(script: string, strict = false): Promise<{ length: number; warnings: AudioWarning[] }> {
  const warnings: AudioWarning[] = [];
  const onWarning = (warning: AudioWarning): void => void warnings.push(warning);
  const { channelData } = await readAudio(foreign, { ffmpeg: await fakeFfmpeg(folder, script), strict, onWarning });
  return { length: channelData[0]!.length, warnings };
}

/** Resolves once the program has begun. */
async function begun(): Promise<void> {
  while (!existsSync(join(folder, "pid"))) await setTimeout(10);
}
