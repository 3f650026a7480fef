import { hasAscii } from "../reading/ascii.ts";
import type { ByteWindow } from "../reading/byte-window.ts";
import type { Pace } from "../reading/pace.ts";
import type { Packet } from "../reading/wasm-decoder.ts";
import { decodeFlacFrame } from "./decode-flac-frame.ts";
import { Crc16, Crc16FromEnd } from "./flac-checksums.ts";
import type { FlacFrameHeader } from "./flac-frame-header.ts";
import { maxHeaderLength, parseFlacFrameHeader } from "./flac-frame-header.ts";
import type { FlacHeader } from "./flac-header.ts";

/** A whole frame, with checksums that are right. */
export interface FlacFrame extends Packet {
  /** Where it starts in the stream of frames. */
  readonly offset: number;
  readonly header: FlacFrameHeader;
}

/** Bytes that are no whole frame. */
export interface FlacJunk {
  readonly offset: number;
  /** The first few of them. */
  readonly bytes: Uint8Array;
  readonly length: number;
  /** The header that they start with, of a frame that is not whole. */
  readonly header: FlacFrameHeader | undefined;
}

/** What the frames of a stream have in common, by its header. */
export type FlacStreamForm = Pick<FlacHeader, "sampleRate" | "numChannels" | "bitsPerSample">;

/** Most bytes of a frame: 65535 samples of eight channels, uncompressed. */
const maxFrameLength = ({ bitsPerSample }: FlacStreamForm): number => 65_535 * bitsPerSample + 2 ** 10;
/**
 * Most headers of other frames that a frame may hold. Bytes look like one by chance, about once in 16 MB. A decoder that finds the frame
 * around them damaged takes each for the next one, and decodes half a million samples for 34 bytes.
 */
const maxHeadersWithin = 8;
/** Most samples, all channels together, that are decoded to find out that they are no frame: a few bytes may stand for half a million. */
const maxInVain = 2 ** 24;
/** Bytes that are looked at before others have their turn. */
const stepLength = 2 ** 16;
/** What may follow the last frame: tags, or another stream. */
const marks: readonly string[] = ["fLaC", "TAG", "ID3", "APETAGEX"];
/** Bytes that have to follow so that one of them is recognised, or a header. */
const lookaheadLength = maxHeaderLength;
const id3v1Length = 128;

/**
 * Finds the frame that ends with the last byte, but for an ID3v1 tag, by its two checksums, and the sample at which it ends.
 * @param framesStart Offset of the first frame.
 * @returns Number of the sample after the last one, undefined if there is none.
 */
export async function findFlacEnd(source: ByteWindow, framesStart: number, header: FlacHeader): Promise<number | undefined> {
  const mostLength = maxFrameLength(header);
  const tailStart = Math.max(framesStart, source.size - mostLength - id3v1Length);
  const tail = await source.bytes(tailStart, source.size - tailStart);
  const end = hasAscii(tail, tail.length - id3v1Length, "TAG") ? tail.length - id3v1Length : tail.length;
  const crc = new Crc16FromEnd();
  for (let offset = end - 1; offset >= Math.max(0, end - mostLength); offset--) {
    crc.prepend(tail[offset]!);
    if ((end - offset) % stepLength === 0) await source.pace.spend(stepLength);
    if (crc.value !== 0) continue;
    const frame = parseFlacFrameHeader(tail.subarray(offset, Math.min(end, offset + maxHeaderLength)));
    const start = frame && startSampleOf(frame, header.blockSize);
    if (start !== undefined) return start + frame!.blockSize;
  }
  return undefined;
}

/** The number of a frame's first sample, undefined where nothing tells it. */
export function startSampleOf({ hasVariableBlocks, number }: FlacFrameHeader, blockSize: number | undefined): number | undefined {
  if (hasVariableBlocks) return number;
  return blockSize === undefined ? undefined : number * blockSize;
}

/** Samples per channel of the frame that bytes start with, undefined for none. */
export function flacBlockSize(bytes: Uint8Array): number | undefined {
  return parseFlacFrameHeader(bytes.subarray(0, maxHeaderLength))?.blockSize;
}

/** Whether bytes are one frame from their first to their last, with checksums that are right, and few that look like the headers of others. */
export function isWholeFlacFrame(bytes: Uint8Array): boolean {
  if (flacBlockSize(bytes) === undefined) return false;
  const crc = new Crc16();
  let numWithin = 0;
  for (const [offset, byte] of bytes.entries()) {
    crc.append(byte);
    if (byte === 0xff && offset > 0 && flacBlockSize(bytes.subarray(offset)) !== undefined) numWithin++;
  }
  return crc.value === 0 && numWithin <= maxHeadersWithin;
}

/**
 * Cuts a stream into frames. They do not say how long they are: a frame ends where its checksum is right and the next one's
 * header follows, or nothing, or a tag; or where decoding it ends. It is damaged if the header of a later one comes before that.
 * Bytes are looked at once, and decoded once more where something else follows.
 * @param chunks The stream from its first frame on, cut anywhere.
 * @param form Frames of another are none.
 */
export async function* splitFlacFrames(
  chunks: AsyncIterable<Uint8Array>,
  form: FlacStreamForm,
  pace: Pace,
): AsyncGenerator<FlacFrame | FlacJunk, void> {
  const splitter = new FrameSplitter(form);
  for await (const chunk of chunks) {
    for (let start = 0; start < chunk.length; start += stepLength) {
      const step = chunk.subarray(start, start + stepLength);
      yield* splitter.push(step);
      await pace.spend(step.length);
    }
  }
  yield* splitter.flush();
}

class FrameSplitter {
  readonly #form: FlacStreamForm;
  /** What is not given out yet are the bytes `#start` to `#end`, of which those before `#position` are in the frame's checksum. */
  #buffer = new Uint8Array(2 ** 17);
  #start = 0;
  #position = 0;
  #end = 0;
  /** Offset of the buffer's first byte in the stream. */
  #offset = 0;
  /** The header of the frame at `#start`; undefined while one is looked for, from `#position` on. */
  #frame: FlacFrameHeader | undefined;
  /** Whether it follows the frame before it, so that its header is one for certain. */
  #isCertain = false;
  /** The number that the next frame should have. */
  #nextNumber = 0;
  /** Headers within the frame so far. */
  #numWithin = 0;
  #crc = new Crc16();
  /** Whether its checksum was right somewhere, which it is by chance once in 64 KB: then decoding tells where it ends, if need be. */
  #mayHaveEnded = false;
  /** Samples of what was decoded so far and turned out not to be a frame. */
  #numInVain = 0;

  constructor(form: FlacStreamForm) {
    this.#form = form;
  }

  *push(chunk: Uint8Array): Generator<FlacFrame | FlacJunk, void> {
    this.#append(chunk);
    yield* this.#split(lookaheadLength);
  }

  *flush(): Generator<FlacFrame | FlacJunk, void> {
    yield* this.#split(0);
    this.#position = this.#end;
    yield* this.#giveUp();
  }

  /** @param lookahead Bytes that have to follow so that it can be told whether a frame ends. */
  *#split(lookahead: number): Generator<FlacFrame | FlacJunk, void> {
    while (this.#position + lookahead < this.#end) {
      if (this.#frame === undefined) {
        const header = this.#headerAt(this.#position);
        if (header === undefined) this.#position++;
        else yield* this.#begin(header);
        continue;
      }
      this.#readOn(Math.min(this.#end - lookahead, this.#start + maxFrameLength(this.#form)));
      const next = this.#headerAt(this.#position);
      const mayEnd = this.#crc.value === 0 && this.#position - this.#start >= this.#frame.length + 3; // a byte of a subframe, and the checksum
      if (mayEnd && (next !== undefined || this.#isAtMark() || (lookahead === 0 && this.#position === this.#end))) {
        yield* this.#takeFrame(this.#position);
        continue;
      }
      this.#mayHaveEnded ||= mayEnd;
      if (next !== undefined && this.#isLater(next)) yield* this.#begin(next);
      else if (next !== undefined) this.#numWithin++;
      else if (this.#position - this.#start >= maxFrameLength(this.#form)) yield* this.#giveUp();
    }
    // What is no frame is not kept.
    if (this.#frame === undefined && this.#position - this.#start > stepLength) yield* this.#giveUp();
  }

  /** Takes bytes into the checksum up to where a frame may end or begin, at least one. */
  #readOn(limit: number): void {
    const [buffer, crc] = [this.#buffer, this.#crc];
    let position = this.#position;
    do crc.append(buffer[position++]!);
    while (position < limit && crc.value !== 0 && buffer[position] !== 0xff);
    this.#position = position;
  }

  /** Begins the frame at `#position`. */
  *#begin(header: FlacFrameHeader): Generator<FlacFrame | FlacJunk, void> {
    yield* this.#giveUp();
    this.#frame = header;
    this.#isCertain = header.number === this.#nextNumber;
    this.#crc = new Crc16();
    this.#numWithin = 0;
    this.#mayHaveEnded = false;
  }

  /** Gives out the bytes up to `#position` as none of a frame, but for a whole one at their beginning. */
  *#giveUp(): Generator<FlacFrame | FlacJunk, void> {
    if (this.#frame !== undefined && this.#mayHaveEnded && this.#numInVain < maxInVain) {
      const bytes = this.#buffer.subarray(this.#start, this.#position);
      const decoded = decodeFlacFrame(bytes, this.#form.bitsPerSample);
      if (typeof decoded === "object" && crc16(bytes.subarray(0, decoded.length)) === 0)
        yield* this.#takeFrame(this.#start + decoded.length);
      else this.#numInVain += this.#frame.blockSize * this.#frame.numChannels;
    }
    yield* this.#dropTo(this.#position);
  }

  *#takeFrame(end: number): Generator<FlacFrame | FlacJunk, void> {
    const header = this.#frame!;
    if (this.#numWithin > maxHeadersWithin) {
      yield* this.#dropTo(end);
      return;
    }
    yield { bytes: this.#buffer.slice(this.#start, end), numSamples: header.blockSize, offset: this.#offset + this.#start, header };
    this.#nextNumber = header.number + (header.hasVariableBlocks ? header.blockSize : 1);
    this.#start = end;
    this.#frame = undefined;
  }

  *#dropTo(end: number): Generator<FlacJunk, void> {
    if (end > this.#start) {
      const bytes = this.#buffer.slice(this.#start, Math.min(end, this.#start + lookaheadLength));
      yield { offset: this.#offset + this.#start, bytes, length: end - this.#start, header: this.#frame };
    }
    this.#start = end;
    this.#frame = undefined;
  }

  /** Whether something that may follow the last frame is at `#position`. */
  #isAtMark(): boolean {
    const bytes = this.#buffer.subarray(0, this.#end);
    return marks.some((mark) => hasAscii(bytes, this.#position, mark));
  }

  #headerAt(offset: number): FlacFrameHeader | undefined {
    if (this.#buffer[offset] !== 0xff) return undefined;
    const header = parseFlacFrameHeader(this.#buffer.subarray(offset, Math.min(offset + maxHeaderLength, this.#end)));
    return header !== undefined && hasForm(header, this.#form) ? header : undefined;
  }

  /** Whether that is the header of a frame after the one at `#start`, which is damaged then. */
  #isLater({ hasVariableBlocks, number }: FlacFrameHeader): boolean {
    return !this.#isCertain || (hasVariableBlocks === this.#frame!.hasVariableBlocks && number > this.#frame!.number);
  }

  /** Makes room by dropping what is done, and by a buffer of twice the length where that is too little. */
  #append(chunk: Uint8Array): void {
    const numKept = this.#end - this.#start;
    if (this.#end + chunk.length > this.#buffer.length) {
      const roomy = 2 * (numKept + chunk.length) > this.#buffer.length ? new Uint8Array(2 * (numKept + chunk.length)) : this.#buffer;
      roomy.set(this.#buffer.subarray(this.#start, this.#end));
      this.#buffer = roomy;
      this.#offset += this.#start;
      this.#position -= this.#start;
      this.#start = 0;
      this.#end = numKept;
    }
    this.#buffer.set(chunk, this.#end);
    this.#end += chunk.length;
  }
}

function hasForm(header: FlacFrameHeader, { sampleRate, numChannels, bitsPerSample }: FlacStreamForm): boolean {
  return (
    header.numChannels === numChannels &&
    (header.bitsPerSample ?? bitsPerSample) === bitsPerSample &&
    (header.sampleRate ?? sampleRate) === sampleRate
  );
}

function crc16(bytes: Uint8Array): number {
  const crc = new Crc16();
  for (const byte of bytes) crc.append(byte);
  return crc.value;
}
