import { basename, dirname, join, resolve } from "node:path";
import type { Command } from "commander";
import { siSnr } from "../../audio/index.ts";
import { renderCodesFigure } from "../../figure/index.ts";
import { writeCodes, writeFileAtomically, writeWavStream } from "../../files/index.ts";
import type { AudioTokenizer, CallOptions } from "../../tokenizer/index.ts";
import { formatRoundtrip, summarizeRoundtrip } from "../reports/roundtrip-report.ts";
import { attempt, CommandError, UsageError } from "../shared/failures.ts";
import { printingFailure } from "../shared/json-failure.ts";
import { defaultModel, encodeOptionsFor, Models } from "../shared/loaded-models.ts";
import type { RateOptions } from "../shared/loaded-models.ts";
import { makeFoldersFor } from "../shared/make-folder.ts";
import { refuseExisting, stemOf } from "../shared/output-plan.ts";
import { inputPath, outputPath } from "../shared/paths.ts";
import { startProgress } from "../shared/progress.ts";
import { clipOptions, readClip, warningText } from "../shared/read-clip.ts";
import { jsonText } from "../shared/report.ts";
import {
  addAudioOptions,
  addFfmpegOption,
  addModelOptions,
  addRateOptions,
  addRunOptions,
  modelSources,
} from "../shared/shared-options.ts";
import type { AudioCommandOptions, FfmpegCommandOptions, ModelCommandOptions, RunOptions } from "../shared/shared-options.ts";
import { displayName, say, stream, writeOut } from "../shared/terminal.ts";
import type { Terminal } from "../shared/terminal.ts";

interface RoundtripCommandOptions extends RateOptions, AudioCommandOptions, FfmpegCommandOptions, RunOptions, ModelCommandOptions {
  readonly model: string;
  readonly output?: string;
  readonly force?: boolean;
}

const examples = `
Examples:
  encodec-tokenizer roundtrip speech.wav                  writes into speech-roundtrip/
  encodec-tokenizer roundtrip music.flac -b 6 -o out      at 6 kbps, into out/
  encodec-tokenizer roundtrip speech.wav --json           the report as JSON
`;

/** Adds `roundtrip <audio>`: encode, decode, and report what it cost and what is left. */
export function addRoundtripCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command("roundtrip")
    .summary("encode and decode, and report how it went")
    .description(
      "Encodes a clip, decodes it again, reports rates, speed and quality, and writes the codes, the decoded audio and a figure.",
    )
    .argument("<audio>", "an audio file, or - for standard input", inputPath)
    .option("-m, --model <source>", modelSources, defaultModel)
    .option("-o, --output <folder>", "where the three files go (default: <name>-roundtrip beside the input)", outputPath)
    .option("--force", "overwrite files that exist");
  addRateOptions(command);
  addAudioOptions(command);
  addFfmpegOption(command);
  addModelOptions(command);
  addRunOptions(command);
  command
    .addHelpText("after", examples)
    .action((input: string, options: RoundtripCommandOptions) =>
      printingFailure(displayName(input, "stdin"), options, terminal, () => roundtrip(input, options, terminal)),
    );
}

async function roundtrip(input: string, options: RoundtripCommandOptions, terminal: Terminal): Promise<void> {
  const files = planFiles(input, options);
  await using models = new Models(terminal, options);
  const tokenizer = await models.load(options.model);
  const encodeOptions = encodeOptionsFor(tokenizer, options);
  const name = displayName(input, "stdin");
  const outcome = await attempt(name, async () => {
    const clip = await readClip(
      input,
      tokenizer,
      terminal,
      clipOptions(options, (warning) => say(terminal, options, warningText(name, warning))),
    );
    const loaded = await timed(() => warmUp(tokenizer, terminal.signal));
    using progress = startProgress(terminal, name, options.quiet);
    const call: CallOptions = { signal: terminal.signal, onProgress: progress.show };
    const encoded = await timed(() => tokenizer.encode(clip.converted, { ...encodeOptions, ...call }));
    const decoded = await timed(() => tokenizer.decode(encoded.value, call));
    const siSnrDb = siSnr(clip.converted, decoded.value);
    const seconds = { load: loaded.seconds, encode: encoded.seconds, decode: decoded.seconds };
    return { name, clip, codes: encoded.value, output: decoded.value, siSnrDb, seconds, files };
  });
  if ("failure" in outcome) throw new CommandError(outcome.failure);
  const { result } = outcome;
  const overwrite = options.force === true;
  await using _ = await makeFoldersFor(Object.values(files), terminal);
  await writeCodes(files.codes, result.codes, { overwrite });
  await writeWavStream(files.audio, [result.output], { overwrite, signal: terminal.signal });
  const figure = renderCodesFigure({ input: result.clip.original, output: result.output, codes: result.codes, title: basename(name) });
  await writeFileAtomically(files.figure, new TextEncoder().encode(figure), { overwrite });
  if (options.json) await writeOut(terminal, jsonText(summarizeRoundtrip(result)));
  else if (!options.quiet) await writeOut(terminal, formatRoundtrip(result));
}

/** @throws UsageError if the decoded audio would replace the input; CommandError if a file is there already. */
function planFiles(
  input: string,
  { output, force }: RoundtripCommandOptions,
): { readonly codes: string; readonly audio: string; readonly figure: string } {
  if (output === stream) throw new UsageError("roundtrip writes three files; give --output a folder");
  const stem = stemOf(input);
  const folder = output ?? join(input === stream ? "." : dirname(input), `${stem}-roundtrip`);
  const files = { codes: join(folder, `${stem}.safetensors`), audio: join(folder, `${stem}.wav`), figure: join(folder, `${stem}.svg`) };
  if (resolve(files.audio) === resolve(input)) throw new UsageError(`${files.audio} would replace the input; choose another --output`);
  refuseExisting(Object.values(files), force);
  return files;
}

/** Builds and loads both halves of the network on a single frame, so that the clip's times are those of the work itself. */
async function warmUp(tokenizer: AudioTokenizer, signal: AbortSignal): Promise<void> {
  const { channels, hopLength, sampleRate } = tokenizer;
  const silence = { channelData: Array.from({ length: channels }, () => new Float32Array(hopLength)), sampleRate };
  await tokenizer.decode(await tokenizer.encode(silence, { signal }), { signal });
}

async function timed<T>(work: () => Promise<T>): Promise<{ readonly value: T; readonly seconds: number }> {
  const start = performance.now();
  const value = await work();
  return { value, seconds: (performance.now() - start) / 1000 };
}
