/*
 * The parameters known as "kaiser_best": resampy's optimised filter, as torchaudio's documentation gives them for
 * `sinc_interp_kaiser` ("Audio Resampling" tutorial; `lowpass_filter_width`, `rolloff`, `beta`).
 */
/** Zero crossings of the sinc on each side of its centre. */
const numZeroCrossings = 64;
/** Cut-off frequency as a fraction of the lower Nyquist frequency. */
const rolloff = 0.9475937167399596;
/** Shape of the Kaiser window. */
const beta = 14.769656459379492;

/** Most taps that are kept for reuse: 64 MiB of float32. */
const maxStoredTaps = 2 ** 24;
/** Longest phase that is built at all: rates a factor of 30 000 apart. */
const maxTapsPerPhase = 2 ** 22;

/** What is done in one step, in multiplications: some 3 ms of work. */
const workPerStep = 2 ** 21;
/** Multiplications that take as long as building one tap. */
const workPerTap = 50;
/** The most for which all phases are built in one step: some 25 ms, once. */
const workForAllPhases = 2 ** 24;

/** The taps that make the outputs of one phase. */
export interface KernelPhase {
  /** Input position of the first tap, in samples from the start of the phase's block; negative for the left half. */
  readonly firstTap: number;
  readonly taps: Float32Array;
}

/**
 * Polyphase filter that turns every block of `from` input samples into `to` output samples.
 *
 * Phases are built when they are first asked for, and kept. Pairs of rates with a large `to` (44 099 → 24 000 Hz has
 * 24 000 phases of 248 taps) thus cost short audio little. Where all phases together would exceed 64 MiB, none is kept
 * and each is built anew for every output: slower by an order of magnitude, the same values, bounded memory.
 *
 * Taps are computed in float64 and stored in float32, as the source does. Those beyond the last zero crossing, which
 * the source computes as a sinc of a clamped argument (under 1e-17), are left out.
 *
 * Source: torchaudio 2.x `functional/functional.py`, `_get_sinc_resample_kernel`.
 */
export class ResamplingKernel {
  /** Input samples per block: the old rate over the rates' greatest common divisor. */
  readonly from: number;
  /** Output samples per block, which is the number of phases: the new rate over that divisor. */
  readonly to: number;
  /** Most input samples that the filter touches on each side of an output's position. */
  readonly halfWidth: number;
  /**
   * Outputs that are made in some milliseconds, also where each of them is the first of its phase. The usual pairs of rates
   * have few phases, which are soon built; for 44 101 → 24 000 Hz these are most of the work.
   */
  readonly outputsPerStep: number;
  readonly #cutoff: number;
  readonly #stored: (KernelPhase | undefined)[] | undefined;

  /** @throws RangeError if the rates are too far apart for a filter of reasonable length. */
  constructor(from: number, to: number) {
    const cutoff = Math.min(from, to) * rolloff;
    const halfWidth = (numZeroCrossings * from) / cutoff;
    const tapsPerPhase = 2 * Math.ceil(halfWidth);
    if (tapsPerPhase > maxTapsPerPhase) {
      throw new RangeError(`cannot resample by the ratio ${to}/${from}: the rates are too far apart`);
    }
    this.from = from;
    this.to = to;
    this.halfWidth = Math.ceil(halfWidth) + 1;
    this.#cutoff = cutoff;
    this.#stored = tapsPerPhase * to <= maxStoredTaps ? [] : undefined;
    const areSoonBuilt = tapsPerPhase * to * workPerTap <= workForAllPhases;
    this.outputsPerStep = Math.ceil(workPerStep / (tapsPerPhase * (areSoonBuilt ? 1 : workPerTap)));
  }

  /** @param phase Position of the output within its block, 0…`to`−1. */
  phase(phase: number): KernelPhase {
    if (this.#stored === undefined) return this.#build(phase);
    return (this.#stored[phase] ??= this.#build(phase));
  }

  #build(phase: number): KernelPhase {
    const centre = (phase * this.from) / this.to;
    const halfWidth = (numZeroCrossings * this.from) / this.#cutoff;
    const firstTap = Math.ceil(centre - halfWidth);
    const lastTap = Math.floor(centre + halfWidth);
    const gain = this.#cutoff / this.from;
    const taps = new Float32Array(lastTap - firstTap + 1);
    for (let k = 0; k < taps.length; k++) {
      taps[k] = gain * windowedSinc((firstTap + k - centre) * gain);
    }
    return { firstTap, taps };
  }
}

/** @param t Distance from the centre in zero crossings. */
function windowedSinc(t: number): number {
  const sinc = t === 0 ? 1 : Math.sin(Math.PI * t) / (Math.PI * t);
  const relative = t / numZeroCrossings;
  return sinc * (besselI0(beta * Math.sqrt(Math.max(0, 1 - relative * relative))) / i0OfBeta);
}

/** Modified Bessel function of the first kind, order zero, by its power series Σ ((x/2)^k / k!)². */
function besselI0(x: number): number {
  const quarterSquare = (x * x) / 4;
  let term = 1;
  let sum = 1;
  for (let k = 1; term > sum * 1e-17; k++) {
    term *= quarterSquare / (k * k);
    sum += term;
  }
  return sum;
}

const i0OfBeta = besselI0(beta);
