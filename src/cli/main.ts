#!/usr/bin/env node
/*
 * Starts the command line. Node 20 opens all files of an import at once, which are more than some systems let a process have open;
 * there the rooms are loaded one after the other, from the bottom up. That takes longer.
 */
import { readFileSync } from "node:fs";

const rooms = [
  () => import("../async/index.ts"),
  () => import("../core/index.ts"),
  () => import("../audio/index.ts"),
  () => import("../parquet/index.ts"),
  () => import("../checkpoint/index.ts"),
  () => import("../graph/index.ts"),
  () => import("../storage/index.ts"),
  () => import("../patterns/index.ts"),
  () => import("../figure/index.ts"),
  () => import("../catalogue/index.ts"),
  () => import("../runtime/index.ts"),
  () => import("../files/index.ts"),
  () => import("../hub/index.ts"),
  () => import("../tokenizer/index.ts"),
  () => import("../dataset/index.ts"),
  () => import("../queue/index.ts"),
];
/** More than an import of everything has open at once. */
const enoughFiles = 512;

const limit = openFilesLimit();
const { runThisProcess } = await load().catch((error: NodeJS.ErrnoException) => {
  if (error.code !== "EMFILE" && error.code !== "ENFILE") throw error;
  const found =
    error.code === "EMFILE" && limit !== undefined ? `this process may have only ${limit} files open at once` : "too many files are open";
  process.stderr.write(
    `encodec-tokenizer: ${found}, and it takes about 100 to start; raise the limit, for instance by \`ulimit -n 1024\`\n`,
  );
  return process.exit(1);
});
await runThisProcess();

async function load(): Promise<typeof import("./this-process.ts")> {
  if (limit !== undefined && limit < enoughFiles) for (const room of rooms) await room();
  return import("./this-process.ts");
}

/** How many files this process may have open at once, where the system says so; Node raises what it may have to what it can get. */
function openFilesLimit(): number | undefined {
  try {
    const found = /^Max open files +\S+ +(?<hard>\d+)/mu.exec(readFileSync("/proc/self/limits", "utf8"));
    return found === null ? undefined : Number(found.groups!["hard"]);
  } catch {
    return undefined;
  }
}
