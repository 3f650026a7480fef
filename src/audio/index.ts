export { convertAudio, mixChannels } from "./channels.ts";
export type { ConvertAudioOptions } from "./channels.ts";
export { decodeAudio } from "./decode-audio.ts";
export type { DecodeAudioOptions } from "./decode-audio.ts";
export { formatWav } from "./format-wav.ts";
export type { FormatWavOptions, WavFormat } from "./format-wav.ts";
export { parseWav } from "./parse-wav.ts";
export { resample } from "./resample.ts";
export { siSnr } from "./si-snr.ts";
