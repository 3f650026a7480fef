import type { Waveform } from "../core/index.ts";

/** An audio file whose header was read. */
export interface EncodedAudio {
  /** In hertz. */
  readonly sampleRate: number;
  readonly channels: number;
  /** Samples per channel, undefined where only decoding tells. */
  readonly numSamples: number | undefined;
  /** Decodes from the start, in pieces whose length the file decides. */
  decode(): AsyncGenerator<Waveform, void>;
}
