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
