import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test, vi } from "vitest";
import { DecodePool } from "../../src/dataset/decoding/decode-pool.ts";
import type { DecodeRowTask } from "../../src/dataset/decoding/decode-row.ts";
import { tokenize, toneWav } from "./corpus.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { builtUrl } from "../built-package.ts";

/** Where threads find what they run. */
const decoder = vi.hoisted(() => ({ url: undefined as string | undefined }));

vi.mock(import("../../src/dataset/decoding/decode-row.ts"), async (importOriginal) => {
  const original = await importOriginal();
  return {
    ...original,
    get decodeRowUrl() {
      return decoder.url ?? builtUrl("dataset/decoding/decode-row.ts");
    },
  };
});

test("rows that wait are decoded although the only thread dies of one before them", async () => {
  const file = join(await temporaryFolder(), "decoder.mjs");
  await writeFile(file, `export default async (task) => (task === "deadly" ? process.exit(3) : { kind: "long", extent: task });`);
  decoder.url = pathToFileURL(file).href;
  await using pool = new DecodePool(1);
  const rows = ["sound", "deadly", "waits", "deadly", "waits too"];
  const decoded = await Promise.all(rows.map((row) => pool.decode(row as unknown as DecodeRowTask)));
  expect(decoded).toEqual(
    rows.map((row) =>
      row === "deadly"
        ? { kind: "failed", failure: { code: "ROW_FAILED", message: expect.stringContaining("exited with code: 3") } }
        : { kind: "long", extent: row },
    ),
  );
});

test("many threads at work give no warning", async () => {
  const file = join(await temporaryFolder(), "decoder.mjs");
  await writeFile(file, `export default async (task) => ({ kind: "long", extent: task });`);
  decoder.url = pathToFileURL(file).href;
  const warnings: string[] = [];
  const listener = ({ message }: Error): void => void warnings.push(message);
  process.on("warning", listener);
  try {
    await using pool = new DecodePool(12);
    const rows = Array.from({ length: 40 }, (_, index) => `row ${index}`);
    expect(await Promise.all(rows.map((row) => pool.decode(row as unknown as DecodeRowTask)))).toEqual(
      rows.map((extent) => ({ kind: "long", extent })),
    );
  } finally {
    process.off("warning", listener);
  }
  expect(warnings).toEqual([]);
});

test("a thread that cannot start ends the run, no row is blamed, and the folder can be continued", async () => {
  const folder = await temporaryFolder();
  for (let i = 0; i < 6; i++) await writeFile(join(folder, `${i}.wav`), toneWav(i, 0.3));
  const options = { folder: join(folder, "out"), inputs: [join(folder, "*.wav")], decodeThreads: 2 };
  decoder.url = pathToFileURL(join(folder, "missing.js")).href;
  await expect(tokenize(options)).rejects.toMatchObject({
    code: "DATASET_THREADS",
    message: expect.stringMatching(/could not start: .*missing\.js.*; leave encodec-tokenizer out of bundles/s),
  });
  decoder.url = undefined;
  expect((await tokenize(options)).report.total).toMatchObject({ rows: 6, clips: 6, errors: 0 });
});
