import type { Waveform } from "../../core/index.ts";
import { checkWaveform, joinArrays } from "../../core/index.ts";

/** Samples, of all channels together, that are joined before more come: a millisecond of work. */
export const joinedSize: number = 2 ** 20;

/**
 * One waveform of pieces that follow each other, such as those of an `AudioStream`; they are copied.
 * @throws RangeError if there are none, or if their sample rates or numbers of channels differ.
 */
export function joinWaveforms(pieces: readonly Waveform[]): Waveform {
  const first = pieces[0];
  if (first === undefined)
    throw new RangeError("joinWaveforms needs at least one piece, whose sample rate and channels are those of the whole");
  for (const piece of pieces) {
    checkWaveform(piece);
    if (piece.sampleRate !== first.sampleRate || piece.channelData.length !== first.channelData.length) {
      throw new RangeError(
        `pieces of one waveform must have one form; received ${first.channelData.length} channels at ${first.sampleRate} Hz, ` +
          `and ${piece.channelData.length} at ${piece.sampleRate} Hz`,
      );
    }
  }
  const channelData = first.channelData.map((_, channel) =>
    joinArrays(
      pieces.map((piece) => piece.channelData[channel]!),
      Float32Array,
    ),
  );
  return { channelData, sampleRate: first.sampleRate };
}
