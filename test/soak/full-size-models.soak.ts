import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { writeFullSizeModel } from "../../bench/full-size-models.ts";
import { AudioTokenizer, inspectModel } from "../../src/index.ts";
import { temporaryFolder } from "../temporary-folder.ts";

/** Sizes in bytes and numbers of tensors of the official `model.safetensors`, as their pages on the Hub give them. */
test.each([
  ["24khz", 93_119_608, 252],
  ["32khz", 235_972_432, 116],
  ["48khz", 76_291_152, 224],
] as const)("a benchmark model at %s has the official file's tensors, to the byte", async (model, size, numTensors) => {
  const folder = await temporaryFolder();
  await writeFullSizeModel(model, folder);
  const weights = join(folder, "model.safetensors");
  expect((await stat(weights)).size).toBe(size);
  const bytes = await readFile(weights);
  const header = JSON.parse(bytes.toString("utf8", 8, 8 + Number(bytes.readBigUInt64LE(0)))) as Record<string, unknown>;
  expect(Object.keys(header).filter((name) => name !== "__metadata__")).toHaveLength(numTensors);
  const { faults, checkpoint } = await inspectModel(folder);
  expect(faults).toEqual([]);
  expect(checkpoint.unknown).toEqual([]);
  await using tokenizer = await AudioTokenizer.fromPretrained(folder);
  expect(tokenizer.numQuantizers).toBe({ "24khz": 32, "32khz": 4, "48khz": 16 }[model]);
});
