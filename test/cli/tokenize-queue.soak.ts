import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Writable } from "node:stream";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { runCommandLine } from "../../src/cli/program.ts";
import { toneWav } from "../dataset/corpus.ts";
import { bytesBelow } from "../dataset/encoded-clips.ts";
import { temporaryFolder, writeTree } from "../temporary-folder.ts";
import { describeWithRedis, freePort, RedisServer } from "../queue/redis-server.ts";
import { hubFixture, tinyFolder } from "../hub/hub-fixture.ts";
import { folderRepository } from "../hub/hub-server.ts";
import { run } from "./fake-terminal.ts";

/** Five files of 0.5 to 0.9 s in `in/`. */
async function folderWithCorpus() {
  const folder = await temporaryFolder();
  await writeTree(folder, Object.fromEntries(Array.from({ length: 5 }, (_, i) => [`in/clip-${i}.wav`, toneWav(i, 0.5 + 0.1 * i)])));
  return folder;
}

describeWithRedis("tokenize on a queue", () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await RedisServer.start();
  });
  afterAll(() => redis[Symbol.asyncDispose]());

  test("enqueue, worker and status need the folder only: options come with the queue, and the bytes are those of tokenize", async () => {
    const folder = await folderWithCorpus();
    const [out, at] = [join(folder, "out"), ["--redis", redis.url]];
    const shape = [
      "-n",
      "4",
      "--window",
      "15f",
      "--tail",
      "drop",
      "-f",
      "jsonl,flat",
      "--vocabulary",
      "codebook-major",
      "--vocabulary-base",
      "7",
      "--part-rows",
      "2",
      "--title",
      "Tones",
      "--audio-license",
      "cc0-1.0",
    ];
    await run(["tokenize", join(folder, "in"), "-o", join(folder, "alone"), ...shape]);

    const enqueued = await run(["tokenize", "enqueue", join(folder, "in"), "-o", out, ...shape, ...at]);
    expect(enqueued).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(
        /out: 3 parts of 5 files\n3 parts on the queue encodec-tokenizer-out-\w+; take them with encodec-tokenizer tokenize worker -o .*out\n$/,
      ),
    });
    expect((await run(["tokenize", "enqueue", "-o", out, ...at])).stderr).toMatch(/3 parts of 5 files, 3 there already\n/);
    // Options that are given besides are those of another dataset.
    expect(await run(["tokenize", "enqueue", "-o", out, "-n", "2", ...at])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("begun in another way"),
    });

    const before = await run(["tokenize", "status", "-o", out, ...at]);
    expect(before.stdout.toString()).toMatch(
      /files +0 of 5, [^\n]*\n +parts +0 of 3 done, 3 waiting\n\n +workers +none\n +time left +not known yet\n +queue +encodec-tokenizer-out-/,
    );
    const worked = await run(["tokenize", "worker", "-o", out, ...at]);
    expect(worked).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(
        /^taking parts from encodec-tokenizer-out-\w+: 3 parts of 5 files in all\npart 0: 2 files, [^]*part 2: 1 file, [^]*out: 3 parts of 5 files done here, [^]*complete: 16 clips/,
      ),
    });
    expect(await bytesBelow(out)).toEqual(await bytesBelow(join(folder, "alone")));

    expect((await run(["tokenize", "status", "-o", out, ...at, "--watch"])).stdout.toString()).toMatch(
      /files +5 of 5[^]*3 of 3 done\n +state +complete\n/,
    );
    expect(await run(["tokenize", "worker", "-o", out, ...at])).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/nothing done here\ncomplete: 16 clips/),
    });
    expect(await run(["tokenize", "enqueue", "-o", out, ...shape, ...at])).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/3 parts of 5 files, all done, and complete\n$/),
    });
  });

  test("a worker that is interrupted finishes the part at hand and leaves the others to the next", async () => {
    const folder = await folderWithCorpus();
    const [out, at] = [join(folder, "out"), ["--redis", redis.url]];
    await run(["tokenize", "enqueue", join(folder, "in"), "-o", out, "-n", "4", "--part-rows", "1", ...at]);
    const interrupt = new AbortController();
    let said = "";
    const stdout = new Writable({
      write(part: Buffer, _, done) {
        if (part.toString().includes('"kind":"part-started"')) interrupt.abort();
        done();
      },
    });
    const stderr = new Writable({ write: (part: Buffer, _, done) => ((said += part.toString()), done()) });
    const code = await runCommandLine(["tokenize", "worker", "-o", out, "--json", ...at], {
      stdin: (async function* () {})(),
      stdout,
      stderr,
      signal: interrupt.signal,
    });
    expect({ code, said }).toEqual({
      code: 130,
      said: expect.stringMatching(
        /finishing the part at hand; Ctrl-C again stops at once\n[^]*part 0: 1 file[^]*parts? left\nencodec-tokenizer: interrupted\n$/,
      ),
    });
    expect(await run(["tokenize", "worker", "-o", out, ...at])).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("complete: 5 clips"),
    });
  });

  test("a worker says which parts failed, and status why", async () => {
    const folder = await folderWithCorpus();
    const [out, at] = [join(folder, "out"), ["--redis", redis.url]];
    await writeFile(join(folder, "in/bad.wav"), "not audio");
    await run(["tokenize", "enqueue", join(folder, "in"), "-o", out, "-n", "2", "--part-rows", "2", "--attempts", "1", ...at]);
    const { code, stdout, stderr } = await run(["tokenize", "worker", "-o", out, "--max-errors", "0", "--json", ...at]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(
        /part 0 failed: over 0 rows failed[^\n]*bad\.wav[^\n]*; attempt 1 of 1\n[^]*1 part left\nencodec-tokenizer: 1 part failed; encodec-tokenizer tokenize status -o .* has the reasons\n$/,
      ),
    });
    const events = stdout
      .toString()
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(events.at(-1)).toMatchObject({ kind: "finished", parts: 2, partsLeft: 1, partsFailed: 1, isComplete: false });
    const status = await run(["tokenize", "status", "-o", out, ...at]);
    expect(status.stdout.toString()).toMatch(/2 of 3 done, 1 failed\n\n +failed +part 0 after 1 attempt: over 0 rows failed/);
    expect(JSON.parse((await run(["tokenize", "status", "-o", out, "--json", ...at])).stdout.toString())).toMatchObject({
      isComplete: false,
      done: { parts: 2 },
      queue: { failed: 1 },
    });
  });

  test("a worker takes the same weights from another place, and no others", async () => {
    const folder = await folderWithCorpus();
    const [out, at] = [join(folder, "out"), ["--redis", redis.url]];
    await run(["tokenize", "enqueue", join(folder, "in"), "-o", out, "-n", "2", ...at]);
    const other = { config: "models/encodec-tiny-24khz/config.json", weights: "models/encodec-tiny-24khz/model.safetensors" };
    const weights = await readFile(other.weights);
    weights[weights.length - 3]! ^= 0x40;
    await writeTree(folder, { "changed/config.json": await readFile(other.config), "changed/model.safetensors": weights });
    expect(await run(["tokenize", "worker", "-o", out, "-m", join(folder, "changed"), ...at])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("begun in another way"),
    });
    expect(await run(["tokenize", "worker", "-o", out, ...at])).toMatchObject({ code: 0 });
  });

  test("a worker does not download a model because the folder names it, nor take a laxer license policy from there", async () => {
    const folder = await folderWithCorpus();
    const [out, at] = [join(folder, "out"), ["--redis", redis.url]];
    await run(["tokenize", "enqueue", join(folder, "in"), "-o", out, "-n", "2", ...at]);
    const path = join(out, "plan/queue.json");
    const record = JSON.parse(await readFile(path, "utf8")) as { recipe: Record<string, unknown> };
    await using hub = await hubFixture({ "evil/enc": folderRepository(tinyFolder) });
    const reach = { HF_ENDPOINT: hub.server.endpoint, HF_HUB_CACHE: hub.cacheDir, HF_TOKEN: "hf_member" };
    for (const [name, value] of Object.entries(reach)) vi.stubEnv(name, value);
    await writeFile(path, JSON.stringify({ ...record, recipe: { ...record.recipe, model: "evil/enc" } }));
    expect(await run(["tokenize", "worker", "-o", out, ...at])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/evil\/enc is neither in the catalogue nor, with its weights, in the cache.*\(--model evil\/enc\)\n$/u),
    });
    expect(hub.server.requests).toEqual([]);
    await writeFile(path, JSON.stringify({ ...record, recipe: { ...record.recipe, license: "any" } }));
    vi.stubEnv("ENCODEC_TOKENIZER_LICENSE_POLICY", "deny=mit");
    expect(await run(["tokenize", "worker", "-o", out, ...at])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("the policy does not admit tiny"),
    });
    for (const name of [...Object.keys(reach), "ENCODEC_TOKENIZER_LICENSE_POLICY"]) vi.stubEnv(name, undefined);
    await writeFile(path, JSON.stringify(record));
    expect(await run(["tokenize", "worker", "-o", out, ...at])).toMatchObject({ code: 0 });
  });

  test.each([
    [["enqueue", "in"], 2, "--output is missing"],
    [["worker"], 2, "--output is missing"],
    [["status"], 2, "--output is missing"],
    [["enqueue", "in", "-o", "out", "--redis", "hunter2"], 2, "redis must be a URL such as redis://host:6379"],
    [["worker", "-o", "out"], 1, "out is no dataset"],
    [["status", "-o", "out"], 1, "out is no dataset"],
  ])("refuses tokenize %j", async (args, code, message) => {
    const { stderr, ...outcome } = await run(["tokenize", ...args]);
    expect({ code: outcome.code, stderr }).toEqual({ code, stderr: expect.stringContaining(message) });
    expect(stderr).not.toContain("hunter2");
  });

  test("says that Redis is not there before a model is loaded", async () => {
    const folder = await folderWithCorpus();
    const at = ["--redis", `redis://127.0.0.1:${await freePort()}`];
    const refused = {
      code: 1,
      stderr: expect.stringMatching(/^encodec-tokenizer: cannot reach Redis at 127\.0\.0\.1:\d+: [^\n]*ECONNREFUSED[^\n]*\n$/),
    };
    expect(
      await run(["tokenize", "enqueue", join(folder, "in"), "-o", join(folder, "out"), "-m", join(folder, "no-model"), ...at]),
    ).toMatchObject(refused);
    await run(["tokenize", "enqueue", join(folder, "in"), "-o", join(folder, "out"), "-n", "2", "--redis", redis.url]);
    expect(await run(["tokenize", "worker", "-o", join(folder, "out"), "-m", join(folder, "no-model"), ...at])).toMatchObject(refused);
    expect(await run(["tokenize", "status", "-o", join(folder, "out"), ...at])).toMatchObject(refused);
    await rm(join(folder, "out"), { recursive: true });
  });
});
