import { durationOf } from "../../core/index.ts";
import type { AudioForm } from "../../audio/index.ts";
import type { AudioCodes, Waveform } from "../../core/index.ts";
import { conversionText } from "../shared/read-clip.ts";
import type { Clip } from "../shared/read-clip.ts";
import { formatReport, formatTable } from "../shared/report.ts";
import {
  bandwidthText,
  channelsText,
  codesSummary,
  codesText,
  countText,
  provenanceText,
  rateText,
  secondsText,
  waveformText,
} from "../shared/wording.ts";

/** Everything that a round trip found out. */
export interface Roundtrip {
  readonly name: string;
  readonly clip: Clip;
  readonly codes: AudioCodes;
  readonly output: Waveform;
  /** Scale-invariant signal-to-noise ratio of the output, in decibels. */
  readonly siSnrDb: number;
  readonly seconds: { readonly load: number; readonly encode: number; readonly decode: number };
  readonly files: { readonly codes: string; readonly audio: string; readonly figure: string };
}

/** Codes shown of each codebook. */
const shownCodes = 10;

/** Most codebooks whose codes are shown. */
const shownCodebooks = 8;

/** The report for people. */
export function formatRoundtrip(trip: Roundtrip): string {
  const { name, clip, codes, siSnrDb, seconds, files } = trip;
  const conversion = conversionText(formOf(clip.original), codes);
  const format = `${rateText(codes.sampleRate)} ${channelsText(codes.channels)}`;
  return formatReport(`${name} through ${codes.provenance.model}`, [
    [
      ["model", provenanceText(codes.provenance)],
      ["input", waveformText(clip.original)],
      ...(conversion === "" ? [] : [["converted", `${waveformText(clip.converted)} (${conversion})`] as const]),
    ],
    [
      ["codes", `${codesText(codes)}, ${codes.frameRate} frames per second`],
      ["bandwidth", `${bandwidthText(codes.bandwidth)}, ${compressionOf(codes).toFixed(1)} times less than 16-bit PCM at ${format}`],
      ["first codes", firstCodes(codes)],
    ],
    [
      ["load", secondsText(seconds.load)],
      ["encode", speedText(codes.duration, seconds.encode)],
      ["decode", speedText(codes.duration, seconds.decode)],
      ["SI-SNR", `${siSnrDb.toFixed(2)} dB`],
    ],
    [
      ["codes in", files.codes],
      ["audio in", files.audio],
      ["figure in", files.figure],
    ],
  ]);
}

function formOf({ channelData, sampleRate }: Waveform): AudioForm {
  return { sampleRate, channels: channelData.length };
}

/** The report for programs. */
export function summarizeRoundtrip({ name, clip, codes, siSnrDb, seconds, files }: Roundtrip): Readonly<Record<string, unknown>> {
  return {
    input: { name, duration: durationOf(clip.original), sampleRate: clip.original.sampleRate, channels: clip.original.channelData.length },
    codes: codesSummary(codes),
    firstCodes: rowsOfCodes(codes, shownCodes),
    compression: compressionOf(codes),
    seconds,
    timesRealTime: { encode: codes.duration / seconds.encode, decode: codes.duration / seconds.decode },
    siSnrDb,
    files,
  };
}

/** Bits of 16-bit PCM at the codec's own rate and channels for each bit of codes. */
function compressionOf({ sampleRate, channels, bandwidth }: AudioCodes): number {
  return (sampleRate * channels * 16) / 1000 / bandwidth;
}

function speedText(duration: number, seconds: number): string {
  return `${secondsText(seconds)}, ${(duration / seconds).toFixed(1)} × real time`;
}

function firstCodes(codes: AudioCodes): readonly string[] {
  const rows = rowsOfCodes(codes, shownCodes).slice(0, shownCodebooks);
  const more = codes.numFrames > shownCodes ? "…" : "";
  const table = formatTable(
    ["codebook", ...rows[0]!.map((_, frame) => (frame === 0 ? "frame 0" : String(frame))), more],
    rows.map((row, k) => [String(k + 1), ...row.map(String), more]),
  );
  const hidden = codes.numCodebooks - rows.length;
  return hidden === 0 ? table : [...table, `and ${countText(hidden, "more codebook")}`];
}

/** The first codes of each codebook of the first segment. */
function rowsOfCodes(codes: AudioCodes, count: number): readonly (readonly number[])[] {
  const shown = Math.min(count, codes.segmentFrames(0));
  return Array.from({ length: codes.numCodebooks }, (_, k) => [...codes.data.subarray(k * codes.numFrames, k * codes.numFrames + shown)]);
}
