import { execFile } from "node:child_process";
import { createWriteStream } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { temporaryFolder } from "../temporary-folder.ts";
import { builtUrl } from "../built-package.ts";

const mebibyte = 2 ** 20;
const manyRows = 200_000;

/** Makes a plan of a manifest and reads a part of it in a process of its own; peak memory in bytes. */
async function peakMemory(folder: string, manifest: string, numRows: number): Promise<number> {
  const script = join(folder, "plan.mjs");
  await writeFile(
    script,
    `import { preparePlan } from ${JSON.stringify(builtUrl("dataset/plan/prepare-plan.ts"))};
     import { resolveInputs } from ${JSON.stringify(builtUrl("dataset/inputs/resolve-inputs.ts"))};
     const plan = await preparePlan({ folder: ${JSON.stringify(`${manifest}.out`)}, inputs: await resolveInputs([${JSON.stringify(manifest)}]), settings: {} });
     const rows = [];
     for await (const row of plan.readPart(plan.numParts - 1)) rows.push(row);
     const [first] = rows;
     console.log(JSON.stringify({ rows: plan.numRows, first: first.row.key, memory: process.resourceUsage().maxRSS * 1024 }));`,
  );
  const { stdout } = await promisify(execFile)(process.execPath, ["--max-old-space-size=64", script]);
  const { rows, first, memory } = JSON.parse(stdout) as { readonly rows: number; readonly first: string; readonly memory: number };
  expect([rows, first]).toEqual([numRows, `utt${numRows - 1000}`]);
  return memory;
}

function* linesOf(format: "jsonl" | "csv", numRows: number): Generator<string> {
  const text = "the quick brown fox jumps over the lazy dog ".repeat(8);
  if (format === "csv") yield "path,id,start,end,text\n";
  for (let i = 0; i < numRows; i++) {
    const [path, id, end] = [`speaker${i % 100}/${i}.flac`, `utt${i}`, 1 + (i % 9)];
    yield format === "csv" ? `${path},${id},0.5,${end},${text}\n` : `${JSON.stringify({ path, id, start: 0.5, end, text })}\n`;
  }
}

test.each(["jsonl", "csv"] as const)(
  `${manyRows} rows of %s need at most 80 MiB more than 1,000, and 64 MiB of objects`,
  async (format) => {
    const folder = await temporaryFolder();
    const peaks: number[] = [];
    for (const numRows of [1000, manyRows]) {
      const manifest = join(folder, `${numRows}.${format}`);
      await pipeline(Readable.from(linesOf(format, numRows)), createWriteStream(manifest));
      peaks.push(await peakMemory(folder, manifest, numRows));
    }
    expect((peaks[1]! - peaks[0]!) / mebibyte).toBeLessThan(80);
  },
);
