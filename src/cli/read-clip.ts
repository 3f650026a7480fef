import { statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { AudioConverter, convertAudio, decodeAudioStream, openAudio, readAudio } from "../index.ts";
import type { AudioFile, AudioForm, AudioTokenizer, Waveform } from "../index.ts";
import { CommandError } from "./failures.ts";
import { readIn, stream } from "./terminal.ts";
import type { Terminal } from "./terminal.ts";
import { channelsText, rateText } from "./wording.ts";

/** A clip as it was recorded, and as the model takes it. */
export interface Clip {
  readonly original: Waveform;
  readonly converted: Waveform;
}

/** Reads a clip from a file or standard input and brings it to the model's sample rate and channels. */
export async function readClip(input: string, tokenizer: AudioTokenizer, terminal: Terminal): Promise<Clip> {
  const original = await readAudio(input === stream ? await readIn(terminal) : input, { signal: terminal.signal });
  return convertible(() => ({ original, converted: convertAudio(original, tokenizer) }));
}

/** Opens a clip of any length, to be decoded while it is encoded. What comes through a pipe is held whole, but not its samples. */
export async function openClip(input: string, tokenizer: AudioTokenizer, terminal: Terminal): Promise<AudioFile> {
  const { signal } = terminal;
  const bytes = input === stream ? await readIn(terminal) : isPipe(input) ? await readFile(input, { signal }) : undefined;
  const audio = bytes === undefined ? await openAudio(input, { signal }) : { ...(await decodeAudioStream(bytes, { signal })), async [Symbol.asyncDispose]() {} };
  try {
    convertible(() => new AudioConverter(audio, tokenizer));
    return audio;
  } catch (error) {
    await audio[Symbol.asyncDispose]();
    throw error;
  }
}

/** What was done to a clip to suit the model: `resampled from 44.1 kHz, mixed from stereo`; empty where nothing was. */
export function conversionText(from: AudioForm, to: AudioForm): string {
  return [
    ...(from.sampleRate === to.sampleRate ? [] : [`resampled from ${rateText(from.sampleRate)}`]),
    ...(from.channels === to.channels ? [] : [`${from.channels > to.channels ? "mixed" : "copied"} from ${channelsText(from.channels)}`]),
  ].join(", ");
}

/** @throws CommandError for channels or rates that cannot be converted. */
function convertible<T>(convert: () => T): T {
  try {
    return convert();
  } catch (error) {
    throw error instanceof RangeError ? new CommandError(error.message) : error;
  }
}

/** Whether a path is that of a pipe or device, such as the shell's `<(…)`. */
function isPipe(path: string): boolean {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats !== undefined && !stats.isFile() && !stats.isDirectory();
}
