import { Option } from "commander";
import type { Command } from "commander";
import { CodesError } from "../../../core/index.ts";
import { readCodes, readSequence, sequenceFormatOf, writeCodes, writeSequence } from "../../../files/index.ts";
import { applyPattern, formatSequence, revertPattern } from "../../../patterns/index.ts";
import { codesFormatOf, codesFormats, formatCodes, sequenceFormats } from "../../../storage/index.ts";
import type { AudioCodes } from "../../../core/index.ts";
import type { SequenceLayoutOptions, TokenSequence } from "../../../patterns/index.ts";
import type { CodesFormat, SequenceFormat } from "../../../storage/index.ts";
import type { AudioTokenizer } from "../../../tokenizer/index.ts";
import { specText } from "../../reports/patterns-report.ts";
import { forEachInput } from "../../shared/each-input.ts";
import { UsageError, withArguments } from "../../shared/failures.ts";
import { defaultModel, Models } from "../../shared/loaded-models.ts";
import { parseCount, parseToken } from "../../shared/option-values.ts";
import { planOutputs } from "../../shared/output-plan.ts";
import type { PlannedOutput } from "../../shared/output-plan.ts";
import { inputPath, inputPaths } from "../../shared/paths.ts";
import { addPatternOptions, choosePattern, partFlags, patternSources } from "../../shared/pattern-choice.ts";
import type { PatternChoice, PatternPartOptions } from "../../shared/pattern-choice.ts";
import { addModelOptions, addOutputOptions, modelSources } from "../../shared/shared-options.ts";
import type { ModelCommandOptions, OutputOptions } from "../../shared/shared-options.ts";
import { readIn, say, stream, writeOut } from "../../shared/terminal.ts";
import type { Terminal } from "../../shared/terminal.ts";
import { codesSummary, codesText, countText, secondsText } from "../../shared/wording.ts";
import { firstCodebooks } from "../decode.ts";

interface SequenceCommandOptions extends PatternPartOptions, SequenceLayoutOptions, OutputOptions, ModelCommandOptions {
  readonly model?: string;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

interface ApplyOptions extends SequenceCommandOptions {
  readonly pattern: string;
  readonly codebooks?: number;
  readonly format?: SequenceFormat;
}

interface RevertOptions extends SequenceCommandOptions {
  readonly pattern?: string;
  readonly format?: CodesFormat;
}

const applyExamples = `
Examples:
  encodec-tokenizer patterns apply speech.safetensors -p delay                     writes speech.sequence.safetensors
  encodec-tokenizer patterns apply speech.safetensors -p delay --special-token 1024 -o speech.npy
  encodec-tokenizer patterns apply codes/*.safetensors -p pattern.json -o sequences/
  encodec-tokenizer patterns apply music.safetensors -p musicgen                   as MusicGen reads codes of the 32 kHz codec
`;

const revertExamples = `
Examples:
  encodec-tokenizer patterns revert speech.sequence.safetensors                    writes speech.sequence.codes.safetensors
  encodec-tokenizer patterns revert generated.npy -p musicgen -m 32khz             a bare array needs its pattern and codec
`;

/** Adds `apply <codes…>`: files of codes to sequence files. */
export function addApplyCommand(patterns: Command, terminal: Terminal): void {
  const command = patterns
    .command("apply")
    .description(
      "Lays out files of codes as the sequences that language models read: .safetensors, from which revert gives the codes back, or bare .npy.",
    )
    .argument("<codes...>", "files of codes, or - for standard input", inputPaths)
    .requiredOption("-p, --pattern <pattern>", patternSources, inputPath)
    .addOption(new Option("-n, --codebooks <count>", "use only so many of the codebooks (default: all)").argParser(parseCount))
    .addOption(
      new Option("-f, --format <format>", "how sequences are stored (default: by the output's extension, or safetensors)").choices(
        sequenceFormats,
      ),
    );
  addPatternOptions(command);
  addSequenceOptions(command);
  command
    .addHelpText("after", applyExamples)
    .action((inputs: readonly string[], options: ApplyOptions) => apply(inputs, options, terminal));
}

/** Adds `revert <sequences…>`: sequence files back to files of codes. */
export function addRevertCommand(patterns: Command, terminal: Terminal): void {
  const command = patterns
    .command("revert")
    .description("Turns sequences back into files of codes. A sequence that was cut short gives the frames that are complete.")
    .argument("<sequences...>", "sequence files, bare .npy arrays of tokens [K, S], or - for standard input", inputPaths)
    .option("-p, --pattern <pattern>", `for bare .npy, which does not say it: ${patternSources}`, inputPath)
    .addOption(
      new Option("-f, --format <format>", "how codes are stored (default: by the output's extension, or safetensors)").choices(
        codesFormats,
      ),
    );
  addPatternOptions(command);
  addSequenceOptions(command);
  command
    .addHelpText("after", revertExamples)
    .action((inputs: readonly string[], options: RevertOptions) => revert(inputs, options, terminal));
}

function addSequenceOptions(command: Command): void {
  command
    .addOption(
      new Option("--special-token <id>", "fills cells that hold no code (default: the model's, or the codebook size)").argParser(
        parseToken,
      ),
    )
    .addOption(
      new Option("--pad-token <id>", "fills cells after a codebook's last code (default: the model's, or the special token)").argParser(
        parseToken,
      ),
    )
    .option("-m, --model <source>", `the model that bare .npy files are for: ${modelSources} (default: ${defaultModel})`);
  addOutputOptions(command);
  addModelOptions(command);
  command.option("-q, --quiet", "print nothing but errors").option("--json", "print a summary as JSON on standard output");
}

async function apply(inputs: readonly string[], options: ApplyOptions, terminal: Terminal): Promise<void> {
  const plan = planOutputs(inputs, {
    output: options.output,
    ending: `.sequence.${options.format ?? "safetensors"}`,
    fileExtensions: extensionsOf(sequenceFormats),
  });
  const formats = formatsOf(plan, options, sequenceFormatOf);
  const choice = await choosePattern(options.pattern, options);
  await using models = new Models(terminal, { ...options, threads: 1 });
  if ([...formats.values()].includes("npy")) {
    say(
      terminal,
      options,
      "a .npy file holds the bare tokens: no pattern, special tokens, codec, length or license; use .safetensors to keep them",
    );
  }
  await forEachInput(plan, terminal, options, async ({ input, output }) => {
    const source = input === stream ? await readIn(terminal) : input;
    const read = await readCodes(source, { context: () => models.load(options.model ?? defaultModel), signal: terminal.signal });
    const codes = firstCodebooks(read, options.codebooks);
    checkCodebooks(codes, choice, options);
    const sequence = await withArguments(async () => applyPattern(codes, patternFor(choice, codes.numCodebooks), options));
    const format = formats.get(output)!;
    await (output === stream
      ? writeOut(terminal, formatSequence(sequence, format))
      : writeSequence(output, sequence, { overwrite: options.force === true }));
    const lost = sequence.keepOnlyValidSteps ? "; the delayed codes of the last frames are not in it" : "";
    return {
      line: `${secondsText(codes.duration)}, ${codesText(codes)} → ${sequenceText(sequence)}${lost}`,
      summary: sequenceSummary(sequence),
    };
  });
}

async function revert(inputs: readonly string[], options: RevertOptions, terminal: Terminal): Promise<void> {
  const plan = planOutputs(inputs, {
    output: options.output,
    ending: `.codes.${options.format ?? "safetensors"}`,
    fileExtensions: extensionsOf(codesFormats),
  });
  const formats = formatsOf(plan, options, codesFormatOf);
  const [part] = partFlags(options);
  if (options.pattern === undefined && part !== undefined) throw new UsageError(`${part} needs --pattern`);
  const choice = options.pattern === undefined ? undefined : await choosePattern(options.pattern, options);
  await using models = new Models(terminal, { ...options, threads: 1 });
  await forEachInput(plan, terminal, options, async ({ input, output }) => {
    const source = input === stream ? await readIn(terminal) : input;
    const sequence = await readSequenceInput(source, choice, options, models);
    const { codes, timesteps } = await withArguments(async () => revertPattern(sequence));
    const format = formats.get(output)!;
    await (output === stream
      ? writeOut(terminal, formatCodes(codes, format))
      : writeCodes(output, codes, { overwrite: options.force === true }));
    const cut = codes.numFrames < timesteps ? `; the sequence ends early: ${codes.numFrames} of ${timesteps} frames are complete` : "";
    return {
      line: `${sequenceText(sequence)} → ${secondsText(codes.duration)}, ${codesText(codes)}${cut}`,
      summary: { ...codesSummary(codes), timesteps },
    };
  });
}

/**
 * Reads a sequence; only bare arrays need what the options say, and the model.
 * @throws UsageError for options that a sequence file has no use for.
 */
async function readSequenceInput(
  source: string | Uint8Array,
  choice: PatternChoice | undefined,
  options: RevertOptions,
  models: Models,
): Promise<TokenSequence> {
  const { model = defaultModel, specialToken, padToken } = options;
  const pattern = choice?.model ?? choice?.specFor;
  let isBare = false;
  const context = async (): Promise<AudioTokenizer> => {
    isBare = true;
    const tokenizer = await models.load(model);
    if (choice !== undefined && choice.model !== null && tokenizer.codebookSize !== choice.model.codebookSize) {
      throw new UsageError(
        `${choice.model.name} reads codes of ${choice.model.codec}, ${choice.model.codebookSize} to a codebook, and ${model} has ${tokenizer.codebookSize}; name its codec with --model`,
      );
    }
    return tokenizer;
  };
  const sequence = await withArguments(() => readSequence(source, { pattern, context, specialToken, padToken }));
  const stray = bareFlags.filter(([option]) => options[option] !== undefined).map(([, flag]) => flag);
  if (!isBare && stray.length > 0)
    throw new UsageError(`${stray.join(" and ")} ${stray.length === 1 ? "is" : "are"} for bare .npy arrays; this file says it itself`);
  return sequence;
}

/** Options for what only a bare array does not say; the parts of a pattern go with `--pattern`. */
const bareFlags = [
  ["pattern", "--pattern"],
  ["specialToken", "--special-token"],
  ["padToken", "--pad-token"],
  ["model", "--model"],
  ["revision", "--revision"],
  ["license", "--license"],
] as const;

/** @throws UsageError for codes of more or fewer codebooks than a pattern has rows. */
function checkCodebooks({ numCodebooks }: AudioCodes, { numCodebooks: expected, model }: PatternChoice, options: ApplyOptions): void {
  if (expected === null || expected === numCodebooks) return;
  const pattern = [`--pattern ${options.pattern}`, ...partFlags(options)].join(" with ");
  const cure =
    numCodebooks > expected ? `; add --codebooks ${expected} to use only so many${model === null ? "" : `. ${model.usage}`}` : "";
  throw new UsageError(`the codes have ${countText(numCodebooks, "codebook")}; ${pattern} is for ${expected}${cure}`);
}

function patternFor(choice: PatternChoice, numCodebooks: number) {
  return choice.model ?? choice.specFor(numCodebooks);
}

/**
 * The format of each output.
 * @throws UsageError for what could not be written in the end.
 */
function formatsOf<Format extends string>(
  plan: readonly PlannedOutput[],
  { format, json }: { readonly format?: Format; readonly json?: boolean },
  formatOf: (path: string) => Format,
): ReadonlyMap<string, Format> {
  return new Map(
    plan.map(({ output }) => {
      if (output === stream) {
        if (json) throw new UsageError("--json and the data cannot both go to standard output; give --output a file");
        return [output, format ?? ("safetensors" as Format)];
      }
      try {
        const named = formatOf(output);
        if (format !== undefined && format !== named)
          throw new UsageError(`--format ${format} and the output ${output} do not agree; give one of them`);
        return [output, named];
      } catch (error) {
        throw error instanceof CodesError ? new UsageError(`${error.message}; a folder ends in /`) : error;
      }
    }),
  );
}

function extensionsOf(formats: readonly string[]): readonly string[] {
  return formats.map((format) => `.${format}`);
}

/** `[4, 1120] of a delay pattern`. */
function sequenceText({ tokens, pattern }: TokenSequence): string {
  const [numSegments, numCodebooks, numSteps] = tokens.dims as [number, number, number];
  return `${numSegments === 1 ? "" : `${numSegments} segments × `}${numCodebooks} × ${countText(numSteps, "step")} (${specText(pattern)})`;
}

function sequenceSummary({ tokens, pattern, specialToken, padToken, eosToken }: TokenSequence): Readonly<Record<string, unknown>> {
  return { dims: tokens.dims, type: tokens.type, pattern, specialToken, padToken, eosToken };
}
