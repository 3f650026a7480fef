import { execFile } from "node:child_process";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { hasProc } from "../runtime/runtime-processes.ts";
import { builtUrl } from "../built-package.ts";

const root = pathToFileURL(`${process.cwd()}/`).href;

/** Runs a function in a process of its own and collects the garbage it leaves; tells what of it stays open, and what was printed. */
async function runAndCollect(
  body: string,
): Promise<{ readonly open: readonly string[]; readonly collected: boolean; readonly stderr: string }> {
  const script = `
    import { readdirSync, readlinkSync } from "node:fs";
    import { setTimeout } from "node:timers/promises";
    const { AudioTokenizer, openAudio } = await import(${JSON.stringify(builtUrl("index.ts"))});
    const speech = ${JSON.stringify(new URL("examples/speech.wav", root).pathname)};
    const openFiles = () => readdirSync("/proc/self/fd").flatMap((fd) => { try { return [readlinkSync("/proc/self/fd/" + fd)]; } catch { return []; } });
    const before = openFiles();
    const isCollected = { value: false };
    const registry = new FinalizationRegistry(() => (isCollected.value = true));
    await (async () => { const held = await (async () => { ${body} })(); registry.register(held, undefined); })();
    for (let i = 0; i < 10_000 && !isCollected.value; i++) { gc(); await setTimeout(10); }
    const open = () => openFiles().filter((file) => /\\.(?:wav|safetensors)$|^socket:/.test(file) && !before.includes(file));
    for (let i = 0; i < 10_000 && open().length > 0; i++) { gc(); await setTimeout(10); }
    console.log(JSON.stringify({ open: open(), collected: isCollected.value }));
  `;
  const args = ["--expose-gc", "--input-type=module", "-e", script];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args);
  return { ...(JSON.parse(stdout) as { open: string[]; collected: boolean }), stderr };
}

// The pipes to the process that runs the models are sockets, and it ends when they are closed.
test.runIf(hasProc).each([
  [
    "a tokenizer",
    `const tokenizer = await AudioTokenizer.fromPretrained("tiny"); await tokenizer.encode({ sampleRate: 24000, channelData: [new Float32Array(2400)] }); return tokenizer;`,
  ],
  ["audio that was not read", "return openAudio(speech);"],
  ["audio that was read in part", "const audio = await openAudio(speech); await audio[Symbol.asyncIterator]().next(); return audio;"],
])("%s that nobody disposes is closed once nobody can reach it, and nothing is said", async (_, body) => {
  expect(await runAndCollect(body)).toEqual({ open: [], collected: true, stderr: "" });
});

test.runIf(hasProc)("audio stays open while it is read, whoever has forgotten it", async () => {
  const body = `
    let samples = 0;
    for await (const { channelData } of await openAudio(speech)) { gc(); await setTimeout(5); samples += channelData[0].length; }
    return { samples };`;
  expect(await runAndCollect(body)).toEqual({ open: [], collected: true, stderr: "" });
});

test.runIf(hasProc)("a tokenizer stays open while it works, whoever has forgotten it", async () => {
  const body = `
    const codes = await (await AudioTokenizer.fromPretrained("tiny", { threads: 1 })).encode({ sampleRate: 24000, channelData: [new Float32Array(240000)] }, { onProgress: () => gc() });
    if (codes.numFrames !== 750) throw new Error("not all of it");
    return codes;`;
  expect(await runAndCollect(body)).toEqual({ open: [], collected: true, stderr: "" });
});
