import type { Waveform } from "../../core/index.ts";
import type { WarningReport } from "./audio-warning.ts";

/** An audio file whose header was read. */
export interface EncodedAudio {
  /** Sample rate in hertz. */
  readonly sampleRate: number;
  readonly channels: number;
  /** Samples per channel, undefined where only decoding tells. */
  readonly numSamples: number | undefined;
  /**
   * Decodes from the start, in pieces whose length the file decides. What is wrong with the file, in whose place something can be decoded
   * all the same, goes to the report.
   * @throws AudioFormatError for what cannot be decoded at all.
   */
  decode(report: WarningReport): AsyncGenerator<Waveform, void>;
}
