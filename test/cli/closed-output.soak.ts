import { spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { closeSync, openSync } from "node:fs";
import { readdir, writeFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { formatWav } from "../../src/index.ts";
import { toneWav } from "../dataset/corpus.ts";
import { temporaryFolder, writeTree } from "../temporary-folder.ts";
import { builtFile } from "../built-package.ts";

const main = builtFile("cli/main.ts");

/** Runs a command whose reader of one output goes away after that many lines; gives what came on the other, and the exit code. */
async function runUnread(
  args: readonly string[],
  unread: "stdout" | "stderr",
  lines: number,
): Promise<{ readonly text: string; readonly code: number | null }> {
  const child = spawn(process.execPath, [main, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const output = child[unread];
  if (lines === 0) output.destroy();
  else output.once("data", () => output.destroy());
  const [text, code] = await Promise.all([child[unread === "stdout" ? "stderr" : "stdout"].toArray(), ended]);
  return { text: text.join(""), code };
}

async function folderWithCorpus() {
  const folder = await temporaryFolder();
  await writeTree(folder, Object.fromEntries(Array.from({ length: 6 }, (_, i) => [`in/clip-${i}.wav`, toneWav(i, 1)])));
  return folder;
}

describe("output that nobody reads any more", () => {
  test("ends a dataset at once: no one is told to press Ctrl-C again, and nothing is taken for a bug", async () => {
    const folder = await folderWithCorpus();
    const { text, code } = await runUnread(
      ["tokenize", join(folder, "in"), "-o", join(folder, "out"), "--part-rows", "3", "--threads", "1", "--json"],
      "stdout",
      1,
    );
    expect({ text, code }).toEqual({ text: "6 of 6 files to do\n", code: 141 });
    expect(await readdir(join(folder, "out/parts")).catch(() => [])).toEqual([]);
    expect(
      (await runUnread(["tokenize", join(folder, "in"), "-o", join(folder, "out"), "--part-rows", "3", "--threads", "1"], "stderr", 1))
        .code,
    ).toBe(141);
  });

  test("that cannot be written ends a dataset at once as well, and says why", async () => {
    const folder = await folderWithCorpus();
    const full = openSync("/dev/full", "w");
    try {
      const child = spawn(process.execPath, [main, "tokenize", join(folder, "in"), "-o", join(folder, "out"), "--threads", "1", "--json"], {
        stdio: ["ignore", full, "pipe"],
      });
      const [stderr, code] = await Promise.all([child.stderr!.toArray(), new Promise((resolve) => child.once("close", resolve))]);
      expect({ text: stderr.join(""), code }).toEqual({
        text: expect.stringMatching(/^6 of 6 files to do\nencodec-tokenizer: cannot write the output: ENOSPC[^\n]*\n$/u),
        code: 1,
      });
    } finally {
      closeSync(full);
    }
  });

  test.each([[["--help"]], [["models", "--json"]], [["patterns", "show", "delay"]], [["inspect", "tiny"]]])(
    "is no failure of %j, on either stream",
    async (args) => {
      expect(await runUnread(args, "stdout", 0)).toEqual({ text: "", code: expect.toBeOneOf([0, 141]) });
      expect((await runUnread(args, "stderr", 0)).code).toBe(0); // nothing is written there
    },
  );

  test("is no failure of a wrong command line", async () => {
    expect(await runUnread(["--nonsense"], "stderr", 0)).toEqual({ text: "", code: expect.toBeOneOf([2, 141]) });
  });
});

const hasScript = spawnSync("script", ["--version"]).status === 0;

/** What a terminal gets of encoding eight seconds and of showing a pattern. */
async function shownOn(variables: NodeJS.ProcessEnv): Promise<string> {
  const folder = await temporaryFolder();
  await writeFile(join(folder, "a.wav"), formatWav({ channelData: [new Float32Array(24_000 * 8)], sampleRate: 24_000 }));
  const command = `'${process.execPath}' '${main}'`;
  const line = `stty cols 100; ${command} encode --threads 1 '${join(folder, "a.wav")}'; ${command} patterns show delay`;
  const child = spawn("script", ["-qec", line, "/dev/null"], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, NO_COLOR: "", TERM: "xterm", ...variables },
  });
  return (await child.stdout.toArray()).join("");
}

describe.skipIf(!hasScript || process.platform !== "linux")("on a terminal", () => {
  test("there are colours and a bar", async () => {
    // oxlint-disable-next-line no-control-regex
    expect(await shownOn({})).toMatch(/a\.wav {2}encode {2}█[^]*\u001b\[36m {2}q0/u);
  });

  test("NO_COLOR leaves the bar, and no escape at all", async () => {
    const shown = await shownOn({ NO_COLOR: "1" });
    expect(shown).not.toContain("\u001b");
    expect(shown).toMatch(/\ra\.wav|\r[^\r\n]*a\.wav {2}encode {2}█/u);
    expect(shown).toMatch(/\n {2}q0/u);
  });

  test("TERM=dumb gets whole lines only", async () => {
    const shown = await shownOn({ TERM: "dumb" });
    expect(shown).not.toMatch(/\u001b|\r(?!\n)|█/u); // oxlint-disable-line no-control-regex
    expect(shown).toMatch(/a\.wav → [^\n]*\n[^]*\n {2}q0/u);
  });
});
