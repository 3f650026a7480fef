import { contextOf, settledOutputs } from "../graph/index.ts";
import type { Context, Layer } from "../graph/index.ts";
import { joinColumns, putColumns, takeColumns } from "./columns.ts";

/** What goes into a part and comes out of it. */
export type PartData = Float32Array | Int32Array;

/** The end of a signal that comes in pieces, as much of it as is needed still. */
export interface Tail<Data extends PartData> {
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

/**
 * Frames that go through a convolutional part in one run. Longer stretches leave the cache, shorter ones repeat more context.
 */
export const tileFrames = 100;

/**
 * A convolutional part of the network that takes a signal in pieces and gives, frame for frame and bit for bit, what it would
 * give for the whole: each run gets as much of what was there before as its layers look at.
 *
 *     signal   ─────────────┬──── context ────┬──────── new frames ────────┬─ context ─┐
 *                           from            start                         end          to
 */
export class PiecewisePart<Input extends PartData, Output extends PartData> {
  /** In frames of the input; null where only the whole will do. */
  readonly #context: Context | null;
  readonly #layers: readonly Layer[];
  /** Columns of the input for one frame. */
  readonly inputStep: number;
  readonly #outputStep: number;
  readonly #createOutput: (length: number) => Output;
  readonly #samplesPerFrame: { readonly input: number; readonly output: number };
  /** Reflection at a signal's ends reaches inwards as far as padding reaches outwards: stretches there are this long or the whole. */
  readonly #leastFrames: number;

  /**
   * @param options.inputStep Columns of the input's data for one frame: `hopLength` of a waveform, `width` of features, 1 of codes.
   * @param options.samplesPerFrame Steps in time of the layers' inputs and outputs for one frame: `hopLength` of a waveform, otherwise 1.
   */
  constructor(
    layers: readonly Layer[],
    options: {
      readonly inputStep: number;
      readonly outputStep: number;
      readonly createOutput: (length: number) => Output;
      readonly samplesPerFrame: { readonly input: number; readonly output: number };
    },
  ) {
    const { inputStep, outputStep, samplesPerFrame } = options;
    const context = contextOf(layers);
    this.#layers = layers;
    this.inputStep = inputStep;
    this.#outputStep = outputStep;
    this.#createOutput = options.createOutput;
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

  /**
   * Takes all frames through that are settled and were not before.
   * @param tail The signal so far, as much as `trim` keeps.
   * @param position `done`: frames that went through earlier. `isWhole`: whether nothing follows.
   * @param run Computes a stretch `[rows, columns]`, alone.
   */
  async advance(
    tail: Tail<Input>,
    { done, isWhole }: { readonly done: number; readonly isWhole: boolean },
    run: (stretch: Input) => Promise<Output>,
    onFrames: (frames: number) => void,
  ): Promise<PartOutput<Output>> {
    const offset = tail.start * this.inputStep;
    const columns = offset + tail.data.length / tail.rows;
    const settled = this.settledFrames(columns, isWhole);
    const outputs: Output[] = [];
    let rows = 1;
    for (let start = done; start < settled; ) {
      const end = this.#context === null ? settled : Math.min(start + tileFrames, settled);
      const from = this.#firstFrame(end === settled && isWhole ? Math.min(start, settled - this.#leastFrames) : start);
      const to = Math.min(this.#endFrame(from, end) * this.inputStep, columns);
      const result = await run(takeColumns(tail.data, tail.rows, from * this.inputStep - offset, to - offset));
      const computed = Math.ceil(to / this.inputStep) - from;
      rows = result.length / (computed * this.#outputStep);
      outputs.push(takeColumns(result, rows, (start - from) * this.#outputStep, (end - from) * this.#outputStep));
      onFrames(end - start);
      start = end;
    }
    return { data: joinColumns(outputs, rows, this.#createOutput), frames: Math.max(0, settled - done) };
  }

  /** What of the signal is needed still when `done` frames are through. */
  trim(tail: Tail<Input>, done: number): Tail<Input> {
    const start = this.#context === null ? 0 : this.#firstFrame(done - this.#leastFrames);
    if (start <= tail.start) return tail;
    const columns = tail.data.length / tail.rows;
    return { ...tail, data: takeColumns(tail.data, tail.rows, (start - tail.start) * this.inputStep, columns).slice() as Input, start };
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
export function extendTail<Data extends PartData>(tail: Tail<Data>, data: Data): Tail<Data> {
  if (data.length === 0) return tail;
  const { rows, data: before } = tail;
  const extended = new (data.constructor as new (length: number) => Data)(before.length + data.length);
  putColumns(extended, before, { rows, at: 0, columns: before.length / rows });
  putColumns(extended, data, { rows, at: before.length / rows, columns: data.length / rows });
  return { ...tail, data: extended };
}
