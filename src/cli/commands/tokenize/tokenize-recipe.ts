import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { Command } from "commander";
import { licensePolicyVariable } from "../../../catalogue/index.ts";
import type { JsonObject, TokenizeDatasetOptions } from "../../../dataset/index.ts";
import type { AudioTokenizer } from "../../../tokenizer/index.ts";
import { defaultModel, encodeOptionsFor } from "../../shared/loaded-models.ts";
import type { RateOptions } from "../../shared/loaded-models.ts";
import { corpusPaths, datasetPath } from "../../shared/paths.ts";
import { addModelOptions, addRateOptions, addRunOptions, modelSources } from "../../shared/shared-options.ts";
import type { ModelCommandOptions } from "../../shared/shared-options.ts";
import { addClipOptions, addDatasetOutputOptions, checkOutputs, clipOptionsOf, outputsOf } from "./tokenize-options.ts";
import type { ClipCommandOptions, DatasetOutputOptions } from "./tokenize-options.ts";
import { tellEvents } from "./tokenize-queue.ts";

/** What of a command line shapes a dataset besides its rows: the same options give the same bytes. */
export interface DatasetRecipeOptions extends RateOptions, ModelCommandOptions, ClipCommandOptions, DatasetOutputOptions {
  readonly model: string;
  readonly audioLicense?: string;
  readonly title?: string;
}

/** Adds inputs and output, the model, the rate, what the dataset's card says, how the run is told, clips and outputs: all that begins a dataset. */
export function addRecipeOptions(command: Command): void {
  command
    .argument(
      "[inputs...]",
      "what to tokenize, or - for a list of paths on standard input (default: what the dataset was begun with)",
      corpusPaths,
    )
    .option("-o, --output <folder>", "where the dataset is, or is to be", datasetPath)
    .option("-m, --model <source>", modelSources, defaultModel);
  addRateOptions(command);
  addModelOptions(command);
  command
    .option("--audio-license <license>", "license of the recordings, for the dataset card: cc-by-4.0")
    .option("--title <text>", "name of the dataset, for its card");
  addRunOptions(command);
  tellEvents(command);
  addClipOptions(command);
  addDatasetOutputOptions(command);
}

/** @throws UsageError for options that do not go together, before any model is loaded. */
export function checkRecipe(options: DatasetRecipeOptions): void {
  clipOptionsOf(options);
  checkOutputs(options);
}

/** The options of the library for one model. @throws UsageError for what does not fit it. */
export async function recipeOf(
  options: DatasetRecipeOptions,
  tokenizer: AudioTokenizer,
): Promise<
  Pick<
    TokenizeDatasetOptions,
    | "model"
    | "bandwidth"
    | "numCodebooks"
    | "window"
    | "stride"
    | "tail"
    | "minimum"
    | "channels"
    | "trim"
    | "limits"
    | "strict"
    | "ffmpeg"
    | "outputs"
    | "audioLicense"
    | "card"
  >
> {
  const { bandwidth, codebooks, audioLicense, title } = options;
  const rate = encodeOptionsFor(tokenizer, options);
  return {
    model: tokenizer,
    bandwidth,
    numCodebooks: codebooks,
    ...clipOptionsOf(options),
    outputs: await outputsOf(options, tokenizer, rate),
    audioLicense,
    card: title === undefined ? undefined : { title },
  };
}

/** Whether an option is one for all machines. */
const isShared: Readonly<Record<keyof DatasetRecipeOptions, boolean>> = {
  model: true,
  revision: true,
  exact: true,
  license: true,
  offline: false,
  bandwidth: true,
  codebooks: true,
  window: true,
  stride: true,
  tail: true,
  min: true,
  channels: true,
  trim: true,
  trimPadding: true,
  minSampleRate: true,
  strict: true,
  ffmpeg: true,
  format: true,
  shardBytes: true,
  shardClips: true,
  rowGroupCodes: true,
  pattern: true,
  vocabulary: true,
  vocabularyBase: true,
  audioLicense: true,
  title: true,
};

/** A recipe for the queue of a dataset: what `recipeOptionsOf` gives back on another machine. Files are named by their full paths. */
export function recordedRecipe(options: DatasetRecipeOptions): JsonObject {
  const shared = Object.entries(options).filter(([name]) => isShared[name as keyof DatasetRecipeOptions]);
  const { model, pattern, ...others } = Object.fromEntries(shared) as Partial<DatasetRecipeOptions>;
  return JSON.parse(JSON.stringify({ ...others, model: fullPath(model), pattern: fullPath(pattern) })) as JsonObject;
}

/** Options that a recipe was made of, with what another command line gives besides. @returns undefined for a recipe that is none. */
export function recipeOptionsOf(recipe: JsonObject, given: Partial<DatasetRecipeOptions>): DatasetRecipeOptions | undefined {
  const { revision, exact, license, ...others } = recipe as unknown as DatasetRecipeOptions;
  // The policy of whoever put the dataset on the queue does not outrank that of this machine.
  const isRuled = (process.env[licensePolicyVariable] ?? "") !== "";
  const policy = license === undefined || isRuled ? {} : { license };
  // A revision of one model is none of another.
  const variant =
    given.model === undefined ? { ...(revision === undefined ? {} : { revision }), ...(exact === undefined ? {} : { exact }) } : {};
  const options = { ...others, ...policy, ...variant, ...given };
  return typeof options.model === "string" ? options : undefined;
}

/** The options that a command line gives, without defaults. */
export function givenOptions<Options extends object>(command: Command, options: Options): Partial<Options> {
  return Object.fromEntries(Object.entries(options).filter(([name]) => command.getOptionValueSource(name) === "cli")) as Partial<Options>;
}

function fullPath(name: string | undefined): string | undefined {
  return name !== undefined && existsSync(name) ? resolve(name) : name;
}
