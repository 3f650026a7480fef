import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { lstat, mkdir, open, readdir, readFile, rename, stat, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test, vi } from "vitest";
import { openHubRepository } from "../../src/hub/hub.ts";
import { hubErrorOf, hubFixture, tinyFolder, tinyId } from "./hub-fixture.ts";
import type { HubFixture } from "./hub-fixture.ts";
import { commitOf, folderRepository, sha256Of } from "./hub-server.ts";
import { builtUrl } from "../built-package.ts";

vi.mock("node:fs/promises", async (importActual) => {
  const actual = await importActual<typeof import("node:fs/promises")>();
  return { ...actual, open: vi.fn(actual.open), symlink: vi.fn(actual.symlink) };
});

const weights = new Uint8Array(readFileSync(join(tinyFolder, "model.safetensors")));
const digest = sha256Of(weights);
const half = 2_000_000;

afterEach(() => {
  vi.mocked(open).mockReset();
  vi.mocked(symlink).mockReset();
});

function blobsOf({ cacheDir }: HubFixture): string {
  return join(cacheDir, "models--org--tiny", "blobs");
}

async function partialsOf(hub: HubFixture): Promise<string[]> {
  return (await readdir(blobsOf(hub))).filter((name) => name.endsWith(".incomplete"));
}

/** What was asked of the storage, beyond the question of how long the file is. */
function rangesOf({ server }: HubFixture): (string | undefined)[] {
  return server.requests.filter(({ host, range }) => host === "storage" && range !== "bytes=0-0").map(({ range }) => range);
}

async function expectWhole(hub: HubFixture): Promise<void> {
  expect(sha256Of(await readFile(join(blobsOf(hub), digest)))).toBe(digest);
  expect(await partialsOf(hub)).toEqual([]);
}

/** Spoils the second and later answers of the storage, that is not the one about the file's length. */
function spoilBody(hub: HubFixture, ...[fault, times]: [Parameters<HubFixture["server"]["spoil"]>[1], number?]): void {
  hub.server.spoil(/^storage/u, {}, 1);
  hub.server.spoil(/^storage/u, fault, times);
}

test("a connection that breaks is taken up where it broke", async () => {
  await using hub = await hubFixture();
  spoilBody(hub, { cutAfter: half }, 1);
  await openHubRepository(tinyId, hub.options);
  const [first, second, ...more] = rangesOf(hub);
  expect([first, more]).toEqual([undefined, []]);
  const offset = Number(/^bytes=(\d+)-$/u.exec(second ?? "")?.[1]);
  expect(offset).toBeGreaterThan(0);
  expect(offset).toBeLessThanOrEqual(half);
  await expectWhole(hub);
});

test("a slow body arrives whole", async () => {
  await using hub = await hubFixture();
  spoilBody(hub, { trickle: 300_000 });
  await openHubRepository(tinyId, hub.options);
  await expectWhole(hub);
});

test("a server that knows no ranges sends the file anew, and it is right", async () => {
  await using hub = await hubFixture();
  spoilBody(hub, { cutAfter: half }, 1);
  hub.server.spoil(/^storage/u, { ignoresRange: true });
  await openHubRepository(tinyId, hub.options);
  await expectWhole(hub);
});

test("a server that answers with another range than was asked for is not believed", async () => {
  await using hub = await hubFixture();
  spoilBody(hub, { cutAfter: half }, 1);
  hub.server.spoil(/^storage/u, { headers: { "content-range": `bytes 0-9/${weights.byteLength}` }, status: 206 });
  expect(await hubErrorOf(openHubRepository(tinyId, hub.options))).toMatchObject({ code: "HUB_UNEXPECTED_ANSWER" });
});

test("a download that fails for good leaves its bytes to the next one", async () => {
  await using hub = await hubFixture();
  spoilBody(hub, { cutAfter: half });
  const error = await hubErrorOf(openHubRepository(tinyId, { ...hub.options, maxRetries: 0 }));
  expect(error.code).toBe("HUB_INTERRUPTED");
  expect(error.message).toContain("broke while model.safetensors was read");
  const [partial = ""] = await partialsOf(hub);
  const { size } = await stat(join(blobsOf(hub), partial));
  expect(size).toBeGreaterThan(0);

  hub.server.heal();
  hub.server.requests.length = 0;
  const seen: number[] = [];
  await openHubRepository(tinyId, { ...hub.options, onProgress: ({ done }) => seen.push(done) });
  expect(seen[0]).toBe(size);
  expect(rangesOf(hub)).toEqual([`bytes=${size}-`]);
  await expectWhole(hub);
});

test("bytes of an earlier attempt that prove wrong are dropped, and the file is downloaded once more", async () => {
  await using hub = await hubFixture();
  await mkdir(blobsOf(hub), { recursive: true });
  await writeFile(join(blobsOf(hub), `${digest}.codec-free-${"0".repeat(16)}.incomplete`), new Uint8Array(1000));
  await openHubRepository(tinyId, hub.options);
  expect(rangesOf(hub)).toEqual(["bytes=1000-", undefined]);
  await expectWhole(hub);
});

test("partial files of Python's client are left alone", async () => {
  await using hub = await hubFixture();
  await mkdir(blobsOf(hub), { recursive: true });
  await writeFile(join(blobsOf(hub), `${digest}.incomplete`), weights.subarray(0, 10));
  await openHubRepository(tinyId, hub.options);
  expect(rangesOf(hub)).toEqual([undefined]);
  expect(await partialsOf(hub)).toEqual([`${digest}.incomplete`]);
});

test("a process that is killed half-way leaves nothing that is taken for whole, and the next one goes on from there", async () => {
  await using hub = await hubFixture();
  spoilBody(hub, { hangAfter: half });
  const child = startChild(hub);
  await vi.waitFor(async () => expect(await lengthOfPartial(hub)).toBe(half), { timeout: 30_000, interval: 20 });
  child.kill("SIGKILL");
  await new Promise((resolve) => child.once("exit", resolve));
  const commit = commitOf(hub.server.repositories.get(tinyId)!);
  expect(await readdir(join(hub.cacheDir, "models--org--tiny", "snapshots", commit))).not.toContain("model.safetensors");
  const offline = await hubErrorOf(openHubRepository(tinyId, { ...hub.options, offline: true }));
  expect(offline.code).toBe("HUB_OFFLINE");

  hub.server.heal();
  hub.server.requests.length = 0;
  expect(await outputOf(startChild(hub))).toBe(commit);
  expect(rangesOf(hub)).toEqual([`bytes=${half}-`]);
  await expectWhole(hub);
});

test("two processes that download the same files at once both succeed", async () => {
  await using hub = await hubFixture();
  const commit = commitOf(hub.server.repositories.get(tinyId)!);
  expect(await Promise.all([outputOf(startChild(hub)), outputOf(startChild(hub))])).toEqual([commit, commit]);
  await expectWhole(hub);
});

test("several downloads of the same files within a process all succeed", async () => {
  await using hub = await hubFixture();
  const commits = await Promise.all([1, 2, 3].map(async () => (await openHubRepository(tinyId, hub.options)).commit));
  expect(new Set(commits)).toEqual(new Set([commitOf(hub.server.repositories.get(tinyId)!)]));
  await expectWhole(hub);
});

test("a cached file of another length is refused and stays where it is", async () => {
  await using hub = await hubFixture();
  await openHubRepository(tinyId, hub.options);
  await truncate(join(blobsOf(hub), digest), 100);
  const error = await hubErrorOf(openHubRepository(tinyId, hub.options));
  expect(error).toMatchObject({ code: "HUB_CHECKSUM", expected: weights.byteLength, actual: 100 });
  expect((await stat(join(blobsOf(hub), digest))).size).toBe(100);
});

test("a full disk is called so", async () => {
  await using hub = await hubFixture();
  const actual = await vi.importActual<typeof import("node:fs/promises")>("node:fs/promises");
  vi.mocked(open).mockImplementation(async (...args) => {
    const handle = await actual.open(...args);
    if (String(args[0]).includes(digest)) {
      handle.write = () =>
        Promise.reject(Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC", syscall: "write" }));
    }
    return handle;
  });
  const error = await hubErrorOf(openHubRepository(tinyId, hub.options));
  expect(error.code).toBe("HUB_DISK_FULL");
  expect(error.message).toContain("set HF_HUB_CACHE to a folder on another disk");
  expect(await partialsOf(hub)).toEqual([]);
});

test("a cache that is no folder is called so", async () => {
  await using hub = await hubFixture();
  const path = join(hub.cacheDir, "file");
  await writeFile(path, "");
  const error = await hubErrorOf(openHubRepository(tinyId, { ...hub.options, cacheDir: path }));
  expect(error.code).toBe("HUB_CACHE");
  expect(error.message).toContain(path);
});

test("where links cannot be made, snapshots hold copies, which work offline as well", async () => {
  await using hub = await hubFixture();
  vi.mocked(symlink).mockRejectedValue(Object.assign(new Error("EPERM"), { code: "EPERM", syscall: "symlink" }));
  const { snapshotPath, sha256 } = await openHubRepository(tinyId, hub.options);
  expect((await lstat(join(snapshotPath, "model.safetensors"))).isFile()).toBe(true);
  expect(sha256Of(await readFile(join(snapshotPath, "model.safetensors")))).toBe(digest);
  const offline = await openHubRepository(tinyId, { ...hub.options, offline: true });
  expect(offline.sha256).toEqual(sha256);
  expect(sha256.get("model.safetensors")).toBe(digest);
});

test("weights under a digest that is not theirs are refused and stay where they are", async () => {
  await using hub = await hubFixture();
  await mkdir(blobsOf(hub), { recursive: true });
  await writeFile(join(blobsOf(hub), digest), new Uint8Array(weights.byteLength));
  const error = await hubErrorOf(openHubRepository(tinyId, hub.options));
  expect(error).toMatchObject({ code: "HUB_CHECKSUM", expected: digest, actual: sha256Of(new Uint8Array(weights.byteLength)) });
  expect((await stat(join(blobsOf(hub), digest))).size).toBe(weights.byteLength);
});

test("weights that are already there under their digest are only linked", async () => {
  await using hub = await hubFixture({ [tinyId]: folderRepository(tinyFolder) });
  await mkdir(blobsOf(hub), { recursive: true });
  await writeFile(join(hub.cacheDir, "weights"), weights);
  await rename(join(hub.cacheDir, "weights"), join(blobsOf(hub), digest));
  await openHubRepository(tinyId, hub.options);
  expect(hub.server.paths("storage")).toEqual([]);
});

function startChild({ server, cacheDir }: HubFixture): ChildProcess {
  const script = fileURLToPath(new URL("download-child.js", import.meta.url));
  return spawn(process.execPath, [script, builtUrl("hub/index.ts"), server.endpoint, cacheDir, tinyId], {
    stdio: ["ignore", "pipe", "inherit"],
  });
}

async function outputOf(child: ChildProcess): Promise<string> {
  const chunks: Buffer[] = [];
  child.stdout!.on("data", (chunk: Buffer) => chunks.push(chunk));
  await new Promise((resolve) => child.once("close", resolve));
  return Buffer.concat(chunks).toString();
}

async function lengthOfPartial(hub: HubFixture): Promise<number> {
  const partial = (await partialsOf(hub)).find((name) => name.startsWith(digest));
  return partial === undefined ? 0 : (await stat(join(blobsOf(hub), partial))).size;
}
