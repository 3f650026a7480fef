import { inParallel } from "../../async/index.ts";
import { contextOf, settledOutputs } from "../../graph/index.ts";
import type { Context, Layer } from "../../graph/index.ts";
import { joinColumns, putColumns, takeColumns } from "./columns.ts";

/** What goes into a part and comes out of it. */
export type PartData = Float32Array | Int32Array;

/** The end of a signal that comes in pieces, as much of it as is needed still. */
export interface SignalTail<Data extends PartData> {
  /** Row-major `[rows, columns]`. */
  readonly data: Data;
  readonly rows: number;
  /** Frame that `data` starts with. */
  readonly start: number;
}

/** Frames of a signal that have been through a part. */
export interface PartOutput<Data extends PartData> {
  /** Row-major `[rows, columns]`. */
  readonly data: Data;
  readonly frames: number;
}

/** A signal that a part goes on with. */
export interface PartInput<Data extends PartData> {
  /** The signal so far, as much as `trim` keeps. */
  readonly tail: SignalTail<Data>;
  /** Frames that went through earlier. */
  readonly done: number;
  /** Whether nothing follows. */
  readonly isWhole: boolean;
}

/** Computes a stretch of one of several signals: row-major `[rows, columns]`. */
export type RunStretch<Input extends PartData, Output extends PartData> = (
  stretch: Input,
  of: { readonly signal: number; readonly rows: number },
) => Promise<Output>;

/** Where a stretch lies: frames `start` to `end` are wanted; its input goes from frame `from` to column `to`. */
interface Place {
  readonly start: number;
  readonly end: number;
  readonly from: number;
  readonly to: number;
}

/**
 * Frames that go through a convolutional part in one run. Longer stretches leave the cache, shorter ones repeat more context.
 */
export const tileFrames = 100;

/** Fewer frames are not divided among parallel runs. */
const leastTileFrames = 25;

/**
 * A convolutional part of the network that takes a signal in pieces and gives, frame for frame and bit for bit, what it would
 * give for the whole: each run gets as much of what was there before as its layers look at.
 *
 *     signal   ─────────────┬──── context ────┬──────── new frames ────────┬─ context ─┐
 *                           from            start                         end          to
 */
export class PiecewisePart<Input extends PartData, Output extends PartData> {
  /** What a piece needs around it, in frames of the input; null where only the whole will do. */
  readonly #context: Context | null;
  readonly #layers: readonly Layer[];
  /** Columns of the input for one frame. */
  readonly inputStep: number;
  readonly #outputStep: number;
  readonly #createOutput: (length: number) => Output;
  readonly #parallelRuns: number;
  readonly #samplesPerFrame: { readonly input: number; readonly output: number };
  /** Reflection at a signal's ends reaches inwards as far as padding reaches outwards: stretches there are this long or the whole. */
  readonly #leastFrames: number;

  /**
   * @param options.inputStep Columns of the input's data for one frame: `hopLength` of a waveform, `width` of features, 1 of codes.
   * @param options.parallelRuns Runs to have under way at the same time.
   * @param options.samplesPerFrame Steps in time of the layers' inputs and outputs for one frame: `hopLength` of a waveform, otherwise 1.
   */
  constructor(
    layers: readonly Layer[],
    options: {
      readonly inputStep: number;
      readonly outputStep: number;
      readonly createOutput: (length: number) => Output;
      readonly parallelRuns: number;
      readonly samplesPerFrame: { readonly input: number; readonly output: number };
    },
  ) {
    const { inputStep, outputStep, samplesPerFrame } = options;
    const context = contextOf(layers);
    this.#layers = layers;
    this.inputStep = inputStep;
    this.#outputStep = outputStep;
    this.#createOutput = options.createOutput;
    this.#parallelRuns = options.parallelRuns;
    this.#samplesPerFrame = samplesPerFrame;
    this.#context = context && {
      left: Math.ceil(context.left / samplesPerFrame.input),
      right: Math.ceil(context.right / samplesPerFrame.input),
    };
    this.#leastFrames = this.#context === null ? 0 : Math.max(this.#context.left, this.#context.right) + 1;
  }

  /** Frames that are settled when `columns` columns are known, and those of the whole when these are all. */
  settledFrames(columns: number, isWhole: boolean): number {
    if (isWhole) return Math.ceil(columns / this.inputStep);
    if (this.#context === null) return 0;
    const { input, output } = this.#samplesPerFrame;
    const known = Math.floor((columns * input) / this.inputStep);
    return Math.floor(settledOutputs(this.#layers, known) / output);
  }

  /** Takes all frames of the signals through that are settled and were not before; gives those of each signal. */
  async advance(
    signals: readonly PartInput<Input>[],
    run: RunStretch<Input, Output>,
    onFrames: (frames: number) => void,
  ): Promise<PartOutput<Output>[]> {
    const stretches = signals.flatMap(({ tail, done, isWhole }, signal) =>
      this.#placesIn(tail, done, isWhole).map((place) => ({ signal, tail, place })),
    );
    const outputs = await inParallel(stretches, this.#parallelRuns, async ({ signal, tail, place }) => {
      const result = await run(this.#stretchAt(place, tail), { signal, rows: tail.rows });
      onFrames(place.end - place.start);
      return this.#wantedOf(result, place);
    });
    return signals.map((_, index) => {
      const parts = outputs.filter((__, at) => stretches[at]!.signal === index);
      const frames = stretches.reduce((sum, { signal, place }) => (signal === index ? sum + place.end - place.start : sum), 0);
      const rows = frames === 0 ? 1 : parts.reduce((sum, { length }) => sum + length, 0) / (frames * this.#outputStep);
      return { data: joinColumns(parts, rows, this.#createOutput), frames };
    });
  }

  /** The frames of a signal that are settled and were not before: tiles of equal length, enough of them for all runs if they can be. */
  #placesIn(tail: SignalTail<Input>, done: number, isWhole: boolean): Place[] {
    const columns = tail.start * this.inputStep + tail.data.length / tail.rows;
    const settled = this.settledFrames(columns, isWhole);
    const frames = settled - done;
    const count = Math.max(Math.ceil(frames / tileFrames), Math.min(Math.floor(frames / leastTileFrames), this.#parallelRuns));
    const length = this.#context === null ? frames : Math.ceil(frames / count);
    const places: Place[] = [];
    for (let start = done; start < settled; start += length) {
      const end = Math.min(start + length, settled);
      const from = this.#firstFrame(end === settled && isWhole ? Math.min(start, settled - this.#leastFrames) : start);
      places.push({ start, end, from, to: Math.min(this.#endFrame(from, end) * this.inputStep, columns) });
    }
    return places;
  }

  #stretchAt({ from, to }: Place, { data, rows, start }: SignalTail<Input>): Input {
    const offset = start * this.inputStep;
    return takeColumns(data, rows, from * this.inputStep - offset, to - offset);
  }

  #wantedOf(result: Output, { start, end, from, to }: Place): Output {
    const computed = Math.ceil(to / this.inputStep) - from;
    const rows = result.length / (computed * this.#outputStep);
    return takeColumns(result, rows, (start - from) * this.#outputStep, (end - from) * this.#outputStep);
  }

  /** What of the signal is needed still when `done` frames are through. */
  trim(tail: SignalTail<Input>, done: number): SignalTail<Input> {
    const start = this.#context === null ? 0 : this.#firstFrame(done - this.#leastFrames);
    if (start <= tail.start) return tail;
    const columns = tail.data.length / tail.rows;
    return { ...tail, data: takeColumns(tail.data, tail.rows, (start - tail.start) * this.inputStep, columns).slice() as Input, start };
  }

  /** Whether a tail is what `trim` keeps of a signal of which `columns` columns have come. */
  isTailAfter({ data, rows, start }: SignalTail<Input>, columns: number, isWhole: boolean): boolean {
    const least = this.#firstFrame(this.settledFrames(columns, isWhole) - this.#leastFrames);
    return start === least && data.length === rows * (columns - start * this.inputStep);
  }

  #firstFrame(start: number): number {
    return this.#context === null ? 0 : Math.max(0, start - this.#context.left);
  }

  /** A stretch from the signal's beginning has to hold what reflection there looks at. */
  #endFrame(from: number, end: number): number {
    if (this.#context === null) return end;
    return Math.max(end + this.#context.right, from === 0 ? this.#leastFrames : 0);
  }
}

/** A tail with columns `[rows, new columns]` added, in memory of its own. */
export function extendTail<Data extends PartData>(tail: SignalTail<Data>, data: Data): SignalTail<Data> {
  if (data.length === 0) return tail;
  const { rows, data: before } = tail;
  const extended = new (data.constructor as new (length: number) => Data)(before.length + data.length);
  putColumns(extended, before, { rows, at: 0, columns: before.length / rows });
  putColumns(extended, data, { rows, at: before.length / rows, columns: data.length / rows });
  return { ...tail, data: extended };
}
