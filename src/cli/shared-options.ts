import { Option } from "commander";
import type { Command } from "commander";
import { parseBandwidth, parseCount, parseThreads } from "./option-values.ts";

export interface OutputOptions {
  readonly output?: string;
  readonly force?: boolean;
}

export interface RunOptions {
  readonly threads: number;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

/** Adds `--bandwidth` and `--codebooks`, of which at most one may be given. */
export function addRateOptions(command: Command): void {
  command
    .addOption(new Option("-b, --bandwidth <kbps>", "one of the model's bandwidths (default: the highest)").argParser(parseBandwidth).conflicts("codebooks"))
    .addOption(new Option("-n, --codebooks <count>", "number of codebooks, instead of a bandwidth").argParser(parseCount));
}

/** Adds `--output` and `--force`. */
export function addOutputOptions(command: Command): void {
  command
    .option("-o, --output <path>", "a file, a folder (for several inputs, or ending in /), or - for standard output (default: beside the input)")
    .option("--force", "overwrite files that exist");
}

/** Adds `--threads`, `--quiet` and `--json`. */
export function addRunOptions(command: Command): void {
  command
    .option("--threads <count>", "CPU threads; 0 means one per core", parseThreads, 0)
    .option("-q, --quiet", "print nothing but errors")
    .option("--json", "print a summary as JSON on standard output");
}
