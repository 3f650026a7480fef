import type { CodecConfig } from "../src/checkpoint/index.ts";
import { numQuantizersOf } from "../src/checkpoint/index.ts";

/**
 * EnCodec in plain loops and double precision: slow, and simple enough to be checked by eye against the reference
 * (transformers 5.17 `modeling_encodec.py`). It is what graphs of unusual sizes are compared with.
 */

/** `[channels][time]` */
type Signal = Float64Array[];

export interface NaiveTensors {
  /** What becomes of each value between two steps: `Math.fround` shows how much of a result single precision can tell. @default as it is */
  readonly round?: (value: number) => number;
  get(name: string): { readonly shape: readonly number[]; readonly data: Float32Array };
}

/** Encoder without quantizer: `[channels][samples]` → `[hiddenSize][frames]`. */
export function naiveEncode(config: CodecConfig, tensors: NaiveTensors, audio: Signal): Signal {
  let index = 0;
  const name = (): string => `encoder.layers.${index++}`;
  let x = conv(config, tensors, name(), audio, 1, 1);
  for (const ratio of config.upsamplingRatios.toReversed()) {
    for (let unit = 0; unit < config.numResidualLayers; unit++) x = residual(config, tensors, name(), x, unit);
    name();
    x = conv(config, tensors, name(), elu(tensors, x), ratio, 1);
  }
  if (config.numLstmLayers > 0) x = lstm(config, tensors, name(), x);
  name();
  return conv(config, tensors, name(), elu(tensors, x), 1, 1);
}

/** Decoder: `[hiddenSize][frames]` → `[channels][frames * hopLength]`. */
export function naiveDecode(config: CodecConfig, tensors: NaiveTensors, embeddings: Signal): Signal {
  let index = 0;
  const name = (): string => `decoder.layers.${index++}`;
  let x = conv(config, tensors, name(), embeddings, 1, 1);
  if (config.numLstmLayers > 0) x = lstm(config, tensors, name(), x);
  for (const ratio of config.upsamplingRatios) {
    name();
    x = convTranspose(config, tensors, name(), elu(tensors, x), ratio);
    for (let unit = 0; unit < config.numResidualLayers; unit++) x = residual(config, tensors, name(), x, unit);
  }
  name();
  return conv(config, tensors, name(), elu(tensors, x), 1, 1);
}

/** Nearest entries, quantizer by quantizer: `[numCodebooks][frames]`, with the margin of each choice. */
export function naiveQuantize(config: CodecConfig, tensors: NaiveTensors, embeddings: Signal): { codes: number[][]; margins: number[][] } {
  const residuals = embeddings.map((row) => Float64Array.from(row));
  const frames = embeddings[0]!.length;
  const codes: number[][] = [];
  const margins: number[][] = [];
  for (let k = 0; k < numQuantizersOf(config); k++) {
    const { data } = tensors.get(`quantizer.layers.${k}.codebook.embed`);
    const entry = (code: number, row: number): number => data[code * config.codebookDim + row]!;
    codes.push([]);
    margins.push([]);
    for (let t = 0; t < frames; t++) {
      const energy = residuals.reduce((sum, row) => sum + row[t]! ** 2, 0);
      const distances = Array.from({ length: config.codebookSize }, (_, code) =>
        residuals.reduce((sum, row, i) => sum + (row[t]! - entry(code, i)) ** 2, 0),
      );
      const [best, second] = distances.map((_, code) => code).toSorted((a, b) => distances[a]! - distances[b]!);
      const entryEnergy = residuals.reduce((sum, _row, i) => sum + entry(best!, i) ** 2, 0);
      codes[k]!.push(best!);
      margins[k]!.push((distances[second ?? best!]! - distances[best!]!) / (energy + entryEnergy));
      for (const [i, row] of residuals.entries()) row[t]! -= entry(best!, i);
    }
  }
  return { codes, margins };
}

/** Sum of the entries that codes name. */
export function naiveDequantize(config: CodecConfig, tensors: NaiveTensors, codes: readonly (readonly number[])[]): Signal {
  return Array.from({ length: config.codebookDim }, (_, i) =>
    Float64Array.from({ length: codes[0]!.length }, (_value, t) =>
      codes.reduce((sum, row, k) => sum + tensors.get(`quantizer.layers.${k}.codebook.embed`).data[row[t]! * config.codebookDim + i]!, 0),
    ),
  );
}

function elu({ round }: NaiveTensors, x: Signal): Signal {
  return x.map((row) => row.map((value) => (value > 0 ? value : round === undefined ? Math.expm1(value) : round(Math.exp(value)) - 1)));
}

function rounded({ round }: NaiveTensors, x: Signal): Signal {
  return round === undefined ? x : x.map((row) => row.map(round));
}

function residual(config: CodecConfig, tensors: NaiveTensors, name: string, x: Signal, unit: number): Signal {
  const first = conv(config, tensors, `${name}.block.1`, elu(tensors, x), 1, config.dilationGrowthRate ** unit);
  const branch = conv(config, tensors, `${name}.block.3`, elu(tensors, first), 1, 1);
  const shortcut = config.useConvShortcut ? conv(config, tensors, `${name}.shortcut`, x, 1, 1) : x;
  return shortcut.map((row, channel) => row.map((value, t) => value + branch[channel]![t]!));
}

function conv(config: CodecConfig, tensors: NaiveTensors, name: string, x: Signal, stride: number, dilation: number): Signal {
  const { shape, data } = tensors.get(`${name}.conv.weight`);
  const [outChannels, inChannels, kernel] = shape as [number, number, number];
  const bias = tensors.get(`${name}.conv.bias`).data;
  const span = (kernel - 1) * dilation + 1;
  const total = span - stride;
  const length = x[0]!.length;
  const extra = Math.ceil(length / stride) * stride - length;
  const right = config.useCausalConv ? 0 : Math.floor(total / 2);
  const padded = x.map((row) => pad(row, total - right, right + extra, config.padMode));
  const outLength = Math.floor((padded[0]!.length - span) / stride) + 1;
  const y = Array.from({ length: outChannels }, (_, o) =>
    Float64Array.from({ length: outLength }, (_value, t) => {
      let sum = bias[o]!;
      for (let i = 0; i < inChannels; i++) {
        for (let j = 0; j < kernel; j++) sum += data[(o * inChannels + i) * kernel + j]! * padded[i]![t * stride + j * dilation]!;
      }
      return sum;
    }),
  );
  return config.normType === "time_group_norm" ? groupNorm(tensors, name, rounded(tensors, y)) : rounded(tensors, y);
}

function pad(row: Float64Array, left: number, right: number, mode: CodecConfig["padMode"]): Float64Array {
  const most = Math.max(left, right);
  const zeros = mode === "reflect" && row.length <= most ? most - row.length + 1 : 0;
  const length = row.length + zeros;
  const at = (i: number): number => {
    const inside = mode === "reflect" ? (i < 0 ? -i : i >= length ? 2 * (length - 1) - i : i) : i;
    if (inside >= 0 && inside < length) return row[inside] ?? 0;
    return mode === "replicate" ? row[inside < 0 ? 0 : row.length - 1]! : 0;
  };
  return Float64Array.from({ length: left + length + right }, (_, i) => at(i - left)).slice(0, left + length + right - zeros);
}

function convTranspose(config: CodecConfig, tensors: NaiveTensors, name: string, x: Signal, stride: number): Signal {
  const { shape, data } = tensors.get(`${name}.conv.weight`);
  const [inChannels, outChannels, kernel] = shape as [number, number, number];
  const bias = tensors.get(`${name}.conv.bias`).data;
  const length = x[0]!.length;
  const y = Array.from({ length: outChannels }, (_, o) => new Float64Array((length - 1) * stride + kernel).fill(bias[o]!));
  for (let i = 0; i < inChannels; i++) {
    for (let o = 0; o < outChannels; o++) {
      for (let t = 0; t < length; t++) {
        for (let j = 0; j < kernel; j++) y[o]![t * stride + j]! += x[i]![t]! * data[(i * outChannels + o) * kernel + j]!;
      }
    }
  }
  const normed = config.normType === "time_group_norm" ? groupNorm(tensors, name, rounded(tensors, y)) : rounded(tensors, y);
  const total = kernel - stride;
  const right = config.useCausalConv ? Math.ceil(total * config.trimRightRatio) : Math.floor(total / 2);
  return normed.map((row) => row.slice(total - right, row.length - right));
}

function groupNorm(tensors: NaiveTensors, name: string, x: Signal): Signal {
  const count = x.length * x[0]!.length;
  const mean = x.reduce((sum, row) => sum + row.reduce((a, b) => a + b, 0), 0) / count;
  const variance = x.reduce((sum, row) => sum + row.reduce((a, b) => a + (b - mean) ** 2, 0), 0) / count;
  const gain = tensors.get(`${name}.norm.weight`).data;
  const offset = tensors.get(`${name}.norm.bias`).data;
  return x.map((row, o) => row.map((value) => ((value - mean) / Math.sqrt(variance + 1e-5)) * gain[o]! + offset[o]!));
}

function lstm(config: CodecConfig, tensors: NaiveTensors, name: string, x: Signal): Signal {
  const size = x.length;
  let layer = x;
  for (let index = 0; index < config.numLstmLayers; index++) {
    const part = (kind: string): Float32Array => tensors.get(`${name}.lstm.${kind}_l${index}`).data;
    const [wi, wh, bi, bh] = [part("weight_ih"), part("weight_hh"), part("bias_ih"), part("bias_hh")];
    const output = Array.from({ length: size }, () => new Float64Array(x[0]!.length));
    let h = new Float64Array(size);
    let c = new Float64Array(size);
    for (let t = 0; t < x[0]!.length; t++) {
      const gates = Float64Array.from({ length: 4 * size }, (_, row) => {
        let sum = bi[row]! + bh[row]!;
        for (let i = 0; i < size; i++) sum += wi[row * size + i]! * layer[i]![t]! + wh[row * size + i]! * h[i]!;
        return sum;
      });
      c = c.map((value, i) => sigmoid(gates[size + i]!) * value + sigmoid(gates[i]!) * Math.tanh(gates[2 * size + i]!));
      h = c.map((value, i) => sigmoid(gates[3 * size + i]!) * Math.tanh(value));
      for (let i = 0; i < size; i++) output[i]![t] = h[i]!;
    }
    layer = output;
  }
  return layer.map((row, i) => row.map((value, t) => value + x[i]![t]!));
}

function sigmoid(value: number): number {
  return 1 / (1 + Math.exp(-value));
}
