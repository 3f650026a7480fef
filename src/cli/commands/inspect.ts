import { existsSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import { extname, join } from "node:path";
import type { Command } from "commander";
import { CodesError } from "../../core/index.ts";
import { readDatasetInfo } from "../../dataset/index.ts";
import { readCodes, readPattern, readSequence } from "../../files/index.ts";
import { codesFormats } from "../../storage/index.ts";
import { inspectModel } from "../../tokenizer/index.ts";
import type { AudioCodes } from "../../core/index.ts";
import type { DatasetInfo } from "../../dataset/index.ts";
import type { PatternSpec, TokenSequence } from "../../patterns/index.ts";
import { formatCodesInspection, formatModelInspection, summarizeCodes } from "../reports/inspect-report.ts";
import { formatPatternInspection, formatSequenceInspection, summarizePattern, summarizeSequence } from "../reports/patterns-report.ts";
import { formatDatasetInspection, summarizeDataset } from "../reports/tokenize-report.ts";
import { attempt, CommandError, UsageError, withArguments } from "../shared/failures.ts";
import { printingFailure } from "../shared/json-failure.ts";
import { defaultModel, Models } from "../shared/loaded-models.ts";
import { policyOf } from "../shared/option-values.ts";
import { modelOrPath } from "../shared/paths.ts";
import { jsonText } from "../shared/report.ts";
import { addModelOptions, modelSources } from "../shared/shared-options.ts";
import type { ModelCommandOptions } from "../shared/shared-options.ts";
import { displayName, readIn, stream, writeOut } from "../shared/terminal.ts";
import type { Terminal } from "../shared/terminal.ts";

interface InspectCommandOptions extends ModelCommandOptions {
  readonly model: string;
  readonly json?: boolean;
}

const examples = `
Examples:
  encodec-tokenizer inspect tiny                    the model that comes with the package
  encodec-tokenizer inspect 24khz                   a model of the Hugging Face Hub, downloaded when first used
  encodec-tokenizer inspect ./encodec_24khz         a folder or file with weights
  encodec-tokenizer inspect speech.safetensors      a file of codes, or a sequence file of patterns apply
  encodec-tokenizer inspect pattern.json            a pattern file
  encodec-tokenizer inspect codes/                  a dataset of tokenize
`;

/** Adds `inspect <source>`: what a model or a file of codes, of a sequence or of a pattern holds. */
export function addInspectCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command("inspect")
    .summary("show what a model, a dataset, or a file of codes, a sequence or a pattern holds")
    .description(
      "Shows a model's configuration, bandwidths, tensors and license; the shape, rate and usage of codes or of a dataset of them; or what a pattern does.",
    )
    .argument(
      "<source>",
      "tiny, a folder or file with weights, a Hugging Face Hub id or alias, a dataset, a file of codes, a sequence or a pattern, or - for codes or a sequence on standard input",
      modelOrPath,
    )
    .option("-m, --model <source>", `the model that bare .npy codes are for: ${modelSources}`, defaultModel);
  addModelOptions(command);
  command
    .option("--json", "print it as JSON")
    .addHelpText("after", examples)
    .action((source: string, options: InspectCommandOptions) =>
      printingFailure(displayName(source, "stdin"), options, terminal, () => inspect(source, options, terminal)),
    );
}

async function inspect(source: string, options: InspectCommandOptions, terminal: Terminal): Promise<void> {
  const name = displayName(source, "stdin");
  const { revision, exact, offline, license } = options;
  const outcome = await attempt(name, async () => {
    const dataset = await readIfDataset(source);
    if (dataset !== undefined) return options.json ? summarizeDataset(dataset) : formatDatasetInspection(name, dataset);
    const pattern = await readIfPattern(source);
    if (pattern !== undefined)
      return withArguments(async () => (options.json ? summarizePattern(pattern) : formatPatternInspection(name, pattern)));
    const input = source === stream ? await readIn(terminal) : source;
    const sequence = await readIfSequence(input);
    if (sequence !== undefined) return options.json ? summarizeSequence(sequence) : formatSequenceInspection(name, sequence);
    const codes = await readIfCodes(input, options, terminal);
    if (codes !== undefined) return options.json ? summarizeCodes(codes) : formatCodesInspection(name, codes);
    const model = await withArguments(() =>
      inspectModel(source, { revision, exact, offline, licensePolicy: policyOf(license), signal: terminal.signal }),
    );
    return options.json ? model : formatModelInspection(name, model);
  });
  if ("failure" in outcome) throw new (outcome.isUsage ? UsageError : CommandError)(outcome.failure);
  const { result } = outcome;
  await writeOut(terminal, typeof result === "string" ? result : jsonText(result));
}

/** A dataset's index, or `undefined` for everything that is no folder of a dataset. @throws DatasetError for one that was begun only. */
async function readIfDataset(source: string): Promise<DatasetInfo | undefined> {
  return source !== stream && ["dataset.json", "plan.json"].some((file) => existsSync(join(source, file)))
    ? readDatasetInfo(source)
    : undefined;
}

/** A pattern, or `undefined` for everything that is not JSON with a `kind`, and where it cannot be read, of which `readIfCodes` says why. */
async function readIfPattern(source: string): Promise<PatternSpec | undefined> {
  if (extname(source).toLowerCase() !== ".json" || !isNamedLikeCodes(source)) return undefined;
  await using file = await open(source).catch(() => undefined);
  const { size = 0 } = (await file?.stat()) ?? {};
  for (const position of [0, Math.max(0, size - endLength)]) {
    const { buffer } = (await file?.read({ buffer: Buffer.alloc(endLength), position })) ?? {};
    if (/"kind"\s*:/.test(buffer?.toString("latin1") ?? "")) return readPattern(source);
  }
  return undefined;
}

/** Bytes at either end of a file that are looked at to tell what it is. */
const endLength = 65_536;

/** A sequence, or `undefined` for everything that does not say near its start that it is one: bare arrays are taken for codes. */
async function readIfSequence(input: string | Uint8Array): Promise<TokenSequence | undefined> {
  const start = typeof input === "string" ? await startOf(input) : Buffer.from(input.subarray(0, endLength));
  return start?.includes('"encodec-tokenizer/sequence"') ? readSequence(input) : undefined;
}

/** The first bytes of a `.safetensors` file; `undefined` for others, and where it cannot be read, of which `readIfCodes` says why. */
async function startOf(source: string): Promise<Buffer | undefined> {
  if (extname(source).toLowerCase() !== ".safetensors" || !isNamedLikeCodes(source)) return undefined;
  await using file = await open(source).catch(() => undefined);
  return (await file?.read({ buffer: Buffer.alloc(endLength) }))?.buffer;
}

/** Codes, or `undefined` for everything that is a model: `.safetensors` files may be either. */
async function readIfCodes(
  input: string | Uint8Array,
  { model, ...options }: InspectCommandOptions,
  terminal: Terminal,
): Promise<AudioCodes | undefined> {
  if (typeof input === "string" && !isNamedLikeCodes(input)) return undefined;
  try {
    await using models = new Models(terminal, { ...options, threads: 1 });
    return await readCodes(input, { context: await models.load(model) });
  } catch (error) {
    if (!(error instanceof CodesError) || typeof input !== "string") throw error;
    const extension = extname(input).toLowerCase();
    if (extension === ".safetensors" && error.code === "CODES_UNSUPPORTED") return undefined;
    if (extension !== ".npy" || error.code !== "CODES_OUT_OF_RANGE") throw error;
    throw new CommandError(`${error.message} If it is a bare sequence, patterns revert --pattern … gives its codes.`, { cause: error });
  }
}

function isNamedLikeCodes(source: string): boolean {
  const extension = extname(source).slice(1).toLowerCase();
  return codesFormats.some((format) => format === extension) && existsSync(source) && statSync(source).isFile();
}
