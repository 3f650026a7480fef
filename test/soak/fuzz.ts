import { appendFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { CodecError } from "../../src/core/index.ts";
import { soakRuns } from "../long-searches.ts";
import { drawFrom, mutate } from "./mutate.ts";

/** The same seed gives the same inputs; `SOAK_SEED` asks for others. */
const firstSeed = Number(process.env["SOAK_SEED"] ?? 1);

export interface FuzzTarget {
  readonly name: string;
  /** Valid inputs, as small as they can be; each has to be read without an error. */
  readonly seeds: readonly Uint8Array[];
  /** Words of the format, which mutations insert. */
  readonly dictionary?: readonly string[];
  /** Part of the runs that this target gets, from 0 to 1, where one run costs much. @default 1 */
  readonly share?: number;
  /** Reads all of the input: values, not only headers. */
  parse(bytes: Uint8Array): unknown;
}

/**
 * Registers a test that gives mutated inputs to a parser. Each has to be read, or refused with a `CodecError`.
 * Counts, the longest run and the growth of memory are reported, to the file that `SOAK_REPORT` names or to standard output.
 */
export function fuzz({ name, seeds, dictionary = [], share = 1, parse }: FuzzTarget): void {
  test(`${name}: any input is read or refused`, async () => {
    for (const seed of seeds) await parse(seed);
    const words = dictionary.map((word) => Buffer.from(word));
    const runs = Math.ceil(soakRuns * share);
    const counts = new Map<string, number>();
    const startMemory = process.memoryUsage.rss();
    let [longest, peakMemory] = [0, startMemory];
    for (let run = 0; run < runs; run += 1) {
      const input = mutate(seeds, words, drawFrom(firstSeed + run * 7919));
      const start = performance.now();
      const outcome = await outcomeOf(parse, input);
      const elapsed = performance.now() - start;
      if (outcome instanceof Error) throw new Error(`${name}, run ${run}, input in ${keep(name, input)}`, { cause: outcome });
      counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
      longest = Math.max(longest, elapsed);
      if (run % 1024 === 0 || elapsed > 5) peakMemory = Math.max(peakMemory, process.memoryUsage.rss());
      if (run % 1024 === 0) await setImmediate();
    }
    report({ name, runs, counts: Object.fromEntries(counts), longestMs: longest, memoryMB: (peakMemory - startMemory) / 2 ** 20 });
    if (runs < 1000) return; // so few may well all be of one kind
    expect([...counts.keys()], "some inputs are read").toContain("read");
    expect(counts.size, "some inputs are refused").toBeGreaterThan(1);
  });
}

/** `read`, the code of the refusal, or the error that must not happen. */
async function outcomeOf(parse: (bytes: Uint8Array) => unknown, input: Uint8Array): Promise<string | Error> {
  try {
    const result = parse(input);
    if (result instanceof Promise) await result;
    return "read";
  } catch (error) {
    if (error instanceof CodecError) return error.code;
    return error instanceof Error ? error : new Error(String(error));
  }
}

function keep(name: string, input: Uint8Array): string {
  const path = join(tmpdir(), `soak-${name.replace(/[^a-z0-9]+/gi, "-")}.bin`);
  writeFileSync(path, input);
  return path;
}

function report(line: { readonly longestMs: number; readonly memoryMB: number; readonly [field: string]: unknown }): void {
  const text = JSON.stringify({ ...line, longestMs: Math.round(line.longestMs * 10) / 10, memoryMB: Math.round(line.memoryMB) });
  const file = process.env["SOAK_REPORT"];
  if (file === undefined) process.stdout.write(`${text}\n`);
  else appendFileSync(file, `${text}\n`);
}
