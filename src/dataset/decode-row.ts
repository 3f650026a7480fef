import { move, transferableSymbol, valueSymbol } from "piscina";
import { convertAudio } from "../audio/index.ts";
import { numSamplesOf } from "../core/index.ts";
import type { Waveform } from "../core/index.ts";
import { splitChannels } from "./clip-channels.ts";
import { planClips } from "./clip-windows.ts";
import type { ClipRange } from "./clip-windows.ts";
import { measureLoudness } from "./loudness.ts";
import type { Loudness } from "./loudness.ts";
import { checkFinite, openRowAudio } from "./row-audio.ts";
import type { RowAudio } from "./row-audio.ts";
import type { RowLocation } from "./row-bytes.ts";
import { failureOf } from "./row-failure.ts";
import type { RowFailure } from "./row-failure.ts";
import type { RowRecipe } from "./row-recipe.ts";
import { sampleRangeOf } from "./sample-range.ts";
import type { SampleRange } from "./sample-range.ts";
import { SoundMeter } from "./sound-range.ts";
import { joinPieces, padWaveform, sliceWaveform } from "./waveform-pieces.ts";

/** Where this module is, for the threads that run its `decodeRow`. */
export const decodeRowUrl: string = import.meta.url;

export interface DecodeRowTask {
  readonly location: RowLocation;
  /** Time range of the row, in seconds. */
  readonly range: { readonly start?: number | undefined; readonly end?: number | undefined };
  readonly recipe: RowRecipe;
  /** The most decoded audio that is kept, in bytes. */
  readonly maxBytes: number;
}

/** Audio of one clip, ready to be encoded. */
export interface ClipAudio {
  readonly range: ClipRange;
  readonly channel: number | null;
  /** At the codec's rate and channels, padding included. */
  readonly waveform: Waveform;
  /** Without the padding. */
  readonly loudness: Loudness;
}

/** Which samples of the file a row's clips are made of. */
export interface RowExtent {
  /** At the file's own rate, without silence that is trimmed. */
  readonly samples: SampleRange;
  /** Of the file. */
  readonly sampleRate: number;
  readonly channels: number;
}

export type DecodedRow =
  | { readonly kind: "clips"; readonly extent: RowExtent; readonly clips: readonly ClipAudio[] }
  /** Sound, and too long to be held at once. */
  | { readonly kind: "long"; readonly extent: RowExtent }
  | { readonly kind: "failed"; readonly failure: RowFailure };

/**
 * Decodes rows, one at a time. The file of a row that ends before its file may do stays open, so that rows with ranges of one recording
 * do not each decode it from its start.
 */
export class RowDecoder implements AsyncDisposable {
  #open: { readonly location: RowLocation; readonly audio: RowAudio } | undefined;

  /** Decodes a row, cuts it into clips and brings them to the codec's rate and channels. What is wrong with the row is a result too. */
  async decode(task: DecodeRowTask): Promise<DecodedRow> {
    try {
      const row = await decode(await this.#audioOf(task.location), task);
      if (task.range.end === undefined) await this.#close();
      return row;
    } catch (error) {
      await this.#close().catch(() => {});
      return { kind: "failed", failure: failureOf(error) };
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }

  async #audioOf(location: RowLocation): Promise<RowAudio> {
    if (this.#open !== undefined && isSamePlace(this.#open.location, location)) return this.#open.audio;
    await this.#close();
    this.#open = { location, audio: await openRowAudio(location) };
    return this.#open.audio;
  }

  async #close(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    await open?.audio[Symbol.asyncDispose]();
  }
}

function isSamePlace(a: RowLocation, b: RowLocation): boolean {
  return a.path === b.path && a.member?.offset === b.member?.offset && a.member?.size === b.member?.size;
}

/** Decodes one row, as `RowDecoder` does. */
export async function decodeRow(task: DecodeRowTask): Promise<DecodedRow> {
  await using decoder = new RowDecoder();
  return await decoder.decode(task);
}

const ofThread = new RowDecoder();

/** Decodes a row in a thread: samples are moved, not copied. */
export default async function decodeRowInThread(task: DecodeRowTask): Promise<unknown> {
  const row = await ofThread.decode(task);
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
    checkFinite(channelData);
    // Sound in channels that are left out is none in the clips.
    meter?.push(recipe.mode === "first" ? channelData.slice(0, 1) : channelData);
    bytes += channels * numSamplesOf(piece) * Float32Array.BYTES_PER_ELEMENT;
    if (bytes <= maxBytes) pieces.push(piece);
    else pieces.length = 0;
  }
  const whole = sampleRangeOf(range, audio.numDecoded, sampleRate);
  const sound = meter === undefined ? { start: 0, end: whole.end - whole.start } : meter.range();
  if (sound === undefined) {
    return { kind: "failed", failure: { code: "ROW_SILENT", message: `nothing in it is louder than ${recipe.trim!.threshold} dB; lower the threshold to keep it` } };
  }
  const extent = { samples: { start: whole.start + sound.start, end: whole.start + sound.end }, sampleRate, channels };
  if (bytes > maxBytes) return { kind: "long", extent };
  const waveform = joinPieces(pieces, sound); // copied: the file's own samples stay for the rows after this one
  const clips = splitChannels(waveform, recipe.mode).flatMap((own) => clipsOf(own.waveform, own.channel, recipe));
  return clips.length === 0 ? { kind: "failed", failure: tooShort(numSamplesOf(waveform) / sampleRate, recipe) } : { kind: "clips", extent, clips };
}

/** What is wrong with sound audio that gives no clip. */
export function tooShort(seconds: number, { planning, sampleRate }: RowRecipe): RowFailure {
  const needed = planning.window?.tail === "drop" ? planning.window.length : planning.minimum;
  return { code: "ROW_TOO_SHORT", message: `it has ${seconds.toFixed(3)} s of audio; a clip needs ${(needed / sampleRate).toFixed(3)} s` };
}

function clipsOf(waveform: Waveform, channel: number | null, recipe: RowRecipe): readonly ClipAudio[] {
  const converted = convertAudio(waveform, recipe);
  checkFinite(converted.channelData);
  return planClips(numSamplesOf(converted), recipe.planning).map((range) => {
    const clip = sliceWaveform(converted, { start: range.start, end: range.start + range.length });
    return { range, channel, waveform: padWaveform(clip, range.padding), loudness: measureLoudness(clip.channelData) };
  });
}
