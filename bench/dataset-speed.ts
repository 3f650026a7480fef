import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { tokenizeDataset } from "../src/entries/dataset.ts";
import { AudioTokenizer, formatWav, readAudio, writeCodes } from "../src/index.ts";
import { uniform } from "./full-size-models.ts";

/*
 * Measures how fast a folder of short clips becomes a dataset, beside the loop that everyone writes first: readAudio, encode, write, one
 * file after the other. The two take turns, so that a machine that does other things is as slow for one as for the other.
 * Usage: tsx bench/dataset-speed.ts <options as JSON>; prints one JSON object.
 */

export interface DatasetSpeedOptions {
  /** Folder of a checkpoint. */
  readonly model: string;
  /** In kbps. */
  readonly bandwidth: number;
  readonly threads: number;
  /** Turns of each. */
  readonly rounds: number;
  /** How many clips of 2 to 10 s at 44.1 kHz to make. */
  readonly clips: number;
  /** A folder of clips to take instead. */
  readonly corpus?: string | undefined;
  readonly decodeThreads?: number | undefined;
  readonly batchClips?: number | undefined;
}

/** One turn: how long it took, and what of it processors were at work, in seconds. */
export interface Turn {
  readonly elapsed: number;
  readonly processor: number;
}

export interface DatasetSpeed {
  readonly clips: number;
  /** Of audio. */
  readonly seconds: number;
  readonly rounds: readonly { readonly oneByOne: Turn; readonly dataset: Turn }[];
}

if (process.argv[1]?.endsWith("dataset-speed.ts")) {
  console.log(JSON.stringify(await measure(JSON.parse(process.argv[2]!) as DatasetSpeedOptions)));
}

async function measure(options: DatasetSpeedOptions): Promise<DatasetSpeed> {
  const { bandwidth, threads } = options;
  const folder = await mkdtemp(join(tmpdir(), "encodec-bench-"));
  try {
    const corpus = options.corpus ?? (await writeCorpus(join(folder, "corpus"), options.clips));
    const files = (await readdir(corpus)).toSorted();
    await using tokenizer = await AudioTokenizer.fromPretrained(options.model, { threads });
    await tokenizer.encode({ channelData: [new Float32Array(tokenizer.sampleRate)], sampleRate: tokenizer.sampleRate }, { bandwidth });
    const rounds: DatasetSpeed["rounds"][number][] = [];
    let seconds = 0;
    for (let round = 0; round < options.rounds; round++) {
      const oneByOne = await timed(() => encodeOneByOne(tokenizer, { corpus, files, bandwidth, out: join(folder, `one-by-one-${round}`) }));
      const dataset = await timed(async () => {
        seconds = await encodeAsDataset(tokenizer, join(folder, `dataset-${round}`), corpus, options);
      });
      rounds.push({ oneByOne, dataset });
    }
    return { clips: files.length, seconds, rounds };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function timed(work: () => Promise<void>): Promise<Turn> {
  const begun = performance.now();
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return { elapsed: (performance.now() - begun) / 1000, processor: (user + system) / 1e6 };
}

async function encodeOneByOne(
  tokenizer: AudioTokenizer,
  {
    corpus,
    files,
    bandwidth,
    out,
  }: { readonly corpus: string; readonly files: readonly string[]; readonly bandwidth: number; readonly out: string },
): Promise<void> {
  await mkdir(out);
  for (const file of files) {
    const codes = await tokenizer.encode(await readAudio(join(corpus, file)), { bandwidth });
    await writeCodes(join(out, `${basename(file)}.npz`), codes);
  }
}

/** @returns Seconds of audio. */
async function encodeAsDataset(
  model: AudioTokenizer,
  folder: string,
  corpus: string,
  { bandwidth, decodeThreads, batchClips }: DatasetSpeedOptions,
): Promise<number> {
  for await (const event of tokenizeDataset({ folder, inputs: [corpus], model, bandwidth, decodeThreads, batchClips })) {
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
