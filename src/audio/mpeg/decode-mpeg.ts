import type { Waveform } from "../../core/index.ts";
import { AudioFormatError, numSamplesOf } from "../../core/index.ts";
import { convertAudioStream } from "../conversion/audio-converter.ts";
import type { AudioForm } from "../reading/audio-form.ts";
import { sinkAt } from "../reading/audio-warning.ts";
import type { WarningSink } from "../reading/audio-warning.ts";
import type { ByteWindow } from "../reading/byte-window.ts";
import type { EncodedAudio } from "../reading/encoded-audio.ts";
import { trimPieces } from "../reading/trim-pieces.ts";
import type { WasmDecoder } from "../reading/wasm-decoder.ts";
import { runDecoder } from "../reading/wasm-decoder.ts";
import { findMpegStart, noMpegError } from "./find-mpeg.ts";
import type { MpegFrame } from "./find-mpeg.ts";
import { parseInfoFrame } from "./info-frame.ts";
import type { InfoFrame } from "./info-frame.ts";
import { headerLength, parseMpegHeader } from "./mpeg-header.ts";
import { readMpegFrames } from "./mpeg-frames.ts";
import type { MpegPacket, MpegRun, MpegRunEnd } from "./mpeg-frames.ts";

/** Samples by which every decoder of layer III is late: 528 and one. Source: LAME's technical FAQ, "decoder delay". */
const decoderDelay = 529;

/** How often the form of a file may change: each time takes a decoder of its own, and a few bytes. */
const maxChanges = 64;

/** Frames that are alike, and what of them is the file's audio. */
interface GaplessRun extends MpegRun {
  /** Samples before it. */
  readonly start: number;
  /** Samples after it, if there are as many frames as there should be. */
  readonly padding: number;
}

/**
 * Opens a file of MPEG audio: layer III, which is MP3, or layers I and II. If its first frame says how much the encoder added before and after
 * the audio (LAME and ffmpeg do), that is cut off together with the decoder's delay, so that the result has the length and timing of the original.
 * Frames of another sample rate or number of channels are brought to that of the first.
 * @throws AudioFormatError as `decodeAudio` does.
 */
export async function openMpeg(source: ByteWindow): Promise<EncodedAudio> {
  const found = await findMpegStart(source);
  if (found === undefined) throw await noMpegError(source);
  const first = await openRun(source, found);
  const { numFrames, start, padding, header } = first;
  return {
    sampleRate: header.sampleRate,
    channels: header.numChannels,
    numSamples: numFrames === 0 ? undefined : Math.max(0, numFrames * header.numSamples - padding - start),
    async *decode(report) {
      if (found.offset !== found.expected) {
        const message = `damaged ${first.format} file: its first frame starts at byte ${found.offset}, not at byte ${found.expected}`;
        report.add({ code: "AUDIO_EXTRA", message, position: 0, numLost: 0 });
      }
      yield* decodeRuns(source, first, report);
    },
  };
}

/** @param found Its first frame, which may say more than its header. */
async function openRun(source: ByteWindow, found: MpegFrame): Promise<GaplessRun> {
  const { offset, header } = found;
  const format = header.layer === 3 ? "MP3" : `MPEG layer ${"I".repeat(header.layer)}`;
  const bytes = await source.bytes(offset, header.length + headerLength);
  const info = parseInfoFrame(bytes.subarray(0, header.length), header);
  if (info === undefined) return { offset, header, format, numFrames: 0, start: 0, padding: 0 };
  const { numFrames, encoderDelay, encoderPadding }: InfoFrame = info;
  return {
    offset: offset + header.length,
    header: parseMpegHeader(bytes, header.length) ?? header,
    format,
    numFrames,
    start: encoderDelay === undefined ? 0 : encoderDelay + decoderDelay,
    padding: Math.max(0, encoderPadding - decoderDelay),
  };
}

async function* decodeRuns(source: ByteWindow, first: GaplessRun, report: WarningSink): AsyncGenerator<Waveform, void> {
  const { sampleRate, numChannels: channels } = first.header;
  const form = { sampleRate, channels };
  let position = 0;
  let run = first;
  for (let numChanges = 0; ; numChanges++) {
    let next: MpegFrame | undefined;
    const pieces = decodeRun(source, run, sinkAt(position, sampleRate / run.header.sampleRate, report), (end) => (next = end.next));
    try {
      for await (const piece of run === first ? pieces : convertAudioStream(pieces, form)) {
        yield piece;
        position += numSamplesOf(piece);
      }
    } catch (error) {
      // Without the first there is nothing to go on from.
      if (!(error instanceof AudioFormatError) || run === first) throw error;
      if (error.code !== "AUDIO_EMPTY") report.add({ code: "AUDIO_GAP", message: error.message, position, numLost: 0 });
    }
    if (next === undefined) return;
    if (numChanges === maxChanges) {
      const message = `damaged ${first.format} file: its audio changes more than ${maxChanges} times, and what follows byte ${next.offset} is left out`;
      report.add({ code: "AUDIO_TRUNCATED", message, position, numLost: 0 });
      return;
    }
    run = await openRun(source, next);
    report.add({ code: "AUDIO_CHANGED", message: changeMessage(first, run, form), position, numLost: 0 });
  }
}

function changeMessage(first: GaplessRun, { offset, header }: GaplessRun, { sampleRate, channels }: AudioForm): string {
  return (
    `${first.format} file whose audio changes at byte ${offset}, to ${header.numChannels} channels at ${header.sampleRate} Hz ` +
    `from ${channels} at ${sampleRate}, which it is brought back to`
  );
}

function decodeRun(
  source: ByteWindow,
  run: GaplessRun,
  report: WarningSink,
  onEnd: (end: MpegRunEnd) => void,
): AsyncGenerator<Waveform, void> {
  const { format, start, padding, header } = run;
  const { sampleRate, numChannels: channels, numSamples } = header;
  let ended: MpegRunEnd | undefined;
  const packets = readMpegFrames(source, run, (end) => onEnd((ended = end)));
  /** Padding belongs to the frames that the header counted: if there are more, or fewer, it is not known what their last has. */
  const end = (): number => {
    if (ended === undefined) return Infinity;
    if (run.numFrames > 0 && ended.numFrames <= run.numFrames) return run.numFrames * numSamples - padding;
    return (ended.numFrames + (ended.isCut ? 1 : 0)) * numSamples;
  };
  const pieces = runDecoder({ format, sampleRate, channels }, () => createMpegDecoder(channels), packets, source.pace);
  return trimPieces(format, pieces, { start, end, lookahead: padding }, report);
}

/**
 * Its own gapless mode is off: it needs the information frame, and gives no way to check the number of samples. It makes two equal
 * channels of one.
 */
export async function createMpegDecoder(channels: number): Promise<WasmDecoder<MpegPacket>> {
  const { MPEGDecoder } = await import("mpg123-decoder");
  const decoder = new MPEGDecoder({ enableGapless: false });
  return {
    ready: decoder.ready,
    decode({ bytes, isMuted }) {
      const { channelData, samplesDecoded, sampleRate, errors } = decoder.decode(bytes);
      const missing = { message: "bytes before this frame are missing" };
      return { channelData: channelData.slice(0, channels), samplesDecoded, sampleRate, errors: isMuted ? [missing] : errors };
    },
    free: () => decoder.free(),
  };
}
