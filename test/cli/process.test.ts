import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { cp, readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { parseCodes } from "../../src/index.ts";
import { temporaryFolder } from "./fake-terminal.ts";

const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const speech = fileURLToPath(new URL("../fixtures/golden/mini-24khz/speech.wav", import.meta.url));

/** Starts the command in a process of its own. */
function start(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, ["--import", import.meta.resolve("tsx"), main, ...args], { stdio: ["pipe", "pipe", "pipe"] });
}

async function textOf(stream: ChildProcess["stderr"]): Promise<string> {
  return (await stream!.toArray()).join("");
}

it("the command encodes a pipe into a pipe", async () => {
  const child = start(["encode", "-", "-o", "-", "-b", "1.5", "-f", "npz"]);
  child.stdin!.end(await readFile(speech));
  const [stdout, stderr, [code]] = await Promise.all([child.stdout!.toArray(), textOf(child.stderr), once(child, "close")]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringMatching(/^stdin → stdout: .* 2 codebooks/) });
  expect((await parseCodes(Buffer.concat(stdout))).numCodebooks).toBe(2);
});

it("the command tells scripts about a wrong command line by exit code 2", async () => {
  const child = start(["encode"]);
  const [stderr, [code]] = await Promise.all([textOf(child.stderr), once(child, "close")]);
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(/^encodec-tokenizer: missing required argument/) });
});

it("the command ends quietly when nobody reads its output any more", async () => {
  const child = start(["roundtrip", "--help"]);
  child.stdout!.destroy();
  const [stderr, [code]] = await Promise.all([textOf(child.stderr), once(child, "close")]);
  expect(stderr).toBe("");
  expect([0, 141]).toContain(code);
});

it("Ctrl-C stops the work with exit code 130 and leaves nothing half-written", async () => {
  await using folder = await temporaryFolder();
  await cp(speech, folder.in("a.wav"));
  const child = start(["encode", "-", folder.in("a.wav"), "-o", folder.in("codes/")]);
  // Half a recording: the command waits for the rest, which never comes.
  child.stdin!.write((await readFile(speech)).subarray(0, 20_000));
  await waitForFolder(folder.in("codes"));
  child.kill("SIGINT");
  const [stderr, [code]] = await Promise.all([textOf(child.stderr), once(child, "close")]);
  expect({ code, stderr }).toEqual({ code: 130, stderr: "encodec-tokenizer: interrupted\n" });
  expect(await readdir(folder.in("codes"))).toEqual([]);
});

/** The command makes the folder when it is about to read its first input. */
async function waitForFolder(path: string): Promise<void> {
  const found = await readdir(path).catch(() => undefined);
  if (found !== undefined) return;
  await new Promise((resolve) => setTimeout(resolve, 20));
  return waitForFolder(path);
}
