import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { loadOnnxRuntimeNode } from "../src/runtime/index.ts";
import { fullSizeModels, writeFullSizeModel } from "./full-size-models.ts";
import type { FullSizeModel } from "./full-size-models.ts";
import type { Measurement } from "./measure.ts";

/*
 * Full-size models with random weights: how fast, how much memory, how long to load.
 * Usage: npm run bench -- [--seconds 30] [--model 24khz] [--keep folder] [--pytorch results.json] [--json results.json]
 * With --pytorch (see pytorch.py), every factor is followed by its ratio to PyTorch's.
 */

type PyTorch = Pick<Measurement, "model" | "threads" | "encode" | "decode" | "encodeBatch" | "decodeBatch">;

const { values: options } = parseArgs({
  options: {
    seconds: { type: "string", default: "30" },
    model: { type: "string", multiple: true, default: Object.keys(fullSizeModels) },
    keep: { type: "string" },
    pytorch: { type: "string" },
    json: { type: "string" },
  },
});

const folder = options.keep ?? (await mkdtemp(join(tmpdir(), "encodec-bench-")));
try {
  const pytorch: PyTorch[] = options.pytorch === undefined ? [] : (JSON.parse(await readFile(options.pytorch, "utf8")) as PyTorch[]);
  const machine = `${cpus()[0]!.model}, ${cpus().length} cores; Node ${process.version}; ${(await loadOnnxRuntimeNode()).name}`;
  console.log(`${machine}; ${new Date().toISOString().slice(0, 10)}\n`);
  console.log("| model | file | threads | encode | decode | encode 8 × 4 s | decode 8 × 4 s | load encoder | load decoder | memory to load | peak memory |");
  console.log("|---|---|---|---|---|---|---|---|---|---|---|");
  const results: Measurement[] = [];
  for (const model of options.model as FullSizeModel[]) {
    const path = join(folder, model);
    if (!existsSync(join(path, "model.safetensors"))) await writeFullSizeModel(model, path);
    const { size } = await stat(join(path, "model.safetensors"));
    for (const threads of [1, 2]) {
      const result = await measureInProcess(model, path, threads);
      results.push(result);
      console.log(row(result, size, pytorch.find((other) => other.model === model && other.threads === threads)));
    }
  }
  if (options.json !== undefined) await writeFile(options.json, JSON.stringify({ machine, results }, null, 1));
} finally {
  if (options.keep === undefined) await rm(folder, { recursive: true });
}

async function measureInProcess(model: FullSizeModel, path: string, threads: number): Promise<Measurement> {
  const script = fileURLToPath(new URL("measure.ts", import.meta.url));
  const args = ["--import", "tsx", script, model, path, String(threads), options.seconds];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout) as Measurement;
}

function row(result: Measurement, fileSize: number, pytorch: PyTorch | undefined): string {
  const factor = (key: "encode" | "decode" | "encodeBatch" | "decodeBatch"): string => {
    const ratio = pytorch === undefined ? "" : ` (${(result[key] / pytorch[key]).toFixed(2)})`;
    return `${result[key].toFixed(1)}×${ratio}`;
  };
  const cells = [
    `${result.model}, ${fullSizeModels[result.model as FullSizeModel].bandwidth} kbps`,
    `${(fileSize / 1e6).toFixed(0)} MB`,
    result.threads,
    factor("encode"),
    factor("decode"),
    factor("encodeBatch"),
    factor("decodeBatch"),
    `${(result.loadEncoder / 1000).toFixed(2)} s`,
    `${(result.loadDecoder / 1000).toFixed(2)} s`,
    `${result.loadMemory.toFixed(0)} MB`,
    `${result.peakMemory.toFixed(0)} MB`,
  ];
  return `| ${cells.join(" | ")} |`;
}
