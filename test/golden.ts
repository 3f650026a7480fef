import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseWav } from "../src/audio/index.ts";
import { openCheckpoint, openSafetensors } from "../src/checkpoint/index.ts";
import type { TensorFile } from "../src/checkpoint/index.ts";
import { bytesSource } from "../src/core/index.ts";
import type { Waveform } from "../src/core/index.ts";
import { openModelPath } from "../src/files/index.ts";
import { buildAnalysis, buildLstm, buildQuantization, describeNetwork } from "../src/graph/index.ts";
import type { LstmLayer } from "../src/graph/index.ts";
import { loadOnnxRuntimeNode } from "../src/runtime/index.ts";
import type { Tensor } from "../src/runtime/index.ts";

/** What the reference gave for the small checkpoints; see test/fixtures/golden/README.md. */
export const goldenFolder: string = fileURLToPath(new URL("fixtures/golden", import.meta.url));

export const codecNames = ["mini-16khz", "mini-24khz", "mini-32khz", "mini-48khz"] as const;
export type CodecName = (typeof codecNames)[number];

interface Manifest {
  readonly codecs: Record<
    CodecName,
    {
      readonly hop_length: number;
      readonly frame_rate: number;
      readonly num_quantizers: number;
      readonly cases: Record<string, { readonly audio: string; readonly samples: number; readonly bandwidths: Record<string, unknown> }>;
    }
  >;
}

export const manifest: Manifest = JSON.parse(readFileSync(join(goldenFolder, "manifest.json"), "utf8")) as Manifest;

/** One input to one codec, with everything that the reference made of it. */
export class GoldenCase {
  readonly name: string;
  readonly waveform: Waveform;
  /** In kbps, ascending. */
  readonly bandwidths: readonly number[];
  readonly #file: TensorFile;

  constructor(file: TensorFile, name: string, waveform: Waveform, bandwidths: readonly number[]) {
    this.#file = file;
    this.name = name;
    this.waveform = waveform;
    this.bandwidths = bandwidths;
  }

  /** `[segments, K, frames]` with its shape. */
  async codes(bandwidth: number): Promise<{ data: Int32Array; shape: readonly number[] }> {
    const key = `${this.name}.${bandwidth}.codes`;
    const bytes = Uint8Array.from(await this.#file.readBytes(key));
    return { data: new Int32Array(bytes.buffer), shape: this.#file.tensors.get(key)!.shape };
  }

  /** `[channels][samples]`, from the codes of the highest bandwidth; not cut to the input's length. */
  async decoded(): Promise<Float32Array[]> {
    const key = `${this.name}.${this.bandwidths.at(-1)}.decoded`;
    const [channels, length] = this.#file.tensors.get(key)!.shape as [number, number];
    const data = await this.#file.readFloat32(key);
    return Array.from({ length: channels }, (_, channel) => data.slice(channel * length, (channel + 1) * length));
  }

  /** `[hidden, frames]`; not for 48 kHz. */
  embeddings(): Promise<Float32Array> {
    return this.#file.readFloat32(`${this.name}.embeddings`);
  }

  /** `[segments, K, frames]`: (second best distance − best) / (|r|² + |e|²). */
  margins(): Promise<Float32Array> {
    return this.#file.readFloat32(`${this.name}.margins`);
  }

  scales(bandwidth: number): Promise<Float32Array> {
    return this.#file.readFloat32(`${this.name}.${bandwidth}.scales`);
  }
}

/** All cases of a codec. */
export async function goldenCases(codec: CodecName): Promise<GoldenCase[]> {
  const file = await openSafetensors(bytesSource(readFileSync(join(goldenFolder, codec, "golden.safetensors")), "golden.safetensors"));
  return Object.entries(manifest.codecs[codec].cases).map(([name, { audio, bandwidths }]) => {
    const waveform = parseWav(readFileSync(join(goldenFolder, codec, audio)));
    const ascending = Object.keys(bandwidths)
      .map(Number)
      .toSorted((a, b) => a - b);
    return new GoldenCase(file, name, waveform, ascending);
  });
}

/** The first six seconds of the speech sample with the embedded checkpoint. */
export async function tinySpeech(): Promise<GoldenCase> {
  const file = await openSafetensors(bytesSource(readFileSync(join(goldenFolder, "tiny-speech-6s.safetensors")), "tiny-speech-6s"));
  const { channelData, sampleRate } = parseWav(readFileSync(new URL("../examples/speech.wav", import.meta.url)));
  return new GoldenCase(file, "speech-6s", { channelData: [channelData[0]!.slice(0, 144_000)], sampleRate }, [1.5, 3, 6]);
}

/** A mono codec's encoder up to the quantizer. */
export interface Embedder {
  /** Waveform → embeddings `[hidden, frames]`. */
  embed(samples: Float32Array): Promise<Float32Array>;
  /** `[codebookSize, codebookDim]` each. */
  readonly codebooks: readonly Float32Array[];
}

/** Builds the embedder of the checkpoint in a folder. */
export async function loadEmbedder(folder: string): Promise<Embedder> {
  const checkpoint = await openCheckpoint(await openModelPath(folder));
  const network = describeNetwork(checkpoint.config);
  const runtime = await loadOnnxRuntimeNode();
  const options = { threads: 1 };
  const analysis = await runtime.createSession(await buildAnalysis(checkpoint, network), options);
  const lstm = await runtime.createSession(await buildLstm(checkpoint, network.encoder.lstm!), options);
  const quantization = await runtime.createSession(await buildQuantization(checkpoint, network), options);
  const codebooks: Float32Array[] = [];
  for (let k = 0; checkpoint.shapes.has(`quantizer.layers.${k}.codebook.embed`); k++) {
    codebooks.push(Float32Array.from(await checkpoint.read(`quantizer.layers.${k}.codebook.embed`)));
  }
  await checkpoint.close();
  return {
    codebooks,
    async embed(samples) {
      const waveform = { type: "float32", data: samples, dims: [1, 1, samples.length] } as const;
      const { features } = await analysis.run({ waveform }, ["features"]);
      const state = zeroState(network.encoder.lstm!);
      const { output } = await lstm.run({ features, hidden: state, cell: state }, ["output"]);
      const num_codebooks = { type: "int64", data: BigInt64Array.of(1n), dims: [] } as const;
      const { embeddings } = await quantization.run({ features: output, num_codebooks }, ["embeddings"]);
      return embeddings.data as Float32Array;
    },
  };
}

/** What an LSTM knows of one clip before it begins. */
export function zeroState({ numLayers, size }: LstmLayer): Tensor {
  return { type: "float32", data: new Float32Array(numLayers * size), dims: [numLayers, 1, size] };
}
