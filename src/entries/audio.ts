/**
 * Audio by itself, in a browser as well: reading, writing, converting, measuring.
 * @module encodec-tokenizer/audio
 */
export type { ByteSource, Waveform } from "../core/index.ts";
export {
  AudioConverter,
  convertAudio,
  convertAudioStream,
  decodeAudio,
  decodeAudioStream,
  downmix,
  formatWav,
  formatWavHeader,
  formatWavSamples,
  joinWaveforms,
  LoudnessMeter,
  measureLoudness,
  mixChannels,
  parseWav,
  resample,
  siSnr,
} from "../audio/index.ts";
export type {
  AudioContainer,
  AudioConverterState,
  AudioForm,
  AudioLimits,
  AudioStream,
  ConvertAudioOptions,
  AudioWarning,
  DamageOptions,
  DecodeAudioOptions,
  FormatWavOptions,
  Loudness,
  ResamplerState,
  WavForm,
  WavFormat,
} from "../audio/index.ts";
