import { execFile } from "node:child_process";
import { cpus, loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import type { DatasetMemory } from "./dataset-memory.ts";
import type { DatasetSpeed, DatasetSpeedOptions, Turn } from "./dataset-speed.ts";

/*
 * Data sets: how fast clips become one, and the memory that manifests take. Part of `npm run bench`; by itself, with a model that is there:
 * npx tsx bench/dataset.ts --model <folder> [--bandwidth 6] [--threads 2] [--corpus folder] [--clips 100] [--rounds 3] [--decode-threads n] [--batch n]
 *   [--rows 1000 --rows 100000]; --rounds 0 and --rows 0 leave out one or the other.
 */

/** What is measured of data sets. */
export interface DatasetMeasurement {
  readonly speed?: DatasetSpeed | undefined;
  readonly memory: readonly DatasetMemory[];
}

export const datasetDefaults: Omit<DatasetSpeedOptions, "model"> & { readonly rows: readonly number[] } = {
  bandwidth: 6,
  threads: 2,
  clips: 100,
  rounds: 3,
  rows: [1000, 100_000],
};

if (process.argv[1]?.endsWith("dataset.ts")) {
  const { bandwidth, threads, clips, rounds, rows } = datasetDefaults;
  const { values } = parseArgs({
    options: {
      model: { type: "string", default: "tiny" },
      bandwidth: { type: "string", default: String(bandwidth) },
      threads: { type: "string", default: String(threads) },
      clips: { type: "string", default: String(clips) },
      rounds: { type: "string", default: String(rounds) },
      rows: { type: "string", multiple: true, default: rows.map(String) },
      corpus: { type: "string" },
      "decode-threads": { type: "string" },
      batch: { type: "string" },
    },
  });
  const measured = await measureDataset({
    model: values.model,
    bandwidth: Number(values.bandwidth),
    threads: Number(values.threads),
    clips: Number(values.clips),
    rounds: Number(values.rounds),
    rows: values.rows.map(Number).filter((count) => count > 0),
    corpus: values.corpus,
    decodeThreads: numberOf(values["decode-threads"]),
    batchClips: numberOf(values.batch),
  });
  console.log(
    `${cpus()[0]!.model.trim()}, ${cpus().length} cores, load ${loadavg()[0]!.toFixed(1)}; Node ${process.version}; ${values.threads} threads`,
  );
  console.log(datasetTables(measured));
}

/** Measures each thing in a process of its own. */
export async function measureDataset({
  rows,
  ...speedOptions
}: DatasetSpeedOptions & { readonly rows: readonly number[] }): Promise<DatasetMeasurement> {
  const speed = speedOptions.rounds === 0 ? undefined : await inProcess<DatasetSpeed>("dataset-speed.ts", JSON.stringify(speedOptions));
  const memory: DatasetMemory[] = [];
  for (const count of rows) memory.push(await inProcess<DatasetMemory>("dataset-memory.ts", String(count)));
  return { speed, memory };
}

/** The measurements as Markdown; ratios to an earlier run's in brackets. */
export function datasetTables({ speed, memory }: DatasetMeasurement, earlier?: DatasetMeasurement): string {
  const lines: string[] = [];
  if (speed !== undefined) {
    const change = (now: number, of: (before: DatasetSpeed) => number): string =>
      earlier?.speed === undefined ? "" : ` (${(now / of(earlier.speed)).toFixed(2)})`;
    lines.push("", `| ${speed.clips} clips | clips per second | × real time | processor seconds |`, "|---|---|---|---|");
    for (const [way, name] of [
      ["oneByOne", "one by one"],
      ["dataset", "tokenizeDataset"],
    ] as const) {
      const factor = (each: DatasetSpeed): number => each.seconds / medianOf(each, (round) => round[way].elapsed);
      const processor = (each: DatasetSpeed): number => medianOf(each, (round) => round[way].processor);
      const clips = (factor(speed) * speed.clips) / speed.seconds;
      lines.push(
        `| ${name} | ${clips.toFixed(1)} | ${factor(speed).toFixed(1)}×${change(factor(speed), factor)} | ${processor(speed).toFixed(1)}${change(processor(speed), processor)} |`,
      );
    }
    const ratios = speed.rounds.map((round) => gainOf(round).toFixed(2));
    lines.push("", `${medianOf(speed, gainOf).toFixed(2)} times the throughput (in turns: ${ratios.join(", ")})`);
  }
  if (memory.length > 0) lines.push("", "| rows of a manifest | peak memory | rows per second |", "|---|---|---|");
  for (const { rows, peakMemory, elapsed } of memory) {
    const before = earlier?.memory.find((each) => each.rows === rows)?.peakMemory;
    lines.push(
      `| ${rows} | ${peakMemory.toFixed(0)} MB${before === undefined ? "" : ` (${(peakMemory / before).toFixed(2)})`} | ${(rows / elapsed).toFixed(0)} |`,
    );
  }
  return lines.join("\n");
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}

function gainOf({ oneByOne, dataset }: DatasetSpeed["rounds"][number]): number {
  return oneByOne.elapsed / dataset.elapsed;
}

function medianOf({ rounds }: DatasetSpeed, value: (round: { readonly oneByOne: Turn; readonly dataset: Turn }) => number): number {
  return rounds.map(value).toSorted((a, b) => a - b)[Math.floor(rounds.length / 2)]!;
}

async function inProcess<T>(script: string, argument: string): Promise<T> {
  const args = [fileURLToPath(new URL(script, import.meta.url)), argument];
  // By the environment, so that worker threads run the sources as well.
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    env: { ...process.env, NODE_OPTIONS: `--import ${import.meta.resolve("tsx")}` },
  });
  return JSON.parse(stdout) as T;
}
