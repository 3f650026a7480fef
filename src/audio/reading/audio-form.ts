/** Sample rate and channels of audio: of a waveform, an `AudioStream` or a codec. */
export interface AudioForm {
  /** Sample rate in hertz. */
  readonly sampleRate: number;
  readonly channels: number;
}
