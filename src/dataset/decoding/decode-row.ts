import { move, transferableSymbol, valueSymbol } from "piscina";
import { convertAudio, measureLoudness } from "../../audio/index.ts";
import type { Loudness } from "../../audio/index.ts";
import { numSamplesOf } from "../../core/index.ts";
import type { Waveform } from "../../core/index.ts";
import type { RowLocation } from "../inputs/row-bytes.ts";
import { AudioAtHand } from "./audio-at-hand.ts";
import { splitChannels } from "./clip-channels.ts";
import { warningsWithin } from "./clip-damage.ts";
import type { RowWarning } from "./clip-damage.ts";
import { planClips } from "./clip-windows.ts";
import type { ClipRange } from "./clip-windows.ts";
import { refuseNotFinite, RowAudio } from "./row-audio.ts";
import { failureOf } from "./row-failure.ts";
import type { RowFailure } from "./row-failure.ts";
import type { RowRecipe } from "./row-recipe.ts";
import { sampleRangeOf } from "./sample-range.ts";
import type { SampleRange } from "./sample-range.ts";
import { SoundMeter } from "./sound-range.ts";
import { joinPieces, padWaveform, sliceWaveform } from "./waveform-pieces.ts";

/** Where this module is, for the threads that run its `decodeRow`; undefined in a bundle, all of which they would run. */
export const decodeRowUrl: string | undefined = moduleUrl();

function moduleUrl(): string | undefined {
  // A bundle of CommonJS knows no address.
  const url = import.meta.url as string | undefined;
  return url !== undefined && /\/decode-row\.[jt]s$/u.test(url) ? url : undefined;
}

export interface DecodeRowTask {
  readonly location: RowLocation;
  /** Time range of the row, in seconds. */
  readonly range: { readonly start?: number | undefined; readonly end?: number | undefined };
  readonly recipe: RowRecipe;
  /** The most decoded audio that is kept, in bytes, before and after it is brought to the codec's rate and channels. */
  readonly maxBytes: number;
}

/** Audio of one clip, ready to be encoded. */
export interface DecodedClip {
  readonly range: ClipRange;
  readonly channel: number | null;
  /** The clip's audio at the codec's rate and channels, padding included. */
  readonly waveform: Waveform;
  /** Loudness of the clip without the padding. */
  readonly loudness: Loudness;
}

/** Which samples of the file a row's clips are made of. */
export interface RowExtent {
  /** The clip's samples at the file's own rate, without silence that is trimmed. */
  readonly samples: SampleRange;
  /** The file's sample rate, in hertz. */
  readonly sampleRate: number;
  readonly channels: number;
  /** The program that decoded it, with its version; not there where this package did so itself. */
  readonly decoder?: string | undefined;
}

export type DecodedRow =
  | {
      readonly kind: "clips";
      readonly extent: RowExtent;
      readonly clips: readonly DecodedClip[];
      /** What is wrong with the row's audio. */
      readonly warnings: readonly RowWarning[];
    }
  /** It can be decoded, and is too long to be held at once. */
  | { readonly kind: "long"; readonly extent: RowExtent; readonly warnings: readonly RowWarning[] }
  | { readonly kind: "failed"; readonly failure: RowFailure };

/**
 * Decodes a row, cuts it into clips and brings them to the codec's rate and channels. What is wrong with the row is a result too.
 * @param atHand Where the audio of a row before may be, and where this row's is kept if it ends within its file.
 */
export async function decodeRow(task: DecodeRowTask, atHand?: AudioAtHand): Promise<DecodedRow> {
  const { location, range, recipe } = task;
  let audio: RowAudio | undefined;
  try {
    audio = await (atHand === undefined ? RowAudio.open(location, recipe) : atHand.take(location, range.start ?? 0, recipe));
    const decoded = await decode(audio, task);
    if (range.end !== undefined && atHand !== undefined) {
      atHand.keep(location, audio);
      audio = undefined;
    }
    return decoded;
  } catch (error) {
    return { kind: "failed", failure: failureOf(error) };
  } finally {
    await audio?.[Symbol.asyncDispose]();
  }
}

/** The audio that this thread has at hand. */
const atHand = new AudioAtHand();

/** `decodeRow` for a thread: samples are moved, not copied. */
export default async function decodeRowInThread(task: DecodeRowTask): Promise<unknown> {
  const row = await decodeRow(task, atHand);
  if (row.kind !== "clips") return row;
  const buffers = new Set(row.clips.flatMap(({ waveform }) => waveform.channelData.map(({ buffer }) => buffer as ArrayBuffer)));
  return move({ [transferableSymbol]: [...buffers], [valueSymbol]: row });
}

async function decode(audio: RowAudio, { range, recipe, maxBytes }: DecodeRowTask): Promise<DecodedRow> {
  const { sampleRate } = audio;
  const first = Math.round((range.start ?? 0) * sampleRate);
  const meter = recipe.trim === null ? undefined : new SoundMeter(sampleRate, recipe.trim);
  const pieces: Waveform[] = [];
  let channels = 0;
  let bytes = 0;
  const last = range.end === undefined ? Infinity : Math.round(range.end * sampleRate);
  for await (const piece of audio.pieces({ start: first, end: last })) {
    const { channelData } = piece;
    channels = channelData.length;
    refuseNotFinite(channelData);
    // Sound in channels that are left out is none in the clips.
    meter?.push(recipe.mode === "first" ? channelData.slice(0, 1) : channelData);
    bytes += channelData[0]!.length * Math.max(channels, valuesPerSample(channels, sampleRate, recipe)) * Float32Array.BYTES_PER_ELEMENT;
    if (bytes <= maxBytes) pieces.push(piece);
    else pieces.length = 0;
  }
  if (range.end !== undefined) await audio.settle();
  const { warnings: all, numDecoded: numSamples } = audio;
  const isTruncated = all.some(({ code }) => code === "AUDIO_TRUNCATED");
  const whole = sampleRangeOf(range, { numSamples, sampleRate, isTruncated });
  const warnings = warningsWithin(all, { start: first, end: last });
  const sound = meter === undefined ? { start: 0, end: whole.end - whole.start } : meter.range();
  if (sound === undefined) {
    return {
      kind: "failed",
      failure: { code: "ROW_SILENT", message: `nothing in it is louder than ${recipe.trim!.threshold} dB; lower the threshold to keep it` },
    };
  }
  const extent = {
    samples: { start: whole.start + sound.start, end: whole.start + sound.end },
    sampleRate,
    channels,
    ...(audio.decoder === undefined ? {} : { decoder: audio.decoder }),
  };
  if (bytes > maxBytes) return { kind: "long", extent, warnings };
  const waveform = pieces.length === 1 ? sliceWaveform(pieces[0]!, sound) : joinPieces(pieces, sound);
  const clips = splitChannels(waveform, recipe.mode).flatMap((own) => clipsOf(own.waveform, own.channel, recipe));
  return clips.length === 0
    ? { kind: "failed", failure: tooShort(numSamplesOf(waveform) / sampleRate, recipe) }
    : { kind: "clips", extent, clips, warnings };
}

/** How many values the codec's input has for a sample of the file: 12 of a telephone call for a codec of 48 kHz and two channels. */
function valuesPerSample(channels: number, sampleRate: number, recipe: RowRecipe): number {
  return ((recipe.mode === "each" ? channels : 1) * recipe.channels * recipe.sampleRate) / sampleRate;
}

/** What is wrong with sound audio that gives no clip. */
export function tooShort(seconds: number, { planning, sampleRate }: RowRecipe): RowFailure {
  const needed = planning.window?.tail === "drop" ? planning.window.length : planning.minimum;
  return { code: "ROW_TOO_SHORT", message: `it has ${seconds.toFixed(3)} s of audio; a clip needs ${(needed / sampleRate).toFixed(3)} s` };
}

function clipsOf(waveform: Waveform, channel: number | null, recipe: RowRecipe): readonly DecodedClip[] {
  const converted = convertAudio(waveform, recipe);
  refuseNotFinite(converted.channelData);
  return planClips(numSamplesOf(converted), recipe.planning).map((range) => {
    const clip = sliceWaveform(converted, { start: range.start, end: range.start + range.length });
    return { range, channel, waveform: padWaveform(clip, range.padding), loudness: measureLoudness(clip.channelData) };
  });
}
