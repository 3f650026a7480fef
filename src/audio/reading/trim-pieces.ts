import type { Waveform } from "../../core/index.ts";
import { AudioFormatError, numSamplesOf } from "../../core/index.ts";
import type { AudioWarning, WarningSink } from "./audio-warning.ts";
import type { DecodedPiece, Flaw } from "./decoded-piece.ts";

/** Which of the decoded samples are the file's audio. */
export interface Extent {
  /** The first of them. @default 0 */
  readonly start?: number | undefined;
  /** The one after the last, Infinity as long as that is not known. */
  readonly end: () => number;
  /** Most samples by which a later `end` may turn out to lie before what is decoded by then. @default 0 */
  readonly lookahead?: number | undefined;
}

/**
 * Most samples per channel after `end`: an Ogg file may end, or begin, anywhere in a page, and a page holds 255 packets of at most 5760 samples.
 * A decoder gives far more of them from a few bytes, for nothing, in a file that says that it ends early.
 */
const maxBeyondEnd = 2 ** 22;

/**
 * Cuts decoded pieces to the file's audio, and reports what is wrong:
 * - flaws, as they come; gaps that follow each other without audio between them are one;
 * - fewer samples than `end`, which are a truncated file, as is one with such a flaw;
 * - more than 2²² samples after `end`, of which no more are decoded.
 * @param format Name of the format in messages, such as "FLAC".
 * @throws AudioFormatError `AUDIO_CORRUPT` if nothing but silence stands where audio should be; `AUDIO_EMPTY` for a file without samples.
 */
export async function* trimPieces(
  format: string,
  pieces: AsyncIterable<DecodedPiece>,
  { start = 0, end, lookahead = 0 }: Extent,
  report: WarningSink,
): AsyncGenerator<Waveform, void> {
  const waiting: DecodedPiece[] = [];
  let numDecoded = 0;
  let position = 0; // of the first sample that waits
  let hasAudio = false;
  let firstFlaw: string | undefined;
  let gap: AudioWarning | undefined; // that may go on
  let truncation: string | undefined;

  function closeGap(): void {
    if (gap !== undefined) report.add(gap);
    gap = undefined;
  }

  function addFlaw({ code, message }: Flaw, numLost: number): void {
    firstFlaw ??= message;
    if (code === "AUDIO_TRUNCATED") {
      truncation ??= message;
      return;
    }
    if (code === "AUDIO_GAP" && gap !== undefined) {
      gap = { ...gap, numLost: gap.numLost + numLost };
      return;
    }
    closeGap();
    const warning = { code, message, position: Math.max(0, Math.min(position, end()) - start), numLost };
    if (code === "AUDIO_GAP") gap = warning;
    else report.add(warning);
  }

  function* release(numKept: number): Generator<Waveform, void> {
    while (waiting.length > 0 && numDecoded - position - numSamplesOf(waiting[0]!) >= numKept) {
      const piece = waiting.shift()!;
      const cut = slicePiece(piece, start - position, end() - position);
      const numSamples = numSamplesOf(cut);
      if (piece.flaw !== undefined) addFlaw(piece.flaw, numSamples);
      else if (numSamples > 0) {
        closeGap();
        hasAudio = true;
      }
      position += numSamplesOf(piece);
      if (numSamples > 0) yield cut;
    }
  }

  for await (const piece of pieces) {
    waiting.push(piece);
    numDecoded += numSamplesOf(piece);
    yield* release(lookahead);
    if (numDecoded - end() <= maxBeyondEnd) continue;
    const message = `damaged ${format} file: it ends after ${Math.max(0, end())} samples per channel, and goes on for more than ${maxBeyondEnd} others`;
    addFlaw({ code: "AUDIO_EXTRA", message }, 0);
    break;
  }
  if (end() <= start) throw new AudioFormatError("AUDIO_EMPTY", `empty ${format} file: it holds no samples`);
  yield* release(0);
  closeGap();
  const [numExpected, numGiven] = [end() - start, Math.max(0, numDecoded - start)];
  const message =
    truncation ??
    `truncated or damaged ${format} file: it should have ${numExpected} samples per channel, but only ${numGiven} could be decoded`;
  if (!hasAudio) throw new AudioFormatError("AUDIO_CORRUPT", firstFlaw ?? message);
  const numLost = Math.max(0, numExpected - numGiven);
  if (numLost > 0 || truncation !== undefined) report.add({ code: "AUDIO_TRUNCATED", message, position: numGiven, numLost });
}

/** The samples `[start, end)` of a piece that lie within it; the piece itself if that is all. */
export function slicePiece(piece: Waveform, start: number, end: number): Waveform {
  const { channelData, sampleRate } = piece;
  if (start <= 0 && end >= numSamplesOf(piece)) return piece;
  const [from, to] = [Math.max(0, start), Math.max(0, end)];
  return { channelData: channelData.map((samples) => samples.slice(from, to)), sampleRate };
}
