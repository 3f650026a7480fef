import { resolve } from "node:path";
import { Option } from "commander";
import type { Command } from "commander";
import { visibleLine } from "../../../core/index.ts";
import { renderPatternFigure } from "../../../figure/index.ts";
import { writeFileAtomically, writePattern } from "../../../files/index.ts";
import { formatPatternGrid, modelLayouts, patternKinds, patternProvider } from "../../../patterns/index.ts";
import type { ModelLayout, Pattern, PatternSpec } from "../../../patterns/index.ts";
import { factsText, formatPatterns, specText, symbolsText } from "../../reports/patterns-report.ts";
import { UsageError, withArguments } from "../../shared/failures.ts";
import { makeFoldersFor } from "../../shared/make-folder.ts";
import { parseAmount, parseCount } from "../../shared/option-values.ts";
import { refuseExisting, stemOf } from "../../shared/output-plan.ts";
import { inputPath, outputPath } from "../../shared/paths.ts";
import { addPatternOptions, choosePattern } from "../../shared/pattern-choice.ts";
import type { PatternPartOptions } from "../../shared/pattern-choice.ts";
import { jsonText } from "../../shared/report.ts";
import { say, showsColour, stream, widthOf, writeOut } from "../../shared/terminal.ts";
import type { Terminal } from "../../shared/terminal.ts";
import { countText } from "../../shared/wording.ts";
import { addApplyCommand, addRevertCommand } from "./patterns-apply.ts";

interface ShowOptions extends PatternPartOptions {
  readonly codebooks?: number;
  readonly frames?: number;
  readonly frameRate?: number;
  readonly title?: string;
  readonly svg?: string;
  readonly save?: string;
  readonly force?: boolean;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

const examples = `
Examples:
  encodec-tokenizer patterns list                                    kinds of patterns, and models whose layouts are known
  encodec-tokenizer patterns show musicgen                           a model's pattern as a grid: codebook by step
  encodec-tokenizer patterns show delay --codebooks 4 --svg a.svg    a picture of it
  encodec-tokenizer patterns apply speech.safetensors -p delay       codes to the sequence that a language model reads
  encodec-tokenizer patterns revert speech.sequence.safetensors      and back
`;

const showExamples = `
Examples:
  encodec-tokenizer patterns show delay --codebooks 4 --frames 12
  encodec-tokenizer patterns show delay --delays 0,8,9,10 --save pattern.json
  encodec-tokenizer patterns show pattern.json --json
  encodec-tokenizer patterns show dia --frames 24 --svg dia.svg
`;

/** Codebooks and frames that are shown where nothing says how many. */
const defaults = { codebooks: 4, frames: 12 } as const;

/** Cells of a grid at most; a larger one nobody reads. */
const maxCells = 2 ** 20;

/** Adds `patterns` with `list`, `show`, `apply` and `revert`. */
export function addPatternsCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command("patterns")
    .summary("lay codes out as language models read them, and see how")
    .description("Patterns: in which order a language model reads the codes of several codebooks.")
    .addHelpText("after", examples);
  command
    .command("list")
    .description("Lists the kinds of patterns, and the models whose layouts are known.")
    .option("--json", "print it as JSON")
    .action(({ json = false }: { readonly json?: boolean }) =>
      writeOut(terminal, json ? jsonText({ kinds: patternKinds, models: modelLayouts }) : formatPatterns(widthOf(terminal))),
    );
  const show = command
    .command("show")
    .description("Shows a pattern as a grid: a row for each codebook, a column for each step, in each cell the frame whose code it holds.")
    .argument("<pattern>", "a kind (delay, parallel, …), a model (musicgen, dia, …) or a pattern file (.json)", inputPath)
    .addOption(
      new Option(
        "-n, --codebooks <count>",
        `codebooks, for a kind of pattern (default: one for each of --delays, or ${defaults.codebooks})`,
      ).argParser(parseCount),
    )
    .addOption(
      new Option("--frames <count>", `frames of the clip (default: ${defaults.frames}, or those that a custom pattern is for)`).argParser(
        parseCount,
      ),
    );
  addPatternOptions(show);
  show
    .option("--svg <file>", "write a picture of it as SVG", outputPath)
    .addOption(
      new Option("--frame-rate <rate>", "frames per second, for a time axis in the picture (default: the model's)").argParser(parseAmount),
    )
    .option("--title <text>", "title of the picture (default: its name)")
    .option("--save <file>", "write the pattern as a pattern file", outputPath)
    .option("--force", "overwrite files that exist")
    .option("-q, --quiet", "print no messages")
    .option("--json", "print the pattern and its layout as JSON")
    .addHelpText("after", showExamples)
    .action((source: string, options: ShowOptions) => showPattern(source, options, terminal));
  addApplyCommand(command, terminal);
  addRevertCommand(command, terminal);
}

/** A pattern for clips of one length, and how it is to be shown. */
interface View {
  readonly name: string;
  readonly spec: PatternSpec;
  readonly model: ModelLayout | null;
  readonly pattern: Pattern;
  readonly numFrames: number;
  readonly cells: { readonly numSteps: number; readonly hasEos: boolean; readonly hasPadToken: boolean };
}

async function showPattern(source: string, options: ShowOptions, terminal: Terminal): Promise<void> {
  const view = await withArguments(() => viewOf(source, options));
  const outputs = [options.svg, options.save].filter((file) => file !== undefined);
  if (outputs.includes(stream))
    throw new UsageError("--svg and --save write files; give a name, and use --json for the pattern on standard output");
  if (outputs.length === 2 && resolve(outputs[0]!) === resolve(outputs[1]!))
    throw new UsageError(`--svg and --save would both be written to ${options.svg}`);
  refuseExisting(outputs, options.force);
  const { spec, pattern, model, numFrames, cells } = view;
  const picture = options.svg === undefined ? undefined : await withArguments(async () => drawView(view, options));
  if (options.json) {
    const { numSteps, numValidSteps, numSequenceSteps, maxDelay, startsWithSpecialToken } = pattern;
    const layout = Array.from({ length: numSteps }, (_, step) => pattern.coordinates(step));
    await writeOut(
      terminal,
      jsonText({
        pattern: spec,
        model,
        timesteps: pattern.timesteps,
        numSteps,
        numSequenceSteps,
        numValidSteps,
        maxDelay,
        startsWithSpecialToken,
        layout,
      }),
    );
  } else {
    const grid = formatPatternGrid(pattern, { ...cells, width: widthOf(terminal), isColoured: showsColour(terminal) });
    const symbols = symbolsText(model);
    await writeOut(terminal, `${visibleLine(headingOf(view))}\n\n`);
    await writeOut(terminal, new TextEncoder().encode(grid)); // numbers and colours only
    await writeOut(terminal, `\n${symbols === "" ? "" : `${symbols}\n`}${factsText(pattern, numFrames, cells.numSteps)}\n`);
  }
  const overwrite = options.force === true;
  await using _ = await makeFoldersFor(outputs, terminal);
  if (options.svg !== undefined) await writeFileAtomically(options.svg, new TextEncoder().encode(picture), { overwrite });
  if (options.save !== undefined) await writePattern(options.save, spec, { overwrite });
  if (outputs.length > 0) say(terminal, options, `written: ${outputs.join(", ")}`);
}

async function viewOf(source: string, options: ShowOptions): Promise<View> {
  const choice = await choosePattern(source, options);
  const { model, numCodebooks } = choice;
  if (options.codebooks !== undefined && numCodebooks !== null && numCodebooks !== options.codebooks) {
    throw new UsageError(
      `--codebooks ${options.codebooks} does not fit this ${source} pattern, which is for ${numCodebooks}; leave it out`,
    );
  }
  const spec = choice.specFor(options.codebooks ?? numCodebooks ?? defaults.codebooks);
  const numFrames = options.frames ?? (spec.kind === "custom" ? spec.timesteps : defaults.frames);
  const hasEos = model?.tokens.eos !== undefined;
  // No layout has fewer steps than frames, so that one which is far too large is not laid out at all.
  if (numFrames * spec.numCodebooks > maxCells) {
    throw new UsageError(
      `${countText(numFrames, "frame")} of ${countText(spec.numCodebooks, "codebook")} are too much to show; at most ${maxCells} cells can be shown: choose fewer --frames`,
    );
  }
  const pattern = patternProvider(spec).getPattern(numFrames + (hasEos ? 1 : 0));
  const hasPadToken = model !== null && model.tokens.pad !== (model.tokens.bos ?? model.tokens.pad);
  const numSteps = model?.keepOnlyValidSteps === true ? pattern.numValidSteps : pattern.numSteps;
  if (numSteps * spec.numCodebooks > maxCells) {
    throw new UsageError(
      `${source} has ${numSteps} steps for ${countText(numFrames, "frame")}; at most ${maxCells} cells can be shown: choose fewer --frames`,
    );
  }
  return {
    name: model?.name ?? (source.endsWith(".json") ? stemOf(source) : source),
    spec,
    model,
    pattern,
    numFrames,
    cells: { numSteps, hasEos, hasPadToken },
  };
}

function headingOf({ name, spec, numFrames }: View): string {
  return `${name === spec.kind ? "" : `${name}: `}${specText(spec)}; ${countText(spec.numCodebooks, "codebook")}, ${countText(numFrames, "frame")}`;
}

function drawView({ name, model, pattern, cells }: View, options: ShowOptions): string {
  const title = options.title ?? (model === null ? `${name} pattern` : `${name}: ${model.pattern.kind} pattern`);
  const tokens = model === null ? {} : { special: model.tokens.bos ?? model.tokens.pad, eos: model.tokens.eos, pad: model.tokens.pad };
  return renderPatternFigure({ pattern, ...cells, title, tokens, frameRate: options.frameRate ?? model?.frameRate });
}
