import { hasAscii } from "../reading/ascii.ts";
import type { ByteWindow } from "../reading/byte-window.ts";
import type { AudioWarning } from "../reading/audio-warning.ts";
import type { DecodedPiece } from "../reading/decoded-piece.ts";
import type { EncodedAudio } from "../reading/encoded-audio.ts";
import { skipId3 } from "../reading/id3.ts";
import type { Pace } from "../reading/pace.ts";
import { trimPieces } from "../reading/trim-pieces.ts";
import type { Damage, Packet, WasmDecoder } from "../reading/wasm-decoder.ts";
import { runDecoder } from "../reading/wasm-decoder.ts";
import { decodeFlacFrame } from "./decode-flac-frame.ts";
import type { FlacFrame, FlacJunk } from "./flac-frames.ts";
import { findFlacEnd, splitFlacFrames, startSampleOf } from "./flac-frames.ts";
import { maxHeaderLength } from "./flac-frame-header.ts";
import type { FlacHeader } from "./flac-header.ts";
import { readFlacHeader } from "./flac-header.ts";

/** Sample widths that the WebAssembly decoder knows: it reads frames without their stream's header. */
const commonBits: ReadonlySet<number> = new Set([8, 12, 16, 20, 24]);

/** Bytes read at a time. */
const pieceLength = 2 ** 16;
/** Least bytes of a frame. */
const minFrameLength = 10;

/**
 * Opens a FLAC file; integers of b bits become `value / 2^(b-1)`, as in `parseWav`.
 *
 * Frames have numbers, so it is known how much is missing between two of them. Where the first is not the file's first, because the file was
 * cut, the audio starts with it.
 * @throws AudioFormatError as `decodeAudio` does.
 */
export async function openFlac(source: ByteWindow): Promise<EncodedAudio> {
  const header = await readFlacHeader(source, await skipId3(source, 0));
  const { sampleRate, numChannels: channels, framesStart } = header;
  return {
    sampleRate,
    channels,
    numSamples: header.numSamples ?? (await findFlacEnd(source, framesStart, header)),
    decode(report) {
      const frames = new FlacTimeline(source, header, framesStart);
      return trimPieces("FLAC", decodeFlacFrames(header, frames.packets(), source.pace), { end: () => frames.end }, report);
    },
  };
}

/** The frames of a file in their order, and what is wrong between them. */
class FlacTimeline {
  readonly #source: ByteWindow;
  readonly #header: FlacHeader;
  readonly #framesStart: number;
  /** The sample with which the audio starts, and the one that comes next. */
  #start = 0;
  #position: number | undefined;
  #blockSize: number | undefined;
  /** The sample after the last of the result. */
  end = Infinity;

  constructor(source: ByteWindow, header: FlacHeader, framesStart: number) {
    this.#source = source;
    this.#header = header;
    this.#framesStart = framesStart;
    this.#blockSize = header.blockSize;
  }

  async *packets(): AsyncGenerator<Packet | Damage, void> {
    let junk: FlacJunk | undefined;
    for await (const item of splitFlacFrames(this.#chunks(), this.#header, this.#source.pace)) {
      if ("length" in item) {
        if (this.#position !== undefined && hasAscii(item.bytes, 0, "fLaC")) {
          yield this.#damage("AUDIO_EXTRA", `another stream starts at ${this.#place(item.offset)}, and is passed over`);
          junk = undefined;
          break;
        }
        junk = junk === undefined ? item : { ...junk, length: junk.length + item.length };
        continue;
      }
      yield* this.#step(item, junk);
      junk = undefined;
    }
    yield* this.#finish(junk);
  }

  async *#chunks(): AsyncGenerator<Uint8Array, void> {
    for (let offset = this.#framesStart; offset < this.#source.size; offset += pieceLength) yield this.#source.bytes(offset, pieceLength);
  }

  *#step(frame: FlacFrame, junk: FlacJunk | undefined): Generator<Packet | Damage, void> {
    this.#blockSize ??= frame.header.blockSize;
    // Early encoders numbered samples without saying so where blocks are variable, which only the stream's header tells.
    const isSampleNumber = this.#header.blockSize === undefined && frame.header.number === this.#position;
    const start = isSampleNumber ? frame.header.number : startSampleOf(frame.header, this.#blockSize)!;
    if (this.#position === undefined) {
      // Frames were lost in front of it if there are as many bytes as these would have.
      const isFirstLost = junk !== undefined && (start / this.#blockSize) * minFrameLength <= junk.length;
      this.#start = isFirstLost ? 0 : start;
      this.#position = this.#start;
    }
    const what = junk === undefined ? undefined : `no whole frame starts at ${this.#place(junk.offset)}`;
    const { numSamples: total = Infinity } = this.#header;
    if (start < this.#position || (start > this.#position && start >= total)) {
      if (what !== undefined) yield this.#damage("AUDIO_EXTRA", what);
      yield this.#damage(
        "AUDIO_EXTRA",
        `the frame at ${this.#place(frame.offset)} starts with sample ${start}, where ${this.#position} comes next`,
      );
      return;
    }
    const numLost = start - this.#position;
    const gap = `frames are missing before ${this.#place(frame.offset)}`;
    if (numLost > 0) yield this.#damage("AUDIO_GAP", what ?? gap, numLost);
    else if (what !== undefined) yield this.#damage("AUDIO_EXTRA", what);
    yield frame;
    this.#position = start + frame.numSamples;
  }

  /** What stands after the last frame, and whether it was the last. */
  *#finish(junk: FlacJunk | undefined): Generator<Damage, void> {
    const position = this.#position ?? 0;
    const total = this.#header.numSamples;
    const isCut = junk !== undefined && this.#isBeginning(junk, position) && (total === undefined || position < total);
    const numExpected = isCut ? position + (junk.header?.blockSize ?? 0) : position;
    this.end = Math.max(total ?? 0, numExpected) - this.#start;
    if (isCut && total === undefined) {
      const message = `truncated FLAC file: it does not end with a whole frame, as the one at ${this.#place(junk.offset)} is none`;
      yield { flaw: { code: "AUDIO_TRUNCATED", message }, numSamples: 0 };
    } else if (junk !== undefined && !isCut && !isHarmless(junk)) {
      yield this.#damage("AUDIO_EXTRA", `no whole frame starts at ${this.#place(junk.offset)}`);
    }
    if (total !== undefined && position > total) {
      yield this.#damage("AUDIO_EXTRA", `its header promises ${total} samples per channel, its frames have ${position}`);
    }
  }

  /** Whether bytes are the beginning of the frame that starts with a sample. */
  #isBeginning({ header, bytes, length }: FlacJunk, position: number): boolean {
    if (header !== undefined) return startSampleOf(header, this.#blockSize) === position;
    return length < maxHeaderLength && bytes[0] === 0xff && (length === 1 || (bytes[1]! & 0xfe) === 0xf8);
  }

  #damage(code: AudioWarning["code"], message: string, numSamples = 0): Damage {
    return { flaw: { code, message: `damaged FLAC file: ${message}` }, numSamples };
  }

  #place(offset: number): string {
    return `byte ${this.#framesStart + offset}`;
  }
}

/** Whether it is a tag, or zeros as far as is known. */
function isHarmless({ bytes }: FlacJunk): boolean {
  return ["TAG", "ID3", "APETAGEX"].some((tag) => hasAscii(bytes, 0, tag)) || bytes.every((byte) => byte === 0);
}

/** Decodes the frames of one stream. */
export function decodeFlacFrames(
  header: FlacHeader,
  frames: AsyncIterable<Packet | Damage>,
  pace: Pace,
): AsyncGenerator<DecodedPiece, void> {
  const { sampleRate, bitsPerSample, numChannels: channels } = header;
  const createDecoder = async (): Promise<WasmDecoder<Packet>> =>
    commonBits.has(bitsPerSample)
      ? createWasmDecoder(header)
      : { ready: Promise.resolve(), decode: ({ bytes }) => decodeHere(bytes, header), free() {} };
  return runDecoder({ format: "FLAC", sampleRate, channels }, createDecoder, frames, pace);
}

/** Each frame by itself, with the decoder of this package for what the other one cannot read. */
async function createWasmDecoder(header: FlacHeader): Promise<WasmDecoder<Packet>> {
  const { FLACDecoder } = await import("@wasm-audio-decoders/flac");
  const decoder = new FLACDecoder();
  return {
    ready: decoder.ready,
    async decode({ bytes, numSamples }) {
      const decoded = await decoder.decodeFrames([bytes]);
      // It also reports frames that are missing in front of this one, which is decoded all the same.
      const errors = decoded.errors.filter(({ message }) => !message.includes("ERROR_STATUS_MISSING_FRAME"));
      if (errors.length > 0 || decoded.samplesDecoded !== numSamples) return decodeHere(bytes, header);
      for (const samples of decoded.channelData) restoreIntegers(samples, header.bitsPerSample);
      return { ...decoded, errors };
    },
    free: () => decoder.free(),
  };
}

/** The WebAssembly decoder divides integers by 2^(bits−1) − 1. They are found again without loss, and divided by 2^(bits−1). */
function restoreIntegers(samples: Float32Array, bitsPerSample: number): void {
  const fullScale = 2 ** (bitsPerSample - 1);
  for (let i = 0; i < samples.length; i++) samples[i] = Math.round(samples[i]! * (fullScale - 1)) / fullScale;
}

function decodeHere(bytes: Uint8Array, { sampleRate, bitsPerSample }: FlacHeader): ReturnType<WasmDecoder<Packet>["decode"]> {
  const frame = decodeFlacFrame(bytes, bitsPerSample);
  if (frame === undefined || frame === "short" || frame.length !== bytes.length) {
    return { channelData: [], samplesDecoded: 0, sampleRate, errors: [{ message: "a frame cannot be decoded" }] };
  }
  const fullScale = 2 ** (bitsPerSample - 1);
  const channelData = frame.channelData.map((samples) => Float32Array.from(samples, (sample) => sample / fullScale));
  return { channelData, samplesDecoded: channelData[0]!.length, sampleRate, errors: [] };
}
