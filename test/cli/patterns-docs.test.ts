import { cp, mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { modelLayouts, patternKinds } from "../../src/entries/patterns.ts";
import { run } from "./fake-terminal.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const images = "docs/images/patterns";
const page = await readFile(`${root}/docs/patterns.md`, "utf8");

const home = process.cwd();
afterEach(() => process.chdir(home));

/** The words of a command after its name; quoted ones may have spaces. */
function wordsOf(command: string): string[] {
  return Array.from(command.matchAll(/"([^"]*)"|(\S+)/g), (match) => match[1] ?? match[2]!).slice(2);
}

test("every command of docs/patterns.md works as printed, prints what the page shows, and makes the pictures that are there", async () => {
  const folder = await temporaryFolder();
  await mkdir(join(folder, images), { recursive: true });
  await cp(`${root}/examples/speech.wav`, join(folder, "examples/speech.wav"));
  await cp(`${root}/${images}/custom.json`, join(folder, `${images}/custom.json`));
  process.chdir(folder);
  for (const [, commands, , shown] of page.matchAll(/```sh\n([^]*?)```\n(\n```text\n([^]*?)```)?/g)) {
    for (const command of commands!.trimEnd().split("\n")) {
      const { code, stdout, stderr } = await run(wordsOf(command));
      expect({ command, code, stderr: code === 0 ? "" : stderr }).toEqual({ command, code: 0, stderr: "" });
      if (shown !== undefined) expect(stdout.toString()).toBe(shown);
    }
  }
  const files = await readdir(`${root}/${images}`);
  expect(await readdir(join(folder, images))).toEqual(files);
  for (const file of files)
    expect(await readFile(join(folder, `${images}/${file}`), "utf8"), file).toBe(await readFile(`${root}/${images}/${file}`, "utf8"));
  expect(await readFile(join(folder, "codes/speech.sequence.codes.safetensors"))).toEqual(
    await readFile(join(folder, "codes/speech.safetensors")),
  );
});

test("every picture is on the page, one at least for each kind and model", async () => {
  const linked = Array.from(page.matchAll(/!\[[^\]]*\]\(images\/patterns\/([^)]+)\.svg\)/g), (match) => match[1]!);
  const drawn = (await readdir(`${root}/${images}`)).filter((file) => file.endsWith(".svg")).map((file) => file.slice(0, -4));
  expect(linked.toSorted()).toEqual(drawn.toSorted());
  expect(linked).toEqual(expect.arrayContaining([...patternKinds, ...Object.keys(modelLayouts)]));
});
