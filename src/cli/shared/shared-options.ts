import { Option } from "commander";
import type { Command } from "commander";
import type { AudioLimits } from "../../audio/index.ts";
import type { LicensePolicy } from "../../catalogue/index.ts";
import { parseBandwidth, parseCount, parsePolicy, parseThreads } from "./option-values.ts";
import { outputPath } from "./paths.ts";
import { tell } from "./terminal.ts";
import type { Terminal } from "./terminal.ts";

export interface OutputOptions {
  readonly output?: string;
  readonly force?: boolean;
}

/** What audio files may be. */
export interface AudioCommandOptions {
  readonly minSampleRate?: number;
  readonly strict?: boolean;
}

/** Who decodes audio files that this package has no decoder for. */
export interface FfmpegCommandOptions {
  readonly ffmpeg?: boolean;
}

export interface RunOptions {
  readonly threads: number;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

/** How models of the Hugging Face Hub are to be had. */
export interface HubCommandOptions {
  readonly revision?: string;
  readonly offline?: boolean;
  readonly license?: LicensePolicy;
}

/** How a model that a command runs or reads is to be had. */
export interface ModelCommandOptions extends HubCommandOptions {
  readonly exact?: boolean;
}

/** What `--model` takes. */
export const modelSources = "tiny, a folder, a .safetensors, .bin or .th file, or a Hugging Face Hub id or alias such as 24khz";

/** Adds `--revision`, `--offline` and `--license`. */
export function addHubOptions(command: Command): void {
  command
    .option("--revision <revision>", "branch, tag or commit of a model of the Hub (default: what the catalogue pins, or main)")
    .option("--offline", "ask no server; take the model from the cache")
    .addOption(
      new Option(
        "--license <policy>",
        "licenses that the model may have: any, permissive, commercial, research, or rules (default: ENCODEC_TOKENIZER_LICENSE_POLICY, or any)",
      ).argParser(parsePolicy),
    );
}

/** Adds `--exact` to what `addHubOptions` adds. */
export function addModelOptions(command: Command): void {
  addHubOptions(command);
  command.option("--exact", "read a larger model (MusicGen, Bark) itself, rather than the repository that holds the same codec");
}

/** Adds `--bandwidth` and `--codebooks`, of which at most one may be given. */
export function addRateOptions(command: Command): void {
  command
    .addOption(
      new Option("-b, --bandwidth <kbps>", "one of the model's bandwidths (default: the highest)")
        .argParser(parseBandwidth)
        .conflicts("codebooks"),
    )
    .addOption(new Option("-n, --codebooks <count>", "number of codebooks, instead of a bandwidth").argParser(parseCount));
}

/** Adds `--min-sample-rate` and `--strict`. */
export function addAudioOptions(command: Command): void {
  command
    .addOption(
      new Option("--min-sample-rate <hertz>", "read audio of this sample rate, too (default: from 1000 Hz on)").argParser(parseCount),
    )
    .option("--strict", "refuse audio files that are damaged (default: take what is sound, and say what is not)");
}

/** Adds `--no-ffmpeg`. */
export function addFfmpegOption(command: Command): void {
  command.option(
    "--no-ffmpeg",
    "ask no ffmpeg for what this package has no decoder for (default: the one of ENCODEC_TOKENIZER_FFMPEG, or in PATH)",
  );
}

/** What `--no-ffmpeg` asks for. */
export function ffmpegOf({ ffmpeg }: FfmpegCommandOptions): false | undefined {
  return ffmpeg === false ? false : undefined;
}

/** What `--min-sample-rate` asks for. */
export function limitsOf({ minSampleRate }: AudioCommandOptions): AudioLimits | undefined {
  return minSampleRate === undefined ? undefined : { minSampleRate };
}

/** Adds `--output` and `--force`. */
export function addOutputOptions(command: Command): void {
  command
    .option(
      "-o, --output <path>",
      "a file, a folder (for several inputs, or ending in /), or - for standard output (default: beside the input)",
      outputPath,
    )
    .option("--force", "overwrite files that exist");
}

/** Adds `--threads`, `--quiet` and `--json`. */
export function addRunOptions(command: Command): void {
  command
    .option("--threads <count>", "CPU threads; 0 means one per core", parseThreads, 0)
    .option("-q, --quiet", "print nothing but errors")
    .option("--json", "print a summary as JSON on standard output");
}

/** Lets an option go on under a name that it had before, and say what it is called now. @param former As commander writes it: `--shard <i/n>`. */
export function addFormerName(command: Command, former: string, option: Option, terminal: Terminal): void {
  const old = new Option(former).hideHelp();
  if (option.parseArg !== undefined) old.argParser(option.parseArg);
  command.addOption(old);
  command.on(`option:${old.name()}`, () => {
    tell(terminal, `encodec-tokenizer: ${old.long} is called ${option.long} now`);
    command.setOptionValueWithSource(option.attributeName(), command.getOptionValue(old.attributeName()), "cli");
  });
}
