import { existsSync } from "node:fs";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { catalogue } from "../../src/entries/hub.ts";
import { tinyFolder } from "../hub/hub-fixture.ts";
import { commitOf, folderRepository } from "../hub/hub-server.ts";
import { run } from "./fake-terminal.ts";
import { served24, servedHub } from "./served-hub.ts";

const codec = folderRepository(tinyFolder, { cardData: { license: "mit" }, tags: ["license:mit"], branches: ["main", "v2"] });

afterEach(() => {
  vi.unstubAllEnvs();
});

describe("pull", () => {
  test("tells where the files lie, the commit and the license with its status", async () => {
    await using hub = await servedHub(served24);
    const { code, stdout, stderr } = await run(["pull", "24khz"]);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringMatching(/^24khz: downloading \d[\d.]* [kM]B\n24khz: \d[\d.]* [kM]B/),
    });
    const text = stdout.toString();
    expect(text).toMatch(/^facebook\/encodec_24khz, for 24khz\n/);
    expect(text).toMatch(/commit +c1dbe2ae3f1de713481a3b3e7c47f357092ee040\n/);
    expect(text).toMatch(/license +CC-BY-NC-4\.0, unresolved\n/);
    const folder = /folder +(.*)\n/.exec(text)![1]!;
    expect(folder.startsWith(hub.cacheDir)).toBe(true);
    expect(await readdir(folder)).toContain("model.safetensors");
  });

  test("downloads once, hashes again with --verify, and needs no server with --offline", async () => {
    await using hub = await servedHub({ "org/codec": codec });
    expect(await run(["pull", "org/codec", "-q"])).toMatchObject({ code: 0, stderr: "" });
    hub.server.requests.length = 0;
    const again = await run(["pull", "org/codec", "--offline", "--verify", "--json"]);
    expect({ code: again.code, stderr: again.stderr, requests: hub.server.requests }).toEqual({
      code: 0,
      stderr: `org/codec at commit ${commitOf(codec).slice(0, 7)}, from the cache\n`,
      requests: [],
    });
    const report = JSON.parse(again.stdout.toString());
    expect(report).toMatchObject({
      requested: "org/codec",
      id: "org/codec",
      commit: commitOf(codec),
      verified: true,
      license: { effective: "MIT" },
    });
    const weights = join(report.path, "model.safetensors");
    const bytes = await readFile(weights);
    bytes[1000]! ^= 1;
    await writeFile(weights, bytes);
    expect(await run(["pull", "org/codec", "-q", "--offline", "--verify"])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^encodec-tokenizer: model\.safetensors of org\/codec in the cache has digest [^\n]*\n$/),
    });
  });

  test("says which commit it is where the cache had to answer for a branch", async () => {
    const commit = commitOf(codec);
    const line = `org/codec at commit ${commit.slice(0, 7)}, from the cache\n`;
    await using hub = await servedHub({ "org/codec": codec });
    await run(["pull", "org/codec", "-q"]);
    expect(await run(["pull", "org/codec", "-q", "--offline"])).toMatchObject({ code: 0, stderr: "" });
    expect(await run(["pull", "org/codec", "--revision", commit])).toMatchObject({ code: 0, stderr: "" });
    hub.server.spoil(/^hub/u, { status: 503, headers: { "retry-after": "0" } });
    expect(await run(["pull", "org/codec"])).toMatchObject({ code: 0, stderr: line });
  });

  test("holds a copy against what the Hub lists, and says offline that it cannot be checked", async () => {
    await using _ = await servedHub({ "org/codec": codec });
    const { path } = JSON.parse((await run(["pull", "org/codec", "-q", "--json"])).stdout.toString());
    const weights = join(path, "model.safetensors");
    const bytes = await readFile(weights);
    await rm(weights);
    await writeFile(weights, bytes);
    expect((await run(["pull", "org/codec", "-q", "--verify"])).stdout.toString()).toMatch(
      /^ *verified +what is cached was hashed again, and is right$/m,
    );
    bytes[1000]! ^= 1;
    await writeFile(weights, bytes);
    expect(await run(["pull", "org/codec", "-q", "--verify"])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^encodec-tokenizer: model\.safetensors of org\/codec in the cache has digest [^\n]*\n$/),
    });
    const offline = ["pull", "org/codec", "-q", "--offline", "--verify"];
    expect((await run(offline)).stdout.toString()).toMatch(/^ *not verified +model\.safetensors: nothing is known to compare with$/m);
    expect(JSON.parse((await run([...offline, "--json"])).stdout.toString())).toMatchObject({
      verified: false,
      unverified: ["model.safetensors"],
    });
  });

  test("takes a revision, and says when there is none of that name", async () => {
    await using _ = await servedHub({ "org/codec": codec });
    expect(await run(["pull", "org/codec", "--revision", "v2", "-q"])).toMatchObject({ code: 0 });
    expect(await run(["pull", "org/codec", "--revision", "v3"])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^encodec-tokenizer: [^\n]*v3[^\n]*\n$/),
    });
  });

  test("checks the license before anything is downloaded, and names what would pass", async () => {
    await using hub = await servedHub(served24);
    const { code, stdout, stderr } = await run(["pull", "24khz", "--license", "commercial"]);
    expect({ code, stdout: stdout.length }).toEqual({ code: 1, stdout: 0 });
    expect(stderr).toMatch(
      /^encodec-tokenizer: policy commercial does not admit facebook\/encodec_24khz: CC-BY-NC-4\.0 is attribution, non-commercial\..* tiny would pass\.[^\n]*\n$/,
    );
    vi.stubEnv("ENCODEC_TOKENIZER_LICENSE_POLICY", "permissive");
    expect(await run(["pull", "24khz"])).toMatchObject({ code: 1 });
    expect(hub.server.paths("storage")).toEqual([]);
    expect(await run(["pull", "24khz", "-q", "--license", "research"])).toMatchObject({ code: 0 });
  });

  test("shows a bar on a terminal, with bytes and rate, and takes it away", async () => {
    await using _ = await servedHub({ "org/codec": codec });
    const { code, stderr } = await run(["pull", "org/codec"], { isTTY: true });
    expect(code).toBe(0);
    expect(stderr).toMatch(/org\/codec {2}[░█ ]+ \d+ % {2}/);
    expect(stderr).not.toContain("downloading");
  });

  test.each([
    ["something that is no id", ["pull", "a b"], 1, "there is no file or folder a b"],
    ["the embedded model", ["pull", "tiny"], 1, "tiny is on this machine already"],
    ["a repository that is not there", ["pull", "org/nothing"], 1, "org/nothing"],
    ["a policy that is none", ["pull", "org/codec", "--license", "free"], 2, "is no license policy"],
    ["what is not cached, offline", ["pull", "org/codec", "--offline"], 1, "not in the cache"],
  ])("refuses %s in one line", async (_, args, expected, message) => {
    await using hub = await servedHub({ "org/codec": codec });
    const { code, stdout, stderr } = await run(args);
    expect({ code, stdout: stdout.length, stderr }).toEqual({ code: expected, stdout: 0, stderr: expect.stringContaining(message) });
    expect(stderr).not.toContain("    at ");
    expect(hub.server.paths("storage")).toEqual([]);
  });

  test.each([
    ["pull", "org/codec"],
    ["inspect", "org/codec"],
    ["cache"],
    ["cache", "verify"],
    ["cache", "remove", "24khz"],
    ["encode", "a.wav", "-m", "24khz"],
  ])("tells of an endpoint that is no address: %s %s", async (...args) => {
    vi.stubEnv("HF_ENDPOINT", "nowhere");
    expect(await run(args)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^encodec-tokenizer: (?:org\/codec: )?endpoint must be an address[^\n]*\n$/),
    });
  });

  test("stops at once when interrupted", async () => {
    await using hub = await servedHub({ "org/codec": codec });
    hub.server.spoil(/^storage/u, { hangAfter: 100_000 });
    const interrupt = new AbortController();
    const pulling = run(["pull", "org/codec", "-q"], { signal: interrupt.signal });
    await vi.waitFor(() => expect(hub.server.paths("storage")).not.toEqual([]), { timeout: 600_000 });
    interrupt.abort();
    expect(await pulling).toMatchObject({ code: 130, stderr: "encodec-tokenizer: interrupted\n" });
  });
});

describe("cache", () => {
  test("lists what is there", async () => {
    await using _ = await servedHub({ "org/codec": codec });
    expect((await run(["cache"])).stdout.toString()).toMatch(/^no EnCodec models are in the cache/);
    await run(["pull", "org/codec", "-q"]);
    const { stdout } = await run(["cache"]);
    expect(stdout.toString()).toMatch(
      new RegExp(`^org/codec +${commitOf(codec)} +main +4\\.3\\d MB\n\n1 model, 4\\.3\\d MB on the disk\n`, "m"),
    );
    expect(JSON.parse((await run(["cache", "--json"])).stdout.toString())).toMatchObject([
      { id: "org/codec", commits: [{ refs: ["main"] }] },
    ]);
  });

  test("removes one model, or one revision, and nothing that is not there", async () => {
    await using hub = await servedHub({ "org/codec": codec, ...served24 });
    await run(["pull", "org/codec", "-q"]);
    await run(["pull", "24khz", "-q"]);
    expect(await run(["cache", "remove", "org/codec", "--revision", "v9"])).toMatchObject({
      code: 1,
      stderr: `encodec-tokenizer: revision v9 of org/codec is not in the cache; there is ${commitOf(codec)} main\n`,
    });
    const removed = await run(["cache", "remove", "org/codec", "--revision", "main"]);
    expect({ code: removed.code, text: removed.stdout.toString() }).toEqual({
      code: 0,
      text: expect.stringMatching(/^removed org\/codec at main: 4\.3\d MB freed\n$/),
    });
    expect(JSON.parse((await run(["cache", "remove", "24khz", "--json"])).stdout.toString())).toMatchObject({
      id: "facebook/encodec_24khz",
      revision: null,
    });
    expect(existsSync(join(hub.cacheDir, "models--facebook--encodec_24khz"))).toBe(false);
    for (const id of ["24khz", "org/codec", "../x", ...catalogue.slice(1, 3).map((entry) => entry.id)]) {
      expect(await run(["cache", "remove", id])).toMatchObject({ code: 1, stderr: expect.stringContaining("is not in the cache") });
    }
  });

  test("verifies what is there, and names what is wrong", async () => {
    await using _ = await servedHub({ "org/codec": codec, ...served24 });
    await run(["pull", "24khz", "-q"]);
    const { path } = JSON.parse((await run(["pull", "org/codec", "-q", "--json"])).stdout.toString());
    const verified = await run(["cache", "verify"]);
    expect({ code: verified.code, text: verified.stdout.toString() }).toEqual({
      code: 0,
      text: expect.stringMatching(/^facebook\/encodec_24khz: \d files right\norg\/codec: \d files right\n$/),
    });
    await writeFile(join(path, "model.safetensors"), "short");
    const wrong = await run(["cache", "verify", "org/codec", "--json"]);
    expect(wrong).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /^encodec-tokenizer: model\.safetensors of org\/codec at \w+ has digest \w+, expected \w+; remove it[^\n]*\n$/,
      ),
    });
    expect(JSON.parse(wrong.stdout.toString())).toMatchObject([
      { id: "org/codec", files: expect.arrayContaining([expect.objectContaining({ isRight: false })]) },
    ]);
    expect(await run(["cache", "verify", "24khz"])).toMatchObject({ code: 0 });
    expect(await run(["cache", "verify", "org/other"])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("org/other is not in the cache"),
    });
  });
});
