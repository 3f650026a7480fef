import { readdir, readFile, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { expect, test, vi } from "vitest";
import { finalNameOf, temporaryBeside } from "../../src/files/temporary-name.ts";
import { writeFileAtomically } from "../../src/files/write-file.ts";
import { sharedFolder } from "../temporary-folder.ts";

// A file system without hard links, such as FAT.
vi.mock(import("node:fs/promises"), async (importOriginal) => ({
  ...(await importOriginal()),
  link: () => Promise.reject(Object.assign(new Error("operation not permitted"), { code: "EPERM" })),
}));

test("has room for any name that a file system takes", async () => {
  for (const name of ["名".repeat(85), `${"n".repeat(98)}${"🎵".repeat(39)}`, "x".repeat(255)]) {
    const path = join(folder, name);
    await writeFileAtomically(path, Uint8Array.of(1));
    expect([...(await readFile(path))]).toEqual([1]);
    const temporary = basename(temporaryBeside(path));
    expect(Buffer.byteLength(temporary)).toBeLessThanOrEqual(255);
    expect(temporary).not.toContain("\ufffd");
    expect(name.startsWith(finalNameOf(temporary)!)).toBe(true);
    await rm(path);
  }
});

const folder = sharedFolder();

test("without hard links a new file is written as a whole, once", async () => {
  const path = join(folder, "a.bin");
  const write = (byte: number) => writeFileAtomically(path, Uint8Array.of(byte), { overwrite: false });
  await write(1);
  await expect(write(2)).rejects.toMatchObject({ code: "FILE_EXISTS", path });
  const results = await Promise.allSettled(
    [3, 4, 5].map((byte) => writeFileAtomically(join(folder, "b.bin"), Uint8Array.of(byte), { overwrite: false })),
  );
  expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  const winner = results.findIndex(({ status }) => status === "fulfilled");
  expect([...(await readFile(path)), ...(await readFile(join(folder, "b.bin")))]).toEqual([1, 3 + winner]);
  expect(await readdir(folder)).toEqual(["a.bin", "b.bin"]);
});
