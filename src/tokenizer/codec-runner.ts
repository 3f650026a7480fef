import type { CallOptions, Progress } from "./options.ts";
import type { CodecSessions } from "./codec-sessions.ts";
import { groupByLength, stackFeatures, unstackFeatures } from "./feature-batches.ts";
import type { Features } from "./feature-batches.ts";
import type { NetworkHalf } from "../graph/index.ts";

/** Audio that is coded in one go: a clip, or a segment of one. Planar `[channels * numSamples]`. */
export interface AudioPiece {
  readonly samples: Float32Array;
  readonly numSamples: number;
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

/** Takes pieces through the sessions: convolutions one by one, the LSTM for many at a time. */
export class CodecRunner {
  readonly #sessions: CodecSessions;
  readonly #dimensions: CodecDimensions;

  constructor(sessions: CodecSessions, dimensions: CodecDimensions) {
    this.#sessions = sessions;
    this.#dimensions = dimensions;
  }

  /** Codes of each piece, in the order of the pieces. */
  encode(half: NetworkHalf, pieces: readonly AudioPiece[], numCodebooks: number, options: CallOptions): Promise<CodePiece[]> {
    const { audioChannels, hopLength } = this.#dimensions;
    return this.#inGroups(pieces, "encode", options, {
      frames: ({ numSamples }) => Math.ceil(numSamples / hopLength),
      before: async ({ samples, numSamples }) => {
        const waveform = { type: "float32", data: samples, dims: [1, audioChannels, numSamples] } as const;
        const { features } = await this.#sessions.run("analysis", { waveform }, ["features"]);
        return features.data as Float32Array;
      },
      lstm: half.lstm === null ? null : "encoderLstm",
      width: half.width,
      after: async ({ data, frames }) => {
        const inputs = {
          features: { type: "float32", data, dims: [1, frames, half.width] },
          num_codebooks: { type: "int64", data: BigInt64Array.of(BigInt(numCodebooks)), dims: [] },
        } as const;
        const { codes } = await this.#sessions.run("quantization", inputs, ["codes"]);
        return { codes: codes.data as Int32Array, frames };
      },
    });
  }

  /** Audio of each piece of codes, planar `[channels * frames * hopLength]`, in the order of the pieces. */
  decode(half: NetworkHalf, pieces: readonly CodePiece[], options: CallOptions): Promise<Float32Array[]> {
    return this.#inGroups(pieces, "decode", options, {
      frames: ({ frames }) => frames,
      before: async ({ codes, frames }) => {
        const tensor = { type: "int32", data: codes, dims: [codes.length / frames, 1, frames] } as const;
        const { features } = await this.#sessions.run("dequantization", { codes: tensor }, ["features"]);
        return features.data as Float32Array;
      },
      lstm: half.lstm === null ? null : "decoderLstm",
      width: half.width,
      after: async ({ data, frames }) => {
        const features = { type: "float32", data, dims: [1, frames, half.width] } as const;
        const { waveform } = await this.#sessions.run("synthesis", { features }, ["waveform"]);
        return waveform.data as Float32Array;
      },
    });
  }

  async #inGroups<Piece, Result>(
    pieces: readonly Piece[],
    stage: Progress["stage"],
    { signal, onProgress }: CallOptions,
    steps: {
      readonly frames: (piece: Piece) => number;
      readonly before: (piece: Piece) => Promise<Float32Array>;
      readonly lstm: "encoderLstm" | "decoderLstm" | null;
      readonly width: number;
      readonly after: (features: Features) => Promise<Result>;
    },
  ): Promise<Result[]> {
    const { hopLength, sampleRate } = this.#dimensions;
    const frames = pieces.map(steps.frames);
    const results: Result[] = Array.from({ length: pieces.length });
    const total = (frames.reduce((sum, count) => sum + count, 0) * hopLength) / sampleRate;
    let done = 0;
    const advance = (count: number): void => {
      // Convolutions before and after the LSTM count half each.
      done = Math.min(total, done + (count * hopLength) / sampleRate / 2);
      onProgress?.({ stage, done, total });
    };
    for (const group of groupByLength(frames)) {
      const features: Features[] = [];
      for (const index of group) {
        signal?.throwIfAborted();
        features.push({ data: await steps.before(pieces[index]!), frames: frames[index]! });
        advance(frames[index]!);
      }
      signal?.throwIfAborted();
      const remembered = steps.lstm === null ? features : await this.#recur(steps.lstm, features, steps.width);
      for (const [row, index] of group.entries()) {
        signal?.throwIfAborted();
        results[index] = await steps.after(remembered[row]!);
        advance(frames[index]!);
      }
    }
    return results;
  }

  async #recur(part: "encoderLstm" | "decoderLstm", pieces: readonly Features[], width: number): Promise<Features[]> {
    const stacked = stackFeatures(pieces, width);
    const { output } = await this.#sessions.run(part, { features: { type: "float32", ...stacked } }, ["output"]);
    const frames = pieces.map((piece) => piece.frames);
    return unstackFeatures(output.data as Float32Array, frames, width);
  }
}
