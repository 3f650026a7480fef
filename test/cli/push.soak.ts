import { createHash } from "node:crypto";
import { join } from "node:path";
import { cp, readFile, rm, unlink, writeFile } from "node:fs/promises";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { parse } from "yaml";
import { toneWav } from "../dataset/corpus.ts";
import { bytesBelow } from "../dataset/encoded-clips.ts";
import { sharedFolder, temporaryFolder, writeTree } from "../temporary-folder.ts";
import type { HubFixture } from "../hub/hub-fixture.ts";
import { memberToken } from "../hub/hub-server.ts";
import { run } from "./fake-terminal.ts";
import { served24, servedHub } from "./served-hub.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

const id = "user/speech";

const finished = sharedFolder();
beforeAll(() => makeDataset([], finished));

/** Five files in parts of one, in `in/`, tokenized into `out/`. */
async function makeDataset(args: readonly string[], inFolder?: string): Promise<string> {
  const folder = inFolder ?? (await temporaryFolder());
  await writeTree(folder, Object.fromEntries(Array.from({ length: 5 }, (_, i) => [`in/clip-${i}.wav`, toneWav(i, 0.3)])));
  await tokenizeInto(folder, args);
  return folder;
}

/** A copy of the finished dataset in `out/`. */
async function folderWithDataset(): Promise<string> {
  const folder = await temporaryFolder();
  await cp(join(finished, "out"), join(folder, "out"), { recursive: true });
  return folder;
}

async function tokenizeInto(folder: string, args: readonly string[]): Promise<void> {
  const made = await run(["tokenize", join(folder, "in"), "-o", join(folder, "out"), "-q", "-n", "2", "--part-rows", "1", ...args]);
  if (made.code !== 0) throw new Error(made.stderr);
}

/** A Hub that takes the token. */
async function hubToPushTo(repositories: Parameters<typeof servedHub>[0] = {}): Promise<HubFixture> {
  const hub = await servedHub(repositories);
  vi.stubEnv("HF_TOKEN", memberToken);
  return hub;
}

function filesOf({ server }: HubFixture): readonly string[] {
  return [...server.datasets.repositories.get(id)!.keys()].filter((name) => name !== ".gitattributes").toSorted();
}

const shards = Array.from({ length: 5 }, (_, part) => `shards/part-00000${part}-000.tar`);
const indexFiles = ["README.md", "dataset.json", "errors.jsonl", "manifest.jsonl", "report.svg"];

describe("push", () => {
  test("uploads a finished dataset to the byte, and a second time nothing", async () => {
    await using hub = await hubToPushTo();
    const folder = await folderWithDataset();
    const { code, stderr } = await run(["push", join(folder, "out"), id]);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringMatching(/^user\/speech: 10 files, [\d.]+ kB, uploaded; 0 there already\n$/),
    });
    expect(filesOf(hub)).toEqual([...indexFiles, ...shards]);
    const local = await bytesBelow(join(folder, "out"));
    for (const name of filesOf(hub)) expect(local.get(name)!.equals(hub.server.datasets.repositories.get(id)!.get(name)!.bytes)).toBe(true);
    hub.server.requests.length = 0;
    expect(await run(["push", join(folder, "out"), id])).toMatchObject({
      code: 0,
      stderr: "user/speech: 0 files, 0 bytes, uploaded; 10 there already\n",
    });
    expect(hub.server.requests.every(({ method }) => method === "GET")).toBe(true);
  });

  test("uploads the shards that are done while others are not, and later the new ones and the index", async () => {
    await using hub = await hubToPushTo();
    const folder = await makeDataset(["--share", "0/2"]);
    expect((await run(["push", join(folder, "out"), id])).stderr).toMatch(/: 3 files, .*uploaded; 0 there already\n$/);
    expect(filesOf(hub)).toEqual([shards[0], shards[2], shards[4]]);
    await tokenizeInto(folder, ["--share", "1/2"]);
    const { stdout } = await run(["push", join(folder, "out"), id, "--json", "-q"]);
    expect(JSON.parse(stdout.toString())).toMatchObject({
      uploaded: [shards[1], shards[3], "manifest.jsonl", "errors.jsonl", "report.svg", "README.md", "dataset.json"],
      unchanged: [shards[0], shards[2], shards[4]],
      isNewRepository: false,
    });
  });

  test("lives through a connection that breaks, and goes on after the last commit when it failed", async () => {
    await using hub = await hubToPushTo();
    const folder = await makeDataset(["-f", "npy", "--window", "1f"]); // 115 clips: three commits
    const late = "npy/clip-3_w000005.npy";
    const digest = createHash("sha256")
      .update(await readFile(join(folder, `out/${late}`)))
      .digest("hex");
    hub.server.spoil(/^storage \/upload/u, { cutAfter: 0 }, 1);
    hub.server.spoil(new RegExp(`^storage /upload/${digest}`, "u"), { status: 400 }, 1);
    const failed = await run(["push", join(folder, "out"), id]);
    expect(failed).toMatchObject({ code: 1, stderr: expect.stringContaining("answers with status 400") });
    const before = filesOf(hub);
    expect(before).toHaveLength(50);
    const stored = new Set(hub.server.paths("storage"));
    hub.server.requests.length = 0;
    expect(await run(["push", join(folder, "out"), id])).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/: 75 files, [\d.]+ kB, uploaded; 50 there already\n$/),
    });
    expect(filesOf(hub)).toEqual(
      [
        ...indexFiles,
        ...before,
        ...[...(await bytesBelow(join(folder, "out"))).keys()].filter((name) => /^(?:npy|shards)\//u.test(name) && !before.includes(name)),
      ].toSorted(),
    );
    // What lies in the storage is not sent again.
    expect(hub.server.paths("storage").filter((path) => stored.has(path))).toEqual([`/upload/${digest}`]);
  });

  test("tells in a dry run what it would do, without a token", async () => {
    await using hub = await servedHub({});
    const folder = await folderWithDataset();
    const { code, stderr } = await run(["push", join(folder, "out"), id, "--dry-run"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringMatching(/: 10 files, [\d.]+ kB, to upload; 0 there already\n$/) });
    expect(hub.server.requests.map(({ method }) => method)).toEqual(["GET"]);
    expect(hub.server.datasets.repositories.size).toBe(0);
  });

  test("needs a token, and one that may write", async () => {
    await using hub = await servedHub({});
    const folder = await folderWithDataset();
    expect(await run(["push", join(folder, "out"), id])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/a token is needed to push to user\/speech; set HF_TOKEN/),
    });
    vi.stubEnv("HF_TOKEN", "hf_stranger");
    expect(await run(["push", join(folder, "out"), id])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/does not accept the access token/),
    });
    vi.stubEnv("HF_TOKEN", memberToken);
    hub.server.spoil(/create/u, { status: 403 });
    expect(await run(["push", join(folder, "out"), id])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/cannot be written to with this token/),
    });
  });

  test("makes the repository private if asked to, and otherwise as the account has it", async () => {
    await using hub = await hubToPushTo();
    const folder = await folderWithDataset();
    await run(["push", join(folder, "out"), "user/open"]);
    await run(["push", join(folder, "out"), "user/closed", "--private"]);
    expect(Object.fromEntries(hub.server.datasets.visibilities)).toEqual({ "user/open": undefined, "user/closed": "private" });
  });

  test("shows how far it is", async () => {
    await using _ = await hubToPushTo();
    const folder = await folderWithDataset();
    expect((await run(["push", join(folder, "out"), id], { isTTY: true })).stderr).toMatch(/ of [\d.]+ kB uploaded/);
  });

  test("is interrupted, and says nothing of a bug", async () => {
    await using _ = await hubToPushTo();
    const folder = await folderWithDataset();
    expect((await run(["push", join(folder, "out"), id], { signal: AbortSignal.abort() })).code).toBe(130);
  });

  test.each([
    ["report.svg", "tokenizing again writes the index anew"],
    ["npy/clip-2.npy", "verify the dataset"],
    ["shards/part-000002-000.npy.jsonl", "verify the dataset"],
  ])("refuses a dataset without its %s", async (name, hint) => {
    await using hub = await hubToPushTo();
    const folder = await makeDataset(["-f", "npy"]);
    await unlink(join(folder, `out/${name}`));
    expect(await run(["push", join(folder, "out"), id])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(new RegExp(`${name} is not there; .*${hint}`, "u")),
    });
    expect(hub.server.datasets.repositories.size).toBe(0);
    if (name !== "report.svg") return;
    await unlink(join(folder, "out/dataset.json"));
    await tokenizeInto(folder, ["-f", "npy"]);
    expect((await run(["push", join(folder, "out"), id])).code).toBe(0);
  });
});

describe("the license of a dataset that is pushed", () => {
  test("is that of the model's weights too, in the card that the Hub shows", async () => {
    await using hub = await hubToPushTo(served24);
    const folder = await makeDataset(["-m", "24khz", "--audio-license", "cc-by-4.0"]);
    expect((await run(["push", join(folder, "out"), id])).code).toBe(0);
    const card = hub.server.datasets.textOf(id, "README.md");
    expect(parse(/^---\n(?<yaml>[^]*?)---\n/u.exec(card)!.groups!["yaml"]!)).toMatchObject({ license: ["cc-by-4.0", "cc-by-nc-4.0"] });
    expect(card).toMatch(/The codec's weights, facebook\/encodec_24khz: CC-BY-NC-4\.0 \(unresolved\)/);
  });

  test("is held against the policy of the command, or of the deployment, before anything is sent", async () => {
    await using hub = await hubToPushTo(served24);
    const folder = await makeDataset(["-m", "24khz", "--share", "0/2"]);
    hub.server.requests.length = 0;
    const refusal = {
      code: 1,
      stderr: expect.stringMatching(
        /policy commercial does not admit facebook\/encodec_24khz: CC-BY-NC-4\.0 is attribution, non-commercial/,
      ),
    };
    expect(await run(["push", join(folder, "out"), id, "--license", "commercial"])).toMatchObject(refusal);
    await tokenizeInto(folder, ["-m", "24khz", "--share", "1/2", "--offline"]);
    vi.stubEnv("ENCODEC_TOKENIZER_LICENSE_POLICY", "commercial");
    expect(await run(["push", join(folder, "out"), id])).toMatchObject(refusal);
    expect(await run(["push", join(folder, "out"), id, "--dry-run"])).toMatchObject(refusal);
    expect(hub.server.requests).toEqual([]);
    expect((await run(["push", join(folder, "out"), id, "--license", "research"])).code).toBe(0);
  });

  test("has to be known to any policy but one that admits all", async () => {
    await using _ = await hubToPushTo();
    const folder = await makeDataset(["--share", "0/2"]);
    await rm(join(folder, "out/plan/license.json"));
    expect(await run(["push", join(folder, "out"), id, "--license", "permissive"])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/does not say what license the weights have/),
    });
    expect((await run(["push", join(folder, "out"), id])).code).toBe(0);
    await writeFile(join(folder, "out/plan/license.json"), '{"subject":"tiny"}');
    expect(await run(["push", join(folder, "out"), id])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^encodec-tokenizer: [^\n]*license\.json is damaged; delete it/u),
    });
  });
});
