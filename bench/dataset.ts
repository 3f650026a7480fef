import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { AudioTokenizer, formatWav, readAudio, tokenizeDataset, writeCodes } from "../src/index.ts";
import { uniform } from "./full-size-models.ts";

/*
 * Measures how fast a folder of short clips becomes a dataset, beside the loop that everyone writes first: readAudio, encode, write, one
 * file after the other. The two take turns, so that a machine that does other things is as slow for one as for the other.
 * Usage: npx tsx bench/dataset.ts --model <folder> [--bandwidth 6] [--threads 2] [--corpus folder] [--clips 100] [--rounds 3]
 * Without --corpus, clips of 2 to 10 s at 44.1 kHz are made.
 */

// Worker threads run the sources as well.
process.env["NODE_OPTIONS"] ??= "--import tsx";

const { values } = parseArgs({
  options: {
    model: { type: "string", default: "tiny" },
    bandwidth: { type: "string", default: "6" },
    threads: { type: "string", default: String(cpus().length) },
    corpus: { type: "string" },
    clips: { type: "string", default: "100" },
    rounds: { type: "string", default: "3" },
    workers: { type: "string" },
    batch: { type: "string" },
  },
});

const bandwidth = Number(values.bandwidth);
const folder = await mkdtemp(join(tmpdir(), "encodec-bench-"));
try {
  const corpus = values.corpus ?? (await writeCorpus(join(folder, "corpus"), Number(values.clips)));
  await using tokenizer = await AudioTokenizer.fromPretrained(values.model, { threads: Number(values.threads) });
  await tokenizer.encode({ channelData: [new Float32Array(tokenizer.sampleRate)], sampleRate: tokenizer.sampleRate }, { bandwidth });
  const files = (await readdir(corpus)).toSorted();
  console.log(`${values.model}, ${bandwidth} kbps, ${values.threads} threads; ${files.length} clips; ${cpus()[0]?.model.trim()}, ${cpus().length} cores, Node ${process.versions.node}\n`);
  console.log("| | seconds | × real time | clips/s | processor seconds |");
  console.log("|---|---|---|---|---|");
  const ratios: number[] = [];
  for (let round = 0; round < Number(values.rounds); round++) {
    const naive = await timed("one by one", () => oneByOne(tokenizer, corpus, files, join(folder, `naive-${round}`)));
    const dataset = await timed("tokenizeDataset", () => asDataset(tokenizer, corpus, join(folder, `dataset-${round}`)));
    ratios.push(naive / dataset);
    console.log(`| ratio | ${(naive / dataset).toFixed(2)} | | | |`);
  }
  console.log(`\nmedian ratio ${ratios.toSorted((a, b) => a - b)[Math.floor(ratios.length / 2)]!.toFixed(2)}; peak memory ${Math.round(process.resourceUsage().maxRSS / 1000)} MB`);

  async function timed(name: string, work: () => Promise<number>): Promise<number> {
    const begun = performance.now();
    const processor = process.cpuUsage();
    const audio = await work();
    const seconds = (performance.now() - begun) / 1000;
    const { user, system } = process.cpuUsage(processor);
    console.log(`| ${name} | ${seconds.toFixed(2)} | ${(audio / seconds).toFixed(1)} | ${(files.length / seconds).toFixed(2)} | ${((user + system) / 1e6).toFixed(1)} |`);
    return seconds;
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}

/** @returns Seconds of audio. */
async function oneByOne(tokenizer: AudioTokenizer, corpus: string, files: readonly string[], out: string): Promise<number> {
  await mkdir(out);
  let seconds = 0;
  for (const file of files) {
    const codes = await tokenizer.encode(await readAudio(join(corpus, file)), { bandwidth });
    await writeCodes(join(out, `${basename(file)}.npz`), codes);
    seconds += codes.duration;
  }
  return seconds;
}

/** @returns Seconds of audio. */
async function asDataset(model: AudioTokenizer, corpus: string, out: string): Promise<number> {
  const limits = { ...(values.workers === undefined ? {} : { workers: Number(values.workers) }), ...(values.batch === undefined ? {} : { batchClips: Number(values.batch) }) };
  for await (const event of tokenizeDataset({ folder: out, inputs: [corpus], model, bandwidth, ...limits })) {
    if (event.kind === "finished") return event.report.seconds;
  }
  throw new Error("the run did not finish");
}

/** Noise that swells and fades, as speech does, in 16-bit WAV files. */
async function writeCorpus(into: string, numClips: number): Promise<string> {
  await mkdir(into);
  const sampleRate = 44_100;
  const random = uniform(1);
  for (let clip = 0; clip < numClips; clip++) {
    const numSamples = Math.round((2 + (8 * ((clip * 37) % numClips)) / numClips) * sampleRate);
    const samples = Float32Array.from({ length: numSamples }, (_, i) => 0.3 * random() * Math.sin((4 * Math.PI * i) / sampleRate));
    await writeFile(join(into, `clip-${String(clip).padStart(4, "0")}.wav`), formatWav({ channelData: [samples], sampleRate }));
  }
  return into;
}
