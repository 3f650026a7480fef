import { execFileSync } from "node:child_process";
import { lstat, mkdir, readFile, realpath, rename, rm, symlink, writeFile } from "node:fs/promises";
import type * as FileSystem from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { isInside, makeFolderInside, openInside, removeInside } from "../../src/files/inside-folder.ts";
import { temporaryFolder } from "../temporary-folder.ts";

/** Called right before a file is opened, after its path was looked at. */
let beforeOpening: (() => Promise<void>) | undefined;

vi.mock("node:fs/promises", async (importOriginal) => {
  const original = await importOriginal<typeof FileSystem>();
  const open: typeof original.open = async (...args) => {
    await beforeOpening?.();
    return original.open(...args);
  };
  return { ...original, open };
});

let root: string;
let folder: string;
let secret: string;

beforeEach(async () => {
  root = await realpath(await temporaryFolder());
  folder = join(root, "folder");
  secret = join(root, "elsewhere/secret");
  await write("elsewhere/secret", "secret");
  await write("folder/a/b", "inside");
});

afterEach(async () => {
  beforeOpening = undefined;
});

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), text);
}

async function link(target: string, path: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await symlink(target, join(root, path));
}

async function textOf(path: string, from: string = folder): Promise<string> {
  await using handle = await openInside(from, path);
  return await handle.readFile("utf8");
}

const outside = { name: "FileError", code: "FILE_OUTSIDE" };

describe("a file of a folder", () => {
  test("is opened, also over links that stay in the folder, and where the folder is a link itself", async () => {
    await link("a/b", "folder/link");
    await link(join(folder, "a"), "folder/absolute");
    await link("../folder/a", "folder/there-and-back");
    await link(folder, "linked");
    expect(await Promise.all(["a/b", "link", "absolute/b", "there-and-back/b"].map((path) => textOf(path)))).toEqual(
      Array.from({ length: 4 }, () => "inside"),
    );
    expect(await textOf("absolute/b", join(root, "linked"))).toBe("inside");
    await expect(textOf("a/c")).rejects.toMatchObject({ code: "FILE_NOT_FOUND" });
    await expect(textOf("a")).rejects.toMatchObject({ code: "FILE_UNREADABLE", message: expect.stringContaining("it is not a file") });
  });

  test.each(["../elsewhere/secret", "a/../../elsewhere/secret", "a\n/../../elsewhere/secret", "", "."])("is not %j", async (path) => {
    await expect(textOf(path)).rejects.toMatchObject(outside);
    await expect(isInside(folder, path)).rejects.toMatchObject(outside);
    await expect(removeInside(folder, path)).rejects.toMatchObject(outside);
    await expect(makeFolderInside(folder, path)).rejects.toMatchObject(outside);
  });

  test("is not behind a link that leaves the folder, of whatever kind", async () => {
    await link("../elsewhere/secret", "folder/relative");
    await link(secret, "folder/absolute");
    await link("../elsewhere", "folder/sub");
    await link("sub/secret", "folder/twice");
    await link(`${folder}-beside`, "folder/beside"); // begins as the folder does
    await write("folder-beside/secret", "secret");
    for (const path of ["relative", "absolute", "sub/secret", "twice", "beside/secret"]) {
      await expect(textOf(path), path).rejects.toMatchObject({ ...outside, message: expect.stringContaining(`leaves ${folder}`) });
      await expect(isInside(folder, path), path).rejects.toMatchObject(outside);
    }
    expect(await isInside(folder, "a/b")).toBe(true);
    for (const path of ["a/c", "a/c/d", "c", "a/b/c"]) expect(await isInside(folder, path)).toBe(false);
    for (const path of ["sub/c", "sub/c/d"]) await expect(isInside(folder, path), path).rejects.toMatchObject(outside);
    expect(await isInside(join(folder, "c"), "d")).toBe(false);
  });

  test("of a snapshot in a cache of the Hub lies among the blobs beside it, and nowhere else", async () => {
    const repository = "hub/datasets--user--speech";
    const snapshot = `${repository}/snapshots/${"a".repeat(40)}`;
    await write(`${repository}/blobs/${"b".repeat(64)}`, "blob");
    await write(`${repository}/other`, "other");
    await link(`../../blobs/${"b".repeat(64)}`, `${snapshot}/dataset.json`);
    await link(`../../../blobs/${"b".repeat(64)}`, `${snapshot}/shards/x.tar`);
    await link("../../other", `${snapshot}/other`);
    await link(secret, `${snapshot}/secret`);
    expect(await textOf("dataset.json", join(root, snapshot))).toBe("blob");
    expect(await textOf("x.tar", join(root, snapshot, "shards"))).toBe("blob");
    for (const path of ["other", "secret"]) await expect(textOf(path, join(root, snapshot))).rejects.toMatchObject(outside);
    await link("../../blobs/x", "hub/no-repository/snapshots/main/dataset.json");
    await write("hub/no-repository/blobs/x", "x");
    await expect(textOf("dataset.json", join(root, "hub/no-repository/snapshots/main"))).rejects.toMatchObject(outside);
  });

  test("is looked at again once it is open: a link that comes in between leads nowhere", async () => {
    const away = join(root, "away");
    await write("elsewhere/b", "secret");
    beforeOpening = async () => {
      beforeOpening = undefined;
      await rename(join(folder, "a"), away);
      await symlink("../elsewhere", join(folder, "a"));
    };
    await expect(textOf("a/b")).rejects.toMatchObject(outside);
    await rm(join(folder, "a"));
    await rename(away, join(folder, "a"));
    // Even one that is gone again by then.
    beforeOpening = async () => {
      beforeOpening = undefined;
      await rename(join(folder, "a/b"), away);
      await writeFile(join(folder, "a/b"), "new");
    };
    expect(await textOf("a/b")).toBe("new");
    beforeOpening = async () => {
      beforeOpening = undefined;
      await rm(join(folder, "a/b"));
      await symlink("../../elsewhere/secret", join(folder, "a/b"));
    };
    await expect(textOf("a/b")).rejects.toMatchObject({ code: "FILE_UNREADABLE" });
  });

  test.skipIf(process.platform === "win32")("is no pipe, for which nobody waits", async () => {
    execFileSync("mkfifo", [join(folder, "pipe")]);
    await expect(textOf("pipe")).rejects.toMatchObject({ code: "FILE_UNREADABLE" });
  });
});

test("a folder is made below another one, not behind a link that leaves it", async () => {
  await makeFolderInside(folder, "x/y/z");
  await makeFolderInside(folder, "x/y/z");
  expect((await lstat(join(folder, "x/y/z"))).isDirectory()).toBe(true);
  await makeFolderInside(join(root, "new/one"), "shards");
  expect((await lstat(join(root, "new/one/shards"))).isDirectory()).toBe(true);
  await link("../elsewhere", "folder/sub");
  for (const path of ["sub", "sub/deep/er"]) await expect(makeFolderInside(folder, path)).rejects.toMatchObject(outside);
  await expect(lstat(join(root, "elsewhere/deep"))).rejects.toMatchObject({ code: "ENOENT" });
});

test("a file is removed below a folder, of a link the link, and nothing behind one that leaves it", async () => {
  await link("../elsewhere", "folder/sub");
  await link("../elsewhere/secret", "folder/link");
  await expect(removeInside(folder, "sub/secret")).rejects.toMatchObject(outside);
  await removeInside(folder, "link");
  await removeInside(folder, "a/b");
  await removeInside(folder, "a/b");
  await removeInside(folder, "gone/b");
  expect(await readFile(secret, "utf8")).toBe("secret");
  expect(await isInside(folder, "a/b")).toBe(false);
  await expect(lstat(join(folder, "link"))).rejects.toMatchObject({ code: "ENOENT" });
});
