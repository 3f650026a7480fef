import { AudioConverter, convertAudioStream } from "../../audio/index.ts";
import { openAudio, readAudio } from "../../files/index.ts";
import type { AudioForm, AudioWarning } from "../../audio/index.ts";
import type { Waveform } from "../../core/index.ts";
import type { AudioFile, ReadAudioOptions } from "../../files/index.ts";
import type { AudioTokenizer } from "../../tokenizer/index.ts";
import { withInput } from "./failures.ts";
import { ffmpegOf, limitsOf } from "./shared-options.ts";
import type { AudioCommandOptions, FfmpegCommandOptions } from "./shared-options.ts";
import { readIn, stream } from "./terminal.ts";
import type { Terminal } from "./terminal.ts";
import { channelsText, rateText } from "./wording.ts";

/** A clip as it was recorded, and as the model takes it. */
export interface Clip {
  readonly original: Waveform;
  readonly converted: Waveform;
}

/** How a clip is read: what it may be, and what becomes of damage. */
export type ClipOptions = Pick<ReadAudioOptions, "limits" | "strict" | "onWarning" | "ffmpeg">;

/** Reads a clip from a file or standard input and brings it to the model's sample rate and channels. */
export async function readClip(input: string, tokenizer: AudioTokenizer, terminal: Terminal, options: ClipOptions): Promise<Clip> {
  const { signal } = terminal;
  const original = await readAudio(input === stream ? await readIn(terminal) : input, { signal, ...options });
  const { sampleRate, channels } = tokenizer;
  withInput(() => new AudioConverter({ sampleRate: original.sampleRate, channels: original.channelData.length }, tokenizer));
  const numSamples = Math.ceil((sampleRate * original.channelData[0]!.length) / original.sampleRate);
  const channelData = Array.from({ length: channels }, () => new Float32Array(numSamples));
  let position = 0;
  for await (const piece of convertAudioStream([original], { sampleRate, channels, signal })) {
    for (const [channel, samples] of piece.channelData.entries()) channelData[channel]!.set(samples, position);
    position += piece.channelData[0]!.length;
  }
  return { original, converted: { channelData, sampleRate } };
}

/** Opens a clip of any length, to be decoded while it is encoded. */
export async function openClip(input: string, { stdin, signal }: Terminal, options: ClipOptions): Promise<AudioFile> {
  return openAudio(input === stream ? stdin : input, { signal, ...options });
}

/** How the command line's options have a clip read. */
export function clipOptions(options: AudioCommandOptions & FfmpegCommandOptions, onWarning: (warning: AudioWarning) => void): ClipOptions {
  return { limits: limitsOf(options), strict: options.strict, ffmpeg: ffmpegOf(options), onWarning };
}

/** A warning as a line for people. */
export function warningText(name: string, { message, numLost }: AudioWarning): string {
  return `${name}: warning: ${message}${numLost === 0 ? "" : ` (${numLost} samples lost)`}`;
}

/** What was done to a clip to suit the model: `resampled from 44.1 kHz, mixed from stereo`; empty where nothing was. */
export function conversionText(from: AudioForm, to: AudioForm): string {
  return [
    ...(from.sampleRate === to.sampleRate ? [] : [`resampled from ${rateText(from.sampleRate)}`]),
    ...(from.channels === to.channels ? [] : [`${from.channels > to.channels ? "mixed" : "copied"} from ${channelsText(from.channels)}`]),
  ].join(", ");
}
