import { execFileSync } from "node:child_process";
import { mkdir, open, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { DatasetError } from "../../src/dataset/folder/dataset-error.ts";
import { vocabularyLayout } from "../../src/dataset/formats/token-layout.ts";
import type { TokenizeDatasetOptions } from "../../src/dataset/tokenize-dataset.ts";
import { verifyDataset } from "../../src/dataset/verify/verify-dataset.ts";
import { TokenVocabulary } from "../../src/patterns/index.ts";
import { AudioTokenizer } from "../../src/tokenizer/index.ts";
import { tinyModel, tokenize, toneWav } from "./corpus.ts";
import { bytesBelow } from "./encoded-clips.ts";
import { collect, temporaryFolder, writeTree } from "../temporary-folder.ts";

let tokenizer: AudioTokenizer;
beforeAll(async () => {
  tokenizer = await AudioTokenizer.fromPretrained(tinyModel);
});
afterAll(() => tokenizer.dispose());
afterEach(() => vi.restoreAllMocks());

const layout = vocabularyLayout(new TokenVocabulary({ codebookSize: 1024, numCodebooks: 2, specialTokens: { eos: {} } }));
const outputs: TokenizeDatasetOptions["outputs"] = [
  { format: "webdataset" },
  { format: "parquet" },
  { format: "npy" },
  { format: "jsonl" },
  { format: "tokens", layout },
];

async function corpus(numFiles: number): Promise<string> {
  const folder = await temporaryFolder();
  await writeTree(
    folder,
    Object.fromEntries(Array.from({ length: numFiles }, (_, i) => [`in/${i % 2}/${i}.wav`, i === 3 ? "" : toneWav(i, 0.2)])),
  );
  return folder;
}

async function run(folder: string, out: string): Promise<void> {
  await tokenize({ model: tokenizer, folder: out, inputs: [join(folder, "in")], numCodebooks: 2, partRows: 2, outputs });
}

/** A dataset without what tells of the machine: where its inputs lie. */
async function resultIn(folder: string): Promise<ReadonlyMap<string, Buffer>> {
  return new Map([...(await bytesBelow(folder))].filter(([name]) => name !== "plan/inputs.json"));
}

function temporariesAmong(result: ReadonlyMap<string, Buffer>): readonly string[] {
  return [...result.keys()].filter((name) => /\.tmp$|(?:^|\/)lock/u.test(name));
}

/** Lets the disk take so many more writes; later ones fail as those to a full disk do, because they are. */
async function failWritesAfter(count: number): Promise<{ readonly isFull: () => boolean; readonly numWrites: () => number }> {
  const full = await open("/dev/full", "w");
  onTestFinished(() => full.close());
  const prototype = Object.getPrototypeOf(full) as typeof full;
  const { writeFile: write } = prototype;
  let left = count;
  vi.spyOn(prototype, "writeFile").mockImplementation(function (this: typeof full, ...args) {
    if ((args[0] as Uint8Array).length === 0) return write.apply(this, args); // nothing fits anywhere
    return write.apply(left-- > 0 ? this : full, args);
  });
  return { isFull: () => left < 0, numWrites: () => count - left };
}

test.skipIf(process.platform !== "linux")(
  "a disk that is full at any write stops the run, leaves nothing half-written, and the same call goes on to the same bytes",
  async () => {
    const folder = await corpus(5);
    const roomy = await failWritesAfter(Number.MAX_SAFE_INTEGER);
    await run(folder, join(folder, "whole"));
    const numWrites = roomy.numWrites();
    vi.restoreAllMocks();
    expect(numWrites).toBeGreaterThan(30);
    const expected = await resultIn(join(folder, "whole"));
    for (let writes = 0; writes < numWrites; writes++) {
      const out = join(folder, `out-${writes}`);
      const disk = await failWritesAfter(writes);
      const error: unknown = await run(folder, out).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      vi.restoreAllMocks();
      expect(disk.isFull(), String(writes)).toBe(true);
      expect(error, String(writes)).toBeInstanceOf(DatasetError);
      expect(error, String(writes)).toMatchObject({
        code: "DATASET_DISK_FULL",
        message: expect.stringContaining("make room and start the same command again"),
      });
      const left = await resultIn(out);
      expect(temporariesAmong(left), String(writes)).toEqual([]);
      for (const [name, bytes] of left) expect(bytes.equals(expected.get(name)!), `${writes}: ${name}`).toBe(true);
      await run(folder, out);
      expect(await resultIn(out), String(writes)).toEqual(expected);
      await rm(out, { recursive: true });
    }
  },
);

test("a small disk that fills up stops the run, and it goes on when there is room", async ({ skip }) => {
  const folder = await corpus(24);
  const disk = join(folder, "disk");
  await mkdir(disk);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=320k", "tmpfs", disk], { stdio: "ignore" });
  } catch {
    skip("needs the right to mount a file system");
  }
  onTestFinished(() => void execFileSync("umount", [disk]));
  await run(folder, join(folder, "whole"));
  const expected = await resultIn(join(folder, "whole"));
  const out = join(disk, "out");
  let timesFull = 0;
  for (let size = 320; ; size += 64) {
    execFileSync("mount", ["-o", `remount,size=${size}k`, disk]);
    const error: unknown = await run(folder, out).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (error === undefined) break;
    timesFull++;
    expect(error).toMatchObject({ code: "DATASET_DISK_FULL" });
    const left = await resultIn(out);
    expect(temporariesAmong(left)).toEqual([]);
    for (const [name, bytes] of left) expect(bytes.equals(expected.get(name)!), `${size}: ${name}`).toBe(true);
  }
  expect(timesFull).toBeGreaterThan(2);
  expect(await resultIn(out)).toEqual(expected);
  expect(await collect(verifyDataset(out))).toEqual([]);
  await expect(writeFile(join(disk, "more"), Buffer.alloc(2 ** 22))).rejects.toMatchObject({ code: "ENOSPC" });
});
