import { joinArrays } from "../../core/index.ts";
import type { LstmLayer } from "../../graph/index.ts";
import { extendTail } from "./piecewise-part.ts";
import type { PartData, PartOutput, PiecewisePart, RunStretch, SignalTail } from "./piecewise-part.ts";

/**
 * Where a signal that comes in pieces stands on its way through half of the network. Plain data that nobody changes, so
 * a state can be kept, stored and gone on from more than once.
 */
export interface HalfState<Input extends PartData> {
  readonly input: SignalTail<Input>;
  readonly features: SignalTail<Float32Array>;
  /** `[numLayers, size]` each; empty where there is no LSTM. */
  readonly hidden: Float32Array;
  readonly cell: Float32Array;
  /** Frames that have been through the first part, and through the second. */
  readonly before: number;
  readonly after: number;
}

/** The next piece of one signal. */
export interface NextPiece<Input extends PartData> {
  readonly state: HalfState<Input>;
  /** Row-major `[rows, columns]`, possibly empty. */
  readonly input: Input;
  /** Whether the signal ends with it. */
  readonly isLast: boolean;
}

/** Runs the LSTM over `[rows, frames, size]`. */
export type RunLstm = (inputs: {
  readonly features: Float32Array;
  readonly hidden: Float32Array;
  readonly cell: Float32Array;
  readonly rows: number;
  readonly frames: number;
}) => Promise<{ readonly output: Float32Array; readonly hidden: Float32Array; readonly cell: Float32Array }>;

/** The three parts of half of the network. */
export interface HalfParts<Input extends PartData, Output extends PartData> {
  readonly before: PiecewisePart<Input, Float32Array>;
  readonly lstm: LstmLayer | null;
  readonly after: PiecewisePart<Float32Array, Output>;
}

/** What computes the parts. */
export interface HalfRuns<Input extends PartData, Output extends PartData> {
  readonly before: RunStretch<Input, Float32Array>;
  readonly after: RunStretch<Float32Array, Output>;
  readonly lstm: RunLstm;
  /** Called with the frames that a run of `before` or `after` was for. */
  readonly onFrames: (frames: number) => void;
}

/** What becomes of a piece: the frames that are settled now and were not before, and the state after it. */
export interface PieceResult<Input extends PartData, Output extends PartData> {
  readonly output: PartOutput<Output>;
  readonly state: HalfState<Input>;
}

/** Rows × frames in one run of the LSTM: some tens of milliseconds with the official models. */
const lstmRowFrames = 400;

/** The state of a signal of which nothing has come. @param rows Channels of a waveform, codebooks of codes. */
export function initialState<Input extends PartData>(rows: number, empty: Input, lstm: LstmLayer | null): HalfState<Input> {
  const size = lstm === null ? 0 : lstm.numLayers * lstm.size;
  return {
    input: { data: empty, rows, start: 0 },
    features: { data: new Float32Array(), rows: 1, start: 0 },
    hidden: new Float32Array(size),
    cell: new Float32Array(size),
    before: 0,
    after: 0,
  };
}

/**
 * Whether a state, perhaps from outside, is one that a signal has of which `columns` columns have come.
 * @param start The state that it had at first.
 */
export function isStateAfter<Input extends PartData, Output extends PartData>(
  state: HalfState<Input>,
  start: HalfState<Input>,
  { before, after }: HalfParts<Input, Output>,
  { columns, isWhole }: { readonly columns: number; readonly isWhole: boolean },
): boolean {
  const analysed = before.settledFrames(columns, isWhole);
  const features = analysed * after.inputStep;
  return (
    typeof state === "object" &&
    state !== null &&
    isTailLike(state.input, start.input) &&
    isTailLike(state.features, start.features) &&
    isArrayLike(state.hidden, start.hidden) &&
    isArrayLike(state.cell, start.cell) &&
    state.hidden.length === start.hidden.length &&
    state.cell.length === start.cell.length &&
    state.before === analysed &&
    state.after === after.settledFrames(features, isWhole) &&
    before.isTailAfter(state.input, columns, isWhole) &&
    after.isTailAfter(state.features, features, isWhole)
  );
}

function isTailLike<Data extends PartData>(tail: SignalTail<Data> | undefined, other: SignalTail<Data>): boolean {
  return isArrayLike(tail?.data, other.data) && tail?.rows === other.rows;
}

function isArrayLike(data: PartData | undefined, other: PartData): boolean {
  return other instanceof Float32Array ? data instanceof Float32Array : data instanceof Int32Array;
}

/** Takes pieces of several signals through half of the network: the convolutions stretch by stretch, the LSTM for all at once. */
export async function advance<Input extends PartData, Output extends PartData>(
  pieces: readonly NextPiece<Input>[],
  parts: HalfParts<Input, Output>,
  runs: HalfRuns<Input, Output>,
): Promise<PieceResult<Input, Output>[]> {
  const inputs = pieces.map(({ state, input, isLast }) => ({ tail: extendTail(state.input, input), done: state.before, isWhole: isLast }));
  const analysed = await parts.before.advance(inputs, runs.before, runs.onFrames);
  const remembered =
    parts.lstm === null
      ? analysed.map(({ data }, index) => ({ data, ...memoryOf(pieces[index]!.state) }))
      : await recur(pieces, analysed, parts.lstm, runs.lstm);
  const features = pieces.map(({ state, isLast }, index) => ({
    tail: extendTail(state.features, remembered[index]!.data),
    done: state.after,
    isWhole: isLast,
  }));
  const outputs = await parts.after.advance(features, runs.after, runs.onFrames);
  return pieces.map(({ state }, index) => {
    const { hidden, cell } = remembered[index]!;
    const output = outputs[index]!;
    const before = state.before + analysed[index]!.frames;
    const after = state.after + output.frames;
    const tails = { input: parts.before.trim(inputs[index]!.tail, before), features: parts.after.trim(features[index]!.tail, after) };
    return { output, state: { ...tails, hidden, cell, before, after } };
  });
}

interface Remembered {
  readonly data: Float32Array;
  readonly hidden: Float32Array;
  readonly cell: Float32Array;
}

/**
 * The LSTM over the new frames of all signals, a bounded number of frames at a time. Signals with fewer frames drop out
 * when they have had theirs, so no row ever runs over padding.
 */
async function recur<Input extends PartData>(
  pieces: readonly NextPiece<Input>[],
  analysed: readonly PartOutput<Float32Array>[],
  { size, numLayers }: LstmLayer,
  run: RunLstm,
): Promise<Remembered[]> {
  const rows = pieces.map(({ state }, index) => ({ ...memoryOf(state), index, data: new Float32Array(analysed[index]!.data.length) }));
  for (let start = 0; ;) {
    const active = rows.filter(({ index }) => analysed[index]!.frames > start);
    if (active.length === 0) return rows;
    const most = Math.max(1, Math.floor(lstmRowFrames / active.length));
    const frames = Math.min(most, ...active.map(({ index }) => analysed[index]!.frames - start));
    const from = start * size;
    const to = (start + frames) * size;
    const result = await run({
      features: joinArrays(
        active.map(({ index }) => analysed[index]!.data.subarray(from, to)),
        Float32Array,
      ),
      hidden: interleave(
        active.map(({ hidden }) => hidden),
        numLayers,
      ),
      cell: interleave(
        active.map(({ cell }) => cell),
        numLayers,
      ),
      rows: active.length,
      frames,
    });
    for (const [row, each] of active.entries()) {
      each.data.set(result.output.subarray(row * frames * size, (row + 1) * frames * size), from);
      each.hidden = deinterleave(result.hidden, row, active.length, numLayers);
      each.cell = deinterleave(result.cell, row, active.length, numLayers);
    }
    start += frames;
  }
}

function memoryOf({ hidden, cell }: HalfState<PartData>): { hidden: Float32Array; cell: Float32Array } {
  return { hidden, cell };
}

/** States `[numLayers, size]` of each row as one `[numLayers, rows, size]`. */
function interleave(states: readonly Float32Array[], numLayers: number): Float32Array {
  if (states.length === 1) return states[0]!;
  const size = states[0]!.length / numLayers;
  const joined = new Float32Array(states.length * states[0]!.length);
  for (const [row, state] of states.entries()) {
    for (let layer = 0; layer < numLayers; layer++) {
      joined.set(state.subarray(layer * size, (layer + 1) * size), (layer * states.length + row) * size);
    }
  }
  return joined;
}

/** One row `[numLayers, size]` of states `[numLayers, rows, size]`. */
function deinterleave(states: Float32Array, row: number, rows: number, numLayers: number): Float32Array {
  if (rows === 1) return states;
  const size = states.length / (rows * numLayers);
  const state = new Float32Array(numLayers * size);
  for (let layer = 0; layer < numLayers; layer++) {
    const from = (layer * rows + row) * size;
    state.set(states.subarray(from, from + size), layer * size);
  }
  return state;
}
