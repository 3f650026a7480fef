import { open, readdir } from "node:fs/promises";
import { expect, test, vi } from "vitest";
import { openAudio } from "../../src/files/index.ts";
import { temporaryFolder } from "../temporary-folder.ts";

test.skipIf(process.platform !== "linux")("a folder for temporary files on a full disk is named, and nothing is left in it", async () => {
  const folder = await temporaryFolder();
  const full = await open("/dev/full", "w");
  const prototype = Object.getPrototypeOf(full) as typeof full;
  // Writes fail as those to a full disk do, because they are.
  const write = full.write.bind(full) as (bytes: Uint8Array) => ReturnType<typeof full.write>;
  const writing = vi.spyOn(prototype, "write").mockImplementation(((bytes: Uint8Array) => write(bytes)) as typeof full.write);
  vi.stubEnv("TMPDIR", folder);
  try {
    const audio = (async function* () {
      yield new Uint8Array(1000);
    })();
    await expect(openAudio(audio)).rejects.toMatchObject({
      code: "FILE_UNWRITABLE",
      path: folder,
      message: expect.stringContaining(`the disk of ${folder} is full; set TMPDIR`),
    });
    expect(await readdir(folder)).toEqual([]);
  } finally {
    writing.mockRestore();
    vi.unstubAllEnvs();
    await full.close();
  }
});
