import { contextOf } from "../graph/index.ts";
import type { Context, LstmLayer, Network } from "../graph/index.ts";
import type { CodecSessions } from "./codec-sessions.ts";
import { joinRows, putColumns, takeColumns } from "./columns.ts";
import { groupByLength, stackFeatures, unstackFeatures } from "./feature-batches.ts";
import type { Features } from "./feature-batches.ts";
import type { CallOptions, Progress } from "./options.ts";
import { tilesOf } from "./tiles.ts";
import type { Tile } from "./tiles.ts";

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

/** Frames in one run of a convolutional part. Longer tiles leave the cache, shorter ones repeat more context. */
const tileFrames = 100;
/** Rows × frames in one run of an LSTM: some tens of milliseconds with the official models. */
const lstmRowFrames = 400;

/** Takes pieces through the sessions: convolutions clip by clip and tile by tile, the LSTM for many clips at a time. */
export class CodecRunner {
  readonly #sessions: CodecSessions;
  readonly #network: Network;
  readonly #dimensions: CodecDimensions;
  readonly #context: Record<"analysis" | "quantization" | "dequantization" | "synthesis", Context | null>;

  constructor(sessions: CodecSessions, network: Network, dimensions: CodecDimensions) {
    this.#sessions = sessions;
    this.#network = network;
    this.#dimensions = dimensions;
    this.#context = {
      analysis: inFrames(contextOf(network.encoder.before), dimensions.hopLength),
      quantization: contextOf(network.encoder.after),
      dequantization: contextOf(network.decoder.before),
      synthesis: contextOf(network.decoder.after),
    };
  }

  /** Codes of each piece, in the order of the pieces. */
  encode(pieces: readonly AudioPiece[], numCodebooks: number, options: CallOptions): Promise<CodePiece[]> {
    const { hopLength } = this.#dimensions;
    const { lstm, width } = this.#network.encoder;
    return this.#inGroups(pieces, {
      stage: "encode",
      options,
      frames: ({ numSamples }) => Math.ceil(numSamples / hopLength),
      before: (piece, { from, to }) => this.#analyse(piece, from, to),
      beforeContext: this.#context.analysis,
      lstm: lstm && { part: "encoderLstm", layer: lstm },
      width,
      after: (features) => this.#quantize(features, numCodebooks),
      afterContext: this.#context.quantization,
      join: (tiles, frames) => ({ codes: joinRows(tiles, numCodebooks, frames, (length) => new Int32Array(length)), frames }),
    });
  }

  /** Audio of each piece of codes, planar `[channels * frames * hopLength]`, in the order of the pieces. */
  decode(pieces: readonly CodePiece[], options: CallOptions): Promise<Float32Array[]> {
    const { audioChannels, hopLength } = this.#dimensions;
    const { lstm, width } = this.#network.decoder;
    return this.#inGroups(pieces, {
      stage: "decode",
      options,
      frames: ({ frames }) => frames,
      before: (piece, { from, to }) => this.#dequantize(piece, from, to),
      beforeContext: this.#context.dequantization,
      lstm: lstm && { part: "decoderLstm", layer: lstm },
      width,
      after: (features) => this.#synthesise(features),
      afterContext: this.#context.synthesis,
      join: (tiles, frames) => joinRows(tiles, audioChannels, frames * hopLength, (length) => new Float32Array(length), hopLength),
    });
  }

  async #analyse({ samples, numSamples }: AudioPiece, from: number, to: number): Promise<Float32Array> {
    const { audioChannels, hopLength } = this.#dimensions;
    const end = Math.min(to * hopLength, numSamples);
    const data = takeColumns(samples, audioChannels, from * hopLength, end);
    const dims = [1, audioChannels, end - from * hopLength];
    const { features } = await this.#sessions.run("analysis", { waveform: { type: "float32", data, dims } }, ["features"]);
    return features.data as Float32Array;
  }

  async #quantize({ data, frames }: Features, numCodebooks: number): Promise<Int32Array> {
    const inputs = {
      features: { type: "float32", data, dims: [1, frames, this.#network.encoder.width] },
      num_codebooks: { type: "int64", data: BigInt64Array.of(BigInt(numCodebooks)), dims: [] },
    } as const;
    const { codes } = await this.#sessions.run("quantization", inputs, ["codes"]);
    return codes.data as Int32Array;
  }

  async #dequantize({ codes, frames }: CodePiece, from: number, to: number): Promise<Float32Array> {
    const numCodebooks = codes.length / frames;
    const data = takeColumns(codes, numCodebooks, from, to);
    const tensor = { type: "int32", data, dims: [numCodebooks, 1, to - from] } as const;
    const { features } = await this.#sessions.run("dequantization", { codes: tensor }, ["features"]);
    return features.data as Float32Array;
  }

  async #synthesise({ data, frames }: Features): Promise<Float32Array> {
    const features = { type: "float32", data, dims: [1, frames, this.#network.decoder.width] } as const;
    const { waveform } = await this.#sessions.run("synthesis", { features }, ["waveform"]);
    return waveform.data as Float32Array;
  }

  async #inGroups<Piece, Data extends Float32Array | Int32Array, Result>(
    pieces: readonly Piece[],
    work: {
      readonly stage: Progress["stage"];
      readonly options: CallOptions;
      readonly frames: (piece: Piece) => number;
      readonly before: (piece: Piece, tile: Tile) => Promise<Float32Array>;
      readonly beforeContext: Context | null;
      readonly lstm: { readonly part: "encoderLstm" | "decoderLstm"; readonly layer: LstmLayer } | null;
      readonly width: number;
      readonly after: (features: Features) => Promise<Data>;
      readonly afterContext: Context | null;
      readonly join: (tiles: readonly { readonly tile: Tile; readonly data: Data }[], frames: number) => Result;
    },
  ): Promise<Result[]> {
    const { signal } = work.options;
    const frames = pieces.map(work.frames);
    const results: Result[] = Array.from({ length: pieces.length });
    const advance = this.#progress(work.stage, frames, work.options);
    for (const group of groupByLength(frames)) {
      const features: Features[] = [];
      for (const index of group) {
        const data = new Float32Array(frames[index]! * work.width);
        for (const tile of tilesOf(frames[index]!, work.beforeContext, tileFrames)) {
          signal?.throwIfAborted();
          const part = await work.before(pieces[index]!, tile);
          data.set(part.subarray((tile.start - tile.from) * work.width, (tile.end - tile.from) * work.width), tile.start * work.width);
          advance(tile.end - tile.start);
        }
        features.push({ data, frames: frames[index]! });
      }
      const remembered = work.lstm === null ? features : await this.#recur(work.lstm.part, work.lstm.layer, features, signal);
      for (const [row, index] of group.entries()) {
        const tiles: { tile: Tile; data: Data }[] = [];
        for (const tile of tilesOf(frames[index]!, work.afterContext, tileFrames)) {
          signal?.throwIfAborted();
          const data = remembered[row]!.data.subarray(tile.from * work.width, tile.to * work.width);
          tiles.push({ tile, data: await work.after({ data, frames: tile.to - tile.from }) });
          advance(tile.end - tile.start);
        }
        results[index] = work.join(tiles, frames[index]!);
      }
    }
    return results;
  }

  /** The LSTM over all pieces of a group, a bounded number of frames at a time; its state goes from run to run. */
  async #recur(
    part: "encoderLstm" | "decoderLstm",
    { size, numLayers }: LstmLayer,
    pieces: readonly Features[],
    signal: AbortSignal | undefined,
  ): Promise<Features[]> {
    const frames = pieces.map((piece) => piece.frames);
    const stateDims = [numLayers, pieces.length, size];
    let hidden = new Float32Array(numLayers * pieces.length * size);
    let cell = new Float32Array(numLayers * pieces.length * size);
    const { data, dims: [, longest] } = stackFeatures(pieces, size);
    const output = new Float32Array(data.length);
    const step = Math.max(1, Math.floor(lstmRowFrames / pieces.length));
    for (let start = 0; start < longest; start += step) {
      signal?.throwIfAborted();
      const end = Math.min(start + step, longest);
      const inputs = {
        features: { type: "float32", data: takeColumns(data, pieces.length, start * size, end * size), dims: [pieces.length, end - start, size] },
        hidden: { type: "float32", data: hidden, dims: stateDims },
        cell: { type: "float32", data: cell, dims: stateDims },
      } as const;
      const result = await this.#sessions.run(part, inputs, ["output", "next_hidden", "next_cell"]);
      putColumns(output, result.output.data as Float32Array, pieces.length, start * size);
      hidden = result.next_hidden.data as Float32Array<ArrayBuffer>;
      cell = result.next_cell.data as Float32Array<ArrayBuffer>;
    }
    return unstackFeatures(output, frames, size);
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

function inFrames(context: Context | null, hopLength: number): Context | null {
  return context && { left: Math.ceil(context.left / hopLength), right: Math.ceil(context.right / hopLength) };
}
