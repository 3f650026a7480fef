import { existsSync } from "node:fs";
import { join } from "node:path";
import { chmod, cp, readdir, readFile, writeFile } from "node:fs/promises";
import { Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { zipSync } from "fflate";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { downmix } from "../../src/audio/index.ts";
import { readIn } from "../../src/cli/shared/terminal.ts";
import {
  AudioCodes,
  AudioTokenizer,
  formatCodes,
  formatWav,
  parseCodes,
  parseWav,
  readAudio,
  readCodes,
  writeWav,
} from "../../src/index.ts";
import { fakeFfmpeg } from "../files/fake-ffmpeg.ts";
import { run } from "./fake-terminal.ts";
import { pickledTensor, torchZip } from "../checkpoint/torch-writer.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const speech = fileURLToPath(new URL("../fixtures/golden/mini-24khz/speech.wav", import.meta.url));

/** A temporary folder with a recording in it. */
async function folderWithSpeech() {
  const folder = await temporaryFolder();
  await cp(speech, join(folder, "speech.wav"));
  return folder;
}

describe("encode", () => {
  test("writes what the library gives, beside the input", async () => {
    const folder = await folderWithSpeech();
    const { code, stdout, stderr } = await run(["encode", join(folder, "speech.wav"), "--bandwidth", "3"]);
    expect({ code, stdout: stdout.length }).toEqual({ code: 0, stdout: 0 });
    expect(stderr).toMatch(/speech\.wav → .*speech\.safetensors: .* 4 codebooks × \d+ frames, 3 kbps\n$/);
    await using tokenizer = await AudioTokenizer.fromPretrained("tiny");
    const expected = await tokenizer.encode(await readAudio(speech), { bandwidth: 3 });
    expect(await readCodes(join(folder, "speech.safetensors"))).toEqual(expected);
  });

  test("takes the format from the output or from --format, and is quiet when asked", async () => {
    const folder = await folderWithSpeech();
    expect(await run(["encode", join(folder, "speech.wav"), "-q", "-o", join(folder, "a.npz")])).toMatchObject({ code: 0, stderr: "" });
    expect(await run(["encode", join(folder, "speech.wav"), "-q", "-f", "json"])).toMatchObject({ code: 0, stderr: "" });
    expect(await readCodes(join(folder, "a.npz"))).toEqual(await readCodes(join(folder, "speech.json")));
  });

  test("asks an ffmpeg for what this package has no decoder for, and says so, unless told not to", async () => {
    const folder = await temporaryFolder();
    const input = join(folder, "clip.wma");
    await writeFile(input, Uint8Array.of(0x30, 0x26, 0xb2, 0x75));
    vi.stubEnv("ENCODEC_TOKENIZER_FFMPEG", await fakeFfmpeg(folder, "au(24000, 1, new Array(2400).fill(0.5));"));
    onTestFinished(() => void vi.unstubAllEnvs());
    const { code, stdout, stderr } = await run(["encode", input, "--json"]);
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringMatching(/, decoded by ffmpeg 9\.9-fake\n$/) });
    expect(JSON.parse(stdout.toString())).toMatchObject({ results: [{ decoder: "ffmpeg 9.9-fake", duration: 0.1 }] });
    expect((await readCodes(join(folder, "clip.safetensors"))).provenance.decoder).toBe("ffmpeg 9.9-fake");
    expect((await run(["inspect", join(folder, "clip.safetensors")])).stdout.toString()).toMatch(/decoded by +ffmpeg 9\.9-fake\n/);
    const refused = await run(["encode", input, "--no-ffmpeg", "--force"]);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(/this is a Windows Media file.*out\.wav\n/) });
    expect(await run(["roundtrip", input, "--no-ffmpeg"])).toMatchObject({ code: 1, stderr: expect.stringContaining("Windows Media") });
  });

  test("takes the channels that it is told to", async () => {
    const folder = await temporaryFolder();
    const input = join(folder, "a.wav");
    const channelData = [1, 2, 3].map((k) => Float32Array.from({ length: 4800 }, (_, i) => 0.3 * Math.sin(i / (10 * k))));
    await using tokenizer = await AudioTokenizer.fromPretrained("tiny");
    const codesOf = (samples: Float32Array) => tokenizer.encode({ channelData: [samples], sampleRate: 24_000 });
    const encoded = async (channels: string) => {
      const { code, stderr } = await run(["encode", input, "--channels", channels, "--force"]);
      expect({ code, stderr }).toMatchObject({ code: 0 });
      return { text: stderr.trim().split(", ").at(-1), codes: await readCodes(join(folder, "a.safetensors")) };
    };
    await writeWav(input, { channelData: channelData.slice(0, 2), sampleRate: 24_000 }, { format: "float32" });
    for (const [choice, channel] of [
      ["first", 0],
      ["left", 0],
      ["right", 1],
    ] as const) {
      expect(await encoded(choice)).toEqual({ text: `${choice} of 2 channels`, codes: await codesOf(channelData[channel]!) });
    }
    const average = channelData[0]!.map((sample, i) => (sample + channelData[1]![i]!) / 2);
    expect(await encoded("mix")).toEqual({ text: "mixed from stereo", codes: await codesOf(average) });

    const each = await run(["encode", input, "--channels", "each", "--json"]);
    const outputs = [join(folder, "a_c0.safetensors"), join(folder, "a_c1.safetensors")];
    expect(JSON.parse(each.stdout.toString())).toMatchObject({ results: outputs.map((output) => ({ input, output })), failures: [] });
    for (const [channel, output] of outputs.entries()) expect(await readCodes(output)).toEqual(await codesOf(channelData[channel]!));
    expect(await run(["encode", input, "--channels", "each"])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("a_c0.safetensors"),
    });
    expect(await run(["encode", "-", "--channels", "each"], { stdin: await readFile(input) })).toMatchObject({ code: 2 });

    await writeWav(input, { channelData, sampleRate: 24_000 }, { format: "float32" });
    expect(await run(["encode", input, "--force"])).toMatchObject({ code: 1, stderr: expect.stringContaining("--channels") });
    const mixed = downmix({ channelData, sampleRate: 24_000 }).channelData;
    const mono = mixed[0]!.map((sample, i) => (sample + mixed[1]![i]!) / 2);
    expect(await encoded("downmix")).toEqual({ text: "mixed from stereo", codes: await codesOf(mono) });

    await writeWav(input, { channelData: channelData.slice(0, 1), sampleRate: 24_000 }, { format: "float32" });
    expect(await run(["encode", input, "--force", "--channels", "right"])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("wav file with one channel, which has no right"),
    });
  });

  test("says once that .npy keeps neither provenance nor license, unless it is to be quiet", async () => {
    const folder = await folderWithSpeech();
    await cp(speech, join(folder, "b.wav"));
    const note = "a .npy file holds no provenance or license; use .safetensors or .npz to keep them\n";
    const inputs = [join(folder, "speech.wav"), join(folder, "b.wav")];
    expect((await run(["encode", ...inputs, "-f", "npy"])).stderr.split(note)).toEqual([
      "",
      expect.stringMatching(/^[^\n]+→[^\n]+\n[^\n]+→[^\n]+\n$/),
    ]);
    expect((await run(["encode", "-", "-f", "npy"], { stdin: await readFile(speech) })).stderr).toContain(note);
    expect(await run(["encode", ...inputs, "-f", "npy", "--force", "-q"])).toMatchObject({ code: 0, stderr: "" });
    expect((await run(["encode", ...inputs, "-f", "npz"])).stderr).not.toContain("provenance");
  });

  test("goes on after a bad input, and lists it", async () => {
    const folder = await folderWithSpeech();
    await writeFile(join(folder, "bad.wav"), "not audio");
    const inputs = [join(folder, "missing.wav"), join(folder, "bad.wav"), join(folder, "speech.wav")];
    const { code, stdout, stderr } = await run(["encode", ...inputs, "-o", join(folder, "codes"), "--json", "-n", "2"]);
    expect(code).toBe(1);
    const report = JSON.parse(stdout.toString());
    expect(report.results).toMatchObject([
      { output: join(folder, "codes/speech.safetensors"), model: "tiny", numCodebooks: 2, bandwidth: 1.5 },
    ]);
    expect(report.failures).toMatchObject([
      { input: inputs[0], error: expect.stringContaining("there is no such file") },
      { input: inputs[1] },
    ]);
    expect(stderr).toMatch(/missing\.wav: there is no such file\n.*bad\.wav.*\n.*speech\.wav → .*\n.*2 of 3 inputs failed\n$/);
    expect(await readdir(join(folder, "codes"))).toEqual(["speech.safetensors"]);
  });

  test("never overwrites without --force, and says so before any work", async () => {
    const folder = await folderWithSpeech();
    await writeFile(join(folder, "speech.safetensors"), "precious");
    const refused = await run(["encode", join(folder, "speech.wav"), join(folder, "missing.wav")]);
    expect(refused).toMatchObject({
      code: 1,
      stderr: `encodec-tokenizer: ${join(folder, "speech.safetensors")} already exists; add --force to overwrite, or choose another --output\n`,
    });
    expect(await readFile(join(folder, "speech.safetensors"), "utf8")).toBe("precious");
    expect(await run(["encode", join(folder, "speech.wav"), "--force"])).toMatchObject({ code: 0 });
    expect((await readCodes(join(folder, "speech.safetensors"))).numCodebooks).toBe(8);
  });

  test("reads standard input and writes clean data to standard output", async () => {
    const { code, stdout, stderr } = await run(["encode", "-", "--format", "npz"], { stdin: await readFile(speech) });
    expect(code).toBe(0);
    expect(stderr).toMatch(/^stdin → stdout: /);
    const codes = await parseCodes(stdout);
    const decoded = await run(["decode", "-", "-q"], { stdin: stdout });
    expect(decoded).toMatchObject({ code: 0, stderr: "" });
    expect(parseWav(decoded.stdout).channelData[0]).toHaveLength(codes.numSamples);
  });
});

test.each([
  ["inspect", "no-such.npz", [], "there is no file or folder no-such.npz"],
  ["inspect", "broken.npz", [], "broken.npz"],
  ["roundtrip", "no-such.wav", [], "there is no such file"],
  ["roundtrip", "broken.npz", ["-m", "no-such-model"], "there is no file or folder no-such-model"],
])("%s --json prints a failure as JSON: %s", async (command, name, more, message) => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, "broken.npz"), "PK");
  const input = name === "no-such.npz" ? name : join(folder, name);
  const { code, stdout, stderr } = await run([command, input, "--json", ...more]);
  expect(code).toBe(1);
  const report = JSON.parse(stdout.toString());
  expect(report).toEqual({ failures: [{ input, error: expect.stringContaining(message) }] });
  expect(stderr).toBe(`encodec-tokenizer: ${report.failures[0].error}\n`);
  expect((await run([command, input, ...more])).stdout.toString()).toBe("");
});

describe("decode", () => {
  test("writes a WAV of another name than the recording's", async () => {
    const folder = await folderWithSpeech();
    await run(["encode", join(folder, "speech.wav")]);
    const original = await readFile(join(folder, "speech.wav"));
    const { code, stdout } = await run(["decode", join(folder, "speech.safetensors"), "--json", "--format", "float32"]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout.toString())).toMatchObject({
      results: [{ output: join(folder, "speech.decoded.wav"), sampleRate: 24_000 }],
      failures: [],
    });
    await using tokenizer = await AudioTokenizer.fromPretrained("tiny");
    const expected = await tokenizer.decode(await readCodes(join(folder, "speech.safetensors")));
    expect(await readAudio(join(folder, "speech.decoded.wav"))).toEqual(expected);
    expect(await readFile(join(folder, "speech.wav"))).toEqual(original);
  });

  test("uses fewer codebooks when asked, but not more than there are", async () => {
    const folder = await folderWithSpeech();
    await run(["encode", join(folder, "speech.wav"), "-n", "3", "-o", join(folder, "codes.npy")]);
    expect(await run(["decode", join(folder, "codes.npy"), "-n", "2", "--json"])).toMatchObject({ code: 0 });
    expect(await run(["decode", join(folder, "codes.npy"), "-n", "4", "-o", join(folder, "b.wav")])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("--codebooks 4 is more than the 3 that there are"),
    });
  });

  test("reads what torch.save stored, says when an array is the wrong way round, and what else an archive has", async () => {
    const folder = await folderWithSpeech();
    await run(["encode", join(folder, "speech.wav"), "-n", "2", "-o", join(folder, "codes.npy")]);
    const context = { sampleRate: 24_000, channels: 1, hopLength: 320, codebookSize: 1024 };
    const { data, numFrames } = await readCodes(join(folder, "codes.npy"), { context });
    const storage = new Uint8Array(BigInt64Array.from(Array.from(data, BigInt)).buffer);
    const saved = (shape: readonly number[]) => torchZip(pickledTensor({ dtype: "I64", shape }, "0"), [storage]);
    await writeFile(join(folder, "codes.pt"), saved([2, numFrames]));
    await writeFile(join(folder, "mirrored.pt"), saved([numFrames, 2]));
    await writeFile(join(folder, "other.npz"), zipSync({ "arr_0.npy": await readFile(join(folder, "codes.npy")) }));
    expect(await run(["decode", join(folder, "codes.npy"), "-o", join(folder, "a.wav")])).toMatchObject({ code: 0 });
    expect(await run(["decode", join(folder, "codes.pt"), "-o", join(folder, "b.wav")])).toMatchObject({ code: 0 });
    expect(await readFile(join(folder, "b.wav"))).toEqual(await readFile(join(folder, "a.wav")));
    expect((await run(["decode", join(folder, "mirrored.pt")])).stderr).toMatch(
      /they have 128 codebooks; the model takes up to 8; if the array is \[T, K\], frames before codebooks, transpose it\n$/u,
    );
    expect((await run(["decode", join(folder, "other.npz")])).stderr).toMatch(
      /other\.npz has no array "codes", only arr_0; save it with np\.savez\(path, codes=codes\)\n$/u,
    );
  });

  test("asks for --model where the codes name none that can be loaded", async () => {
    const folder = await folderWithSpeech();
    await run(["encode", join(folder, "speech.wav")]);
    const codes = await readCodes(join(folder, "speech.safetensors"));
    const provenance = { model: "lost-model", revision: null, digest: null, license: null, licenseStatus: null };
    await writeFile(join(folder, "lost.npz"), formatCodes({ ...codes, provenance }, "npz"));
    const { code, stderr } = await run(["decode", join(folder, "lost.npz")]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/lost\.npz: made with the model "lost-model", which could not be loaded; name it with --model/),
    });
    expect(await run(["decode", join(folder, "lost.npz"), "--model", "tiny"])).toMatchObject({ code: 0 });
  });
});

describe("audio that goes through in pieces", () => {
  test("and would be over 4 GiB is refused before it is decoded, in one line", async () => {
    const folder = await folderWithSpeech();
    await run(["encode", join(folder, "speech.wav"), "-n", "1", "-o", join(folder, "a.npz")]);
    const codes = await readCodes(join(folder, "a.npz"));
    const numFrames = Math.ceil(2 ** 30 / codes.hopLength);
    const long = new AudioCodes({ ...codes, data: new Uint16Array(numFrames), shape: [1, 1, numFrames], numSamples: 2 ** 30 });
    await writeFile(join(folder, "long.npz"), formatCodes(long, "npz"));
    for (const output of [join(folder, "long.wav"), "-"]) {
      expect(await run(["decode", join(folder, "long.npz"), "-f", "float32", "-o", output])).toMatchObject({
        code: 1,
        stdout: Buffer.alloc(0),
        stderr: expect.stringMatching(/^encodec-tokenizer: .*long\.npz: a WAV file holds at most 4 GiB[^\n]*\n$/u),
      });
    }
    expect(await readdir(folder)).not.toContain("long.wav");
  });

  test("comes to standard output as it does into a file, whatever the sample format", async () => {
    const folder = await folderWithSpeech();
    await run(["encode", join(folder, "speech.wav"), "-n", "1", "-o", join(folder, "a.npz")]);
    const codes = (await readCodes(join(folder, "a.npz"))).sliceFrames(0, 120);
    await writeFile(join(folder, "odd.npz"), formatCodes(new AudioCodes({ ...codes, numSamples: codes.numSamples - 1 }), "npz"));
    await using tokenizer = await AudioTokenizer.fromPretrained("tiny");
    const audio = await tokenizer.decode(await readCodes(join(folder, "odd.npz")));
    for (const format of ["pcm16", "pcm24", "float32"] as const) {
      const { stdout } = await run(["decode", join(folder, "odd.npz"), "-q", "-f", format, "-o", "-"]);
      expect(new Uint8Array(stdout)).toEqual(formatWav(audio, { format }));
      await run(["decode", join(folder, "odd.npz"), "-q", "-f", format, "-o", join(folder, `${format}.wav`)]);
      expect(await readFile(join(folder, `${format}.wav`))).toEqual(stdout);
    }
  });

  test("is not made of codes at a rate that there is not", async () => {
    const folder = await temporaryFolder();
    const codes = {
      sample_rate: 1e-300,
      channels: 1,
      num_samples: 320,
      hop_length: 320,
      codebook_size: 1024,
      bandwidth: 1.5,
      model: "tiny",
      codes: [[[1], [2]]],
    };
    await writeFile(join(folder, "slow.json"), JSON.stringify(codes));
    for (const command of ["decode", "inspect", "license"]) {
      const { code, stderr } = await run([command, join(folder, "slow.json")]);
      expect({ code, stderr }, command).toEqual({
        code: 1,
        stderr: expect.stringMatching(/slow\.json: sampleRate must be a whole number of hertz from 1 to 4294967295; found 1e-300\n/u),
      });
      expect(stderr).not.toContain("this is a bug");
    }
  });

  test("that is cut off is encoded as far as it goes, and that is told", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "cut.wav"), (await readFile(speech)).subarray(0, -10_000));
    const { code, stderr } = await run(["encode", join(folder, "cut.wav")]);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringMatching(
        /cut\.wav: warning: truncated WAV file: its header promises 40800 samples per channel, it has 35800 \(5000 samples lost\)\n/u,
      ),
    });
    expect((await run(["encode", join(folder, "cut.wav"), "--force", "-q"])).stderr).toBe("");
  });

  test("is converted as the library converts the whole", async () => {
    const folder = await temporaryFolder();
    const channelData = [0.05, 0.07].map((step) => Float32Array.from({ length: 200_000 }, (_, index) => Math.sin(index * step) / 2));
    await writeWav(join(folder, "stereo.wav"), { channelData, sampleRate: 44_100 });
    const { code, stderr } = await run(["encode", join(folder, "stereo.wav")]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining("resampled from 44.1 kHz, mixed from stereo") });
    await using tokenizer = await AudioTokenizer.fromPretrained("tiny");
    expect(await readCodes(join(folder, "stereo.safetensors"))).toEqual(
      await tokenizer.encode(await readAudio(join(folder, "stereo.wav"))),
    );
  });

  test("is read from 1000 Hz on, unless told otherwise", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "slow.wav"), formatWav({ channelData: [new Float32Array(500)], sampleRate: 500 }));
    const refused = await run(["encode", join(folder, "slow.wav")]);
    expect(refused).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/slow\.wav: wav file at 500 Hz, .* --min-sample-rate on the command line\n$/u),
    });
    expect(await run(["encode", join(folder, "slow.wav"), "--min-sample-rate", "500"])).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("1.00 s"),
    });
    expect(await run(["roundtrip", join(folder, "slow.wav")])).toMatchObject({ code: 1 });
    expect(await run(["roundtrip", join(folder, "slow.wav"), "--min-sample-rate", "500"])).toMatchObject({ code: 0 });
  });

  test("must have samples, in channels that can be mixed", async () => {
    const folder = await temporaryFolder();
    await writeWav(join(folder, "empty.wav"), { channelData: [new Float32Array()], sampleRate: 24_000 });
    await writeWav(join(folder, "six.wav"), { channelData: Array.from({ length: 6 }, () => new Float32Array(100)), sampleRate: 24_000 });
    const { code, stderr } = await run(["encode", join(folder, "empty.wav"), join(folder, "six.wav")]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/empty\.wav: .*0 bytes.*\n.*six\.wav: .*6 channels.*\n.*2 of 2 inputs failed/),
    });
  });
});

describe("standard input", () => {
  test("is held as far as a file is, and no further", async () => {
    let numTaken = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      const part = new Uint8Array(2 ** 26);
      for (; ; numTaken++) yield part;
    }
    const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
    const terminal = { stdin: endless(), stdout: silent, stderr: silent, signal: new AbortController().signal };
    await expect(readIn(terminal)).rejects.toMatchObject({
      code: "FILE_UNREADABLE",
      message: expect.stringContaining("standard input has over 2 GiB"),
    });
    expect(numTaken).toBe(32);
  });
});

describe("roundtrip", () => {
  test("reports on standard output and writes codes, audio and figure", async () => {
    const folder = await folderWithSpeech();
    const { code, stdout } = await run(["roundtrip", join(folder, "speech.wav")]);
    expect(code).toBe(0);
    expect(stdout.toString()).toMatch(/through tiny\n[^]*6 kbps, 64\.0 times less[^]*× real time[^]*SI-SNR +-?\d+\.\d\d dB/);
    expect(await readdir(join(folder, "speech-roundtrip"))).toEqual(["speech.safetensors", "speech.svg", "speech.wav"]);
    expect(await readFile(join(folder, "speech-roundtrip/speech.svg"), "utf8")).toMatch(/^<svg xmlns.*<\/svg>\n$/s);
    const again = await run(["roundtrip", join(folder, "speech.wav")]);
    expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining("speech.svg already exist; add --force") });
    const forced = await run(["roundtrip", join(folder, "speech.wav"), "--force", "--json", "-b", "1.5"]);
    expect(JSON.parse(forced.stdout.toString())).toMatchObject({
      codes: { numCodebooks: 2 },
      compression: 256,
      siSnrDb: expect.any(Number),
    });
  });

  test("never replaces its input", async () => {
    const folder = await folderWithSpeech();
    const { code, stderr } = await run(["roundtrip", join(folder, "speech.wav"), "-o", folder, "--force"]);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining("would replace the input") });
    expect(await readFile(join(folder, "speech.wav"))).toEqual(await readFile(speech));
  });
});

describe("inspect", () => {
  test("tells models from codes", async () => {
    const folder = await folderWithSpeech();
    await run(["encode", join(folder, "speech.wav")]);
    const weights = fileURLToPath(new URL("../../models/encodec-tiny-24khz/model.safetensors", import.meta.url));
    const reports = await Promise.all(["tiny", weights, join(folder, "speech.safetensors")].map((source) => run(["inspect", source])));
    expect(reports.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(reports[0]!.stdout.toString()).toMatch(/parameters +[\d,]+\n[^]*kbps +codebooks\n +1\.5 +2\n[^]*faults +none/);
    expect(reports[1]!.stdout.toString()).toContain("parameters");
    expect(reports[2]!.stdout.toString()).toContain("codes used of 1024");
  });

  test("prints valid JSON", async () => {
    const { stdout } = await run(["inspect", "tiny", "--json"]);
    expect(JSON.parse(stdout.toString())).toMatchObject({ config: { samplingRate: 24_000 }, faults: [], provenance: { model: "tiny" } });
    const stdin = (await run(["encode", "-"], { stdin: await readFile(speech) })).stdout;
    const codes = await run(["inspect", "-", "--json"], { stdin });
    expect(JSON.parse(codes.stdout.toString())).toMatchObject({
      numCodebooks: 8,
      model: "tiny",
      usage: expect.arrayContaining([{ distinct: expect.any(Number), entropy: expect.any(Number) }]),
    });
  });
});

describe("the command line", () => {
  test.each([
    ["an unknown command", ["bogus"], "unknown command 'bogus'"],
    ["no input", ["encode"], "missing required argument 'audio'"],
    ["a bandwidth that is no number", ["encode", "a.wav", "-b", "fast"], "must be a number of kbps above 0"],
    [
      "a bandwidth that the model does not have",
      ["encode", "a.wav", "-b", "5"],
      "bandwidth 5 kbps is not supported by tiny; choose 1.5, 3",
    ],
    ["too many codebooks", ["encode", "a.wav", "-n", "9"], "numCodebooks must be"],
    ["bandwidth and codebooks at once", ["encode", "a.wav", "-b", "6", "-n", "2"], "cannot be used with option"],
    ["an output of no known format", ["encode", "a.wav", "-o", "a.mp3"], "a.mp3 does not name a format for codes"],
    ["a format and another extension", ["encode", "a.wav", "-o", "a.npz", "-f", "json"], "--format json and the output a.npz do not agree"],
    ["audio of another format", ["decode", "a.npz", "-o", "a.mp3"], "a.mp3 does not end in .wav"],
    ["JSON and data on one stream", ["encode", "-", "--json"], "cannot both go to standard output"],
    ["two inputs of one name", ["encode", "x/a.wav", "y/a.wav", "-o", "z"], "would both be written to z/a.safetensors"],
    ["half a thread", ["encode", "a.wav", "--threads", "0.5"], "whole number"],
  ])("with %s is refused with exit code 2", async (_, args, message) => {
    const { code, stdout, stderr } = await run(args);
    expect({ code, stdout: stdout.length }).toEqual({ code: 2, stdout: 0 });
    expect(stderr).toContain("encodec-tokenizer: ");
    expect(stderr).toContain(message);
    expect(stderr).not.toContain("    at ");
    expect(existsSync("z")).toBe(false);
  });

  test("with a model that is not there fails in one line", async () => {
    const { code, stderr } = await run(["encode", speech, "-o", "never.npz", "-m", "no-such-model"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^encodec-tokenizer: there is no file or folder no-such-model[^\n]*\n$/);
  });

  test.skipIf(process.getuid?.() === 0 || process.platform === "win32")(
    "into a folder that may not be written into fails before the work",
    async () => {
      const folder = await temporaryFolder();
      await chmod(folder, 0o555);
      const { code, stderr } = await run(["encode", "no-such-file.wav", "-o", join(folder, "a.npz")]);
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: expect.stringMatching(/^encodec-tokenizer: cannot write into the folder [^\n]*EACCES[^\n]*\n$/),
      });
    },
  );

  test("with an output that cannot be written fails in one line", async () => {
    const folder = await folderWithSpeech();
    const { code, stderr } = await run(["encode", speech, "-o", join(folder, "speech.wav/below.npz")]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/^encodec-tokenizer: cannot make the folder [^\n]*speech\.wav[^\n]*\n$/),
    });
  });

  const commands = ["encode", "decode", "roundtrip", "inspect", "patterns", "models", "pull", "cache", "license", "notice"];

  test.each([[["--help"]], ...commands.map((command) => [[command, "--help"]]), [["--version"]]])(
    "%j is data on standard output",
    async (args) => {
      const { code, stdout, stderr } = await run(args);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      if (args.length === 2) expect(stdout.toString()).toContain("Examples:");
    },
  );

  test("that is interrupted exits with 130 and leaves no file", async () => {
    const folder = await folderWithSpeech();
    const { code, stderr } = await run(["encode", join(folder, "speech.wav")], { signal: AbortSignal.abort() });
    expect({ code, stderr }).toEqual({ code: 130, stderr: "encodec-tokenizer: interrupted\n" });
    expect(await readdir(folder)).toEqual(["speech.wav"]);
  });
});
