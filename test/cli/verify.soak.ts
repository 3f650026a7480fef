import { createHash } from "node:crypto";
import { join } from "node:path";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { Writable } from "node:stream";
import { afterEach, describe, expect, test, vi } from "vitest";
import { startWork } from "../../src/cli/shared/work-progress.ts";
import { findCheckpoint } from "../../src/entries/hub.ts";
import { toneWav } from "../dataset/corpus.ts";
import { temporaryFolder, writeTree } from "../temporary-folder.ts";
import { mini24Folder } from "../hub/hub-fixture.ts";
import { run } from "./fake-terminal.ts";
import { served24, servedHub } from "./served-hub.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

/** A dataset in `out/`, made of five files in `in/`. */
async function folderWithDataset(...args: readonly string[]) {
  const folder = await temporaryFolder();
  await writeTree(folder, Object.fromEntries(Array.from({ length: 5 }, (_, i) => [`in/clip-${i}.wav`, toneWav(i, 0.5 + 0.1 * i)])));
  const made = await run(["tokenize", join(folder, "in"), "-o", join(folder, "out"), "-q", ...args]);
  if (made.code !== 0) throw new Error(made.stderr);
  return folder;
}

describe("verify --sample", () => {
  test("encodes clips again with the model that the dataset names, and says how many", async () => {
    const folder = await folderWithDataset();
    const sound = `${join(folder, "out")}: 1 shard with 5 clips, all as the index says`;
    expect(await run(["verify", join(folder, "out"), "--sample", "3"])).toMatchObject({
      code: 0,
      stderr: `${sound}; 3 clips encoded again to the same codes\n`,
    });
    expect(await run(["verify", join(folder, "out"), "--sample", "100%", "-m", "tiny", "--threads", "1"])).toMatchObject({
      code: 0,
      stderr: `${sound}; 5 clips encoded again to the same codes\n`,
    });
    expect(await run(["verify", join(folder, "out"), "-q", "--sample", "3"])).toMatchObject({ code: 0, stderr: "" });
    expect(await run(["verify", join(folder, "out"), "--sample", "0.001%"])).toMatchObject({
      code: 0,
      stderr: `${sound}; no clip is in the sample, so none was encoded again\n`,
    });
  });

  test("takes a model of the Hub at the commit that the dataset names, under the policy that is asked for", async () => {
    await using hub = await servedHub(served24);
    const folder = await folderWithDataset("-m", "24khz");
    vi.stubEnv("HF_HUB_CACHE", join(folder, "cache"));
    hub.server.requests.length = 0;
    const refused = await run(["verify", join(folder, "out"), "--sample", "2", "--license", "commercial"]);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("policy commercial does not admit facebook/encodec_24khz") });
    const verified = await run(["verify", join(folder, "out"), "--sample", "2"]);
    expect(verified).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/downloading [^]*2 clips encoded again to the same codes\n$/),
    });
    expect(hub.server.paths("hub").some((path) => path.includes(findCheckpoint("24khz")!.revision!))).toBe(true);
  });

  test("tells clips with other codes", async () => {
    const folder = await folderWithDataset("-f", "jsonl", "-n", "2");
    const shard = join(folder, "out/shards/part-000000-000.jsonl");
    const contents = (await readFile(shard, "utf8")).replace(
      /"codes":\[\[(?<code>\d+)/u,
      (_, code: string) => `"codes":[[${(Number(code) + 1) % 1024}`,
    );
    await writeFile(shard, contents);
    const index = JSON.parse(await readFile(join(folder, "out/dataset.json"), "utf8")) as { shards: object[] };
    Object.assign(index.shards[0]!, { bytes: contents.length, sha256: createHash("sha256").update(contents).digest("hex") });
    await writeFile(join(folder, "out/dataset.json"), JSON.stringify(index));
    const { code, stdout, stderr } = await run(["verify", join(folder, "out"), "--sample", "100%", "--json"]);
    expect(stderr).toContain(
      "part-000000-000.jsonl (clip-0): codes: 1 of its 76 codes are others when it is encoded again, from codebook 1 of 2 on\n",
    );
    const { findings, reencoded } = JSON.parse(stdout.toString()) as { findings: { kind: string }[]; reencoded: number };
    expect({ code, kinds: findings.map(({ kind }) => kind), reencoded }).toEqual({ code: 1, kinds: ["codes", "mismatch"], reencoded: 5 });
  });

  test("counts clips whose audio is gone, which is no failure as long as others are there", async () => {
    const folder = await folderWithDataset();
    for (const clip of [1, 3]) await rm(join(folder, `in/clip-${clip}.wav`));
    const some = await run(["verify", join(folder, "out"), "--sample", "100%"]);
    expect(some).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(
        /^2 clips could not be encoded again; [^\n]*clip-1\.wav: there is no such file\n[^\n]*3 clips encoded again to the same codes\n$/,
      ),
    });
    await rm(join(folder, "in"), { recursive: true });
    const none = await run(["verify", join(folder, "out"), "--sample", "2"]);
    expect(none).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/2 clips could not be encoded again[^]*no clip of the sample could be compared/),
    });
    expect((await run(["verify", join(folder, "out")])).code).toBe(0);
  });

  test("finds the audio of a corpus that moved where it is told to look", async () => {
    const folder = await folderWithDataset();
    await rename(join(folder, "in"), join(folder, "moved"));
    const verify = (...args: readonly string[]) => run(["verify", join(folder, "out"), "--sample", "2", ...args]);
    expect(await verify()).toMatchObject({ code: 1, stderr: expect.stringContaining("say where that is now (--root)") as string });
    expect(await verify("--root", join(folder, "moved"))).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("2 clips encoded again to the same codes") as string,
    });
    const root = ["--root", "a"];
    expect(await verify(...root, ...root)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("the dataset has 1 inputs") as string,
    });
    expect(await run(["verify", join(folder, "out"), ...root])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("add --sample") as string,
    });
  });

  test("refuses a model with other weights, and a dataset of tokens", async () => {
    const folder = await folderWithDataset("-n", "2", "-m", mini24Folder);
    expect(await run(["verify", join(folder, "out"), "--sample", "2", "-m", "tiny"])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("was not made with the weights of"),
    });
    await run(["tokenize", join(folder, "in"), "-o", join(folder, "tokens"), "-q", "-n", "2", "-f", "flat"]);
    expect(await run(["verify", join(folder, "tokens"), "--sample", "2"])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/holds tokens; codes are compared in webdataset/),
    });
    expect((await run(["verify", join(folder, "tokens")])).code).toBe(0);
  });

  test.each([
    [["--sample", "0"], "1 or more"],
    [["--sample", "101%"], "up to 100%"],
    [["--sample", "1.5"], "whole number"],
    [["-m", "tiny"], "--model is about encoding again; add --sample"],
  ])("refuses %j", async (args, message) => {
    expect(await run(["verify", "nowhere", ...args])).toMatchObject({ code: 2, stderr: expect.stringContaining(message) });
  });

  test("ends when it is interrupted", async () => {
    const folder = await folderWithDataset();
    expect((await run(["verify", join(folder, "out"), "--sample", "5"], { signal: AbortSignal.abort() })).code).toBe(130);
  });

  test("shows a bar on a terminal, and takes it away", async () => {
    const folder = await folderWithDataset();
    const { stderr } = await run(["verify", join(folder, "out"), "--sample", "5"], { isTTY: true });
    expect(stderr).toMatch(/5 of 5 clips read[^]*\n$/);
  });
});

describe("verify", () => {
  test("tells the first findings one by one and counts the others, of which --json has all", async () => {
    const folder = await folderWithDataset();
    await writeTree(folder, Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`out/shards/${i}.tar`, ""])));
    const { code, stdout, stderr } = await run(["verify", join(folder, "out"), "--json"]);
    expect({ code, lines: stderr.trimEnd().split("\n").slice(19) }).toEqual({
      code: 1,
      lines: [
        expect.stringContaining("is not in the index"),
        "further findings are counted; --json lists them all",
        `encodec-tokenizer: ${join(folder, "out")} is not as its index says: 300 findings`,
      ],
    });
    expect((JSON.parse(stdout.toString()) as { findings: unknown[] }).findings).toHaveLength(300);
  });
});

describe("the progress of work", () => {
  test("is a line now and then, with the time left", () => {
    let time = 0;
    let said = "";
    const stderr = new Writable({ write: (part: Buffer, _, done) => ((said += part.toString()), done()) });
    using work = startWork(
      { stdin: (async function* () {})(), stdout: stderr, stderr, signal: new AbortController().signal },
      false,
      () => time,
    );
    for (time = 1; time <= 25; time++) work.show(time, 100, `${time} of 100`);
    work.note("by the way");
    expect(said).toBe("10 of 100, 1 min 30 s left\n20 of 100, 1 min 20 s left\nby the way\n");
  });
});
