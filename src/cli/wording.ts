import { durationOf } from "../index.ts";
import type { AudioCodes, Provenance, Waveform } from "../index.ts";

/** `9.60 s`; short clips in milliseconds. */
export function secondsText(seconds: number): string {
  return seconds < 1 ? `${Number((seconds * 1000).toFixed(1))} ms` : `${seconds.toFixed(2)} s`;
}

/** `24 kHz`, `44.1 kHz`. */
export function rateText(hertz: number): string {
  return `${hertz / 1000} kHz`;
}

/** `mono`, `stereo`, `6 channels`. */
export function channelsText(channels: number): string {
  return channels === 1 ? "mono" : channels === 2 ? "stereo" : `${channels} channels`;
}

/** `6 kbps`. */
export function bandwidthText(kbps: number): string {
  return `${Number(kbps.toFixed(3))} kbps`;
}

/** `9.60 s, 24 kHz, mono`. */
export function waveformText(waveform: Waveform): string {
  return [secondsText(durationOf(waveform)), rateText(waveform.sampleRate), channelsText(waveform.channelData.length)].join(", ");
}

/** `8 codebooks × 720 frames`, with the number of segments where there are several. */
export function codesText(codes: AudioCodes): string {
  const segments = codes.numSegments === 1 ? "" : `${codes.numSegments} segments × `;
  return `${segments}${countText(codes.numCodebooks, "codebook")} × ${countText(codes.numFrames, "frame")}`;
}

/** `1 frame`, `720 frames`. */
export function countText(count: number, unit: string): string {
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}

/** `tiny at revision 1234567, license MIT`. */
export function provenanceText({ model, revision, license }: Provenance): string {
  return `${model}${revision === null ? "" : ` at revision ${revision.slice(0, 7)}`}, license ${license ?? "not stated"}`;
}

/** What to say of codes in JSON: everything but the codes. */
export function codesSummary(codes: AudioCodes): Readonly<Record<string, unknown>> {
  return {
    model: codes.provenance.model,
    revision: codes.provenance.revision,
    license: codes.provenance.license,
    sampleRate: codes.sampleRate,
    channels: codes.channels,
    duration: codes.duration,
    numSamples: codes.numSamples,
    numSegments: codes.numSegments,
    numCodebooks: codes.numCodebooks,
    numFrames: codes.numFrames,
    codebookSize: codes.codebookSize,
    frameRate: codes.frameRate,
    bandwidth: codes.bandwidth,
  };
}
