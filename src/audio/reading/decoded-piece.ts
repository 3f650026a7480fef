import type { Waveform } from "../../core/index.ts";
import type { AudioForm } from "./audio-form.ts";
import type { AudioWarning } from "./audio-warning.ts";

/** What a file's header says about its audio. */
export interface ExpectedForm extends AudioForm {
  /** Name of the format in messages, such as "FLAC". */
  readonly format: string;
}

/** What is wrong at some place in a file. */
export type Flaw = Pick<AudioWarning, "code" | "message">;

/** Some of a file's audio, or something that is wrong there. */
export interface DecodedPiece extends Waveform {
  /** Why this is silence, or what is wrong before the next piece if there are no samples; undefined for audio. */
  readonly flaw?: Flaw;
}

/** Silence in the form of a file. */
export function silence({ sampleRate, channels }: AudioForm, numSamples: number): Waveform {
  return { channelData: Array.from({ length: channels }, () => new Float32Array(numSamples)), sampleRate };
}
