import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { describe, expect, test, vi } from "vitest";
import { AudioTokenizer, RuntimeError } from "../../src/index.ts";
import type { Waveform } from "../../src/index.ts";
import { loadOnnxRuntimeNode } from "../../src/runtime/index.ts";
import { hasProc, runtimeProcesses } from "./runtime-processes.ts";
import { builtUrl } from "../built-package.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const source = fileURLToPath(new URL("../../src", import.meta.url));
const root = fileURLToPath(new URL("../..", import.meta.url));

const tone = (seconds: number): Waveform => ({
  channelData: [Float32Array.from({ length: seconds * 24_000 }, (_, i) => Math.sin(i / 10))],
  sampleRate: 24_000,
});

/** Loads a tokenizer and tells which process it works in. */
async function loadWithProcess(): Promise<{ tokenizer: AudioTokenizer; pid: number }> {
  const before = runtimeProcesses();
  const tokenizer = await AudioTokenizer.fromPretrained("tiny", { threads: 1 });
  const pid = runtimeProcesses().find((each) => !before.includes(each))!;
  return { tokenizer, pid };
}

const ended = (pid: number): Promise<void> => vi.waitFor(() => expect(runtimeProcesses()).not.toContain(pid), { timeout: 600_000 });

/** Runs code in a process of its own, with a `tokenizer` and a `tone` of two seconds. */
async function runScript(code: string): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const script = `
    import { AudioTokenizer } from ${JSON.stringify(builtUrl("index.ts"))};
    const tokenizer = await AudioTokenizer.fromPretrained("tiny", { threads: 1 });
    const tone = { sampleRate: 24000, channelData: [Float32Array.from({ length: 48000 }, (_, i) => Math.sin(i / 10))] };
    ${code}
  `;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], { cwd: root });
  const [stdout, stderr, [exitCode]] = await Promise.all([child.stdout.toArray(), child.stderr.toArray(), once(child, "close")]);
  return { code: exitCode as number, stdout: stdout.join(""), stderr: stderr.join("") };
}

describe("the event loop", () => {
  test("turns many times while the models run", async () => {
    await using tokenizer = await AudioTokenizer.fromPretrained("tiny", { threads: 1 });
    await tokenizer.encode(tone(1));
    const turns: number[] = [];
    let count = 0;
    let isCounting = true;
    const turn = (): void => {
      count++;
      if (isCounting) setImmediate(turn);
    };
    setImmediate(turn);
    await tokenizer.encode(tone(30), { onProgress: () => turns.push(count) });
    isCounting = false;
    // A run on this thread would let it turn once or twice.
    const between = turns.slice(1).map((turnsSoFar, index) => turnsSoFar - turns[index]!);
    const ofRuns = between.toSorted((a, b) => a - b);
    expect(ofRuns.length).toBeGreaterThan(20);
    expect(ofRuns[Math.floor(ofRuns.length / 2)]!).toBeGreaterThan(5);
  });
});

describe.runIf(hasProc)("a process that is killed", () => {
  test("fails the calls that need it with a RuntimeError, and the next load works", async () => {
    const { tokenizer, pid } = await loadWithProcess();
    await tokenizer.encode(tone(1));
    const call = tokenizer.encode(tone(20));
    process.kill(pid, "SIGKILL");
    await expect(call).rejects.toMatchObject({
      name: "RuntimeError",
      code: "RUNTIME_FAILED",
      message: expect.stringMatching(
        /^ONNX Runtime could not (?:run|load) a part of the model: its process (?:has ended|cannot be reached: .*); if memory ran out, use shorter clips/u,
      ),
    });
    await expect(tokenizer.encode(tone(1))).rejects.toBeInstanceOf(RuntimeError);
    await expect(tokenizer.createEncoder().push(tone(1))).rejects.toBeInstanceOf(RuntimeError);
    await tokenizer.dispose();
    await using other = await AudioTokenizer.fromPretrained("tiny", { threads: 1 });
    expect((await other.encode(tone(1))).numFrames).toBe(75);
  });

  test("while it has nothing to do, is missed by the next call", async () => {
    const { tokenizer, pid } = await loadWithProcess();
    await tokenizer.encode(tone(1));
    process.kill(pid, "SIGKILL");
    await ended(pid);
    await expect(tokenizer.encode(tone(1))).rejects.toThrow("could not run a part of the model: its process has ended");
    await tokenizer.dispose();
  });

  test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
    "only by %s, as a terminal or service does to all processes, goes on",
    async (signal) => {
      const { tokenizer, pid } = await loadWithProcess();
      const call = tokenizer.encode(tone(5));
      process.kill(pid, signal);
      expect((await call).numFrames).toBe(375);
      process.kill(pid, signal);
      expect((await tokenizer.encode(tone(1))).numFrames).toBe(75);
      await tokenizer.dispose();
    },
  );
});

describe("a request that cannot be sent", () => {
  test("fails, and what it was sent to can still be used and closed", async () => {
    const runtime = await loadOnnxRuntimeNode();
    const model = { graph: new Uint8Array(8), weights: new Map() };
    await expect(runtime.createSession(model, { threads: 1n as unknown as number })).rejects.toMatchObject({
      name: "RuntimeError",
      code: "RUNTIME_FAILED",
      message: expect.stringMatching(/^ONNX Runtime could not load a part of the model: .*BigInt/u),
    });
    await expect(runtime.createSession(model, { threads: 1 })).rejects.toMatchObject({
      code: "RUNTIME_FAILED",
      message: expect.not.stringContaining("BigInt"),
    });
    await runtime.close();
  });
});

describe("the process", () => {
  test.runIf(hasProc)("ends with the tokenizer", async () => {
    const { tokenizer, pid } = await loadWithProcess();
    await tokenizer.encode(tone(1));
    await tokenizer.dispose();
    await ended(pid);
  });

  test("is none for an application that does not run scripts, and would start itself instead", async () => {
    vi.stubEnv("ENCODEC_TOKENIZER_RUNTIME", "1");
    await expect(loadOnnxRuntimeNode()).rejects.toMatchObject({
      name: "RuntimeError",
      code: "RUNTIME_UNAVAILABLE",
      message: expect.stringMatching(
        /^ONNX Runtime needs a process of its own, which cannot be started: .* does not run scripts; allow it .*or give another runtime/u,
      ),
    });
    vi.unstubAllEnvs();
  });

  test("that cannot be started is named, with what to do", async () => {
    const { execPath } = process;
    process.execPath = "/no/such/node";
    try {
      await expect(loadOnnxRuntimeNode()).rejects.toMatchObject({
        code: "RUNTIME_UNAVAILABLE",
        message: expect.stringMatching(/which cannot be started: .*ENOENT.*; allow it \(Node: --allow-child-process, Deno: --allow-run\)/u),
      });
    } finally {
      process.execPath = execPath;
    }
  });

  test.runIf(hasProc)("that finds too many files open says which limit to raise", async () => {
    const script = `
      import { openSync } from "node:fs";
      import { loadOnnxRuntimeNode } from ${JSON.stringify(builtUrl("runtime/index.ts"))};
      try { for (;;) openSync("/dev/null"); } catch {}
      await loadOnnxRuntimeNode().catch(({ code, message }) => console.log(code, message));
    `;
    const command = ["-c", `ulimit -n 256; exec "$0" "$@"`, process.execPath, "--input-type=module", "-e", script];
    const child = spawn("/bin/sh", command, { cwd: root });
    const [stdout, stderr] = await Promise.all([child.stdout.toArray(), child.stderr.toArray(), once(child, "close")]);
    expect(stderr.join("")).toBe("");
    expect(stdout.join("")).toMatch(
      /^RUNTIME_UNAVAILABLE ONNX Runtime needs a process of its own, which cannot be started: .*EMFILE.*; raise the limits on open files and processes \(`ulimit -n`, `ulimit -u`\)/u,
    );
  });

  test.each([
    ["a tokenizer is not disposed", "await tokenizer.encode(tone);"],
    ["a stream is left in the middle", "for await (const codes of tokenizer.encodeStream([tone, tone])) break;"],
    ["a step is not waited for", "void tokenizer.createEncoder().push(tone);"],
  ])("does not keep this one alive when %s", async (_, work) => {
    const outcome = await runScript(`${work} console.log("done");`);
    expect(outcome).toEqual({ code: 0, stdout: "done\n", stderr: "" });
  });
});

describe("a process that exits in the middle of a run", () => {
  test.each([
    ["process.exit", "process.exit(3)", 3, ""],
    ["an uncaught error", "throw new Error('boom')", 1, "boom"],
  ])("by %s ends with its own exit code", async (_, ending, expected, message) => {
    const { code, stderr } = await runScript(`
      void tokenizer.encode({ ...tone, channelData: [new Float32Array(24000 * 100)] });
      tokenizer.encode(tone, { onProgress: () => { ${ending}; } });
    `);
    expect(code).toBe(expected);
    expect(stderr).not.toContain("terminate called");
    expect(stderr).toContain(message);
  });
});

describe("a binding", () => {
  test("that cannot be loaded is named, with what to do", async () => {
    const folder = await temporaryFolder();
    for (const room of ["core", "runtime"]) await cp(join(source, room), join(folder, room), { recursive: true });
    const copy = (await import(/* @vite-ignore */ pathToFileURL(join(folder, "runtime/index.ts")).href)) as {
      loadOnnxRuntimeNode: typeof loadOnnxRuntimeNode;
    };
    await expect(copy.loadOnnxRuntimeNode()).rejects.toMatchObject({
      code: "RUNTIME_UNAVAILABLE",
      message: expect.stringMatching(
        /^onnxruntime-node cannot be loaded on \w+ \w+: .*onnxruntime-node.*; install it again, or give another runtime/u,
      ),
    });
  });

  test("that is closed can be closed again, and says what became of it", async () => {
    const runtime = await loadOnnxRuntimeNode();
    expect(runtime.name).toMatch(/^onnxruntime-node \d+\.\d+/u);
    await runtime.close();
    await runtime.close();
    await expect(runtime.createSession({ graph: new Uint8Array(), weights: new Map() }, { threads: 1 })).rejects.toThrow(
      "its process has ended",
    );
  });
});
