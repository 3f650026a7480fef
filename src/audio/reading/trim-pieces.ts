import type { Waveform } from "../../core/index.ts";
import { AudioFormatError, numSamplesOf } from "../../core/index.ts";
import type { WarningReport } from "./audio-warning.ts";

/** What a file's header says about its audio. */
export interface ExpectedForm {
  /** Name of the format in messages, such as "FLAC". */
  readonly format: string;
  readonly sampleRate: number;
  readonly channels: number;
}

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
 * Cuts decoded pieces to the file's audio, and checks that they have the form that its header promised. Fewer samples than `end` are a
 * truncated file.
 * @throws AudioFormatError `AUDIO_CORRUPT` for another form, no samples where there should be some, or more than 2²² after `end`; `AUDIO_EMPTY` if none remain.
 */
export async function* trimPieces(
  { format, sampleRate, channels }: ExpectedForm,
  pieces: AsyncIterable<Waveform>,
  { start = 0, end, lookahead = 0 }: Extent,
  report: WarningReport,
): AsyncGenerator<Waveform, void> {
  const waiting: Waveform[] = [];
  let numDecoded = 0;
  let position = 0; // of the first sample that waits

  function* release(numKept: number): Generator<Waveform, void> {
    while (waiting.length > 0 && numDecoded - position - numSamplesOf(waiting[0]!) >= numKept) {
      const piece = waiting.shift()!;
      const cut = slicePiece(piece, start - position, end() - position);
      position += numSamplesOf(piece);
      if (numSamplesOf(cut) > 0) yield cut;
    }
  }

  for await (const piece of pieces) {
    if (piece.channelData.length !== channels || piece.sampleRate !== sampleRate) {
      throw new AudioFormatError(
        "AUDIO_CORRUPT",
        `damaged ${format} file: its header says ${channels} channels at ${sampleRate} Hz, ` +
          `decoded were ${piece.channelData.length} channels at ${piece.sampleRate} Hz`,
      );
    }
    waiting.push(piece);
    numDecoded += numSamplesOf(piece);
    if (numDecoded - end() > maxBeyondEnd) {
      throw new AudioFormatError(
        "AUDIO_CORRUPT",
        `damaged ${format} file: it ends after ${Math.max(0, end())} samples per channel, and goes on for more than ${maxBeyondEnd} others`,
      );
    }
    yield* release(lookahead);
  }
  const missing = end() - numDecoded;
  if (missing > 0) {
    const message = `truncated or damaged ${format} file: it should have ${end()} samples per channel, but only ${numDecoded} could be decoded`;
    if (numDecoded <= start) throw new AudioFormatError("AUDIO_CORRUPT", message);
    report.add({ code: "AUDIO_TRUNCATED", message, position: numDecoded - start, numLost: missing });
  }
  if (end() <= start) throw new AudioFormatError("AUDIO_EMPTY", `empty ${format} file: it holds no samples`);
  yield* release(0);
}

/** The samples `[start, end)` of a piece that lie within it; the piece itself if that is all. */
export function slicePiece(piece: Waveform, start: number, end: number): Waveform {
  const { channelData, sampleRate } = piece;
  if (start <= 0 && end >= numSamplesOf(piece)) return piece;
  const [from, to] = [Math.max(0, start), Math.max(0, end)];
  return { channelData: channelData.map((samples) => samples.slice(from, to)), sampleRate };
}
