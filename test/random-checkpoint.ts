import fc from "fast-check";
import type { Checkpoint, CodecConfig } from "../src/checkpoint/index.ts";
import { describeNetwork, requiredTensors } from "../src/graph/index.ts";
import type { NaiveTensors } from "./naive-codec.ts";

/** A checkpoint of any configuration with repeatable random weights. */
export function randomCheckpoint(config: CodecConfig, seed: number): Checkpoint & NaiveTensors {
  let state = seed + 1;
  const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 1_073_741_824 - 1;
  const tensors = new Map(
    requiredTensors(describeNetwork(config), config).map(({ name, shape }) => {
      const size = shape.reduce((a, b) => a * b, 1);
      const bound = Math.sqrt(2 / (size / shape[0]! + 1));
      return [name, { shape, data: Float32Array.from({ length: size }, () => bound * random()) }] as const;
    }),
  );
  return {
    config,
    shapes: new Map([...tensors].map(([name, { shape }]) => [name, shape])),
    read: async (name) => tensors.get(name)!.data.slice(),
    info: { layout: "huggingface", format: "safetensors", files: [], bytes: 0, ignored: [], unknown: [], dtypes: ["F32"] },
    close: async () => {},
    get: (name) => tensors.get(name)!,
  };
}

/** Small networks of every kind: paddings, strides, dilations, norms, with and without LSTM. */
export const anyConfig: fc.Arbitrary<CodecConfig> = fc
  .record({
    audioChannels: fc.constantFrom(1, 2),
    numFilters: fc.constantFrom(2, 4, 6, 16),
    upsamplingRatios: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 3 }),
    hiddenSize: fc.integer({ min: 1, max: 9 }),
    codebookSize: fc.constantFrom(2, 7, 16, 64),
    numResidualLayers: fc.integer({ min: 0, max: 3 }),
    kernelSize: fc.constantFrom(1, 3, 4, 7),
    lastKernelSize: fc.constantFrom(1, 3, 7),
    residualKernelSize: fc.constantFrom(1, 2, 3),
    dilationGrowthRate: fc.constantFrom(1, 2, 3),
    compress: fc.constantFrom(1, 2),
    numLstmLayers: fc.integer({ min: 0, max: 3 }),
    trim: fc.constantFrom(0, 0.5, 1),
    useCausalConv: fc.boolean(),
    useConvShortcut: fc.boolean(),
    normType: fc.constantFrom("weight_norm", "time_group_norm"),
    padMode: fc.constantFrom("reflect", "constant", "replicate"),
    numQuantizers: fc.integer({ min: 1, max: 4 }),
  })
  .map(({ trim, numQuantizers, ...rest }) => {
    const samplingRate = 100 * rest.upsamplingRatios.reduce((a, b) => a * b, 1);
    return {
      ...rest,
      samplingRate,
      codebookDim: rest.hiddenSize,
      trimRightRatio: rest.useCausalConv ? trim : 1,
      normalize: false,
      chunkLengthS: null,
      overlap: null,
      targetBandwidths: [(numQuantizers * Math.ceil(Math.log2(rest.codebookSize)) * 100) / 1000],
      interleaveStereo: false,
    } as const;
  });
