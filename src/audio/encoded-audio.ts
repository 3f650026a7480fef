import type { Waveform } from "../core/index.ts";

/** An audio file whose header was read. */
export interface EncodedAudio {
  /** Sample rate in hertz. */
  readonly sampleRate: number;
  readonly channels: number;
  /** Samples per channel, undefined where only decoding tells. */
  readonly numSamples: number | undefined;
  /** Whether the file ends before the samples that its header promises, and is decoded all the same. */
  readonly isCutOff?: boolean;
  /** Decodes from the start, in pieces whose length the file decides. */
  decode(): AsyncGenerator<Waveform, void>;
}
