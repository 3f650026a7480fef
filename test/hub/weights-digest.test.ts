import { createHash } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { digestsOfLength } from "../../src/catalogue/catalogue.ts";
import { findCheckpoint } from "../../src/catalogue/index.ts";
import { CheckpointError } from "../../src/core/index.ts";
import { openFile } from "../../src/files/index.ts";
import type { FileSource } from "../../src/files/index.ts";
import { rememberSha256, sha256OfWeights } from "../../src/hub/weights-digest.ts";
import { temporaryFolder } from "../temporary-folder.ts";

/** Just long enough to be remembered. */
const length = 2 ** 24;
const catalogued = findCheckpoint("48khz")!.files.find(({ path }) => path === "model.safetensors")!;
const forged = "a".repeat(64);

let folder: string;
let env: Record<string, string>;

beforeEach(async () => {
  folder = await temporaryFolder();
  env = { XDG_CACHE_HOME: join(folder, "cache") };
  // A file is remembered only once it has been left alone for a while.
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 60_000 });
});

afterEach(async () => {
  vi.useRealTimers();
});

/** A file whose bytes come from a seed; it is mostly a hole, so that it costs little. */
async function weights(
  name: string,
  { seed = 1, bytes = length }: { readonly seed?: number; readonly bytes?: number } = {},
): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, createHash("sha512").update(String(seed)).digest());
  await using file = await open(path, "r+");
  await file.truncate(bytes);
  return path;
}

/** The digest that is found, and how many bytes were read for it. */
async function digest(
  path: string,
  wrap: (file: FileSource) => FileSource = (file) => file,
): Promise<{ readonly sha256: string; readonly read: number }> {
  await using file = await openFile(path);
  let read = 0;
  const counted: FileSource = {
    ...wrap(file),
    async read(offset, count) {
      read += count;
      return wrap(file).read(offset, count);
    },
  };
  return { sha256: await sha256OfWeights(counted, { env }), read };
}

async function trueDigest(path: string): Promise<string> {
  return createHash("sha256")
    .update(await readFile(path))
    .digest("hex");
}

/** The only record, to be changed by a test. */
async function recordPath(): Promise<string> {
  const records = join(folder, "cache/encodec-tokenizer/digests");
  const [name, ...others] = await readdir(records);
  expect(others).toEqual([]);
  return join(records, name!);
}

describe("the digest of a long file", () => {
  test("is computed once, and kept away from the file", async () => {
    const path = await weights("a");
    const sha256 = await trueDigest(path);
    expect(await digest(path)).toEqual({ sha256, read: length });
    expect(await digest(path)).toEqual({ sha256, read: 0 });
    await rename(path, join(folder, "b"));
    expect((await digest(join(folder, "b"))).sha256).toBe(sha256);
    expect(await readdir(folder)).toEqual(["b", "cache"]);
  });

  test("is computed again after a change that leaves length, inode and the time of the last change as they were", async () => {
    const path = await weights("a");
    await utimes(path, 1e9, 1e9);
    await digest(path);
    const { mtimeNs, ino } = await stat(path, { bigint: true });
    await using file = await open(path, "r+");
    await file.write(Buffer.of(7), 0, 1, length - 1);
    await utimes(path, 1e9, 1e9);
    expect(await stat(path, { bigint: true })).toMatchObject({ mtimeNs, ino, size: BigInt(length) });
    expect(await digest(path)).toEqual({ sha256: await trueDigest(path), read: length });
  });

  test("is that of a file which took the name of another", async () => {
    const path = await weights("a");
    await utimes(path, 1e9, 1e9);
    await digest(path);
    const other = await weights("b", { seed: 2 });
    await utimes(other, 1e9, 1e9);
    await rename(other, path);
    expect(await digest(path)).toEqual({ sha256: await trueDigest(path), read: length });
  });

  test("is not kept of a file that was written a moment ago, whose clock may not show the next change", async () => {
    const path = await weights("a");
    vi.useRealTimers();
    for (const _ of [1, 2]) expect(await digest(path)).toMatchObject({ read: length });
  });

  test("is not kept of a short file, which costs nothing to read", async () => {
    const path = await weights("a", { bytes: length - 1 });
    for (const _ of [1, 2]) expect(await digest(path)).toMatchObject({ read: length - 1 });
    expect(await readdir(folder)).toEqual(["a"]);
  });

  test("is an error for a file that changes while it is read", async () => {
    const path = await weights("a");
    const changing = digest(path, (file) => ({
      ...file,
      async read(offset, count) {
        if (offset === 0) await utimes(path, 1, 1);
        return file.read(offset, count);
      },
    }));
    await expect(changing).rejects.toThrow(CheckpointError);
    await expect(changing).rejects.toThrow(/was changed while it was read; load it again/u);
  });

  test("can be told of a file that was just written", async () => {
    const path = await weights("a");
    vi.useRealTimers();
    const sha256 = await trueDigest(path);
    await rememberSha256(path, sha256, env);
    expect(await digest(path)).toEqual({ sha256, read: 0 });
  });
});

describe("a record", () => {
  test.each<readonly [string, (record: string) => Promise<unknown>]>([
    ["is cut", async (record) => writeFile(record, (await readFile(record, "utf8")).slice(0, 100))],
    ["is no record", (record) => writeFile(record, "null")],
    ["is of another form", async (record) => writeFile(record, (await readFile(record, "utf8")).replace('"version":1', '"version":2'))],
    ["has no digest", async (record) => writeFile(record, (await readFile(record, "utf8")).replace(/"sha256":"\w+"/u, '"sha256":"../x"'))],
    [
      "is of another inode",
      async (record) =>
        writeFile(
          record,
          (await readFile(record, "utf8")).replace(/"inode":"\d+"/u, '"inode":"1"').replace(/"sha256":"\w+"/u, `"sha256":"${forged}"`),
        ),
    ],
    ["is huge", (record) => writeFile(record, " ".repeat(2000))],
    [
      "is a folder",
      async (record) => {
        await rm(record);
        await mkdir(record);
      },
    ],
    [
      "is a link",
      async (record) => {
        await rename(record, join(folder, "elsewhere"));
        await symlink(join(folder, "elsewhere"), record);
      },
    ],
  ])("that %s is not believed", async (_, spoil) => {
    const path = await weights("a");
    await digest(path);
    await spoil(await recordPath());
    expect(await digest(path)).toEqual({ sha256: await trueDigest(path), read: length });
  });

  test("never makes a file that may be a catalogued one pass for another", async () => {
    const path = await weights("a", { bytes: catalogued.size! });
    const sha256 = await trueDigest(path);
    await rememberSha256(path, forged, env);
    expect(await digest(path)).toEqual({ sha256, read: catalogued.size });
    // Nor for the catalogued file of another length.
    await rememberSha256(path, findCheckpoint("tiny")!.files.at(-1)!.sha256!, env);
    expect(await digest(path)).toEqual({ sha256, read: catalogued.size });
  });

  test("is believed where it says that the file is the catalogued one of its length, so that official weights are hashed once", async () => {
    const path = await weights("a", { bytes: catalogued.size! });
    await rememberSha256(path, catalogued.sha256!, env);
    expect(await digest(path)).toEqual({ sha256: catalogued.sha256, read: 0 });
  });

  test("is not believed of a file that may be the catalogued one whose length nobody states", () => {
    const [unstated] = findCheckpoint("facebook/audio-magnet-medium")!.files;
    expect(unstated).toMatchObject({ size: null, sha256: expect.any(String) });
    for (const bytes of [235_000_000, 235_740_815, 236_400_000, 237_000_000]) expect(digestsOfLength(bytes)).toContain(unstated!.sha256);
    for (const bytes of [length, catalogued.size!, 1_000_000_000]) expect(digestsOfLength(bytes)).not.toContain(unstated!.sha256);
  });
});

test.each([
  [
    "cannot be made",
    async () => {
      await writeFile(join(folder, "cache"), "");
    },
  ],
  [
    "has a file in the way",
    async () => {
      await mkdir(join(folder, "cache"));
      await writeFile(join(folder, "cache/encodec-tokenizer"), "");
    },
  ],
])("a cache that %s costs time and nothing else", async (_, spoil) => {
  await spoil();
  const path = await weights("a");
  for (const time of ["first", "second"])
    expect({ time, ...(await digest(path)) }).toEqual({ time, sha256: await trueDigest(path), read: length });
});
