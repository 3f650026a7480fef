import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { afterEach, describe, expect, test, vi } from "vitest";
import { applyPattern, formatSequence, modelLayouts } from "../../src/entries/patterns.ts";
import { AudioCodes, formatCodes, readCodes, readPattern, readSequence, writeCodes } from "../../src/index.ts";
import { run } from "./fake-terminal.ts";
import { temporaryFolder } from "../temporary-folder.ts";

afterEach(() => vi.unstubAllEnvs());

/** Codes as MusicGen reads them; their length ends within a frame. */
const music = new AudioCodes({
  data: Uint16Array.from({ length: 4 * 20 }, (_, index) => (index * 97) % 2048),
  shape: [1, 4, 20],
  scales: null,
  numSamples: 20 * 640 - 77,
  sampleRate: 32_000,
  channels: 1,
  hopLength: 640,
  codebookSize: 2048,
  bandwidth: 2.2,
  segment: null,
  provenance: { model: "facebook/encodec_32khz", revision: "0123abc", digest: null, license: "CC-BY-NC-4.0", licenseStatus: "settled" },
});

/** A temporary folder with those codes in it. */
async function folderWithMusic() {
  const folder = await temporaryFolder();
  await writeCodes(join(folder, "music.safetensors"), music);
  return folder;
}

async function textOf(args: readonly string[], world = {}): Promise<string> {
  const { code, stdout, stderr } = await run(args, world);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout.toString();
}

describe("patterns list", () => {
  test("lists kinds and models with codec, codebooks and special ids", async () => {
    const text = await textOf(["patterns", "list"]);
    expect(text).toMatch(/coarse-first +codebook 0 of the whole clip/);
    expect(text).toMatch(/musicgen +EnCodec 32 kHz +50 +4 × 2048 +delay, delays 0, 1, 2, 3 +bos\/pad 2048\n/);
    expect(text).toMatch(/dia +DAC 44\.1 kHz +86\.13 +9 × 1024 +delay, delays 0, 8, 9, [\d, ]+ +bos 1026, eos 1024, pad 1025\n/);
    expect(JSON.parse(await textOf(["patterns", "list", "--json"]))).toMatchObject({
      kinds: expect.arrayContaining(["custom"]),
      models: modelLayouts,
    });
  });

  test("folds to the terminal's width", async () => {
    const text = await textOf(["patterns", "list"], { columns: 110 });
    expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThanOrEqual(110);
    expect(text).toMatch(/\n +dia +DAC 44\.1 kHz +86\.13 +9 × 1024 +delay, delays[^\n]*\n +0, 8, 9, 10,/);
  });
});

describe("patterns show", () => {
  test("prints the grid and a line of facts", async () => {
    expect(await textOf(["patterns", "show", "delay", "--codebooks", "2", "--frames", "3"])).toBe(
      [
        "delay; 2 codebooks, 3 frames",
        "",
        "step  0  1  2  3  4",
        "  q0  S  0  1  2  ·",
        "  q1  S  ·  0  1  2",
        "",
        "S, ·  special token",
        "3 frames → 5 steps, 4 predictions; max delay 1; 4 valid steps",
        "",
      ].join("\n"),
    );
  });

  test.each([
    [["parallel", "-n", "2", "--empty-initial", "-1"], { kind: "parallel", numCodebooks: 2, emptyInitial: -1 }],
    [["delay", "--delays", "0,8,9", "--flatten-first", "1"], { kind: "delay", numCodebooks: 3, delays: [0, 8, 9], flattenFirst: 1 }],
    [["unroll", "--flattening", "0,1,1"], { kind: "unroll", numCodebooks: 3, flattening: [0, 1, 1] }],
    [["coarse-first", "--delays", "0,1"], { kind: "coarse-first", numCodebooks: 3, delays: [0, 1] }],
    [["musiclm", "-n", "6", "--group-by", "3"], { kind: "musiclm", numCodebooks: 6, groupBy: 3 }],
    [["moshi"], modelLayouts.moshi.pattern],
  ])("%j is the pattern that it saves", async (args, spec) => {
    const folder = await temporaryFolder();
    await textOf(["patterns", "show", ...args, "--save", join(folder, "a/p.json"), "-q"]);
    expect(await readPattern(join(folder, "a/p.json"))).toEqual(spec);
    expect(JSON.parse(await textOf(["patterns", "show", join(folder, "a/p.json"), "--json"])).pattern).toEqual(spec);
  });

  test("prints the layout as JSON", async () => {
    const shown = JSON.parse(await textOf(["patterns", "show", "musicgen", "--frames", "1", "--json"]));
    expect(shown).toMatchObject({
      pattern: { kind: "delay" },
      numSteps: 5,
      numSequenceSteps: 4,
      numValidSteps: 2,
      maxDelay: 3,
      startsWithSpecialToken: true,
    });
    expect(shown.layout).toEqual([
      [],
      [[0, 0]],
      [
        [1, 0],
        [0, 1],
      ],
      [
        [2, 0],
        [1, 1],
        [0, 2],
      ],
      [
        [3, 0],
        [2, 1],
        [1, 2],
        [0, 3],
      ],
    ]);
  });

  test("writes a picture, and replaces it only with --force", async () => {
    const folder = await temporaryFolder();
    const svg = join(folder, "dia.svg");
    const { code, stderr } = await run(["patterns", "show", "dia", "--svg", svg]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: `written: ${svg}\n` });
    expect(await readFile(svg, "utf8")).toMatch(/^<svg [^]*>Dia: delay pattern<[^]*pad token 1025[^]*<\/svg>\n$/);
    expect(await run(["patterns", "show", "delay", "--svg", svg])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("already exists; add --force"),
      stdout: Buffer.alloc(0),
    });
    await textOf(["patterns", "show", "delay", "--svg", svg, "--force", "-q", "--title", "mine", "--frame-rate", "75"]);
    expect(await readFile(svg, "utf8")).toMatch(/>mine<[^]*time \(s\)/);
    expect(await readdir(folder)).toEqual(["dia.svg"]);
  });

  test("fits the terminal, in colours unless NO_COLOR is set", async () => {
    const args = ["patterns", "show", "delay", "--frames", "40"];
    const plain = await textOf(args);
    expect(plain).not.toContain("\u001B");
    vi.stubEnv("NO_COLOR", "");
    const coloured = await textOf(args, { columns: 60 });
    expect(coloured).toContain("\u001B[36m");
    const grid = coloured
      .split("\n")
      .slice(2, -3)
      .map((line) => stripVTControlCharacters(line));
    expect(Math.max(...grid.map((line) => line.length))).toBe(60);
    vi.stubEnv("NO_COLOR", "1");
    expect(await textOf(args, { columns: 100 })).toBe(plain);
  });

  test.each([
    ["an unknown name", ["bogus"], "bogus is no pattern; expected a kind (parallel, delay, unroll"],
    ["a kind that needs a file", ["custom"], "custom is no pattern"],
    ["a part of another kind", ["delay", "--group-by", "2"], "--group-by is no part of delay patterns"],
    ["a part for a model", ["musicgen", "--delays", "0,1"], "musicgen says its pattern; leave out --delays"],
    ["delays that descend", ["delay", "--delays", "1,0"], "delays must not descend"],
    ["delays that are none", ["delay", "--delays", "0,x"], "whole numbers by commas"],
    ["codebooks that do not fit", ["dia", "-n", "4"], "--codebooks 4 does not fit this dia pattern, which is for 9"],
    ["groups that do not fit", ["musiclm", "-n", "5"], "multiple of groupBy"],
    ["one file for both", ["delay", "--svg", "a.json", "--save", "./a.json"], "--svg and --save would both be written to a.json"],
    ["standard output for a file", ["delay", "--save", "-"], "--svg and --save write files"],
    ["frames beyond number", ["delay", "-n", "60000", "--frames", "900000"], "900000 frames of 60000 codebooks are too much to show"],
    [
      "too much for a grid",
      ["musiclm", "-n", "100", "--frames", "9999"],
      "musiclm has 999901 steps for 9999 frames; at most 1048576 cells can be shown: choose fewer --frames",
    ],
    [
      "too much for memory",
      ["unroll", "-n", "1", "--flattening", "16777215"],
      "the pattern has 201326593 steps; expected at most 67108864",
    ],
    ["too much for a picture", ["delay", "--frames", "9000", "--svg", "never.svg"], "a figure shows 1 to 20000 cells"],
  ])("refuses %s with exit code 2", async (_, args, message) => {
    const { code, stdout, stderr } = await run(["patterns", "show", ...args]);
    expect({ code, stdout: stdout.length }).toEqual({ code: 2, stdout: 0 });
    expect(stderr).toContain(message);
    expect(stderr).not.toContain("    at ");
  });

  test("tells what is wrong with a pattern file", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "a.json"), '{ "kind": "delay" }');
    await writeFile(join(folder, "b.json"), "{");
    for (const [file, message] of [
      ["a.json", "not a delay pattern: numCodebooks"],
      ["b.json", "it is not JSON"],
      ["c.json", "there is no such file"],
    ]) {
      expect(await run(["patterns", "show", join(folder, file!)])).toMatchObject({ code: 1, stderr: expect.stringContaining(message!) });
    }
  });
});

describe("patterns apply and revert", () => {
  test.each(["musicgen", "parallel", "delay", "unroll", "coarse-first", "musiclm"])("give back the same file with %s", async (pattern) => {
    const folder = await folderWithMusic();
    expect(await run(["patterns", "apply", join(folder, "music.safetensors"), "-p", pattern])).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("4 codebooks × 20 frames → 4 ×"),
    });
    expect((await run(["patterns", "revert", join(folder, "music.sequence.safetensors")])).code).toBe(0);
    expect(await readFile(join(folder, "music.sequence.codes.safetensors"))).toEqual(await readFile(join(folder, "music.safetensors")));
  });

  test("take codes and give them in every format", async () => {
    const folder = await temporaryFolder();
    for (const format of ["safetensors", "npz", "json"] as const) {
      await writeFile(join(folder, `a.${format}`), formatCodes(music, format));
      await textOf(["patterns", "apply", join(folder, `a.${format}`), "-p", "delay", "-o", join(folder, `${format}.safetensors`), "-q"]);
      await textOf(["patterns", "revert", join(folder, `${format}.safetensors`), "-o", join(folder, `back.${format}`), "-q"]);
      expect(await readFile(join(folder, `back.${format}`))).toEqual(await readFile(join(folder, `a.${format}`)));
    }
  });

  test("go through standard input and output", async () => {
    const applied = await run(["patterns", "apply", "-", "-p", "musicgen", "-q"], { stdin: formatCodes(music, "json") });
    expect((await readSequence(applied.stdout)).tokens.dims).toEqual([1, 4, 24]);
    const reverted = await run(["patterns", "revert", "-", "-f", "json", "-q"], { stdin: applied.stdout });
    expect(reverted.stdout).toEqual(Buffer.from(formatCodes(music, "json")));
  });

  test("take special tokens and a pattern file, and say what they did as JSON", async () => {
    const folder = await folderWithMusic();
    await writeFile(join(folder, "p.json"), JSON.stringify({ kind: "delay", numCodebooks: 2, delays: [0, 3] }));
    const args = [
      "patterns",
      "apply",
      join(folder, "music.safetensors"),
      "-p",
      join(folder, "p.json"),
      "-n",
      "2",
      "--special-token",
      "-1",
      "--pad-token",
      "-2",
      "--json",
      "-q",
    ];
    const { results } = JSON.parse(await textOf(args));
    expect(results).toMatchObject([{ dims: [1, 2, 24], type: "int32", specialToken: -1, padToken: -2, pattern: { delays: [0, 3] } }]);
    const { tokens } = await readSequence(join(folder, "music.sequence.safetensors"));
    expect([...tokens.data.subarray(20, 29)]).toEqual(
      [19 * 97, -2, -2, -2, -1, -1, -1, -1, 20 * 97].map((token) => (token < 0 ? token : token % 2048)),
    );
  });

  test("say what a bare array loses, and what it needs", async () => {
    const folder = await temporaryFolder();
    const codes = new AudioCodes({
      ...music,
      codebookSize: 1024,
      data: music.data.map((code) => code % 1024),
      hopLength: 320,
      sampleRate: 24_000,
      numSamples: 20 * 320 - 7,
    });
    await writeCodes(join(folder, "a.npz"), codes);
    const applied = await run(["patterns", "apply", join(folder, "a.npz"), "-p", "delay", "-f", "npy"]);
    expect(applied.stderr).toMatch(/^a \.npy file holds the bare tokens: no pattern, [^\n]*license; use \.safetensors to keep them\n/);
    const bare = join(folder, "a.sequence.npy");
    expect(await run(["patterns", "revert", bare])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("does not say its pattern; give it as the option pattern"),
    });
    await textOf(["patterns", "revert", bare, "-p", "delay", "-o", join(folder, "b.npz"), "-q"]);
    const back = await readCodes(join(folder, "b.npz"));
    expect(back.data).toEqual(codes.data);
    expect({ numSamples: back.numSamples, model: back.provenance.model }).toEqual({ numSamples: 20 * 320, model: "tiny" });
  });

  test("give the complete frames of a sequence that ends early, with a note", async () => {
    const folder = await folderWithMusic();
    const { tokens, ...sequence } = await readSequence(
      (await run(["patterns", "apply", "-", "-p", "musicgen", "-q"], { stdin: formatCodes(music, "npz") })).stdout,
    );
    const data = Uint16Array.from({ length: 4 * 10 }, (_, cell) => tokens.data[Math.floor(cell / 10) * 24 + (cell % 10)]!);
    await writeFile(
      join(folder, "cut.safetensors"),
      formatSequence({ ...sequence, tokens: { type: "uint16", data, dims: [1, 4, 10] } }, "safetensors"),
    );
    const { code, stderr } = await run(["patterns", "revert", join(folder, "cut.safetensors")]);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringContaining("; the sequence ends early: 6 of 20 frames are complete"),
    });
    expect((await readCodes(join(folder, "cut.codes.safetensors"))).data).toEqual(music.sliceFrames(0, 6).data);
  });

  test("refuse special tokens among the codes, and say where", async () => {
    const folder = await temporaryFolder();
    const applied = await run(["patterns", "apply", "-", "-p", "musicgen", "-q"], { stdin: formatCodes(music, "npz") });
    const bytes = applied.stdout;
    new DataView(bytes.buffer, bytes.byteOffset).setUint16(bytes.length - 2 * 10, 2048, true);
    await writeFile(join(folder, "a.safetensors"), bytes);
    const { code, stderr } = await run(["patterns", "revert", join(folder, "a.safetensors")]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/a\.safetensors: step 14 holds 2048 where the code of frame 10 of codebook 3 belongs/),
    });
    expect(await readdir(folder)).toEqual(["a.safetensors"]);
  });

  test("go on after a bad input, and never overwrite without --force", async () => {
    const folder = await folderWithMusic();
    await writeFile(join(folder, "bad.npz"), "nothing");
    await mkdir(join(folder, "out"));
    const { code, stderr } = await run([
      "patterns",
      "apply",
      join(folder, "bad.npz"),
      join(folder, "music.safetensors"),
      "-p",
      "delay",
      "-o",
      join(folder, "out"),
    ]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining("1 of 2 inputs failed") });
    expect(await readdir(join(folder, "out"))).toEqual(["music.sequence.safetensors"]);
    expect(await run(["patterns", "apply", join(folder, "music.safetensors"), "-p", "delay", "-o", join(folder, "out")])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("already exists"),
    });
  });

  test.each([
    ["no pattern", ["apply", "a.npz"], "required option '-p, --pattern"],
    [
      "an output of no known format",
      ["apply", "a.npz", "-p", "delay", "-o", "b.npz"],
      "b.npz does not name a format for sequences; end it in .safetensors or .npy",
    ],
    ["codes of no known format", ["revert", "a.safetensors", "-o", "a.wav"], "a.wav does not name a format for codes"],
    ["JSON and data on one stream", ["apply", "-", "-p", "delay", "--json"], "cannot both go to standard output"],
    ["an unknown pattern", ["apply", "a.npz", "-p", "bogus"], "bogus is no pattern"],
    [
      "a token of more than 32 bits",
      ["apply", "a.npz", "-p", "delay", "--special-token", "9999999999"],
      "option '--special-token <id>' argument '9999999999' is invalid",
    ],
    ["parts without their pattern", ["revert", "a.npy", "--delays", "0,1"], "--delays needs --pattern"],
  ])("refuse %s with exit code 2", async (_, args, message) => {
    expect(await run(["patterns", ...args])).toMatchObject({ code: 2, stderr: expect.stringContaining(message) });
  });

  test("tell what is wrong with the command line for these files", async () => {
    const folder = await folderWithMusic();
    const file = join(folder, "music.safetensors");
    expect(await run(["patterns", "apply", file, "-p", "delay", "--delays", "0,1"])).toMatchObject({
      code: 1,
      stderr: `encodec-tokenizer: ${file}: the codes have 4 codebooks; --pattern delay with --delays is for 2; add --codebooks 2 to use only so many\n`,
    });
    expect((await run(["patterns", "apply", file, "-p", "valle"])).stderr).toMatch(
      /--pattern valle is for 1; add --codebooks 1 to use only so many\. Codebook 0 after the text .* valleStage/,
    );
    await textOf(["patterns", "apply", file, "-p", "delay", "-q"]);
    const stray = ["-p", "delay", "--special-token", "5", "-m", "tiny", "--license", "any"];
    expect(await run(["patterns", "revert", join(folder, "music.sequence.safetensors"), ...stray])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(
        "--pattern and --special-token and --model and --license are for bare .npy arrays; this file says it itself",
      ),
    });
    await run(["patterns", "apply", file, "-p", "delay", "-o", join(folder, "bare.npy")]);
    const reverted = await run(["patterns", "revert", join(folder, "bare.npy"), "-p", "musicgen"]);
    expect(reverted.stderr).toContain(
      `${join(folder, "bare.npy")}: MusicGen reads codes of EnCodec 32 kHz (facebook/encodec_32khz), 2048 to a codebook, and tiny has 1024; name its codec with --model`,
    );
    expect(await run(["inspect", join(folder, "bare.npy")])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/If it is a bare sequence, patterns revert --pattern … gives its codes\./),
    });
  });

  test("refuse a pattern that the sequence is not of, and name each file once", async () => {
    const folder = await temporaryFolder();
    const codes = new AudioCodes({ ...music, codebookSize: 1024, data: music.data.map((code) => code % 1024) });
    await writeCodes(join(folder, "a.npz"), codes);
    await run(["patterns", "apply", join(folder, "a.npz"), "-p", "parallel", "-o", join(folder, "a.npy")]);
    const { code, stderr } = await run(["patterns", "revert", join(folder, "a.npy"), "-p", "delay"]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `encodec-tokenizer: ${join(folder, "a.npy")}: step 1 of codebook 1 holds the code 916 where this pattern has none; is it the right pattern?\n`,
    });
  });

  test("tell codes that do not fit the model", async () => {
    const folder = await folderWithMusic();
    const { code, stderr } = await run(["patterns", "apply", join(folder, "music.safetensors"), "-p", "musicgen-stereo"]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining("the codes have 4 codebooks; --pattern musicgen-stereo is for 8"),
    });
  });
});

describe("inspect", () => {
  test("explains a pattern file", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "p.json"), JSON.stringify({ kind: "delay", numCodebooks: 4 }));
    const text = await textOf(["inspect", join(folder, "p.json")]);
    expect(text).toMatch(/pattern +delay\n/);
    expect(text).toMatch(/ 50 +54 +1504\n/);
    expect(text).toContain("MusicGen (musicgen), AudioGen (audiogen)");
    expect(JSON.parse(await textOf(["inspect", join(folder, "p.json"), "--json"]))).toMatchObject({
      models: ["musicgen", "audiogen"],
      lengths: expect.arrayContaining([{ frameRate: 75, oneSecond: 79, thirtySeconds: 2254 }]),
    });
    expect(text).toMatch(/max delay +3\n +latency +a frame is complete 3 steps after its first code\n/);
    await writeFile(join(folder, "huge.json"), JSON.stringify({ kind: "unroll", numCodebooks: 1, flattening: [0xff_ffff] }));
    expect(await textOf(["inspect", join(folder, "huge.json")])).toMatch(/steps +more than can be laid out, even for 20 frames/);
    await writeFile(join(folder, "long.json"), JSON.stringify({ kind: "unroll", numCodebooks: 1, flattening: [0xffff] }));
    expect(await textOf(["inspect", join(folder, "long.json")])).toMatch(/12\.5 +851969 +24576001\n\n/);
    await writeFile(join(folder, "whole.json"), JSON.stringify({ kind: "coarse-first", numCodebooks: 2 }));
    expect(await textOf(["inspect", join(folder, "whole.json")])).toContain("a frame is complete only near the end of the clip");
    await writeFile(join(folder, "wrong.json"), JSON.stringify({ kind: "delay", numCodebooks: 2, delays: [1, 0] }));
    expect(await run(["inspect", join(folder, "wrong.json")])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("wrong.json is not a pattern file: delays must not descend"),
    });
    for (const args of [
      ["decode", join(folder, "p.json")],
      ["patterns", "apply", join(folder, "p.json"), "-p", "delay"],
    ]) {
      expect(await run(args)).toMatchObject({ code: 1, stderr: expect.stringContaining("p.json is a pattern file, not a file of codes") });
    }
    await writeFile(join(folder, "list.json"), "[1, 2]");
    expect(await run(["inspect", join(folder, "list.json")])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('list.json holds an array of 2; expected an object with "codes"'),
    });
    await writeFile(join(folder, "bad.json"), JSON.stringify({ kind: "delay", numCodebooks: 0 }));
    expect(await run(["inspect", join(folder, "bad.json")])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("not a delay pattern: numCodebooks"),
    });
  });

  test("draws a custom pattern, and names the codes that it leaves out", async () => {
    const folder = await temporaryFolder();
    await writeFile(
      join(folder, "c.json"),
      JSON.stringify({
        kind: "custom",
        numCodebooks: 2,
        timesteps: 3,
        layout: [
          [],
          [[0, 0]],
          [
            [1, 0],
            [0, 1],
          ],
          [[2, 0]],
        ],
      }),
    );
    const text = await textOf(["inspect", join(folder, "c.json")]);
    expect(text).toMatch(
      /steps +4 for clips of 3 frames; 4 valid steps\n +max delay +0\n +latency +a frame is complete 1 step after its first code/,
    );
    expect(text).toMatch(/missing +frame 1 of q1, frame 2 of q1: these codes stand nowhere/);
    expect(text).toMatch(/q0  S  0  1  2\n +q1  S  ·  0  ·\n/);
  });

  test("explains a sequence on standard input, and one of segments, as it does codes", async () => {
    const { codesAt48kHz } = await import("../core/arbitrary-codes.ts");
    const sequence = formatSequence(applyPattern(codesAt48kHz(120_000), { kind: "delay", numCodebooks: 2 }), "safetensors");
    const text = await textOf(["inspect", "-"], { stdin: sequence });
    expect(text).toMatch(/tokens +3 segments × 2 codebooks × 152 steps/);
    expect(text).toMatch(
      /codes +150 frames in a whole segment, 150 per second\n +audio +2\.50 s, 48 kHz, stereo, 120000 samples\n +bandwidth [^\n]+ kbps\n +segments +1\.00 s long, one every 990 ms/,
    );
  });

  test("explains a sequence file", async () => {
    const folder = await folderWithMusic();
    await textOf(["patterns", "apply", join(folder, "music.safetensors"), "-p", "musicgen", "-q"]);
    const text = await textOf(["inspect", join(folder, "music.sequence.safetensors")]);
    expect(text).toMatch(
      /tokens +4 codebooks × 24 steps, uint16\n[^]*delays 0,1,2,3\n[^]*codes below 2048; special\/pad 2048\n[^]*20 frames, 50 per second\n[^]*facebook\/encodec_32khz at revision 0123abc/,
    );
    const { dims, codes } = JSON.parse(await textOf(["inspect", join(folder, "music.sequence.safetensors"), "--json"]));
    expect({ dims, numSamples: codes.numSamples }).toEqual({ dims: [1, 4, 24], numSamples: music.numSamples });
  });
});
