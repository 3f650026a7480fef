import type { SampleCodec } from "./sample-codec.ts";

/**
 * Tables of ETSI EN 300 961 (GSM 06.10): of 5.3.1 and 5.3.2, table 4.3 (long-term gains) and table 4.5 (steps of the residual).
 * The first four are by coefficient.
 */
const inverseSlopes: readonly number[] = [13107, 13107, 13107, 13107, 19223, 17476, 31454, 29708];
const leastCodes: readonly number[] = [-32, -32, -16, -16, -8, -8, -4, -4];
const offsets: readonly number[] = [0, 0, 2048, -2560, 94, -1792, -341, -1144];
const coefficientBits: readonly number[] = [6, 6, 5, 5, 4, 4, 3, 3];
const longTermGains: readonly number[] = [3277, 11469, 21299, 32767];
const residualSteps: readonly number[] = [18431, 20479, 22527, 24575, 26623, 28671, 30719, 32767];

/** Two frames of 260 bits, each of 160 samples. */
const bytesPerBlock = 65;
const samplesPerFrame = 160;
/** Residual samples that the long-term filter looks back. */
const history = 120;

/**
 * GSM 06.10 full rate, as WAV has it: two frames in 65 bytes, whose bits fill each byte from its lowest.
 * Source: ETSI EN 300 961, section 5.3, whose 16-bit arithmetic gives the same samples everywhere.
 */
export function gsm(): SampleCodec {
  const decoder = new FrameDecoder();
  return {
    bytesPerBlock,
    samplesPerBlock: 2 * samplesPerFrame,
    samplesIn: (numBytes) => 2 * samplesPerFrame * Math.floor(numBytes / bytesPerBlock),
    read(view, [samples]) {
      for (let first = 0, offset = 0; first < samples!.length; first += 2 * samplesPerFrame, offset += bytesPerBlock) {
        const readBits = bitReader(view, offset);
        decoder.decode(readBits, samples!.subarray(first, first + samplesPerFrame));
        decoder.decode(readBits, samples!.subarray(first + samplesPerFrame, first + 2 * samplesPerFrame));
      }
      return [];
    },
  };
}

function bitReader(view: DataView, start: number): (numBits: number) => number {
  let position = 8 * start;
  return (numBits) => {
    let value = 0;
    for (let i = 0; i < numBits; i++, position++) value |= ((view.getUint8(position >> 3) >> (position & 7)) & 1) << i;
    return value;
  };
}

/** Decodes frames in their order. */
class FrameDecoder {
  /** The residual of the last 120 samples, and room for 40 more. */
  readonly #residual = new Int16Array(history + 40);
  readonly #lattice = new Int16Array(9);
  #logAreaRatios: readonly number[] = Array.from({ length: 8 }, () => 0);
  #lag = 40;
  #deemphasized = 0;

  decode(readBits: (numBits: number) => number, samples: Float32Array): void {
    const before = this.#logAreaRatios;
    const now = coefficientBits.map((numBits, i) => logAreaRatio(i, readBits(numBits)));
    this.#logAreaRatios = now;
    for (let subframe = 0; subframe < 4; subframe++) {
      this.#addResidual(readBits);
      for (let k = 0; k < 40; k++) {
        const position = 40 * subframe + k;
        if (position === 0 || position === 13 || position === 27 || position === 40) this.#setReflections(before, now, position);
        samples[position] = this.#synthesize(this.#residual[history + k]!) / 2 ** 15;
      }
    }
  }

  /** Sections 5.3.1 and 5.3.2: 40 samples of the residual, from 13 that are told and what was 40 to 120 samples before. */
  #addResidual(readBits: (numBits: number) => number): void {
    const [lag, gain, grid, maximum] = [readBits(7), readBits(2), readBits(2), readBits(6)];
    const residual = this.#residual;
    residual.copyWithin(0, 40);
    residual.fill(0, history);
    const { exponent, mantissa } = blockMaximum(maximum);
    const shift = 6 - exponent;
    for (let i = 0; i < 13; i++) {
      const scaled = multiply(residualSteps[mantissa]!, (2 * readBits(3) - 7) << 12);
      residual[history + grid + 3 * i] = saturate(scaled + (shift > 0 ? 1 << (shift - 1) : 0)) >> shift;
    }
    if (lag >= 40 && lag <= history) this.#lag = lag;
    for (let k = history; k < history + 40; k++)
      residual[k] = saturate(residual[k]! + multiply(longTermGains[gain]!, residual[k - this.#lag]!));
  }

  readonly #reflections = new Int16Array(8);

  /** Section 5.3.3: reflection coefficients go over from those of the frame before within its first 40 samples. */
  #setReflections(before: readonly number[], now: readonly number[], position: number): void {
    for (let i = 0; i < 8; i++) {
      const [from, to] = [before[i]!, now[i]!];
      const ratio =
        position === 0
          ? saturate(saturate((from >> 2) + (to >> 2)) + (from >> 1))
          : position === 13
            ? saturate((from >> 1) + (to >> 1))
            : position === 27
              ? saturate(saturate((from >> 2) + (to >> 2)) + (to >> 1))
              : to;
      this.#reflections[i] = reflectionOf(ratio);
    }
  }

  /** Sections 5.3.4 and 5.3.5: the short-term filter, and the end of what the encoder began with; 13 bits of the result are kept. */
  #synthesize(residual: number): number {
    const [lattice, reflections] = [this.#lattice, this.#reflections];
    let sample = residual;
    for (let i = 7; i >= 0; i--) {
      sample = saturate(sample - multiply(reflections[i]!, lattice[i]!));
      lattice[i + 1] = saturate(lattice[i]! + multiply(reflections[i]!, sample));
    }
    lattice[0] = sample;
    this.#deemphasized = saturate(sample + multiply(this.#deemphasized, 28180));
    return saturate(2 * this.#deemphasized) & ~7;
  }
}

function logAreaRatio(i: number, code: number): number {
  const ratio = multiply(inverseSlopes[i]!, saturate(((code + leastCodes[i]!) << 10) - 2 * offsets[i]!));
  return saturate(2 * ratio);
}

function reflectionOf(ratio: number): number {
  const size = Math.min(32_767, Math.abs(ratio));
  const reflection = size < 11_059 ? size << 1 : size < 20_070 ? size + 11_059 : saturate((size >> 2) + 26_112);
  return ratio < 0 ? -reflection : reflection;
}

/** The largest sample of a block: three bits below an exponent. */
function blockMaximum(code: number): { readonly exponent: number; readonly mantissa: number } {
  let exponent = code > 15 ? (code >> 3) - 1 : 0;
  let mantissa = code - (exponent << 3);
  if (mantissa === 0) return { exponent: -4, mantissa: 7 };
  while (mantissa <= 7) {
    mantissa = (mantissa << 1) | 1;
    exponent--;
  }
  return { exponent, mantissa: mantissa - 8 };
}

/** The product of two fractions of 16 bits, rounded. */
function multiply(a: number, b: number): number {
  return a === -32_768 && b === -32_768 ? 32_767 : (a * b + 16_384) >> 15;
}

function saturate(value: number): number {
  return value < -32_768 ? -32_768 : value > 32_767 ? 32_767 : value;
}
