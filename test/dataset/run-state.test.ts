import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { link, mkdir, readFile, readdir, rename, symlink, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test, vi } from "vitest";
import { FileError } from "../../src/core/index.ts";
import { DatasetError } from "../../src/dataset/folder/dataset-error.ts";
import { isDiskFull, writingError } from "../../src/dataset/folder/disk-space.ts";
import { createDurable, writeDurably } from "../../src/dataset/folder/durable-file.ts";
import { LockFile } from "../../src/dataset/folder/lock-file.ts";
import { acquireRunLock } from "../../src/dataset/folder/run-lock.ts";
import { removeLeftovers } from "../../src/dataset/parts/remove-leftovers.ts";
import { listFinishedParts, readPartRecord, removePartRecord, writePartRecord } from "../../src/dataset/records/part-record.ts";
import type { PartRecord } from "../../src/dataset/records/part-record.ts";
import { finalNameOf, temporaryBeside } from "../../src/files/index.ts";
import { temporaryFolder, writeTree } from "../temporary-folder.ts";
import { builtUrl } from "../built-package.ts";

const everything = { index: 0, count: 1 };
const uuid = "01234567-89ab-cdef-0123-456789abcdef";

const record = (part: number): PartRecord => ({
  part,
  rows: 1000,
  clips: 999,
  errors: 1,
  seconds: 1234.5,
  shards: [{ format: "webdataset", path: `shards/part-${part}-000.tar`, bytes: 10, sha256: "0".repeat(64), clips: 999 }],
  statistics: { codebooks: [1, 2], peak: 0.5 },
});

/** Arguments of `unshare` for a command with process numbers of its own. */
const inContainer = (...command: readonly string[]): string[] => [
  "--user",
  "--map-root-user",
  "--pid",
  "--fork",
  "--mount-proc",
  ...command,
];
/** What another process writes into a lock. */
const other = (host: string, pid: number): string =>
  JSON.stringify({ id: "x", host, boot: "b", pid, started: "", since: "2026-01-01T00:00:00.000Z" });

describe("a durable file", () => {
  test("has its name when it is complete, and replaces what had it", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "a.tar");
    await writeFile(path, "old");
    const file = await createDurable(path);
    await file.write(Buffer.from("hello "));
    await file.write(Buffer.from("world"));
    expect(Buffer.from(await file.read(6, 100)).toString()).toBe("world");
    expect(await readFile(path, "utf8")).toBe("old");
    expect((await readdir(folder)).map(finalNameOf)).toEqual(["a.tar", undefined]);
    expect(await file.publish()).toEqual({ bytes: 11, sha256: "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9" });
    expect(await readFile(path, "utf8")).toBe("hello world");
    await file[Symbol.asyncDispose]();
    expect(await readdir(folder)).toEqual(["a.tar"]);
  });

  test("that is given up leaves nothing", async () => {
    const folder = await temporaryFolder();
    {
      await using file = await createDurable(join(folder, "a"));
      await file.write(Buffer.from("x"));
    }
    expect(await readdir(folder)).toEqual([]);
  });

  test("that cannot be written says so and leaves nothing", async () => {
    const folder = await temporaryFolder();
    await expect(writeDurably(join(folder, "none/a"), "x")).rejects.toBeInstanceOf(FileError);
    await mkdir(join(folder, "taken/by"), { recursive: true });
    await expect(writeDurably(join(folder, "taken"), "x")).rejects.toMatchObject({ code: "FILE_UNWRITABLE" });
    expect(await readdir(folder)).toEqual(["taken"]);
  });
});

describe("a full disk", () => {
  const full = Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });

  test("is told as such, with what to do", () => {
    const error = writingError("out/a.tar", full) as DatasetError;
    expect(error).toMatchObject({ code: "DATASET_DISK_FULL", cause: full });
    expect(error.message).toContain("cannot write out/a.tar: the disk is full; make room");
    expect(writingError("out/b.tar", error)).toBe(error);
    const wrapped = new FileError("FILE_UNWRITABLE", "x", "the disk is full", { cause: full });
    expect(writingError("x", wrapped)).toMatchObject({ code: "DATASET_DISK_FULL" });
    expect([isDiskFull(wrapped), isDiskFull(error), isDiskFull(new Error("other"))]).toEqual([true, true, false]);
    expect(writingError("x", Object.assign(new Error("EACCES"), { code: "EACCES" }))).toMatchObject({ code: "FILE_UNWRITABLE" });
  });

  test("on a real full device reaches the caller", async () => {
    const error: unknown = await writeFile("/dev/full", "x").catch((cause: unknown) => writingError("/dev/full", cause));
    if (process.platform === "linux") expect(error).toMatchObject({ code: "DATASET_DISK_FULL" });
  });
});

describe("records of parts", () => {
  test("come back as they were, and list what is done", async () => {
    const folder = await temporaryFolder();
    expect(await listFinishedParts(folder, everything)).toEqual([]);
    await mkdir(join(folder, "parts"));
    for (const part of [1_000_000, 3, 0, 12, 7]) await writePartRecord(folder, record(part));
    await writeTree(folder, { "parts/000009.manifest.jsonl": "", "parts/000010.errors.jsonl": "", [`parts/.000011.json.${uuid}.tmp`]: "" });
    expect(await listFinishedParts(folder, everything)).toEqual([0, 3, 7, 12, 1_000_000]);
    expect(await listFinishedParts(folder, { index: 1, count: 2 })).toEqual([3, 7]);
    expect(await readPartRecord(folder, 12)).toEqual(record(12));
    await removePartRecord(folder, 12);
    expect(await listFinishedParts(folder, everything)).toEqual([0, 3, 7, 1_000_000]);
    expect(await readFile(join(folder, "parts/000003.json"), "utf8")).toBe(`${JSON.stringify(record(3))}\n`);
  });

  test("that are missing or damaged say what to do", async () => {
    const folder = await temporaryFolder();
    await writeTree(folder, { "parts/000001.json": '{"part":1' });
    for (const part of [0, 1]) await expect(readPartRecord(folder, part)).rejects.toThrow(`does part ${part} again`);
  });
});

describe("leftovers of a killed run", () => {
  const temporaries = [
    `.plan.json.${uuid}.tmp`,
    `plan/.rows.jsonl.${uuid}.tmp`,
    `parts/.000002.json.${uuid}.tmp`,
    `parts/.000003.manifest.jsonl.${uuid}.tmp`,
    `shards/.part-000002-001.tar.${uuid}.tmp`,
    `shards/.part-000003-000.tar.${uuid}.tmp`,
    `npy/a/.000003-x.npy.${uuid}.tmp`,
  ];
  const others = [
    "plan.json",
    "shards/part-000002-000.tar",
    ".hidden",
    "shards/.mine.tmp",
    `shards/part-000002-000.tar.${uuid}.tmp`,
    `.lock.${uuid}.tmp`,
  ];

  async function foldedTree(): Promise<string> {
    const folder = await temporaryFolder();
    await writeTree(folder, Object.fromEntries([...temporaries, ...others].map((path) => [path, "x"])));
    return folder;
  }

  test("go, and nothing else does", async () => {
    const folder = await foldedTree();
    const outside = await temporaryFolder();
    await writeTree(outside, { [`.a.tar.${uuid}.tmp`]: "" });
    await symlink(outside, join(folder, "link"));
    await symlink(join(outside, `.a.tar.${uuid}.tmp`), join(folder, `.a.tar.${uuid}.tmp`));
    expect((await removeLeftovers(folder, everything)).toSorted()).toEqual(temporaries.toSorted());
    const left = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
    expect(left).toHaveLength(others.length);
    expect(await readdir(outside)).toHaveLength(1);
    expect(await removeLeftovers(folder, everything)).toEqual([]);
  });

  test.skipIf(!existsSync("/proc/self/stat"))(
    "of a process that asked for a lock go once it is gone, whichever parts are selected",
    async () => {
      const folder = await temporaryFolder();
      const mine = basename(temporaryBeside(join(folder, "lock")));
      const gone = mine.replace(/-\d+-\d+\./u, `-${2 ** 22 + 1}-1.`); // there are no such numbers
      await writeTree(folder, { [mine]: "{}", [gone]: "{}" });
      expect(await removeLeftovers(folder, { index: 1, count: 2 })).toEqual([gone]);
      expect(await readdir(folder)).toEqual([mine]);
    },
  );

  test("of other machines' parts stay, and of no part while they may be written to", async () => {
    const folder = await foldedTree();
    const mine = temporaries.filter((path) => /\.(?:part-)?000003[.-].*(?:jsonl|tar)/u.test(path));
    expect((await removeLeftovers(folder, { index: 1, count: 2 })).toSorted()).toEqual(mine.toSorted());
    const longAgo = new Date(Date.now() - 3_600_000);
    await utimes(join(folder, temporaries[0]!), longAgo, longAgo);
    expect(await removeLeftovers(folder, { index: 1, count: 2 })).toEqual([temporaries[0]]);
  });
});

describe("the lock of a run", () => {
  test("refuses a second run, naming the first, until it is released", async () => {
    const folder = await temporaryFolder();
    const lock = await acquireRunLock(folder, everything);
    const second = acquireRunLock(folder, everything);
    await expect(second).rejects.toMatchObject({ code: "DATASET_LOCKED" });
    await expect(second).rejects.toThrow(`process ${process.pid} on ${hostname()}, since `);
    expect(await readdir(folder)).toEqual(["lock-0-of-1.json"]);
    await lock.release();
    await lock.release();
    expect(await readdir(folder)).toEqual([]);
    await (await acquireRunLock(folder, everything)).release();
  });

  test("lets shards that share no part run side by side, and no others", async () => {
    const folder = await temporaryFolder();
    await using first = await acquireRunLock(folder, { index: 0, count: 4 });
    await using second = await acquireRunLock(folder, { index: 1, count: 4 });
    await using third = await acquireRunLock(folder, { index: 3, count: 8 });
    for (const selection of [everything, { index: 0, count: 4 }, { index: 0, count: 2 }, { index: 5, count: 8 }, { index: 0, count: 3 }]) {
      await expect(acquireRunLock(folder, selection), `${selection.index}/${selection.count}`).rejects.toThrow(DatasetError);
    }
    await using fourth = await acquireRunLock(folder, { index: 2, count: 4 });
    expect([first, second, third, fourth].map(({ path }) => path.slice(folder.length + 1)).toSorted()).toEqual(
      (await readdir(folder)).toSorted(),
    );
  });

  test("is taken over from a process that was killed, at once", async () => {
    const folder = await temporaryFolder();
    const script = `import { acquireRunLock } from ${JSON.stringify(builtUrl("dataset/folder/run-lock.ts"))}; await acquireRunLock(${JSON.stringify(folder)}, { index: 0, count: 1 }); console.log("held"); setInterval(() => {}, 1000);`;
    await writeFile(join(folder, "hold.mjs"), script);
    const child = spawn(process.execPath, [join(folder, "hold.mjs")], { stdio: ["ignore", "pipe", "inherit"] });
    await once(child.stdout, "data");
    await expect(acquireRunLock(folder, everything)).rejects.toThrow(`process ${child.pid} on`);
    await expect(acquireRunLock(folder, { index: 1, count: 2 })).rejects.toThrow(`process ${child.pid} on`);
    child.kill("SIGKILL");
    await once(child, "exit");
    await using lock = await acquireRunLock(folder, { index: 1, count: 2 });
    expect((await readdir(folder)).toSorted()).toEqual(["hold.mjs", "lock-1-of-2.json"]);
    expect(lock.signal.aborted).toBe(false);
  });

  test.skipIf(!existsSync("/proc/self/stat"))("is taken over from a process that ended and whose number another one has", async () => {
    const folder = await temporaryFolder();
    const mine = await LockFile.acquire(join(folder, "mine"));
    const holder = JSON.parse(await readFile(mine.path, "utf8")) as { readonly started: string };
    await mine.release();
    const path = join(folder, "lock-0-of-1.json");
    const started = readFileSync(`/proc/${process.ppid}/stat`, "utf8").split(") ").at(-1)!.split(" ")[19]!;
    await writeFile(path, JSON.stringify({ ...holder, id: "other", pid: process.ppid, started }));
    await expect(acquireRunLock(folder, everything)).rejects.toThrow(`process ${process.ppid} on`);
    await writeFile(path, JSON.stringify({ ...holder, id: "other", pid: process.ppid, started: "1" }));
    await (await acquireRunLock(folder, everything)).release();
  });

  test.skipIf(spawnSync("unshare", inContainer("true")).status !== 0)(
    "is not taken over from another container of the same name, where its process has no number",
    async () => {
      const folder = await temporaryFolder();
      await using lock = await acquireRunLock(folder, everything);
      const script = `import { acquireRunLock } from ${JSON.stringify(builtUrl("dataset/folder/run-lock.ts"))}; await acquireRunLock(${JSON.stringify(folder)}, { index: 0, count: 1 }).then(() => console.log("taken"), ({ code }) => console.log(code));`;
      await writeFile(join(folder, "take.mjs"), script);
      const child = spawn("unshare", inContainer(process.execPath, join(folder, "take.mjs")), {
        stdio: ["ignore", "pipe", "inherit"],
      });
      const [answer] = (await once(child.stdout, "data")) as [Buffer];
      expect(answer.toString().trim()).toBe("DATASET_LOCKED");
      expect(JSON.parse(await readFile(lock.path, "utf8"))).toMatchObject({ pid: process.pid });
    },
  );

  test("of another machine is taken over when it has shown no life for long enough", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "lock-0-of-1.json");
    await writeFile(path, other("elsewhere", 1));
    await expect(acquireRunLock(folder, everything)).rejects.toThrow("process 1 on elsewhere, since 2026-01-01T00:00:00.000Z");
    const old = new Date(Date.now() - 130_000);
    await utimes(path, old, old);
    await using lock = await acquireRunLock(folder, everything);
    expect(JSON.parse(await readFile(lock.path, "utf8"))).toMatchObject({ pid: process.pid });
  });

  test("that was cut short counts by its age too, and one of this process by a former life does not", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "lock-0-of-1.json");
    await writeFile(path, "{");
    await expect(acquireRunLock(folder, everything)).rejects.toThrow("on unknown");
    const mine = await LockFile.acquire(join(folder, "mine"));
    const holder = JSON.parse(await readFile(mine.path, "utf8")) as object;
    await mine.release();
    await writeFile(path, JSON.stringify({ ...holder, started: "1" }));
    await (await acquireRunLock(folder, everything)).release();
  });

  test.skipIf(!existsSync("/proc/self/stat"))(
    "is not taken over from another thread of the process, nor from a copy of the package in it",
    async () => {
      const folder = await temporaryFolder();
      const path = join(folder, "lock");
      await using lock = await LockFile.acquire(path);
      vi.resetModules();
      const { LockFile: OfCopy } = await import("../../src/dataset/folder/lock-file.ts");
      expect(OfCopy).not.toBe(LockFile);
      await expect(OfCopy.acquire(path)).rejects.toThrow(`process ${process.pid} on ${hostname()}`);
      expect(lock.signal.aborted).toBe(false);
      await utimes(path, 1, 1);
      await (await OfCopy.acquire(path)).release();
    },
  );

  test("shows that it lives, and aborts when somebody took it over", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "lock");
    await using lock = await LockFile.acquire(path, { heartbeat: 20 });
    await utimes(path, 1, 1);
    for (;;) {
      await sleep(10);
      const rival = await LockFile.acquire(path, { staleAfter: 60_000 }).catch((error: DatasetError) => error.message);
      expect(rival).toContain("another run works on");
      if (/last seen 0 s ago/u.test(rival as string)) break;
    }
    await writeFile(path, other("elsewhere", 1));
    if (!lock.signal.aborted) await once(lock.signal, "abort");
    expect(lock.signal.reason).toMatchObject({ code: "DATASET_LOCKED" });
    await lock.release();
    expect(await readFile(path, "utf8")).toContain("elsewhere");
  });

  test("stays where the disk does not tell for a while whose it is", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "lock");
    await using lock = await LockFile.acquire(path, { heartbeat: 5 });
    await link(path, join(folder, "aside"));
    await symlink(path, join(folder, "loop")); // at its new place it leads to itself, which cannot be read
    await rename(join(folder, "loop"), path);
    await expect(readFile(path)).rejects.toMatchObject({ code: "ELOOP" });
    await sleep(100);
    await rename(join(folder, "aside"), path);
    expect(lock.signal.aborted).toBe(false);
  });

  test("is had by one of many that want it at once", async () => {
    const folder = await temporaryFolder();
    await writeFile(
      join(folder, "lock-0-of-1.json"),
      JSON.stringify({ id: "dead", host: "elsewhere", boot: "b", pid: 1, started: "", since: "" }),
    );
    await utimes(join(folder, "lock-0-of-1.json"), 1, 1);
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => acquireRunLock(folder, everything)));
    const locks = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
    expect(locks).toHaveLength(1);
    await locks[0]!.release();
    expect(await readdir(folder)).toEqual([]);
  });
});
