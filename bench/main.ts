import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { loadOnnxRuntimeNode } from "../src/runtime/index.ts";
import { datasetDefaults, datasetTables, measureDataset } from "./dataset.ts";
import type { DatasetMeasurement } from "./dataset.ts";
import { fullSizeModels, writeFullSizeModel } from "./full-size-models.ts";
import type { FullSizeModel } from "./full-size-models.ts";
import type { Measurement } from "./measure.ts";

/*
 * Full-size models with random weights: how fast, how long to load, how much memory; and data sets made with the one at 24 kHz.
 * Usage: npm run bench -- [--seconds 30] [--model 24khz] [--no-datasets] [--keep folder] [--json results.json] [--compare earlier.json]
 *   [--pytorch results.json]
 * With --compare, every number is followed by its change since an earlier run; with --pytorch (see pytorch.py), every
 * factor by its ratio to PyTorch's.
 */

type Quantity = Exclude<keyof Measurement, "model" | "threads" | "seconds">;
type Known = Pick<Measurement, "model" | "threads"> & Partial<Record<Quantity, number>>;

const columns: Readonly<Record<Quantity, { readonly title: string; readonly show: (value: number) => string }>> = {
  encode: { title: "encode", show: factor },
  decode: { title: "decode", show: factor },
  encodeBatch: { title: "encode 8 × 4 s", show: factor },
  decodeBatch: { title: "decode 8 × 4 s", show: factor },
  firstCodes: { title: "first codes", show: seconds },
  firstAudio: { title: "then first audio", show: seconds },
  loadMemory: { title: "memory to load", show: megabytes },
  peakMemory: { title: "peak memory", show: megabytes },
  growth: { title: "growth", show: megabytes },
};

const { values: options } = parseArgs({
  allowNegative: true,
  options: {
    seconds: { type: "string", default: "30" },
    model: { type: "string", multiple: true, default: Object.keys(fullSizeModels) },
    datasets: { type: "boolean", default: true },
    keep: { type: "string" },
    json: { type: "string" },
    compare: { type: "string" },
    pytorch: { type: "string" },
  },
});

const unknown = options.model.filter((model) => !(model in fullSizeModels));
if (unknown.length > 0)
  throw new RangeError(`there is no model ${unknown.join(", ")}; choose of ${Object.keys(fullSizeModels).join(", ")}`);
const folder = options.keep ?? (await mkdtemp(join(tmpdir(), "encodec-bench-")));
try {
  const pytorch = options.pytorch === undefined ? [] : await readJson<Known[]>(options.pytorch);
  const earlier =
    options.compare === undefined ? { results: [] } : await readJson<{ results: Known[]; datasets?: DatasetMeasurement }>(options.compare);
  const runtime = await loadOnnxRuntimeNode();
  const machine = `${cpus()[0]!.model}, ${cpus().length} cores; Node ${process.version}; ${runtime.name}`;
  await runtime.close();
  console.log(`${machine}; ${new Date().toISOString().slice(0, 10)}\n`);
  const titles = ["model", "file", "threads", ...Object.values(columns).map(({ title }) => title)];
  console.log(`| ${titles.join(" | ")} |\n|${"---|".repeat(titles.length)}`);
  const results: Measurement[] = [];
  for (const model of options.model as FullSizeModel[]) {
    const path = await modelFolder(model);
    const { size } = await stat(join(path, "model.safetensors"));
    for (const threads of [1, 2]) {
      const result = await measureInProcess(model, path, threads);
      results.push(result);
      const same = (other: Known): boolean => other.model === model && other.threads === threads;
      console.log(row(result, size, earlier.results.find(same), pytorch.find(same)));
    }
  }
  const datasets = options.datasets ? await measureDataset({ ...datasetDefaults, model: await modelFolder("24khz") }) : undefined;
  if (datasets !== undefined) console.log(datasetTables(datasets, earlier.datasets));
  if (options.json !== undefined) await writeFile(options.json, JSON.stringify({ machine, results, datasets }, null, 1));
} finally {
  if (options.keep === undefined) await rm(folder, { recursive: true });
}

/** Where a model is, written if it is not there yet. */
async function modelFolder(model: FullSizeModel): Promise<string> {
  const path = join(folder, model);
  if (!existsSync(join(path, "model.safetensors"))) await writeFullSizeModel(model, path);
  return path;
}

async function measureInProcess(model: FullSizeModel, path: string, threads: number): Promise<Measurement> {
  const script = fileURLToPath(new URL("measure.ts", import.meta.url));
  const args = ["--import", "tsx", script, model, path, String(threads), options.seconds];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout) as Measurement;
}

function row(result: Measurement, fileSize: number, earlier: Known | undefined, pytorch: Known | undefined): string {
  const cells = Object.entries(columns).map(([key, { show }]) => {
    const quantity = key as Quantity;
    const value = result[quantity];
    const before = earlier?.[quantity];
    const theirs = pytorch?.[quantity];
    const change = before === undefined ? "" : `, ${changeText(value, before, show)}`;
    return `${show(value)}${change}${theirs === undefined ? "" : ` (${(value / theirs).toFixed(2)})`}`;
  });
  const name = `${result.model}, ${fullSizeModels[result.model as FullSizeModel].bandwidth} kbps`;
  return `| ${[name, megabytes(fileSize / 1e6), result.threads, ...cells].join(" | ")} |`;
}

/** `+3 %`; of nothing, or of less, as memory can grow, there is no percentage. */
function changeText(value: number, before: number, show: (value: number) => string): string {
  return before <= 0 ? `was ${show(before)}` : `${value < before ? "" : "+"}${((value / before - 1) * 100).toFixed(0)} %`;
}

function factor(value: number): string {
  return `${value.toFixed(1)}×`;
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(2)} s`;
}

function megabytes(value: number): string {
  return `${value.toFixed(0)} MB`;
}

async function readJson<T>(path: string): Promise<T> {
  return JSON.parse(await readFile(path, "utf8")) as T;
}
