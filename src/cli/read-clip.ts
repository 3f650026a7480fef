import { convertAudio, readAudio } from "../index.ts";
import type { AudioTokenizer, Waveform } from "../index.ts";
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
  try {
    return { original, converted: convertAudio(original, tokenizer) };
  } catch (error) {
    throw error instanceof RangeError ? new CommandError(error.message) : error;
  }
}

/** What was done to a clip to suit the model: `resampled from 44.1 kHz, mixed from stereo`; empty where nothing was. */
export function conversionText({ original, converted }: Clip): string {
  const from = original.channelData.length;
  return [
    ...(original.sampleRate === converted.sampleRate ? [] : [`resampled from ${rateText(original.sampleRate)}`]),
    ...(from === converted.channelData.length ? [] : [`${from > converted.channelData.length ? "mixed" : "copied"} from ${channelsText(from)}`]),
  ].join(", ");
}
