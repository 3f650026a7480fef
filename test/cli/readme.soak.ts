import { execFile } from "node:child_process";
import { join } from "node:path";
import { access, cp, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, expect, test } from "vitest";
import { run } from "./fake-terminal.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const page = await readFile(`${root}README.md`, "utf8");
const blocksOf = (language: string): string[] =>
  Array.from(page.matchAll(new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``, "gu")), (match) => match[1]!);

const home = process.cwd();
afterEach(() => process.chdir(home));

test("the programs of the README run one after the other, and print what it shows", async () => {
  const folder = await temporaryFolder();
  await cp(`${root}examples/speech.wav`, join(folder, "speech.wav"));
  const [first, ...rest] = [...blocksOf("js"), ...blocksOf("ts")];
  const dispose = "await tokenizer.dispose();\n";
  expect(first!.endsWith(dispose)).toBe(true);
  expect(rest).toHaveLength(2);
  const equality = "console.log(back.equals(codes));\n";
  await writeFile(join(folder, "try.mts"), [first!.slice(0, -dispose.length), ...rest, equality, dispose].join("\n"));
  const { stdout } = await promisify(execFile)(process.execPath, ["--import", import.meta.resolve("tsx"), "try.mts"], {
    cwd: folder,
    env: { ...process.env, TSX_TSCONFIG_PATH: `${root}tsconfig.json` },
  });
  expect(stdout).toBe(`${blocksOf("text")[0]}true\n`);
});

test("every command of the README that needs no network works as printed", async () => {
  const folder = await temporaryFolder();
  await cp(`${root}examples/speech.wav`, join(folder, "speech.wav"));
  process.chdir(folder);
  const commands = blocksOf("sh")
    .flatMap((block) => block.trimEnd().split("\n"))
    .filter((line) => line.startsWith("npx "));
  expect(commands.length).toBeGreaterThan(9);
  for (const command of commands.filter((line) => !line.includes(" pull "))) {
    const { code, stderr } = await run(command.split(" ").slice(2));
    expect({ command, code, stderr: code === 0 ? "" : stderr }).toEqual({ command, code: 0, stderr: "" });
  }
});

test("every file that the README names is there", async () => {
  const links = Array.from(page.matchAll(/\]\((?!http|#)([^)#]+)/gu), (match) => match[1]!);
  expect(links.length).toBeGreaterThan(20);
  for (const link of links) await access(`${root}${link}`);
});
