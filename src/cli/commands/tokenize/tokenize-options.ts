import { InvalidArgumentError, Option } from "commander";
import type { Command } from "commander";
import { AudioCodes, CodesError } from "../../../core/index.ts";
import { channelModes, parseShare, patternLayout, vocabularyLayout } from "../../../dataset/index.ts";
import { TokenVocabulary } from "../../../patterns/index.ts";
import type {
  ChannelMode,
  ClipLength,
  ClipOptions,
  OutputSpec,
  Share,
  TokenizeDatasetOptions,
  TokenLayout,
  WindowTail,
} from "../../../dataset/index.ts";
import type { AudioTokenizer, EncodeOptions } from "../../../tokenizer/index.ts";
import { UsageError, withArguments } from "../../shared/failures.ts";
import { parseBytes, parseCount, parseLength, parseLimit, parseNumber } from "../../shared/option-values.ts";
import { inputPath } from "../../shared/paths.ts";
import { choosePattern, patternSources } from "../../shared/pattern-choice.ts";
import { addAudioOptions, addFfmpegOption, addFormerName, ffmpegOf, limitsOf } from "../../shared/shared-options.ts";
import type { AudioCommandOptions, FfmpegCommandOptions } from "../../shared/shared-options.ts";
import type { Terminal } from "../../shared/terminal.ts";

/** What `--format` takes: the formats of the library, with its token streams by their names. */
const datasetFormats = ["webdataset", "parquet", "npy", "jsonl", "flat", "megatron"] as const;
export type DatasetFormat = (typeof datasetFormats)[number];

/** How clips are cut from the inputs. */
export interface ClipCommandOptions extends AudioCommandOptions, FfmpegCommandOptions {
  readonly window?: ClipLength;
  readonly stride?: ClipLength;
  readonly tail?: WindowTail;
  readonly min?: ClipLength;
  readonly channels?: ChannelMode;
  readonly trim?: number;
  readonly trimPadding?: number;
}

/** How clips are written. */
export interface DatasetOutputOptions {
  readonly format?: readonly DatasetFormat[];
  readonly shardBytes?: number;
  readonly shardClips?: number;
  readonly rowGroupCodes?: number;
  readonly pattern?: string;
  readonly vocabulary?: "frame-major" | "codebook-major";
  readonly vocabularyBase?: number;
}

/** How the work is done. */
export interface WorkOptions {
  readonly partRows?: number;
  readonly share?: Share;
  readonly maxErrors?: number;
  readonly retryErrors?: boolean;
  readonly dedupe?: boolean;
  readonly followLinks?: boolean;
  readonly decodeThreads?: number;
  readonly memory?: number;
  readonly maxCrashes?: number;
}

/** Adds `--window`, `--stride`, `--tail`, `--min`, `--channels`, `--trim`, `--trim-padding`, `--min-sample-rate`, `--strict` and `--no-ffmpeg`. */
export function addClipOptions(command: Command): void {
  command
    .optionsGroup("Clips:")
    .addOption(
      new Option("--window <length>", "cut windows of so many seconds, or frames: 10, 750f (default: whole files)").argParser(parseLength),
    )
    .addOption(new Option("--stride <length>", "from the start of one window to the next (default: the window)").argParser(parseLength))
    .addOption(
      new Option("--tail <what>", "what becomes of audio after the last full window (default: keep)").choices(["keep", "drop", "pad"]),
    )
    .addOption(new Option("--min <length>", "leave out shorter clips").argParser(parseLength))
    .addOption(
      new Option("--channels <mode>", "their average, the first, a clip of each, or stereo (default: as the model has them)").choices(
        channelModes,
      ),
    )
    .addOption(new Option("--trim <dB>", "cut silence below so many dB of full scale off both ends: -50").argParser(parseNumber))
    .addOption(new Option("--trim-padding <seconds>", "silence that stays at both ends (default: 0.1)").argParser(parseNumber));
  addAudioOptions(command);
  addFfmpegOption(command);
}

/** Adds `--format`, `--shard-bytes`, `--shard-clips`, `--row-group-codes`, and what lays out tokens. */
export function addDatasetOutputOptions(command: Command): void {
  command
    .optionsGroup("Outputs:")
    .addOption(
      new Option("-f, --format <format>", `${datasetFormats.join(", ")}; several by commas or repeated (default: webdataset)`).argParser(
        parseFormats,
      ),
    )
    .addOption(
      new Option("--shard-bytes <bytes>", "begin another shard before so many bytes: 500MB, 1GiB (default: 1GiB)").argParser(parseBytes),
    )
    .addOption(new Option("--shard-clips <count>", "begin another shard after so many clips").argParser(parseCount))
    .addOption(
      new Option(
        "--row-group-codes <count>",
        "for parquet: end a row group after so many codes (default: 1048576, half an hour at 6 kbps)",
      ).argParser(parseCount),
    )
    .addOption(
      new Option("--pattern <pattern>", `for flat and megatron: ${patternSources}`)
        .argParser(inputPath)
        .conflicts(["vocabulary", "vocabularyBase"]),
    )
    .addOption(
      new Option(
        "--vocabulary <order>",
        "for flat and megatron: one id for each codebook and code, in this order (default: frame-major)",
      ).choices(["frame-major", "codebook-major"]),
    )
    .addOption(
      new Option("--vocabulary-base <id>", "the first of these ids: how many the text tokenizer has (default: 0)").argParser(parseLimit),
    );
}

/** What `--follow-links` does. */
export const followLinksText = "follow links in folders that leave the folder (default: each is an error)";

/** Adds how the work is divided, bounded and repeated. */
export function addWorkOptions(command: Command, terminal: Terminal): void {
  const share = new Option(
    "--share <i/n>",
    "do the share i of n, from 0; auto or auto/n within an array job of Slurm or Kubernetes",
  ).argParser(parseShareOption);
  command
    .optionsGroup("Work:")
    .addOption(
      new Option("--part-rows <count>", "files of a part, the unit of resumption and of sharing (default: 1000)").argParser(parseCount),
    )
    .addOption(share)
    .addOption(new Option("--max-errors <count>", "fail when more files than that have failed (default: go on)").argParser(parseLimit))
    .option("--retry-errors", "do parts again that have errors")
    .option("--dedupe", "leave out files whose audio is the same as an earlier one's")
    .option("--follow-links", followLinksText);
  addFormerName(command, "--shard <i/n>", share, terminal);
  addDecodingOptions(command, terminal);
}

/** Adds `--decode-threads`, `--memory` and `--max-crashes`. */
export function addDecodingOptions(command: Command, terminal: Terminal): void {
  const decodeThreads = new Option("--decode-threads <count>", "threads that decode (default: half of the cores, at least 2)").argParser(
    parseCount,
  );
  command
    .addOption(decodeThreads)
    .addOption(
      new Option(
        "--memory <bytes>",
        "decoded audio that may be held: 512MiB, 4GiB (default: 512MiB, or 64MiB for each of these threads if that is more)",
      ).argParser(parseBytes),
    )
    .addOption(
      new Option("--max-crashes <count>", "give a part up when processes have died so often over the same file (default: 3)").argParser(
        parseCount,
      ),
    );
  addFormerName(command, "--workers <count>", decodeThreads, terminal);
}

/** @throws UsageError for options that nothing would come of. */
export function clipOptionsOf({
  window,
  stride,
  tail,
  min,
  channels,
  trim,
  trimPadding,
  ...audio
}: ClipCommandOptions): ClipOptions & Pick<TokenizeDatasetOptions, "channels" | "trim" | "limits" | "strict" | "ffmpeg"> {
  if (window === undefined && (stride !== undefined || tail !== undefined))
    throw new UsageError(`${stride === undefined ? "--tail" : "--stride"} is about windows; add --window`);
  if (trim === undefined && trimPadding !== undefined) throw new UsageError("--trim-padding is about trimming; add --trim");
  return {
    window,
    stride,
    tail,
    minimum: min,
    channels,
    trim: trim === undefined ? undefined : { threshold: trim, padding: trimPadding },
    limits: limitsOf(audio),
    strict: audio.strict,
    ffmpeg: ffmpegOf(audio),
  };
}

/** @throws UsageError for options that do not go together, before any model is loaded. */
export function checkOutputs({ format = ["webdataset"], rowGroupCodes, pattern, vocabulary, vocabularyBase }: DatasetOutputOptions): void {
  const twice = format.find((name, index) => format.indexOf(name) !== index);
  if (twice !== undefined) throw new UsageError(`--format ${twice} is given twice`);
  if (rowGroupCodes !== undefined && !format.includes("parquet"))
    throw new UsageError("--row-group-codes is about Parquet; add --format parquet");
  const streams = format.filter((name) => name === "flat" || name === "megatron");
  if (streams.length > 1)
    throw new UsageError(
      "--format flat and megatron are the same tokens in two ways; choose one of them (megatron's .bin is what flat readers take)",
    );
  const layout = [
    ["--pattern", pattern],
    ["--vocabulary", vocabulary],
    ["--vocabulary-base", vocabularyBase],
  ].find(([, value]) => value !== undefined);
  if (streams.length === 0 && layout !== undefined) throw new UsageError(`${layout[0]} is about tokens; add --format flat or megatron`);
}

/** The outputs that the command line asks for, for one model and rate. @throws UsageError for a pattern that does not fit. */
export async function outputsOf(
  options: DatasetOutputOptions,
  tokenizer: AudioTokenizer,
  encodeOptions: EncodeOptions,
): Promise<readonly OutputSpec[]> {
  const { format = ["webdataset"], shardBytes, shardClips, rowGroupCodes } = options;
  const limits = { shardBytes, shardClips };
  return Promise.all(
    format.map(async (name): Promise<OutputSpec> => {
      if (name === "parquet") return { format: name, rowGroupCodes, ...limits };
      if (name !== "flat" && name !== "megatron") return { format: name, ...limits };
      return { format: "tokens", stream: name, layout: await layoutOf(options, tokenizer, encodeOptions), ...limits };
    }),
  );
}

async function layoutOf(
  { pattern, vocabulary: order, vocabularyBase: base }: DatasetOutputOptions,
  tokenizer: AudioTokenizer,
  encodeOptions: EncodeOptions,
): Promise<TokenLayout> {
  const frame = codesOfFrame(tokenizer, encodeOptions);
  const { codebookSize, numCodebooks } = frame;
  if (pattern === undefined) {
    return withArguments(async () =>
      vocabularyLayout(new TokenVocabulary({ codebookSize, numCodebooks, order, base, specialTokens: { eos: {} } })),
    );
  }
  const { model, specFor, numCodebooks: ofPattern } = await choosePattern(pattern, {});
  if (ofPattern !== null && ofPattern !== numCodebooks)
    throw new UsageError(
      `--pattern ${pattern} is for ${ofPattern} codebooks, and there are ${numCodebooks}; give --codebooks ${ofPattern}`,
    );
  const layout = await withArguments(async () => patternLayout(model ?? specFor(numCodebooks), codebookSize));
  // A language model reads the codes of one codec; better to know now than at the first clip.
  if (model !== null) checkReads(layout, frame, pattern);
  return layout;
}

function checkReads(layout: TokenLayout, codes: AudioCodes, pattern: string): void {
  try {
    layout.tokensOf(codes);
  } catch (error) {
    throw error instanceof CodesError
      ? new UsageError(`--pattern ${pattern} does not fit the codec: ${error.message}`, { cause: error })
      : error;
  }
}

/** One frame of the codec's codes, all 0. */
function codesOfFrame(tokenizer: AudioTokenizer, encodeOptions: EncodeOptions): AudioCodes {
  const numCodebooks = tokenizer.numCodebooksFor(encodeOptions);
  const scales = tokenizer.config.normalize ? Float32Array.of(1) : null;
  return AudioCodes.fromTensor({ data: new Int32Array(numCodebooks), dims: [numCodebooks, 1] }, tokenizer, { scales });
}

function parseFormats(text: string, previous: readonly DatasetFormat[] = []): readonly DatasetFormat[] {
  const named = text.split(",").map((name) => {
    const found = datasetFormats.find((known) => known === name.trim().toLowerCase());
    if (found === undefined)
      throw new InvalidArgumentError(`${JSON.stringify(name)} is no format; there are ${datasetFormats.join(", ")}.`);
    return found;
  });
  return [...previous, ...named];
}

function parseShareOption(text: string): Share {
  try {
    return parseShare(text, process.env);
  } catch (error) {
    throw error instanceof RangeError ? new InvalidArgumentError(`${error.message}.`) : error;
  }
}
