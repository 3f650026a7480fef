import { existsSync } from "node:fs";
import { join } from "node:path";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { Writable } from "node:stream";
import { describe, expect, test } from "vitest";
import { startDatasetProgress } from "../../src/cli/commands/tokenize/tokenize-progress.ts";
import { openDataset, openTokenDataset } from "../../src/entries/dataset.ts";
import { AudioTokenizer, readAudio } from "../../src/index.ts";
import type { EncodedClip } from "../../src/entries/dataset.ts";
import { toneWav } from "../dataset/corpus.ts";
import { bytesBelow } from "../dataset/encoded-clips.ts";
import { temporaryFolder, collect, writeTree } from "../temporary-folder.ts";
import { run } from "./fake-terminal.ts";

/** Five files of 0.5 to 0.9 s in `in/`. */
async function folderWithCorpus() {
  const folder = await temporaryFolder();
  await writeTree(folder, Object.fromEntries(Array.from({ length: 5 }, (_, i) => [`in/clip-${i}.wav`, toneWav(i, 0.5 + 0.1 * i)])));
  return folder;
}

async function clipsOf(path: string): Promise<readonly EncodedClip[]> {
  return collect(await openDataset(path));
}

function eventsIn(stdout: Buffer): readonly Record<string, unknown>[] {
  return stdout
    .toString()
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe("tokenize", () => {
  test("gives every file the codes of encode, lists what fails, and says what came of it", async () => {
    const folder = await folderWithCorpus();
    await writeFile(join(folder, "in/bad.wav"), "not audio");
    const { code, stdout, stderr } = await run([
      "tokenize",
      join(folder, "in"),
      "-o",
      join(folder, "out"),
      "-b",
      "3",
      "--audio-license",
      "cc-by-4.0",
      "--title",
      "Tones",
    ]);
    expect({ code, stdout: stdout.toString() }).toEqual({ code: 3, stdout: "" });
    expect(stderr).toMatch(
      /^6 of 6 files to do\nbad\.wav: not readable[^\n]*\n[^\n]*out: 6 files, 3\.50 s in [^\n]* × real time\n1 file failed; errors\.jsonl has the reasons\ncomplete: 5 clips, 3\.50 s, 1 shard file\ncodebooks: \d+ to \d+ % of their codes in use, entropy [\d.]+ to [\d.]+ of 10 bits\nmore in [^\n]*report\.svg, or by encodec-tokenizer inspect [^\n]*out\n$/,
    );
    await using tokenizer = await AudioTokenizer.fromPretrained("tiny");
    const clips = await clipsOf(join(folder, "out"));
    expect(clips.map(({ key }) => key)).toEqual(["clip-0", "clip-1", "clip-2", "clip-3", "clip-4"]);
    for (const { source, codes } of clips)
      expect(codes).toEqual(await tokenizer.encode(await readAudio(join(folder, `in/${source}`)), { bandwidth: 3 }));
    expect(await readFile(join(folder, "out/README.md"), "utf8")).toMatch(/^---\n[^]*cc-by-4\.0[^]*\n# Tones\n/);
  });

  test("ends with 3 where some files failed, also the next time, and with 1 where none became a clip", async () => {
    const folder = await temporaryFolder();
    await writeTree(folder, {
      "some/a.wav": toneWav(1, 0.2),
      "some/bad.wav": "not audio",
      "none/a.mp4": "\0\0\0\x20ftypisom",
      "none/b.wav": "",
    });
    const args = (name: string) => ["tokenize", join(folder, name), "-o", join(folder, `${name}-out`), "-n", "1", "-q"];
    const failed = "1 of 2 files failed; errors.jsonl of";
    for (let turn = 0; turn < 2; turn++)
      expect(await run(args("some"))).toMatchObject({ code: 3, stderr: expect.stringContaining(failed) as string });
    const none = await run(args("none").slice(0, -1));
    expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining("all 2 files failed, and") as string });
    expect(none.stderr).toContain("finished without a clip: all files failed\n");
    expect(none.stderr).not.toContain("complete");
    await writeFile(join(folder, "some/bad.wav"), toneWav(2, 0.2));
    expect(await run([...args("some"), "--retry-errors"])).toMatchObject({ code: 0, stderr: "" });
  });

  test("takes what is sound of damaged files with a word, or refuses them; and says what it leaves out", async () => {
    const folder = await temporaryFolder();
    const cut = toneWav(1, 1).subarray(0, 30_001);
    await writeTree(folder, { "in/a.wav": cut, "in/b.wav": toneWav(2, 0.2), "in/c.wav": toneWav(2, 0.2), "in/c.txt": "words" });
    const args = ["tokenize", join(folder, "in"), "-n", "1", "--dedupe", "-o"];
    const lenient = await run([...args, join(folder, "out")]);
    expect(lenient.code).toBe(0);
    expect(lenient.stderr).toMatch(
      /^left out: 1 file with the audio of an earlier one \(--dedupe\)\nleft out: 1 × \.txt files beside audio[^\n]*\n[^]*a\.wav: warning: [^\n]* samples lost\)\n[^]*\n1 clip of damaged audio, marked in the manifest; 1 warning, in warnings\.jsonl\ncomplete: 2 clips/u,
    );
    expect((await run(["inspect", join(folder, "out")])).stdout.toString()).toMatch(
      /3 files, 1 of them with the audio of an earlier one\n[^]*damage +1 clip, [\d.]+ ms lost\n +1 × AUDIO_TRUNCATED\n/u,
    );
    expect(await run([...args, join(folder, "out"), "--strict"])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("clips.strict") as string,
    });
    expect(await run([...args, join(folder, "strict"), "--strict", "-q"])).toMatchObject({ code: 3 });
  });

  test("prints events as lines of JSON, goes on where it was, and refuses other options", async () => {
    const folder = await folderWithCorpus();
    const args = ["tokenize", join(folder, "in"), "-o", join(folder, "out"), "-n", "4", "--part-rows", "2"];
    const first = await run([...args, "--share", "0/2", "--json"]);
    expect(
      eventsIn(first.stdout)
        .filter(({ kind }) => kind !== "listing")
        .map(({ kind }) => kind),
    ).toEqual(["plan", "part-started", "row", "row", "part-finished", "part-started", "row", "part-finished", "finished"]);
    expect(eventsIn(first.stdout).at(-1)).toMatchObject({ rows: 3, errors: 0, partsLeft: 0, isComplete: false });
    expect(first.stderr).toMatch(/this share is done; others are not\n$/);
    expect(await run([...args, "--shard", "0/2", "--workers", "1"])).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(
        /^encodec-tokenizer: --shard is called --share now\nencodec-tokenizer: --workers is called --decode-threads now\n[^]*this share is done; others are not\n$/,
      ),
    });
    const second = await run([...args, "--json", "-q"]);
    expect(second).toMatchObject({ code: 0, stderr: "" });
    expect(eventsIn(second.stdout).at(-1)).toMatchObject({ rows: 2, total: { rows: 5 }, isComplete: true });
    expect((await run(args)).stderr).toMatch(/nothing done now, 5 files done earlier\ncomplete: 5 clips/);
    const refused = await run([...args, "--window", "0.2"]);
    expect(refused).toMatchObject({
      code: 1,
      stdout: Buffer.alloc(0),
      stderr: expect.stringMatching(/begun in another way[^]*clips\.window: begun with null/),
    });
  });

  test("shows no bar where events come on the same terminal", async () => {
    const folder = await folderWithCorpus();
    const args = ["tokenize", join(folder, "in"), "-n", "2", "-o"];
    expect((await run([...args, join(folder, "bar")], { isTTY: true, columns: 100 })).stderr).toContain("░");
    const { stdout, stderr } = await run([...args, join(folder, "events"), "--json"], { isTTY: true, columns: 100 });
    expect(eventsIn(stdout).at(-1)).toMatchObject({ kind: "finished" });
    expect(stderr).not.toMatch(/[░█\r]/u);
    expect((await run([...args, join(folder, "piped"), "--json"], { isTTY: true })).stderr).toContain("░");
  });

  test("ends after the part at hand when interrupted, and the same command goes on to the same bytes", async () => {
    const folder = await folderWithCorpus();
    const args = (out: string): string[] => [
      "tokenize",
      join(folder, "in"),
      "-o",
      join(folder, out),
      "-n",
      "4",
      "--part-rows",
      "1",
      "--json",
    ];
    await run(args("whole"));
    const { outcome, said } = await interruptedAfter("part-started", args("out"));
    expect(outcome.code).toBe(130);
    expect(said).toMatch(
      /finishing the part at hand; Ctrl-C again stops at once\n[^]*parts? left; the same command goes on\nencodec-tokenizer: interrupted\n$/,
    );
    const done = (await readdir(join(folder, "out/parts"))).filter((name) => /^\d+\.json$/.test(name));
    expect(done.length).toBeGreaterThan(0);
    expect(done.length).toBeLessThan(5);
    expect(await run(args("out"))).toMatchObject({ code: 0 });
    expect(await bytesBelow(join(folder, "out"))).toEqual(await bytesBelow(join(folder, "whole")));
  });

  test("cuts windows, writes several formats, and limits shards", async () => {
    const folder = await folderWithCorpus();
    const args = [
      "tokenize",
      join(folder, "in"),
      "-o",
      join(folder, "out"),
      "-n",
      "4",
      "--window",
      "15f",
      "--stride",
      "0.2",
      "--tail",
      "drop",
      "-f",
      "webdataset,jsonl",
      "-f",
      "flat",
      "--vocabulary",
      "codebook-major",
      "--vocabulary-base",
      "100",
      "--shard-clips",
      "4",
      "-q",
    ];
    expect(await run(args)).toMatchObject({ code: 0, stderr: "" });
    const clips = await clipsOf(join(folder, "out"));
    expect(clips.map(({ codes }) => codes.numFrames)).toEqual(clips.map(() => 15));
    expect(clips).toHaveLength(2 + 3 + 3 + 4 + 4);
    const shards = await readdir(join(folder, "out/shards"));
    expect(shards.filter((name) => name.endsWith(".tar"))).toHaveLength(4);
    const documents = await collect(await openTokenDataset(join(folder, "out/shards/part-000000-000.bin")));
    const { codes } = clips[0]!;
    expect([...documents[0]!]).toEqual(Array.from(codes.data, (code, at) => 100 + 1024 * Math.floor(at / codes.numFrames) + code));
  });

  test("lays tokens out by a pattern, and refuses one that does not fit the codec before any work", async () => {
    const folder = await folderWithCorpus();
    const args = ["tokenize", join(folder, "in"), "-o", join(folder, "out"), "-f", "megatron", "-q", "--pattern"];
    expect(await run([...args, "musicgen", "-n", "8"])).toMatchObject({ code: 2, stderr: expect.stringContaining("give --codebooks 4") });
    expect(await run([...args, "musicgen", "-n", "4"])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/--pattern musicgen does not fit the codec: .* 2048/),
    });
    expect(existsSync(join(folder, "out"))).toBe(false);
    expect(await run([...args, "delay", "-n", "4"])).toMatchObject({ code: 0, stderr: "" });
    const layout = { kind: "pattern", pattern: { kind: "delay", numCodebooks: 4 }, eosToken: 1025 };
    expect(JSON.parse(await readFile(join(folder, "out/dataset.json"), "utf8"))).toMatchObject({
      options: { outputs: [{ format: "tokens", stream: "megatron", layout }] },
    });
    // An empty step, the frames, and three more steps for the delays, four tokens each.
    const documents = await collect(await openTokenDataset(join(folder, "out/shards/part-000000-000.bin")));
    expect(documents.map(({ length }) => length)).toEqual([38, 45, 53, 60, 68].map((frames) => 4 * (1 + frames + 3)));
  });

  test("takes a list of paths on standard input", async () => {
    const folder = await folderWithCorpus();
    const stdin = Buffer.from(`${join(folder, "in/clip-3.wav")}\n${join(folder, "in/clip-1.wav")}\n`);
    expect(await run(["tokenize", "-", "-o", join(folder, "out"), "-n", "2", "-q"], { stdin })).toMatchObject({ code: 0, stderr: "" });
    expect((await clipsOf(join(folder, "out"))).map(({ codes }) => codes.numSamples)).toEqual([19_200, 14_400]);
  });

  test.each([
    [["in"], "--output is missing"],
    [["in", "-o", "out", "--tail", "drop"], "--tail is about windows; add --window"],
    [["in", "-o", "out", "--pattern", "delay"], "--pattern is about tokens; add --format flat or megatron"],
    [["in", "-o", "out", "-f", "flat,megatron"], "choose one of them"],
    [["in", "-o", "out", "-f", "zip"], "is no format"],
    [["in", "-o", "out", "--share", "4/4"], "shares count from 0"],
    [["in", "-o", "out", "--window", "0"], "seconds above 0"],
    [["in", "-o", "out", "--memory", "lots"], "an amount of bytes"],
    [["in", "-o", "out", "-b", "5"], "5"],
  ])("refuses %j before any work", async (args, message) => {
    expect(await run(["tokenize", ...args])).toMatchObject({ code: 2, stderr: expect.stringContaining(message) });
  });
});

describe("a dataset that is there", () => {
  test("is verified: nothing is said of a sound one, and what is wrong of another", async () => {
    const folder = await folderWithCorpus();
    await run(["tokenize", join(folder, "in"), "-o", join(folder, "out"), "-n", "2", "-q"]);
    expect(await run(["verify", join(folder, "out")])).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/1 shard with 5 clips, all as the index says\n$/),
    });
    await writeFile(join(folder, "out/shards/stray.tar"), "");
    await rm(join(folder, "out/shards/part-000000-000.tar"));
    const { code, stdout, stderr } = await run(["verify", join(folder, "out"), "--json"]);
    expect({ code, kinds: (JSON.parse(stdout.toString()) as { findings: { kind: string }[] }).findings.map(({ kind }) => kind) }).toEqual({
      code: 1,
      kinds: ["missing", "extra"],
    });
    expect(stderr).toMatch(/part-000000-000\.tar: missing: [^]*stray\.tar: extra: [^]*2 findings\n$/);
    expect(await run(["verify", join(folder, "in")])).toMatchObject({ code: 1, stderr: expect.stringContaining("no finished dataset") });
  });

  test("is inspected: counts, shards, codec, licenses and usage", async () => {
    const folder = await folderWithCorpus();
    await run(["tokenize", join(folder, "in"), "-o", join(folder, "out"), "-n", "2", "-q", "--audio-license", "cc0-1.0"]);
    const { code, stdout } = await run(["inspect", join(folder, "out")]);
    expect(code).toBe(0);
    expect(stdout.toString()).toMatch(
      /clips +5, 3\.50 s, of 5 files\n +errors +none\n[^]*webdataset +1 [^]*2 codebooks of 1024 codes[^]*license cc0-1\.0\n[^]*codebook +codes used +entropy of 10 bits\n[^]*seconds +clips\n +0\.5 to 1 +5 +█{20}\n[^]*dB of full scale +clips\n/,
    );
    const summary = JSON.parse((await run(["inspect", join(folder, "out"), "--json"])).stdout.toString());
    expect(summary).toMatchObject({ counts: { clips: 5 }, audioLicense: "cc0-1.0", usage: [{ entropy: expect.any(Number) }, {}] });
    const { durations } = summary.statistics as { durations: { edges: number[]; counts: number[] } };
    expect(
      durations.counts.flatMap((count, bin) => (count === 0 ? [] : [[durations.edges[bin - 1], durations.edges[bin], count]])),
    ).toEqual([
      [0.5, 0.63, 2],
      [0.63, 0.8, 1],
      [0.8, 1, 2],
    ]);
  });

  test("that was only begun is said to be one, and not taken for a model", async () => {
    const folder = await folderWithCorpus();
    await run(["tokenize", join(folder, "in"), "-o", join(folder, "out"), "-n", "2", "-q", "--part-rows", "1", "--share", "0/2"]);
    expect(await run(["inspect", join(folder, "out")])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/out is no finished dataset: .*finish it first\n$/u),
    });
  });

  test("is not pushed where there is none, nor to what is no repository", async () => {
    const folder = await folderWithCorpus();
    expect(await run(["push", join(folder, "in"), "user/dataset"])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("no shards that are done"),
    });
    await run(["tokenize", join(folder, "in"), "-o", join(folder, "out"), "-n", "2", "-q"]);
    expect((await run(["push", join(folder, "out"), "no repository"])).code).toBe(2);
  });
});

describe("the progress display", () => {
  const counts = { rows: 100, clips: 100, errors: 1, seconds: 3600, warnings: 0, damaged: 0 };
  const row = { kind: "row", part: 0, row: 0, path: "a.wav", clips: 1, seconds: 60, failure: null, warnings: [] } as const;

  test("says now and then how far it is, how fast, and how long it takes", () => {
    let time = 0;
    const { terminal, said } = screen();
    using progress = startDatasetProgress(terminal, {}, () => time);
    progress.show({ kind: "plan", rows: 300, parts: 3, partsToDo: 2, rowsToDo: 200, done: counts, duplicates: 0, leftOut: {} });
    for (let i = 0; i < 50; i++) {
      time++;
      progress.show(row);
    }
    const lines = said().split("\n");
    expect(lines).toHaveLength(7);
    expect(lines[0]).toBe("200 of 300 files to do");
    expect(lines[5]).toBe("150 of 300 files, 1.8 h, 60 × real time, 1 error, 2 min 30 s left");
  });

  test("tells the first failures one by one", () => {
    const { terminal, said } = screen();
    using progress = startDatasetProgress(terminal, {}, () => 0);
    for (let i = 0; i < 30; i++) progress.show({ ...row, path: `${i}.wav`, failure: { code: "AUDIO_EMPTY", message: "empty" } });
    expect(said().split("\n").slice(18)).toEqual([
      "18.wav: empty",
      "19.wav: empty",
      "further failures are counted, and told in errors.jsonl",
      "",
    ]);
  });

  test("is silent when asked", () => {
    const { terminal, said } = screen();
    using progress = startDatasetProgress(terminal, { quiet: true });
    progress.show({ ...row, failure: { code: "AUDIO_EMPTY", message: "empty" } });
    progress.stopping();
    expect(said()).toBe("");
  });
});

function screen() {
  let text = "";
  const stderr = new Writable({ write: (part: Buffer, _, done) => ((text += part.toString()), done()) });
  return { terminal: { stdin: (async function* () {})(), stdout: stderr, stderr, signal: new AbortController().signal }, said: () => text };
}

/** Presses Ctrl-C when an event of a kind comes out. */
async function interruptedAfter(kind: string, args: readonly string[]) {
  const interrupt = new AbortController();
  let said = "";
  const stdout = new Writable({
    write(part: Buffer, _, done) {
      if (part.toString().includes(`"kind":"${kind}"`)) interrupt.abort();
      done();
    },
  });
  const stderr = new Writable({ write: (part: Buffer, _, done) => ((said += part.toString()), done()) });
  const { runCommandLine } = await import("../../src/cli/program.ts");
  const code = await runCommandLine(args, { stdin: (async function* () {})(), stdout, stderr, signal: interrupt.signal });
  return { outcome: { code }, said };
}
