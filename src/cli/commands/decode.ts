import { extname } from "node:path";
import type { Command } from "commander";
import { Option } from "commander";
import { formatWavHeader, formatWavSamples } from "../../audio/index.ts";
import { CheckpointError, clipped, durationOf, HubError } from "../../core/index.ts";
import { readCodes, writeWavStream } from "../../files/index.ts";
import { optionsForNamed } from "../../tokenizer/index.ts";
import type { WavFormat } from "../../audio/index.ts";
import type { AudioCodes, Waveform } from "../../core/index.ts";
import type { AudioTokenizer, CallOptions } from "../../tokenizer/index.ts";
import { forEachInput } from "../shared/each-input.ts";
import { CommandError, UsageError, withInput } from "../shared/failures.ts";
import { defaultModel, Models } from "../shared/loaded-models.ts";
import type { ModelVariant } from "../shared/loaded-models.ts";
import { parseCount } from "../shared/option-values.ts";
import { planOutputs } from "../shared/output-plan.ts";
import { inputPaths } from "../shared/paths.ts";
import { startProgress } from "../shared/progress.ts";
import { addModelOptions, addOutputOptions, addRunOptions, modelSources } from "../shared/shared-options.ts";
import type { ModelCommandOptions, OutputOptions, RunOptions } from "../shared/shared-options.ts";
import { displayName, readIn, stream, writeOut } from "../shared/terminal.ts";
import type { Terminal } from "../shared/terminal.ts";
import { audioText, codesSummary } from "../shared/wording.ts";

interface DecodeCommandOptions extends OutputOptions, RunOptions, ModelCommandOptions {
  readonly model?: string;
  readonly codebooks?: number;
  readonly format: WavFormat;
}

const examples = `
Examples:
  encodec-tokenizer decode speech.safetensors             writes speech.decoded.wav
  encodec-tokenizer decode speech.npz -n 4 -o low.wav     only the first 4 codebooks
  encodec-tokenizer decode codes.npy -m ./encodec_24khz   bare codes need the model they are for
  encodec-tokenizer decode - -o - < a.npz > a.wav         standard input and output
`;

/** Adds `decode <codes…>`: files of codes to WAV files. */
export function addDecodeCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command("decode")
    .summary("turn codes back into audio")
    .description("Turns files of codes (.safetensors, .npz, .npy, .json, and .pt of torch.save) back into WAV files.")
    .argument("<codes...>", "files of codes, or - for standard input", inputPaths)
    .option(
      "-m, --model <source>",
      `${modelSources} (default: the one that the codes name, if it is catalogued or cached; for .npy and .pt ${defaultModel})`,
    )
    .addOption(new Option("-n, --codebooks <count>", "use only so many of the codebooks (default: all)").argParser(parseCount))
    .addOption(new Option("-f, --format <format>", "how samples are stored").choices(["pcm16", "pcm24", "float32"]).default("pcm16"));
  addOutputOptions(command);
  addModelOptions(command);
  addRunOptions(command);
  command
    .addHelpText("after", examples)
    .action((inputs: readonly string[], options: DecodeCommandOptions) => decode(inputs, options, terminal));
}

async function decode(inputs: readonly string[], options: DecodeCommandOptions, terminal: Terminal): Promise<void> {
  const { format } = options;
  const overwrite = options.force === true;
  // Not .wav: speech.wav would be the recording that speech.safetensors was made from.
  const plan = planOutputs(inputs, { output: options.output, ending: ".decoded.wav", fileExtensions: [".wav"] });
  for (const { output } of plan) {
    if (output !== stream && extname(output).toLowerCase() !== ".wav")
      throw new UsageError(`${output} does not end in .wav, the only format that is written; a folder ends in /`);
  }
  if (options.json && plan.some(({ output }) => output === stream)) {
    throw new UsageError("--json and the audio cannot both go to standard output; give --output a file");
  }
  await using models = new Models(terminal, options);
  // A model that is named and cannot be loaded fails before any input is read.
  if (options.model !== undefined) await models.load(options.model);
  await forEachInput(plan, terminal, options, async ({ input, output }) => {
    const source = input === stream ? await readIn(terminal) : input;
    const read = await readCodes(source, { context: () => models.load(options.model ?? defaultModel), signal: terminal.signal });
    const codes = firstCodebooks(read, options.codebooks);
    withInput(() => formatWavHeader(codes, { format })); // over 4 GiB is told before the work, not after it
    const tokenizer = options.model === undefined ? await loadNamed(codes, models) : await loadFor(codes, options.model, models);
    using progress = startProgress(terminal, displayName(input, "stdin"), options.quiet);
    const audio = decodeClip(codes, tokenizer, { signal: terminal.signal, onProgress: progress.show });
    await (output === stream
      ? writeOutWav(terminal, codes, audio, format)
      : writeWavStream(output, audio, { format, overwrite, signal: terminal.signal }));
    return { line: audioText(codes), summary: codesSummary(codes) };
  });
}

/** Audio of codes, made while it is written. */
async function* decodeClip(
  codes: AudioCodes,
  tokenizer: AudioTokenizer,
  { signal, onProgress }: CallOptions,
): AsyncGenerator<Waveform, void> {
  let seconds = 0;
  for await (const piece of tokenizer.decodeStream([codes], { signal })) {
    yield piece;
    seconds += durationOf(piece);
    onProgress?.({ stage: "decode", done: seconds, total: codes.duration });
  }
}

/** Writes a WAV file to standard output, whose length its codes tell beforehand. */
async function writeOutWav(terminal: Terminal, form: AudioCodes, audio: AsyncIterable<Waveform>, format: WavFormat): Promise<void> {
  await writeOut(terminal, formatWavHeader(form, { format }));
  let numBytes = 0;
  for await (const piece of audio) {
    const bytes = formatWavSamples(piece, { format });
    await writeOut(terminal, bytes);
    numBytes += bytes.length;
  }
  if (numBytes % 2 === 1) await writeOut(terminal, new Uint8Array(1));
}

/** Characters of a model's name that a message has room for. */
const shownName = 200;

/** The model that codes were made with, at the same commit; where that is not to be had, or was only ever chosen by the codes, another can be named. */
async function loadNamed(codes: AudioCodes, models: Models): Promise<AudioTokenizer> {
  const { model } = codes.provenance;
  try {
    return await loadFor(codes, model, models, await optionsForNamed(codes.provenance));
  } catch (error) {
    if (!(error instanceof CheckpointError || error instanceof HubError)) throw error;
    const name = JSON.stringify(clipped(model, shownName));
    throw new CommandError(`made with the model ${name}, which could not be loaded; name it with --model. ${error.message}`, {
      cause: error,
    });
  }
}

/** A model for codes: stereo codes of a mono codec are those of left and right one by one, as MusicGen has them. */
async function loadFor(codes: AudioCodes, model: string, models: Models, variant: ModelVariant = {}): Promise<AudioTokenizer> {
  const tokenizer = await models.load(model, variant);
  return codes.channels === 2 && tokenizer.channels === 1 ? models.load(model, { ...variant, interleaveStereo: true }) : tokenizer;
}

/** The codes, or the first so many codebooks of them. */
export function firstCodebooks(codes: AudioCodes, count: number | undefined): AudioCodes {
  if (count === undefined) return codes;
  if (count > codes.numCodebooks) throw new CommandError(`--codebooks ${count} is more than the ${codes.numCodebooks} that there are`);
  return codes.selectCodebooks(count);
}
