import { findCheckpoint } from "../../catalogue/index.ts";
import { numSamplesOf } from "../../core/index.ts";
import type { AudioCodes, LicenseRecord, Provenance, Waveform } from "../../core/index.ts";

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

/** `1.00 s long, one every 990 ms`. */
export function segmentsText({ length, stride }: { readonly length: number; readonly stride: number }, sampleRate: number): string {
  return `${secondsText(length / sampleRate)} long, one every ${secondsText(stride / sampleRate)}`;
}

/** `6 kbps`. */
export function bandwidthText(kbps: number): string {
  return `${Number(kbps.toFixed(3))} kbps`;
}

/** `9.60 s, 24 kHz, mono`. */
export function audioText({
  numSamples,
  sampleRate,
  channels,
}: {
  readonly numSamples: number;
  readonly sampleRate: number;
  readonly channels: number;
}): string {
  return [secondsText(numSamples / sampleRate), rateText(sampleRate), channelsText(channels)].join(", ");
}

/** `9.60 s, 24 kHz, mono`. */
export function waveformText(waveform: Waveform): string {
  const { channelData, sampleRate } = waveform;
  return audioText({ numSamples: numSamplesOf(waveform), sampleRate, channels: channelData.length });
}

/** `18 s`, `39 min 20 s`, `2 h 14 min`. */
export function timeText(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** `12.3 h`, with minutes or seconds for less than one of them. */
export function hoursText(seconds: number): string {
  if (seconds < 60) return secondsText(seconds);
  if (seconds < 3600) return `${(seconds / 60).toFixed(1)} min`;
  return `${(seconds / 3600).toLocaleString("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 })} h`;
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

/** `809 bytes`, `93.1 MB`. */
export function bytesText(bytes: number): string {
  if (bytes < 1000) return countText(bytes, "byte");
  // Rounded first: 999,999 bytes are 1.00 MB, not 1000 kB.
  const rounded = Number(bytes.toPrecision(3));
  const power = Math.min(Math.floor(Math.log10(rounded) / 3 + 1e-9), 4);
  return `${(rounded / 1000 ** power).toPrecision(3)} ${["", "kB", "MB", "GB", "TB"][power]}`;
}

/** `tiny at revision 1234567, license MIT, settled`. */
export function provenanceText({ model, revision, license, licenseStatus }: Provenance): string {
  const place = revision === null ? model : `${model} at revision ${revision.slice(0, 7)}`;
  return `${place}, license ${license === null ? "not stated" : termsText(license)}${licenseStatus === null ? "" : `, ${licenseStatus}`}`;
}

/** `org/codec at commit 1234567`. */
export function commitText(model: string, commit: string): string {
  return `${model} at commit ${commit.slice(0, 7)}`;
}

/**
 * What to tell of a model whose commit the cache chose: a branch or tag, or what stands for it, may have moved on since.
 * @param asked The revision that the command line or the codes give.
 */
export function staleLines(
  model: string,
  commit: string | null,
  servedFrom: "hub" | "cache" | null,
  asked: string | undefined,
): readonly string[] {
  const isChosen = commit !== null && commit !== (asked ?? findCheckpoint(model)?.revision);
  return servedFrom === "cache" && isChosen ? [`${commitText(model, commit)}, from the cache`] : [];
}

/** Licenses by their ids; in words where nobody states one, for which the library has an id as well. */
function termsText(licenses: string): string {
  return licenses === "LicenseRef-hf-unknown" ? "not stated" : licenses;
}

/** `CC-BY-NC-4.0, unresolved`; `MIT, contested: may be CC-BY-NC-4.0`. */
export function licenseText({ effective, status, stricterReading }: LicenseRecord): string {
  return `${termsText(effective)}, ${status}${stricterReading === null ? "" : `: may be ${stricterReading}`}`;
}

/** What to say of codes in JSON: everything but the codes. */
export function codesSummary(codes: AudioCodes): Readonly<Record<string, unknown>> {
  return {
    model: codes.provenance.model,
    revision: codes.provenance.revision,
    license: codes.provenance.license,
    licenseStatus: codes.provenance.licenseStatus,
    decoder: codes.provenance.decoder,
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

/** `41 × real time`. */
export function speedText(ratio: number): string {
  return `${Number(ratio.toPrecision(ratio < 100 ? 2 : 3)).toLocaleString("en")} × real time`;
}
