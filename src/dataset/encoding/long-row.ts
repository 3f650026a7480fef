import { convertAudioStream, LoudnessMeter, measureLoudness } from "../../audio/index.ts";
import type { Loudness } from "../../audio/index.ts";
import { AudioCodes, numSamplesOf } from "../../core/index.ts";
import type { Waveform } from "../../core/index.ts";
import { splitChannels } from "../decoding/clip-channels.ts";
import { planClips } from "../decoding/clip-windows.ts";
import type { ClipRange } from "../decoding/clip-windows.ts";
import type { DecodedClip, RowExtent } from "../decoding/decode-row.ts";
import { refuseNotFinite, RowAudio } from "../decoding/row-audio.ts";
import { RowError } from "../decoding/row-failure.ts";
import type { RowRecipe } from "../decoding/row-recipe.ts";
import { joinPieces, padWaveform } from "../decoding/waveform-pieces.ts";
import type { RowLocation } from "../inputs/row-bytes.ts";

/** A row that is too long to be held at once, and was decoded before. */
export interface LongRow {
  readonly location: RowLocation;
  readonly extent: RowExtent;
  readonly recipe: RowRecipe;
}

/** A clip with its codes. */
export interface CodedWindow {
  readonly range: ClipRange;
  readonly channel: number | null;
  readonly codes: AudioCodes;
  readonly loudness: Loudness;
}

/** The channels of a long row that become clips of their own; null for all together. */
export function channelsOfLongRow({ extent, recipe }: LongRow): readonly (number | null)[] {
  return recipe.mode === "each" ? Array.from({ length: extent.channels }, (_, channel) => channel) : [null];
}

/** The clips of one channel, as they are planned for audio that is in memory. */
export function planLongRow({ extent, recipe }: LongRow): readonly ClipRange[] {
  const { samples, sampleRate } = extent;
  return planClips(Math.ceil(((samples.end - samples.start) * recipe.sampleRate) / sampleRate), recipe.planning);
}

/** Encodes a whole row as one clip, in constant memory. */
export async function encodeLongClip(
  row: LongRow,
  channel: number | null,
  range: ClipRange,
  encodeStream: (pieces: AsyncIterable<Waveform>) => AsyncIterable<AudioCodes>,
): Promise<CodedWindow> {
  const meter = new LoudnessMeter();
  const codes: AudioCodes[] = [];
  for await (const piece of encodeStream(metered(audioOf(row, channel), meter))) codes.push(piece);
  return { range, channel, codes: AudioCodes.concatenate(codes), loudness: meter.loudness };
}

/** The windows of one channel, one after the other; memory holds as many of them as overlap. */
export async function* windowsOfLongRow(row: LongRow, channel: number | null): AsyncGenerator<DecodedClip, void> {
  const waiting = [...planLongRow(row)];
  let pieces: Waveform[] = [];
  let start = 0; // of the first piece, in samples
  let end = 0;
  for await (const piece of audioOf(row, channel)) {
    pieces.push(piece);
    end += numSamplesOf(piece);
    while (waiting.length > 0 && waiting[0]!.start + waiting[0]!.length <= end) {
      const range = waiting.shift()!;
      const waveform = joinPieces(pieces, { start: range.start - start, end: range.start - start + range.length });
      yield { range, channel, waveform: padWaveform(waveform, range.padding), loudness: measureLoudness(waveform.channelData) };
    }
    const needed = waiting[0]?.start ?? Infinity;
    while (pieces.length > 0 && start + numSamplesOf(pieces[0]!) <= needed) start += numSamplesOf(pieces.shift()!);
  }
}

/** A row's audio at the codec's rate and channels. @throws RowError for a file that has less than when it was looked at. */
async function* audioOf({ location, extent, recipe }: LongRow, channel: number | null): AsyncGenerator<Waveform, void> {
  await using audio = await RowAudio.open(location, recipe);
  for await (const piece of convertAudioStream(oneClip(audio.pieces(extent.samples)), recipe)) {
    refuseNotFinite(piece.channelData);
    yield piece;
  }

  async function* oneClip(pieces: AsyncIterable<Waveform>): AsyncGenerator<Waveform, void> {
    let missing = extent.samples.end - extent.samples.start;
    for await (const piece of pieces) {
      missing -= numSamplesOf(piece);
      yield splitChannels(piece, recipe.mode)[channel ?? 0]!.waveform;
    }
    if (missing > 0)
      throw new RowError({ code: "FILE_UNREADABLE", message: `the file became shorter while it was read: ${missing} samples are missing` });
  }
}

async function* metered(pieces: AsyncIterable<Waveform>, meter: LoudnessMeter): AsyncGenerator<Waveform, void> {
  for await (const piece of pieces) {
    meter.push(piece.channelData);
    yield piece;
  }
}
