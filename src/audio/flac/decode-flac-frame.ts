import { maxHeaderLength, parseFlacFrameHeader } from "./flac-frame-header.ts";

/** A frame's samples as integers, one array per channel, and its length in bytes. */
export interface DecodedFlacFrame {
  readonly channelData: readonly Float64Array[];
  readonly length: number;
}

/**
 * Decodes the frame that bytes start with, whatever follows it. Its checksum is not looked at.
 *
 * WebAssembly does that ten times as fast, but for widths of 8, 12, 16, 20 and 24 bits only, and without saying where the frame ends.
 * Numbers of 33 bits times coefficients of 15, summed up 32 times, take 53 bits at most: all that is computed here is exact in a float64.
 * Source: RFC 9639, section 9.
 * @param streamBits Bits per sample by the stream's header, for frames that leave it to that.
 * @returns "short" if the bytes end before the frame, undefined if they are none.
 */
export function decodeFlacFrame(bytes: Uint8Array, streamBits: number): DecodedFlacFrame | "short" | undefined {
  const header = parseFlacFrameHeader(bytes.subarray(0, maxHeaderLength));
  if (header === undefined) return undefined;
  const { blockSize, channelCode, numChannels, bitsPerSample = streamBits } = header;
  const reader = new BitReader(bytes, header.length);
  const channelData: Float64Array[] = [];
  for (let channel = 0; channel < numChannels; channel++) {
    const isDifference = (channelCode === 9 && channel === 0) || ((channelCode === 8 || channelCode === 10) && channel === 1);
    const samples = readSubframe(reader, bitsPerSample + (isDifference ? 1 : 0), blockSize);
    if (reader.isOver) return "short";
    if (samples === undefined) return undefined;
    channelData.push(samples);
  }
  const length = reader.alignedOffset + 2;
  if (length > bytes.length) return "short";
  restoreStereo(channelData, channelCode);
  const fullScale = 2 ** (bitsPerSample - 1);
  const isSound = channelData.every((samples) => samples.every((sample) => sample >= -fullScale && sample < fullScale));
  return isSound ? { channelData, length } : undefined;
}

/** Source: RFC 9639, sections 9.2.1 to 9.2.6. */
function readSubframe(reader: BitReader, bits: number, blockSize: number): Float64Array | undefined {
  if (reader.unsigned(1) !== 0) return undefined;
  const type = reader.unsigned(6);
  const numWasted = reader.unsigned(1) === 0 ? 0 : reader.unary() + 1;
  const width = bits - numWasted;
  if (width < 1) return undefined;
  const samples = new Float64Array(blockSize);
  if (type === 0) samples.fill(reader.signed(width));
  else if (type === 1) for (let i = 0; i < blockSize && !reader.isOver; i++) samples[i] = reader.signed(width);
  else if (type >= 8 && type <= 12) {
    if (!readFixed(reader, samples, width, type - 8)) return undefined;
  } else if (type >= 32) {
    if (!readLinear(reader, samples, width, type - 31)) return undefined;
  } else return undefined;
  if (numWasted > 0) for (let i = 0; i < blockSize; i++) samples[i]! *= 2 ** numWasted;
  return samples;
}

/** Coefficients of the fixed predictors: what a sample is expected to be of those before it, the nearest first. */
const fixedCoefficients: readonly (readonly number[])[] = [[], [1], [2, -1], [3, -3, 1], [4, -6, 4, -1]];

function readFixed(reader: BitReader, samples: Float64Array, width: number, order: number): boolean {
  return (
    readWarmUp(reader, samples, width, order) && readResidual(reader, samples, order) && predict(samples, fixedCoefficients[order]!, 0)
  );
}

function readLinear(reader: BitReader, samples: Float64Array, width: number, order: number): boolean {
  if (!readWarmUp(reader, samples, width, order)) return false;
  const precision = reader.unsigned(4) + 1;
  const shift = reader.signed(5);
  if (precision === 16 || shift < 0) return false; // reserved
  const coefficients = Array.from({ length: order }, () => reader.signed(precision));
  return readResidual(reader, samples, order) && predict(samples, coefficients, shift);
}

function readWarmUp(reader: BitReader, samples: Float64Array, width: number, order: number): boolean {
  if (order > samples.length) return false;
  for (let i = 0; i < order; i++) samples[i] = reader.signed(width);
  return true;
}

/** Source: RFC 9639, section 9.2.7. */
function readResidual(reader: BitReader, samples: Float64Array, order: number): boolean {
  const method = reader.unsigned(2);
  const numPartitions = 2 ** reader.unsigned(4);
  const length = samples.length / numPartitions;
  if (method > 1 || !Number.isInteger(length) || length < order) return false;
  const parameterBits = method === 0 ? 4 : 5;
  for (let partition = 0; partition < numPartitions && !reader.isOver; partition++) {
    const parameter = reader.unsigned(parameterBits);
    const isEscaped = parameter === 2 ** parameterBits - 1;
    const width = isEscaped ? reader.unsigned(5) : 0;
    const end = (partition + 1) * length;
    for (let i = partition === 0 ? order : partition * length; i < end && !reader.isOver; i++) {
      if (isEscaped) {
        samples[i] = width === 0 ? 0 : reader.signed(width);
        continue;
      }
      const folded = reader.unary() * 2 ** parameter + reader.unsigned(parameter);
      samples[i] = folded % 2 === 0 ? folded / 2 : -(folded + 1) / 2;
    }
  }
  return true;
}

/** Adds what is expected of each sample to what stands in its place. */
function predict(samples: Float64Array, coefficients: readonly number[], shift: number): true {
  const order = coefficients.length;
  const scale = 2 ** -shift;
  for (let i = order; i < samples.length; i++) {
    let sum = 0;
    for (let j = 0; j < order; j++) sum += coefficients[j]! * samples[i - 1 - j]!;
    samples[i]! += Math.floor(sum * scale);
  }
  return true;
}

/** Source: RFC 9639, section 4.2. */
function restoreStereo(channelData: readonly Float64Array[], channelCode: number): void {
  if (channelCode < 8) return;
  const [first, second] = channelData as [Float64Array, Float64Array];
  for (let i = 0; i < first.length; i++) {
    const [a, b] = [first[i]!, second[i]!];
    if (channelCode === 8) second[i] = a - b;
    else if (channelCode === 9) first[i] = a + b;
    else {
      const sum = 2 * a + Math.abs(b % 2); // its last bit is that of the difference
      first[i] = (sum + b) / 2;
      second[i] = (sum - b) / 2;
    }
  }
}

/** Bits of bytes from an offset on, the highest first; zeros after the last. */
class BitReader {
  readonly #bytes: Uint8Array;
  #position: number;

  constructor(bytes: Uint8Array, offset: number) {
    this.#bytes = bytes;
    this.#position = 8 * offset;
  }

  /** Whether more was read than there is. */
  get isOver(): boolean {
    return this.#position > 8 * this.#bytes.length;
  }

  /** Offset of the next whole byte. */
  get alignedOffset(): number {
    return Math.ceil(this.#position / 8);
  }

  /** @param count Bits, up to 33. */
  unsigned(count: number): number {
    let value = 0;
    for (let numLeft = count; numLeft > 0;) {
      const numFree = 8 - (this.#position % 8); // bits left of this byte
      const numTaken = Math.min(numFree, numLeft);
      const byte = this.#bytes[Math.floor(this.#position / 8)] ?? 0;
      value = value * 2 ** numTaken + ((byte >> (numFree - numTaken)) & (2 ** numTaken - 1));
      this.#position += numTaken;
      numLeft -= numTaken;
    }
    return value;
  }

  signed(count: number): number {
    const value = this.unsigned(count);
    return value < 2 ** (count - 1) ? value : value - 2 ** count;
  }

  /** Zeros up to a one, which is read as well. */
  unary(): number {
    const start = this.#position;
    for (;;) {
      const offset = Math.floor(this.#position / 8);
      if (offset >= this.#bytes.length) {
        this.#position = 8 * this.#bytes.length + 1;
        return 0;
      }
      const rest = (this.#bytes[offset]! << (24 + (this.#position % 8))) >>> 0;
      if (rest !== 0) {
        this.#position += Math.clz32(rest) + 1;
        return this.#position - start - 1;
      }
      this.#position = 8 * (offset + 1);
    }
  }
}
