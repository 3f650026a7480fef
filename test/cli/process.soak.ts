import { spawn } from "node:child_process";
import { join } from "node:path";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { cp, mkdir, readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { AudioCodes, AudioTokenizer, parseCodes, writeCodes } from "../../src/index.ts";
import { builtFile } from "../built-package.ts";
import { hubFixture } from "../hub/hub-fixture.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { proxyServer } from "./proxy-server.ts";
import { served24 } from "./served-hub.ts";

const main = builtFile("cli/main.ts");
const speech = fileURLToPath(new URL("../fixtures/golden/mini-24khz/speech.wav", import.meta.url));

/** Starts the command in a process of its own. */
function start(args: readonly string[], environment: NodeJS.ProcessEnv = {}, stdout: "pipe" | number = "pipe"): ChildProcess {
  return spawn(process.execPath, [main, ...args], {
    stdio: ["pipe", stdout, "pipe"],
    env: { ...process.env, ...environment },
  });
}

async function textOf(stream: ChildProcess["stderr"]): Promise<string> {
  return (await stream!.toArray()).join("");
}

test("the command encodes a pipe into a pipe", async () => {
  const child = start(["encode", "-", "-o", "-", "-b", "1.5", "-f", "npz", "--threads", "1"]);
  child.stdin!.end(await readFile(speech));
  const [stdout, stderr, [code]] = await Promise.all([child.stdout!.toArray(), textOf(child.stderr), once(child, "close")]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringMatching(/^stdin → stdout: .* 2 codebooks/) });
  expect((await parseCodes(Buffer.concat(stdout))).numCodebooks).toBe(2);
});

test("the command tells scripts about a wrong command line by exit code 2", async () => {
  const child = start(["encode"]);
  const [stderr, [code]] = await Promise.all([textOf(child.stderr), once(child, "close")]);
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(/^encodec-tokenizer: missing required argument/) });
});

test("the command ends quietly when nobody reads its output any more", async () => {
  const child = start(["roundtrip", "--help"]);
  child.stdout!.destroy();
  const [stderr, [code]] = await Promise.all([textOf(child.stderr), once(child, "close")]);
  expect(stderr).toBe("");
  expect([0, 141]).toContain(code);
});

test("the command goes through the proxy that the environment names, and ends", async () => {
  await using hub = await hubFixture(served24);
  await using proxy = await proxyServer();
  const [id] = Object.keys(served24) as [string];
  const child = start(["pull", id], {
    HF_ENDPOINT: hub.server.endpoint,
    HF_HUB_CACHE: hub.cacheDir,
    HTTP_PROXY: proxy.host,
    http_proxy: "",
    NO_PROXY: "",
    no_proxy: "",
  });
  const [stderr, [code]] = await Promise.all([textOf(child.stderr), once(child, "close")]);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(proxy.tunnels.map(({ to }) => to)).toContain(new URL(hub.server.storage).host);
});

const signals = [
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
] as const;

test.each(signals)("%s stops the work with exit code %i and leaves nothing half-written", async (signal, expected) => {
  const folder = await temporaryFolder();
  await cp(speech, join(folder, "a.wav"));
  await mkdir(join(folder, "tmp"));
  const child = start(["encode", "-", join(folder, "a.wav"), "-o", join(folder, "codes/"), "--threads", "1"], {
    TMPDIR: join(folder, "tmp"),
  });
  // Half a recording: the command waits for the rest, which never comes.
  child.stdin!.write((await readFile(speech)).subarray(0, 20_000));
  await waitFor(child, async () => (await readdir(folder)).includes("codes"));
  child.kill(signal);
  const [stderr, [code]] = await Promise.all([textOf(child.stderr), once(child, "close")]);
  expect({ code, stderr }).toEqual({ code: expected, stderr: "encodec-tokenizer: interrupted\n" });
  expect(await readdir(join(folder, "codes"))).toEqual([]);
  expect((await readdir(join(folder, "tmp"))).filter((name) => name.startsWith("encodec"))).toEqual([]);
});

test.each(signals)("%s in the middle of writing audio leaves none of it", async (signal, expected) => {
  const folder = await temporaryFolder();
  await writeCodes(join(folder, "long.npz"), await longCodes());
  const child = start(["decode", join(folder, "long.npz"), "-o", join(folder, "out/a.wav"), "--threads", "1"]);
  await waitFor(child, async () => (await readdir(join(folder, "out")).catch(() => [])).some((name) => name.endsWith(".tmp")));
  child.kill(signal);
  const [stderr, [code]] = await Promise.all([textOf(child.stderr), once(child, "close")]);
  expect({ code, stderr }).toEqual({ code: expected, stderr: "encodec-tokenizer: interrupted\n" });
  expect(await readdir(join(folder, "out"))).toEqual([]);
});

test.each(["inspect", "license"])("%s ends with a signal, even while nothing else gets its turn", async (command) => {
  // Holds the event loop for good once the command waits for its input.
  const hold = `import { writeSync } from "node:fs";
    const timer = setInterval(() => {
      if (process.stdin.listenerCount("readable") === 0) return;
      writeSync(1, "held");
      for (;;);
    }, 10);
    timer.unref();`;
  const child = start([command, "-"], { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(hold)}` });
  const ended = once(child, "close");
  await once(child.stdout!, "data");
  child.kill("SIGINT");
  expect(await ended).toEqual([null, "SIGINT"]);
});

test("a reader that goes away in the middle of the output leaves nothing half-written, and hears nothing", async () => {
  const folder = await temporaryFolder();
  await writeCodes(join(folder, "long.npz"), await longCodes());
  const child = start(["decode", join(folder, "long.npz"), "-o", "-", "--threads", "1"]);
  child.stdout!.once("data", () => child.stdout!.destroy());
  const [stderr, [code]] = await Promise.all([textOf(child.stderr), once(child, "close")]);
  expect({ code, stderr }).toEqual({ code: 141, stderr: "" });
});

test.skipIf(process.platform !== "linux")("output that cannot be written is told, with exit code 1", async () => {
  const full = openSync("/dev/full", "w");
  try {
    for (const args of [["--help"], ["models", "--json"]]) {
      const child = start(args, {}, full);
      const [stderr, [code]] = await Promise.all([textOf(child.stderr), once(child, "close")]);
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: expect.stringMatching(/^encodec-tokenizer: cannot write the output: .*ENOSPC[^\n]*\n$/u),
      });
    }
  } finally {
    closeSync(full);
  }
});

/** Codes of an hour, which take far longer to decode than a signal takes to arrive. */
async function longCodes(): Promise<AudioCodes> {
  await using tokenizer = await AudioTokenizer.fromPretrained("tiny");
  const second = await tokenizer.encode({ channelData: [new Float32Array(24_000)], sampleRate: 24_000 });
  return AudioCodes.concatenate(Array.from({ length: 3600 }, () => second));
}

/** Waits until something is the case, which it never will be once the command has ended. */
async function waitFor(child: ChildProcess, isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) {
    if (child.exitCode !== null) throw new Error(`the command ended with ${child.exitCode}: ${await textOf(child.stderr)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
