import { inParallel } from "../../async/index.ts";
import type { Network } from "../../graph/index.ts";
import type { Tensor } from "../../runtime/index.ts";
import type { CallOptions, Progress } from "../call-options.ts";
import type { CodecPart, CodecSessions, Threading } from "./codec-sessions.ts";
import { putColumns, takeColumns } from "./columns.ts";
import { advance, initialState, isStateAfter } from "./piecewise-half.ts";
import type { HalfParts, HalfRuns, HalfState, NextPiece, PieceResult, RunLstm } from "./piecewise-half.ts";
import { PiecewisePart, tileFrames } from "./piecewise-part.ts";
import type { PartData, PartOutput } from "./piecewise-part.ts";

/** Audio that is coded in one go: a clip, or a segment of one. */
export interface AudioPiece {
  readonly numSamples: number;
  /** Samples `start` to `end`, planar `[channels * (end - start)]`; called from the beginning to the end, one call at a time. */
  readonly read: (start: number, end: number) => Float32Array | Promise<Float32Array>;
}

/** The codes of one piece, row-major `[numCodebooks, frames]`. */
export interface CodePiece {
  readonly codes: Int32Array;
  readonly frames: number;
}

/** Numbers that the runner needs of a configuration. */
export interface CodecDimensions {
  readonly audioChannels: number;
  readonly hopLength: number;
  readonly sampleRate: number;
}

/** Where a stream stands: waveform in, or codes in. */
/** Where a signal stands in the half of the network that encodes. */
export type EncoderState = HalfState<Float32Array>;
/** Where a signal stands in the half of the network that decodes. */
export type DecoderState = HalfState<Int32Array>;

/** The next piece of a stream, on its way through the network, and what becomes of it. */
export type EncoderPiece = NextPiece<Float32Array> & { readonly numCodebooks: number };
export type DecoderPiece = NextPiece<Int32Array>;
export type EncoderResult = PieceResult<Float32Array, Int32Array>;
export type DecoderResult = PieceResult<Int32Array, Float32Array>;

/** How far a stream's output is behind its input, in samples. */
export interface Latency {
  /** What the first frame needs: reflection at the beginning shows the network more than it looks at further on. */
  readonly start: number;
  /** What every frame far from the beginning needs. */
  readonly steady: number;
}

/** How whole signals go through: what their LSTM does with threads, and who counts frames. */
interface WholeRuns {
  readonly threading: Threading;
  readonly onFrames: (frames: number) => void;
}

/** A step of streams: one run after the other, counted by nobody. */
const aStep: WholeRuns = { threading: "divided", onFrames() {} };

const floats = (length: number): Float32Array => new Float32Array(length);
const integers = (length: number): Int32Array => new Int32Array(length);

/** Beyond this many rows the LSTM gains nothing more per row, and below the least it loses much. */
const maxRows = 16;
const leastRows = 8;

/** Groups of so many rows under way at the same time: while one waits for the LSTM, or is put together, the other keeps the threads busy. */
const groupsAtOnce = 2;

/** Takes audio and codes through the sessions, piece by piece, so that memory does not grow with their length. */
export class CodecRunner {
  readonly #sessions: CodecSessions;
  readonly #network: Network;
  readonly #dimensions: CodecDimensions;
  readonly #encoder: HalfParts<Float32Array, Int32Array>;
  readonly #decoder: HalfParts<Int32Array, Float32Array>;

  constructor(sessions: CodecSessions, network: Network, dimensions: CodecDimensions) {
    const { encoder, decoder } = network;
    const { hopLength } = dimensions;
    this.#sessions = sessions;
    this.#network = network;
    this.#dimensions = dimensions;
    const oneToOne = { input: 1, output: 1 };
    const { parallelRuns } = sessions;
    this.#encoder = {
      before: new PiecewisePart(encoder.before, {
        inputStep: hopLength,
        outputStep: encoder.width,
        samplesPerFrame: { input: hopLength, output: 1 },
        parallelRuns,
        createOutput: floats,
      }),
      lstm: encoder.lstm,
      after: new PiecewisePart(encoder.after, {
        inputStep: encoder.width,
        outputStep: 1,
        samplesPerFrame: oneToOne,
        parallelRuns,
        createOutput: integers,
      }),
    };
    this.#decoder = {
      before: new PiecewisePart(decoder.before, {
        inputStep: 1,
        outputStep: decoder.width,
        samplesPerFrame: oneToOne,
        parallelRuns,
        createOutput: floats,
      }),
      lstm: decoder.lstm,
      after: new PiecewisePart(decoder.after, {
        inputStep: decoder.width,
        outputStep: hopLength,
        samplesPerFrame: { input: 1, output: hopLength },
        parallelRuns,
        createOutput: floats,
      }),
    };
  }

  /** The state of a stream before its first sample. */
  startEncoding(): EncoderState {
    return initialState(this.#dimensions.audioChannels, new Float32Array(), this.#network.encoder.lstm);
  }

  /** The state of a stream before its first frame. @param numCodebooks Of all its codes. */
  startDecoding(numCodebooks: number): DecoderState {
    return initialState(numCodebooks, new Int32Array(), this.#network.decoder.lstm);
  }

  /** Whether a state, perhaps from outside, is one of a stream of which this many samples have come. */
  isEncoderState(state: EncoderState, numSamples: number, hasEnded: boolean): boolean {
    return isStateAfter(state, this.startEncoding(), this.#encoder, { columns: numSamples, isWhole: hasEnded });
  }

  /** Whether a state, perhaps from outside, is one of a stream of which this many frames have come. */
  isDecoderState(state: DecoderState, numCodebooks: number, numFrames: number, hasEnded: boolean): boolean {
    return isStateAfter(state, this.startDecoding(numCodebooks), this.#decoder, { columns: numFrames, isWhole: hasEnded });
  }

  /**
   * Takes the next samples of several streams; gives the codes that are settled now.
   * @throws DisposedError after the sessions' disposal, even if there is nothing to compute.
   */
  async advanceEncoding(pieces: readonly EncoderPiece[], { signal }: CallOptions): Promise<EncoderResult[]> {
    this.#sessions.checkAlive();
    signal?.throwIfAborted();
    return advance(
      pieces,
      this.#encoder,
      this.#encoderRuns((index) => pieces[index]!.numCodebooks, signal),
    );
  }

  /** Takes the next codes of several streams; gives the samples that are settled now, whole frames of them. */
  async advanceDecoding(pieces: readonly DecoderPiece[], { signal }: CallOptions): Promise<DecoderResult[]> {
    this.#sessions.checkAlive();
    signal?.throwIfAborted();
    return advance(pieces, this.#decoder, this.#decoderRuns(signal));
  }

  /** How far the codes of a stream are behind its samples. */
  get encodingLatency(): Latency {
    return latencyOf(this.#encoder, 1);
  }

  /** How far the audio of a stream is behind its codes. */
  get decodingLatency(): Latency {
    return latencyOf(this.#decoder, this.#dimensions.hopLength);
  }

  /** Codes of each piece, in the order of the pieces. */
  async encode(pieces: readonly AudioPiece[], numCodebooks: number, options: CallOptions): Promise<CodePiece[]> {
    const { hopLength } = this.#dimensions;
    const frames = pieces.map(({ numSamples }) => Math.ceil(numSamples / hopLength));
    const codes = frames.map((count) => new Int32Array(numCodebooks * count));
    const runs = this.#encoderRuns(() => numCodebooks, options.signal, {
      threading: threadingOf(frames.length),
      onFrames: this.#progress("encode", frames, options),
    });
    await this.#inWindows(frames, {
      start: () => this.startEncoding(),
      read: (index, start, end) => {
        const { numSamples, read } = pieces[index]!;
        return read(start * hopLength, Math.min(end * hopLength, numSamples));
      },
      advance: (window) => advance(window, this.#encoder, runs),
      write: (index, at, { data, frames: count }) => putColumns(codes[index]!, data, { rows: numCodebooks, at, columns: count }),
    });
    return codes.map((each, index) => ({ codes: each, frames: frames[index]! }));
  }

  /**
   * Audio of pieces of codes.
   * @param take Gets the audio of each piece as soon as it is complete, planar `[channels * frames * hopLength]`. Pieces of
   * the same length come in their order, longer ones mostly before shorter ones.
   */
  async decode(pieces: readonly CodePiece[], options: CallOptions, take: (index: number, audio: Float32Array) => void): Promise<void> {
    const { audioChannels, hopLength } = this.#dimensions;
    const frames = pieces.map((piece) => piece.frames);
    const unfinished = new Map<number, Float32Array>();
    const runs = this.#decoderRuns(options.signal, {
      threading: threadingOf(frames.length),
      onFrames: this.#progress("decode", frames, options),
    });
    await this.#inWindows(frames, {
      start: (index) => {
        unfinished.set(index, new Float32Array(audioChannels * frames[index]! * hopLength));
        return this.startDecoding(pieces[index]!.codes.length / frames[index]!);
      },
      read: (index, start, end) => takeColumns(pieces[index]!.codes, pieces[index]!.codes.length / frames[index]!, start, end),
      advance: (window) => advance(window, this.#decoder, runs),
      write: (index, at, { data, frames: count }) => {
        const audio = unfinished.get(index)!;
        putColumns(audio, data, { rows: audioChannels, at: at * hopLength, columns: count * hopLength });
        if (at + count < frames[index]!) return;
        unfinished.delete(index);
        take(index, audio);
      },
    });
  }

  /** Takes signals of known lengths through, those of similar length side by side, a tile of each at a time, or some if they are few. */
  async #inWindows<Input extends PartData, Output extends PartData>(
    frames: readonly number[],
    work: {
      readonly start: (index: number) => HalfState<Input>;
      readonly read: (index: number, start: number, end: number) => Input | Promise<Input>;
      readonly advance: (pieces: readonly NextPiece<Input>[]) => Promise<PieceResult<Input, Output>[]>;
      readonly write: (index: number, at: number, output: PartOutput<Output>) => void;
    },
  ): Promise<void> {
    let lastReading: Promise<unknown> = Promise.resolve();
    const failure = new AbortController();
    await inParallel(groupByLength(frames), groupsAtOnce, async (group) => {
      const windowFrames = tileFrames * Math.ceil(this.#sessions.parallelRuns / group.length);
      let active = group.map((index) => ({ index, state: work.start(index) }));
      try {
        for (let start = 0; active.length > 0; start += windowFrames) {
          const end = start + windowFrames;
          const readWindow = async (): Promise<NextPiece<Input>[]> => {
            const pieces: NextPiece<Input>[] = [];
            for (const { index, state } of active) {
              const input = await work.read(index, start, Math.min(end, frames[index]!));
              pieces.push({ state, input, isLast: end >= frames[index]! });
            }
            return pieces;
          };
          const reading = lastReading.then(readWindow);
          lastReading = reading;
          const pieces = await reading;
          failure.signal.throwIfAborted();
          const results = await work.advance(pieces);
          for (const [row, { output }] of results.entries()) work.write(active[row]!.index, active[row]!.state.after, output);
          active = active.map(({ index }, row) => ({ index, state: results[row]!.state })).filter((_, row) => !pieces[row]!.isLast);
        }
      } catch (error) {
        failure.abort(error); // ends the other group, whose work is for nobody now
        throw error;
      }
    });
  }

  /** @param numCodebooksOf Of the signal with this index. */
  #encoderRuns(
    numCodebooksOf: (index: number) => number,
    signal: AbortSignal | undefined,
    { threading, onFrames }: WholeRuns = aStep,
  ): HalfRuns<Float32Array, Int32Array> {
    const { audioChannels } = this.#dimensions;
    const { width } = this.#network.encoder;
    return {
      before: async (data) => {
        const waveform = { type: "float32", data, dims: [1, audioChannels, data.length / audioChannels] } as const;
        const { features } = await this.#run("analysis", { waveform }, ["features"], signal);
        return features.data as Float32Array;
      },
      lstm: this.#lstm("encoderLstm", signal, threading),
      after: async (data, { signal: index }) => {
        const inputs = {
          features: { type: "float32", data, dims: [1, data.length / width, width] },
          num_codebooks: { type: "int64", data: BigInt64Array.of(BigInt(numCodebooksOf(index))), dims: [] },
        } as const;
        const { codes } = await this.#run("quantization", inputs, ["codes"], signal);
        return codes.data as Int32Array;
      },
      onFrames,
    };
  }

  #decoderRuns(signal: AbortSignal | undefined, { threading, onFrames }: WholeRuns = aStep): HalfRuns<Int32Array, Float32Array> {
    const { width } = this.#network.decoder;
    return {
      before: async (data, { rows }) => {
        const codes = { type: "int32", data, dims: [rows, 1, data.length / rows] } as const;
        const { features } = await this.#run("dequantization", { codes }, ["features"], signal);
        return features.data as Float32Array;
      },
      lstm: this.#lstm("decoderLstm", signal, threading),
      after: async (data) => {
        const features = { type: "float32", data, dims: [1, data.length / width, width] } as const;
        const { waveform } = await this.#run("synthesis", { features }, ["waveform"], signal);
        return waveform.data as Float32Array;
      },
      onFrames,
    };
  }

  #lstm(part: "encoderLstm" | "decoderLstm", signal: AbortSignal | undefined, threading: Threading): RunLstm {
    return async ({ features, hidden, cell, rows, frames }) => {
      const size = features.length / (rows * frames);
      const stateDims = [hidden.length / (rows * size), rows, size];
      const inputs = {
        features: { type: "float32", data: features, dims: [rows, frames, size] },
        hidden: { type: "float32", data: hidden, dims: stateDims },
        cell: { type: "float32", data: cell, dims: stateDims },
      } as const;
      const result = await this.#run(part, inputs, ["output", "next_hidden", "next_cell"], signal, threading);
      return {
        output: result.output.data as Float32Array,
        hidden: result.next_hidden.data as Float32Array,
        cell: result.next_cell.data as Float32Array,
      };
    };
  }

  /** Every run asks the signal first, so that an abort waits for no more than the run that goes on. */
  #run<Name extends string>(
    part: CodecPart,
    inputs: Readonly<Record<string, Tensor>>,
    outputs: readonly Name[],
    signal: AbortSignal | undefined,
    threading?: Threading,
  ): Promise<Record<Name, Tensor>> {
    signal?.throwIfAborted();
    return this.#sessions.run(part, inputs, outputs, threading);
  }

  /** Counts frames and reports seconds; what comes before the LSTM and what comes after count half each. */
  #progress(stage: Progress["stage"], frames: readonly number[], { onProgress }: CallOptions): (count: number) => void {
    const { hopLength, sampleRate } = this.#dimensions;
    const totalFrames = frames.reduce((sum, count) => sum + count, 0);
    const total = (totalFrames * hopLength) / sampleRate;
    let done = 0;
    return (count) => {
      done += count;
      onProgress?.({ stage, done: (done / (2 * totalFrames)) * total, total });
    };
  }
}

/** Several groups have runs enough for all threads; one has its LSTM alone. */
function threadingOf(numPieces: number): Threading {
  return numGroups(numPieces) > 1 ? "sideBySide" : "divided";
}

function numGroups(numPieces: number): number {
  return Math.max(Math.ceil(numPieces / maxRows), Math.min(groupsAtOnce, Math.floor(numPieces / leastRows)));
}

/**
 * Groups pieces for the LSTM: similar lengths together, so that they end together, and about as many in each.
 * @param frames Length of each piece in frames.
 * @returns Indices into `frames`, each once; a group's longest piece comes first.
 */
export function groupByLength(frames: readonly number[]): number[][] {
  const order = frames.map((_, index) => index).toSorted((a, b) => frames[b]! - frames[a]!);
  const count = numGroups(order.length);
  const bound = (group: number): number => Math.round((group * order.length) / count);
  return Array.from({ length: count }, (_, group) => order.slice(bound(group), bound(group + 1)));
}

/** @param samplesPerColumn Samples that a column of the first part's input stands for. */
function latencyOf({ before, after }: HalfParts<PartData, PartData>, samplesPerColumn: number): Latency {
  const settledFrames = (columns: number): number => after.settledFrames(before.settledFrames(columns, false) * after.inputStep, false);
  const behind = (frame: number): number => {
    const least = frame * before.inputStep;
    let columns = least;
    while (settledFrames(columns) < frame) columns++;
    return (columns - least) * samplesPerColumn;
  };
  const farFromTheBeginning = 1_000_000;
  if (settledFrames(farFromTheBeginning * before.inputStep) === 0) return { start: Infinity, steady: Infinity };
  return { start: behind(1), steady: behind(farFromTheBeginning / 2) };
}
