import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Worker } from "node:worker_threads";
import { describe, expect, test } from "vitest";
import { AudioTokenizer, RuntimeError } from "../../src/index.ts";
import type { Waveform } from "../../src/index.ts";
import { loadOnnxRuntimeNode } from "../../src/runtime/index.ts";

const source = fileURLToPath(new URL("../../src", import.meta.url));
const root = fileURLToPath(new URL("../..", import.meta.url));

const tone = (seconds: number): Waveform => ({
  channelData: [Float32Array.from({ length: seconds * 24_000 }, (_, i) => Math.sin(i / 10))],
  sampleRate: 24_000,
});

/** Loads a tokenizer and tells which thread it works in. */
async function loadWithWorker(): Promise<{ tokenizer: AudioTokenizer; worker: Worker }> {
  const started = once(process, "worker");
  const tokenizer = await AudioTokenizer.fromPretrained("tiny", { threads: 1 });
  const [worker] = (await started) as [Worker];
  return { tokenizer, worker };
}

/** Runs code in a process of its own, with a `tokenizer` and a `tone` of two seconds. */
async function runScript(code: string): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const script = `
    import { AudioTokenizer } from ${JSON.stringify(pathToFileURL(join(source, "index.ts")).href)};
    const tokenizer = await AudioTokenizer.fromPretrained("tiny", { threads: 1 });
    const tone = { sampleRate: 24000, channelData: [Float32Array.from({ length: 48000 }, (_, i) => Math.sin(i / 10))] };
    ${code}
  `;
  const child = spawn(process.execPath, ["--import", import.meta.resolve("tsx"), "--input-type=module", "-e", script], { cwd: root });
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

describe("a thread that fails", () => {
  test("fails the calls that need it with a RuntimeError, and the next load works", async () => {
    const { tokenizer, worker } = await loadWithWorker();
    await tokenizer.encode(tone(1));
    const call = tokenizer.encode(tone(20));
    worker.postMessage(null, []); // no request
    await expect(call).rejects.toMatchObject({
      name: "RuntimeError",
      code: "RUNTIME_FAILED",
      message: expect.stringMatching(/^ONNX Runtime could not run a part of the model: its thread failed: .*; if memory ran out, use shorter clips/u),
    });
    await expect(tokenizer.encode(tone(1))).rejects.toBeInstanceOf(RuntimeError);
    await expect(tokenizer.createEncoder().push(tone(1))).rejects.toBeInstanceOf(RuntimeError);
    await tokenizer.dispose();
    await using other = await AudioTokenizer.fromPretrained("tiny", { threads: 1 });
    expect((await other.encode(tone(1))).numFrames).toBe(75);
  });

  test("or ends, says so", async () => {
    const { tokenizer, worker } = await loadWithWorker();
    await tokenizer.encode(tone(1));
    await worker.terminate();
    await expect(tokenizer.encode(tone(1))).rejects.toThrow("could not run a part of the model: its thread has ended");
    await tokenizer.dispose();
  });
});

describe("a request that cannot be sent", () => {
  test("fails, and what it was sent to can still be used and closed", async () => {
    const started = once(process, "worker");
    const runtime = await loadOnnxRuntimeNode();
    const [worker] = (await started) as [Worker];
    const unsendable = { graph: (() => {}) as unknown as Uint8Array, weights: new Map() };
    await expect(runtime.createSession(unsendable, { threads: 1 })).rejects.toMatchObject({
      name: "RuntimeError",
      code: "RUNTIME_FAILED",
      message: expect.stringMatching(/^ONNX Runtime could not load a part of the model: .*could not be cloned/u),
    });
    const garbage = { graph: new Uint8Array(8), weights: new Map() };
    await expect(runtime.createSession(garbage, { threads: 1 })).rejects.toMatchObject({ code: "RUNTIME_FAILED", message: expect.not.stringContaining("cloned") });
    await runtime.close();
    expect(worker.threadId).toBe(-1);
  });
});

describe("a process that exits does not wait for a thread", () => {
  test("that failed, or that is being ended", async () => {
    const before = process.listenerCount("exit");
    const started = once(process, "worker");
    const runtime = await loadOnnxRuntimeNode();
    const [worker] = (await started) as [Worker];
    expect(process.listenerCount("exit")).toBe(before + 1);
    const counts: number[] = [];
    const terminate = worker.terminate.bind(worker);
    worker.terminate = () => (counts.push(process.listenerCount("exit")), terminate());
    await runtime.close();
    expect(counts).toEqual([before]);

    const startedAgain = once(process, "worker");
    const failing = await loadOnnxRuntimeNode();
    const [failingWorker] = (await startedAgain) as [Worker];
    failingWorker.on("error", () => counts.push(process.listenerCount("exit")));
    failingWorker.postMessage(null, []); // no request
    await new Promise((resolve) => failingWorker.once("exit", resolve)); // `once` of events would reject with the error
    await failing.close();
    expect(counts).toEqual([before, before]);
  });
});

describe("the thread", () => {
  test("ends with the tokenizer", async () => {
    const { tokenizer, worker } = await loadWithWorker();
    await tokenizer.encode(tone(1));
    const ended = once(worker, "exit");
    await tokenizer.dispose();
    await ended;
    expect(worker.threadId).toBe(-1);
  });

  test.each([
    ["a tokenizer is not disposed", "await tokenizer.encode(tone);"],
    ["a stream is left in the middle", "for await (const codes of tokenizer.encodeStream([tone, tone])) break;"],
    ["a step is not waited for", "void tokenizer.createEncoder().push(tone);"],
  ])("does not keep the process alive when %s", async (_, work) => {
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
    const folder = await mkdtemp(join(tmpdir(), "encodec-runtime-"));
    try {
      for (const room of ["core", "runtime"]) await cp(join(source, room), join(folder, room), { recursive: true });
      const copy = (await import(/* @vite-ignore */ pathToFileURL(join(folder, "runtime/index.ts")).href)) as { loadOnnxRuntimeNode: typeof loadOnnxRuntimeNode };
      const started = once(process, "worker");
      await expect(copy.loadOnnxRuntimeNode()).rejects.toMatchObject({
        code: "RUNTIME_UNAVAILABLE",
        message: expect.stringMatching(/^onnxruntime-node cannot be loaded on \w+ \w+: .*onnxruntime-node.*; install it again, or give another runtime/u),
      });
      const [worker] = (await started) as [Worker];
      expect(worker.threadId).toBe(-1);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test("that is closed can be closed again, and says what became of it", async () => {
    const runtime = await loadOnnxRuntimeNode();
    expect(runtime.name).toMatch(/^onnxruntime-node \d+\.\d+/u);
    await runtime.close();
    await runtime.close();
    await expect(runtime.createSession({ graph: new Uint8Array(), weights: new Map() }, { threads: 1 })).rejects.toThrow("its thread has ended");
  });
});
