import { mkdir, readdir, readFile, realpath, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { listCache, verifyCached } from "../../src/hub/cache.ts";
import { openHubRepository } from "../../src/hub/hub.ts";
import { hubErrorOf, hubFixture, tinyId } from "./hub-fixture.ts";
import type { HubFixture } from "./hub-fixture.ts";
import { temporaryFolder } from "../temporary-folder.ts";

let hub: HubFixture;
/** Where nothing of a cache belongs. */
let outside: string;
let repository: string;

beforeEach(async () => {
  hub = await hubFixture();
  outside = await realpath(await temporaryFolder());
  repository = join(hub.cacheDir, "models--org--tiny");
});

afterEach(async () => {
  await hub[Symbol.asyncDispose]();
});

async function open(more: { readonly cacheDir?: string; readonly offline?: boolean } = {}): Promise<string> {
  const { files, snapshotPath } = await openHubRepository(tinyId, { ...hub.options, ...more });
  if (files.kind !== "folder") throw new Error(`it is a ${files.kind}`);
  const source = (await files.open("model.safetensors"))!;
  await source.read(0, source.size);
  await files.close?.();
  return snapshotPath;
}

describe("the cache", () => {
  test("may be a link itself, and so may the folder of a repository", async () => {
    const cacheDir = join(hub.cacheDir, "linked");
    await mkdir(join(outside, "cache"));
    await symlink(join(outside, "cache"), cacheDir);
    await open({ cacheDir });
    await open({ cacheDir, offline: true });
    await open();
    await rename(repository, join(outside, "repository"));
    await symlink(join(outside, "repository"), repository);
    await open();
    await open({ offline: true });
    expect((await verifyCached(tinyId, hub.options)).map(({ isRight }) => isRight)).not.toContain(false);
  });

  test.each(["model.safetensors", "config.json", "README.md"])("is not read over a link that leaves it: %s", async (name) => {
    const snapshot = await open();
    await writeFile(join(outside, name), await readFile(join(snapshot, name)));
    await rm(join(snapshot, name));
    await symlink(join(outside, name), join(snapshot, name));
    const refusal = {
      code: "HUB_CACHE",
      message: expect.stringMatching(/is a link, or behind one, that leaves .*; remove it, and load again/u),
    };
    expect(await hubErrorOf(open())).toMatchObject(refusal);
    expect(await hubErrorOf(open({ offline: true }))).toMatchObject(refusal);
    expect((await verifyCached(tinyId, hub.options)).filter(({ isRight }) => isRight === false)).toEqual([
      { commit: expect.any(String), file: name, expected: null, actual: null, isRight: false },
    ]);
    expect((await listCache(hub.options)).map(({ id }) => id)).toEqual([tinyId]);
    await rm(join(snapshot, name));
    await open();
  });

  test("is not read where a blob is a link that leaves it", async () => {
    await open();
    const blobs = join(repository, "blobs");
    for (const digest of await readdir(blobs)) {
      await rename(join(blobs, digest), join(outside, digest));
      await symlink(join(outside, digest), join(blobs, digest));
    }
    for (const offline of [false, true]) expect(await hubErrorOf(open({ offline }))).toMatchObject({ code: "HUB_CACHE" });
  });

  test.each(["blobs", "snapshots"])("is not written through a link that leaves it: %s", async (name) => {
    await mkdir(repository);
    await symlink(outside, join(repository, name));
    expect(await hubErrorOf(open())).toMatchObject({ code: "HUB_CACHE" });
    expect(await readdir(outside)).toEqual([]);
  });

  test("has room for names as long as file systems take them", async () => {
    const { linkIntoSnapshot } = await import("../../src/hub/snapshot-link.ts");
    await writeFile(join(outside, "blob"), "bytes");
    const pointer = join(outside, "名".repeat(85)); // 255 bytes
    await linkIntoSnapshot(join(outside, "blob"), pointer);
    expect(await readFile(pointer, "utf8")).toBe("bytes");
  });
});
