import { truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { pushFiles } from "../../src/hub/index.ts";
import type { PushedFile, PushOptions } from "../../src/hub/index.ts";
import { hubErrorOf } from "./hub-fixture.ts";
import { HubServer, memberToken } from "./hub-server.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const id = "user/dataset";
const firstDigest = "a7937b64b8caa58f03721bb6bacf5c78cb235febe0e70b1b84cd99541461a08e";
const secondDigest = "16367aacb67a4a017c8da8ab95682ccb390863780f7114dda0a0e0c55644c7c4";
/** A place for a file. */
const upload = (oid: string, header?: object): object => ({ oid, actions: { upload: { href: "STORAGE/upload/x", header } } });
let server: HubServer;
let folder: string;
let options: PushOptions;

beforeEach(async () => {
  server = await HubServer.start({});
  folder = await temporaryFolder();
  options = { endpoint: server.endpoint, token: memberToken, retryDelay: 0.001, env: {} };
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
});

async function filesOf(contents: Readonly<Record<string, string>>): Promise<PushedFile[]> {
  return Promise.all(
    Object.entries(contents).map(async ([name, text]) => {
      const path = join(folder, name);
      await writeFile(path, text);
      return { name: `shards/${name}`, path };
    }),
  );
}

describe("pushFiles", () => {
  test("creates the repository and uploads every file, large ones through LFS", async () => {
    const seen: number[] = [];
    const files = await filesOf({ "a.tar": "first", "b.jsonl": "second" });
    const report = await pushFiles(id, files, { ...options, onProgress: ({ done }) => seen.push(done) });
    expect(report).toMatchObject({ uploaded: ["shards/a.tar", "shards/b.jsonl"], unchanged: [], bytes: 11, isNewRepository: true });
    expect(report.commits).toHaveLength(1);
    expect(server.datasets.textOf(id, "shards/a.tar")).toBe("first");
    expect(server.datasets.textOf(id, "shards/b.jsonl")).toBe("second");
    expect(server.paths("storage")).toHaveLength(1);
    expect(seen.at(-1)).toBeGreaterThan(0);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  });

  test("uploads nothing that is there already, and what changed again", async () => {
    await pushFiles(id, await filesOf({ "a.tar": "first", "b.jsonl": "second", "c.tar": "third" }), options);
    server.requests.length = 0;
    const again = await pushFiles(id, await filesOf({ "a.tar": "first", "b.jsonl": "second", "c.tar": "third" }), options);
    expect(again).toMatchObject({ uploaded: [], bytes: 0, commits: [], isNewRepository: false });
    expect(server.requests.map(({ method }) => method)).toEqual(["GET"]);
    const changed = await pushFiles(id, await filesOf({ "a.tar": "FIRST", "b.jsonl": "SECOND", "c.tar": "third" }), options);
    expect(changed).toMatchObject({ uploaded: ["shards/a.tar", "shards/b.jsonl"], unchanged: ["shards/c.tar"] });
    expect(server.datasets.textOf(id, "shards/a.tar")).toBe("FIRST");
  });

  test("goes on after the last commit when it was interrupted", async () => {
    const files = await filesOf({ "a.tar": "a", "b.tar": "b", "c.tar": "c", "d.tar": "d" });
    const controller = new AbortController();
    const interrupted = pushFiles(id, files, {
      ...options,
      commitFiles: 2,
      signal: controller.signal,
      onProgress: ({ file }) => file === "shards/c.tar" && controller.abort(new Error("enough")),
    });
    await expect(interrupted).rejects.toThrow("enough");
    expect(server.datasets.commits).toEqual(["Add 2 files (1 of 2)"]);
    expect(await pushFiles(id, files, options)).toMatchObject({
      uploaded: ["shards/c.tar", "shards/d.tar"],
      unchanged: ["shards/a.tar", "shards/b.tar"],
    });
  });

  test("bounds commits by files and by bytes", async () => {
    const files = await filesOf({ "a.tar": "aaaa", "b.tar": "bb", "c.tar": "cc", "d.tar": "ddddddddd", "e.tar": "e" });
    expect((await pushFiles(id, files, { ...options, commitBytes: 4 })).commits).toHaveLength(4);
    expect([...server.datasets.repositories.get(id)!.keys()].filter((name) => name !== ".gitattributes")).toEqual(
      files.map(({ name }) => name),
    );
  });

  test("a dry run says what would be uploaded, and uploads nothing", async () => {
    const report = await pushFiles(id, await filesOf({ "a.tar": "first" }), { ...options, token: null, dryRun: true });
    expect(report).toEqual({ uploaded: ["shards/a.tar"], unchanged: [], removed: [], bytes: 5, commits: [], isNewRepository: true });
    expect(server.requests.every(({ method }) => method === "GET")).toBe(true);
  });

  test("tries again when the server is busy, at every step", async () => {
    for (const route of [/tree/u, /create/u, /preupload/u, /batch/u, /upload/u, /commit/u]) server.spoil(route, { status: 503 }, 1);
    await pushFiles(id, await filesOf({ "a.tar": "first" }), options);
    expect(server.datasets.textOf(id, "shards/a.tar")).toBe("first");
    expect(server.datasets.commits).toHaveLength(1);
  });

  test.each<[string, RegExp, string, string]>([
    [
      "that a file is uploaded again and again",
      /batch/u,
      JSON.stringify({ objects: Array.from({ length: 100 }, () => upload(firstDigest)) }),
      "places for files that it was not asked about",
    ],
    [
      "an error for one of the files",
      /batch/u,
      JSON.stringify({ objects: [upload(firstDigest), { oid: secondDigest, error: { code: 500, message: "no room" } }] }),
      "an error for a file (no room)",
    ],
    [
      "a file that was not asked about",
      /batch/u,
      JSON.stringify({ objects: [upload(firstDigest), upload("0".repeat(64))] }),
      "places for files that it was not asked about",
    ],
    [
      "parts of no length",
      /batch/u,
      JSON.stringify({ objects: [upload(firstDigest, { chunk_size: "-1000" })] }),
      "parts that are not those of a file",
    ],
    [
      "parts that are numbered otherwise",
      /batch/u,
      JSON.stringify({ objects: [upload(firstDigest, { chunk_size: "3", 1: "STORAGE/upload/1", 7: "STORAGE/upload/7" })] }),
      "parts that are not those of a file",
    ],
    ["no id of a commit", /commit/u, JSON.stringify({ commitOid: { text: "x" } }), "something that is no id of a commit"],
    [
      "digests without end",
      /tree/u,
      JSON.stringify([{ type: "file", path: "a", size: 1, oid: "0".repeat(100_000) }]),
      "something that cannot be read",
    ],
  ])("refuses an answer with %s", async (_, route, body, message) => {
    await pushFiles(id, [], options);
    server.spoil(route, { body: body.replaceAll("STORAGE", server.storage) });
    const error = await hubErrorOf(pushFiles(id, await filesOf({ "a.tar": "first", "b.tar": "second" }), options));
    expect(error).toMatchObject({ code: "HUB_UNEXPECTED_ANSWER", message: expect.stringContaining(message) });
    expect(server.paths("storage").length).toBeLessThanOrEqual(2);
  });

  test("takes files in parts, and refuses a part of which the storage says nothing", async () => {
    await pushFiles(id, [], options);
    const parts = { chunk_size: "3", "00001": `${server.storage}/upload/1`, "00002": `${server.storage}/upload/2` };
    server.spoil(/batch/u, {
      body: JSON.stringify({
        objects: [{ oid: firstDigest, actions: { upload: { href: `${server.endpoint}/complete`, header: parts } } }],
      }),
    });
    server.spoil(/upload\/\d/u, { status: 204, headers: { etag: "part" } }, 2);
    server.spoil(/complete/u, { status: 200, body: "{}" });
    const files = await filesOf({ "a.tar": "first" });
    const error = await hubErrorOf(pushFiles(id, files, options)); // the server keeps no parts, so the commit fails
    expect([error.status, ...server.paths("storage").toSorted()]).toEqual([400, "/upload/1", "/upload/2"]); // parts go up side by side
    server.spoil(/upload\/\d/u, { status: 204 });
    expect(await hubErrorOf(pushFiles(id, files, options))).toMatchObject({
      code: "HUB_UNEXPECTED_ANSWER",
      message: expect.stringContaining("no ETag for a part of a file"),
    });
  });

  test("ends where one of several uploads is refused", async () => {
    server.spoil(new RegExp(`upload/${secondDigest}`, "u"), { status: 403 });
    const error = await hubErrorOf(pushFiles(id, await filesOf({ "a.tar": "first", "b.tar": "second", "c.tar": "third" }), options));
    expect(error).toMatchObject({ code: "HUB_FORBIDDEN" });
  });

  test("holds no large file in memory, whatever the server wants of it", async () => {
    const files = await filesOf({ "a.tar": "" });
    await truncate(files[0]!.path, 2 ** 24 + 1);
    server.spoil(/preupload/u, { body: JSON.stringify({ files: [{ path: "shards/a.tar", uploadMode: "regular" }] }) });
    const error = await hubErrorOf(pushFiles(id, files, options));
    expect(error).toMatchObject({ code: "HUB_UNEXPECTED_ANSWER", message: expect.stringContaining("asks for 16777217 bytes of ") });
    expect(server.paths("hub").filter((path) => path.includes("/commit/"))).toEqual([]);
  });

  test("says so where the token may not write", async () => {
    server.spoil(/commit/u, { status: 403, headers: { "x-error-message": "read-only token" } });
    const error = await hubErrorOf(pushFiles(id, await filesOf({ "a.tar": "first" }), options));
    expect(error).toMatchObject({ code: "HUB_FORBIDDEN", message: expect.stringMatching(/needs permission to write/) });
    await expect(pushFiles(id, [], { ...options, token: null })).rejects.toThrow(/set HF_TOKEN/);
    await expect(pushFiles("dataset", [], options)).rejects.toThrow(/such as user\/dataset/);
  });
});
