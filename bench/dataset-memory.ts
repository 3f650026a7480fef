import { createWriteStream } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { tokenizeDataset } from "../src/entries/dataset.ts";
import { formatWav } from "../src/index.ts";
import { peakMemory } from "./process-memory.ts";

/*
 * Measures the memory that a manifest of many rows takes to become a dataset, in a process of its own. The rows are tenths of a second of
 * one file and the model is the small one that comes with the package, so that what grows with the rows stands out.
 * Usage: tsx bench/dataset-memory.ts <rows>; prints one JSON object.
 */

export interface DatasetMemory {
  readonly rows: number;
  /** From the first row to the index, in seconds. */
  readonly elapsed: number;
  /** Peak resident memory of this process and the one that runs the model, in MB (10^6 bytes). */
  readonly peakMemory: number;
}

if (process.argv[1]?.endsWith("dataset-memory.ts")) {
  console.log(JSON.stringify(await measure(Number(process.argv[2]))));
}

async function measure(rows: number): Promise<DatasetMemory> {
  const folder = await mkdtemp(join(tmpdir(), "encodec-bench-"));
  try {
    const manifest = join(folder, "clips.jsonl");
    await writeFile(join(folder, "tone.wav"), tone());
    await pipeline(Readable.from(manifestLines(rows)), createWriteStream(manifest));
    let most = 0;
    for await (const event of tokenizeDataset({ folder: join(folder, "out"), inputs: [manifest], model: "tiny" })) {
      most = Math.max(most, peakMemory());
      if (event.kind !== "finished") continue;
      const { clips, elapsed } = event.report;
      if (clips !== rows) throw new Error(`${rows} rows gave ${clips} clips`);
      return { rows, elapsed, peakMemory: most };
    }
    throw new Error("the run did not finish");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** One second. */
function tone(): Uint8Array {
  const sampleRate = 24_000;
  return formatWav({
    channelData: [Float32Array.from({ length: sampleRate }, (_, i) => 0.5 * Math.sin(i * 0.03 + i * i * 1e-6))],
    sampleRate,
  });
}

/** Rows of a tenth of a second, with a sentence each. */
function* manifestLines(rows: number): Generator<string> {
  for (let row = 0; row < rows; row++) {
    const start = (row % 90) / 100;
    const text = `${row}: the quick brown fox jumps over the lazy dog, and the dog sleeps on`;
    yield `${JSON.stringify({ path: "tone.wav", id: `utterance-${row}`, start, end: start + 0.1, text })}\n`;
  }
}
