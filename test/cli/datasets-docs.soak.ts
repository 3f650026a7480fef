import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { toneWav } from "../dataset/corpus.ts";
import { temporaryFolder, writeTree } from "../temporary-folder.ts";
import { run } from "./fake-terminal.ts";

const page = await readFile(fileURLToPath(new URL("../../docs/datasets.md", import.meta.url)), "utf8");

const home = process.cwd();
afterEach(() => process.chdir(home));

test("every command of docs/datasets.md works as printed, and leaves a dataset that is sound", async () => {
  const folder = await temporaryFolder();
  await writeTree(folder, Object.fromEntries([0, 1, 2].map((i) => [`corpus/${i}.wav`, toneWav(i, 1.1 + 0.3 * i)])));
  process.chdir(folder);
  const commands = Array.from(page.matchAll(/```sh\n([^]*?)```/g), (match) => match[1]!.trimEnd().split("\n")).flat();
  for (const command of commands) {
    const { code, stderr } = await run(command.split(" ").slice(1));
    expect({ command, code, stderr: code === 0 ? "" : stderr }).toEqual({ command, code: 0, stderr: "" });
  }
  const folders = new Set(commands.map((command) => / -o (\S+)/.exec(command)?.[1]).filter((name) => name !== undefined));
  expect(folders.size).toBeGreaterThan(6);
  for (const name of folders) expect(await run(["verify", name]), name).toMatchObject({ code: 0 });
});
