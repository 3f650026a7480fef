import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { installPackage } from "../built-package.ts";
import { sharedFolder } from "../temporary-folder.ts";

/** Where a process can be told how many files it may have open. */
const hasLimits = existsSync("/proc/self/limits") && existsSync("/bin/sh");

const folder = sharedFolder();
beforeAll(() => installPackage(folder));

/** Runs the command line of the built package where this many files may be open. */
function run(limit: number, args: readonly string[]): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  return new Promise((resolve) => {
    const command = ["-c", `ulimit -n ${limit}; exec "$0" "$@"`, process.execPath, join(folder, "dist/cli/main.js"), ...args];
    execFile("/bin/sh", command, (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }));
  });
}

describe.runIf(hasLimits)("where few files may be open at once", () => {
  test("128 are enough to start, and to encode", async () => {
    expect(await run(128, ["--version"])).toEqual({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/u), stderr: "" });
    const speech = join(process.cwd(), "examples/speech.wav");
    expect(
      await run(128, [
        "encode",
        speech,
        "-m",
        join(process.cwd(), "models/encodec-tiny-24khz"),
        "-o",
        join(folder, "speech.safetensors"),
        "--quiet",
      ]),
    ).toMatchObject({ code: 0 });
  });

  test.each(["--version", "--help"])("too few for %s are told in a line that says what to do", async (option) => {
    const { code, stdout, stderr } = await run(24, [option]);
    // Node 20 alone opens files side by side; later ones need few.
    if (code === 0) return expect(stdout).not.toBe("");
    expect({ code, stdout, stderr }).toEqual({
      code: 1,
      stdout: "",
      stderr:
        "encodec-tokenizer: this process may have only 24 files open at once, and it takes about 100 to start; raise the limit, for instance by `ulimit -n 1024`\n",
    });
  });
});
