import type { Command } from "commander";
import { Option } from "commander";
import { AudioCodes, AudioFormatError, CodesError } from "../../core/index.ts";
import { AudioConverter } from "../../audio/index.ts";
import type { AudioWarning } from "../../audio/index.ts";
import { writeCodes } from "../../files/index.ts";
import { codesFormatOf, codesFormats, formatCodes } from "../../storage/index.ts";
import type { AudioFile } from "../../files/index.ts";
import type { CodesFormat } from "../../storage/index.ts";
import type { AudioTokenizer, EncodeOptions } from "../../tokenizer/index.ts";
import { channelChoices, takeChannels, takenText } from "../shared/clip-channels.ts";
import type { ChannelChoice } from "../shared/clip-channels.ts";
import { forEachInput } from "../shared/each-input.ts";
import type { InputResult } from "../shared/each-input.ts";
import { UsageError, withInput } from "../shared/failures.ts";
import { defaultModel, encodeOptionsFor, Models } from "../shared/loaded-models.ts";
import type { RateOptions } from "../shared/loaded-models.ts";
import { planOutputs, refuseExisting } from "../shared/output-plan.ts";
import { inputPaths } from "../shared/paths.ts";
import { startProgress } from "../shared/progress.ts";
import type { ClipProgress, ProgressBar } from "../shared/progress.ts";
import { clipOptions, conversionText, openClip, warningText } from "../shared/read-clip.ts";
import {
  addAudioOptions,
  addFfmpegOption,
  addModelOptions,
  addOutputOptions,
  addRateOptions,
  addRunOptions,
  modelSources,
} from "../shared/shared-options.ts";
import type {
  AudioCommandOptions,
  FfmpegCommandOptions,
  ModelCommandOptions,
  OutputOptions,
  RunOptions,
} from "../shared/shared-options.ts";
import { displayName, say, stream, writeOut } from "../shared/terminal.ts";
import type { Terminal } from "../shared/terminal.ts";
import { bandwidthText, codesSummary, codesText, secondsText } from "../shared/wording.ts";

interface EncodeCommandOptions
  extends RateOptions, AudioCommandOptions, FfmpegCommandOptions, OutputOptions, RunOptions, ModelCommandOptions {
  readonly model: string;
  readonly format?: CodesFormat;
  readonly channels?: ChannelChoice;
}

const examples = `
Examples:
  encodec-tokenizer encode speech.wav                        writes speech.safetensors
  encodec-tokenizer encode speech.flac -b 6 -o speech.npz    6 kbps, as numpy's archive
  encodec-tokenizer encode speech.wav -m 24khz               the official 24 kHz model, downloaded when first used
  encodec-tokenizer encode *.mp3 -o codes/ --format npz      many files into one folder
  encodec-tokenizer encode - -o - < a.wav > a.safetensors    standard input and output
`;

/** Adds `encode <audio…>`: audio files to files of codes. */
export function addEncodeCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command("encode")
    .summary("turn audio into codes")
    .description(
      "Turns audio files (WAV, AIFF, FLAC, MP3, Ogg, WebM and others; what else an ffmpeg on this machine reads) into files of codes. Other sample rates and channels are converted.",
    )
    .argument("<audio...>", "audio files, or - for standard input", inputPaths)
    .option("-m, --model <source>", modelSources, defaultModel)
    .addOption(
      new Option("-f, --format <format>", "how codes are stored (default: by the output's extension, or safetensors)").choices(
        codesFormats,
      ),
    );
  command.addOption(
    new Option(
      "--channels <which>",
      "mix: the average of a stereo file, for codecs with one channel; downmix: surround sound mixed to stereo before; first, left or right; each: a file of codes for every channel, named _c0, _c1, …",
    )
      .choices(channelChoices)
      .default("mix"),
  );
  addRateOptions(command);
  addAudioOptions(command);
  addFfmpegOption(command);
  addOutputOptions(command);
  addModelOptions(command);
  addRunOptions(command);
  command
    .addHelpText("after", examples)
    .action((inputs: readonly string[], options: EncodeCommandOptions) => encode(inputs, options, terminal));
}

async function encode(inputs: readonly string[], options: EncodeCommandOptions, terminal: Terminal): Promise<void> {
  const plan = planOutputs(inputs, {
    output: options.output,
    ending: `.${options.format ?? "safetensors"}`,
    fileExtensions: codesFormats.map((format) => `.${format}`),
  });
  for (const { output } of plan) checkOutput(output, options);
  if (options.channels === "each" && plan.some(({ input, output }) => input === stream || output === stream)) {
    throw new UsageError("--channels each reads a file once for each channel and writes a file for each; give it files");
  }
  await using models = new Models(terminal, options);
  const tokenizer = await models.load(options.model);
  const encodeOptions = { ...encodeOptionsFor(tokenizer, options), signal: terminal.signal };
  if (plan.some(({ output }) => formatOf(output, options) === "npy")) {
    say(terminal, options, "a .npy file holds no provenance or license; use .safetensors or .npz to keep them");
  }
  // With each, what is planned is not what is written; that is looked for when the number of channels is known.
  const planOptions = options.channels === "each" ? { ...options, force: true } : options;
  await forEachInput(plan, terminal, planOptions, async ({ input, output }) => {
    const name = displayName(input, "stdin");
    const damage = (warning: AudioWarning): void => say(terminal, options, warningText(name, warning));
    const encodeInto = async (file: AudioFile, choice: Exclude<ChannelChoice, "each"> | number, path: string): Promise<InputResult> => {
      const clip = takeChannels(file, choice);
      withInput(() => new AudioConverter(clip, tokenizer));
      using progress = startProgress(terminal, name, options.quiet);
      const codes = await encodeClip(clip, tokenizer, encodeOptions, progress);
      await (path === stream
        ? writeOut(terminal, formatCodes(codes, formatOf(path, options)))
        : writeCodes(path, codes, { overwrite: options.force === true }));
      return {
        line: encodedText(codes, [takenText(file, choice), conversionText(clip, tokenizer), decoderText(clip)]),
        summary: codesSummary(codes),
      };
    };
    const { channels = "mix" } = options;
    if (channels !== "each") {
      await using file = await openClip(input, terminal, clipOptions(options, damage));
      return await encodeInto(file, channels, output);
    }
    const results: InputResult[] = [];
    for (let channel = 0, numChannels = 1; channel < numChannels; channel++) {
      // The file is read anew for each: it may be too long to be held.
      await using file = await openClip(input, terminal, clipOptions(options, channel === 0 ? damage : () => {}));
      numChannels = file.channels;
      const paths = Array.from({ length: numChannels }, (_, number) => output.replace(/(?=\.[^.]*$)/, `_c${number}`));
      if (channel === 0) refuseExisting(paths, options.force);
      const path = paths[channel]!;
      results.push({ ...(await encodeInto(file, channel, path)), output: path });
    }
    return results;
  });
}

/** Codes of a clip that is read meanwhile: of its samples, only those at hand are held. */
async function encodeClip(
  clip: AudioFile,
  tokenizer: AudioTokenizer,
  options: EncodeOptions,
  progress: ProgressBar<ClipProgress>,
): Promise<AudioCodes> {
  const total = clip.numSamples === undefined ? undefined : clip.numSamples / clip.sampleRate;
  const parts: AudioCodes[] = [];
  let seconds = 0;
  for await (const codes of tokenizer.encodeStream(clip, options)) {
    parts.push(codes);
    seconds += codes.duration;
    progress.show({ stage: "encode", done: seconds, total });
  }
  if (parts.length === 0) throw new AudioFormatError("AUDIO_EMPTY", "it has no samples; there is nothing to encode");
  const codes = AudioCodes.concatenate(parts);
  return clip.decoder === undefined ? codes : new AudioCodes({ ...codes, provenance: { ...codes.provenance, decoder: clip.decoder } });
}

function formatOf(output: string, { format = "safetensors" }: EncodeCommandOptions): CodesFormat {
  return output === stream ? format : codesFormatOf(output);
}

/** @throws UsageError for what could not be written in the end: an extension that names no format, or another than `--format`. */
function checkOutput(output: string, { format, json }: EncodeCommandOptions): void {
  if (output === stream) {
    if (json) throw new UsageError("--json and the codes cannot both go to standard output; give --output a file");
    return;
  }
  try {
    const named = codesFormatOf(output);
    if (format !== undefined && format !== named)
      throw new UsageError(`--format ${format} and the output ${output} do not agree; give one of them`);
  } catch (error) {
    throw error instanceof CodesError ? new UsageError(`${error.message}; a folder ends in /`) : error;
  }
}

function encodedText(codes: AudioCodes, details: readonly string[]): string {
  const parts = [secondsText(codes.duration), codesText(codes), bandwidthText(codes.bandwidth), ...details];
  return parts.filter((part) => part !== "").join(", ");
}

function decoderText({ decoder }: AudioFile): string {
  return decoder === undefined ? "" : `decoded by ${decoder}`;
}
