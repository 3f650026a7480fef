import { openWeightFile, stateDictOf } from "../../src/checkpoint/weight-file.ts";
import { AudioCodes, bytesSource } from "../../src/core/index.ts";
import { applyPattern, formatSequence, parseSequence, revertPattern } from "../../src/patterns/index.ts";
import { formatCodes, parseCodes } from "../../src/storage/index.ts";
import { f32, safetensorsOf, safetensorsWithHeader } from "../checkpoint/fixtures.ts";
import { fuzz } from "./fuzz.ts";

const dictionary = [
  "__metadata__",
  '"dtype":"F16"',
  '"shape":[]',
  '"data_offsets":[0,0]',
  "BF16",
  "F64",
  '"format":',
  "{}",
  "[",
  "\\u0000",
];

fuzz({
  name: "safetensors weights",
  seeds: [
    safetensorsOf({ "encoder.layers.0.conv.bias": f32([2], [1, 2]), b: f32([1, 1], [3]) }),
    safetensorsWithHeader('{"__metadata__":{"a":"b"},"x":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}', Uint8Array.of(0, 60, 0, 124)),
  ],
  dictionary,
  async parse(bytes) {
    const file = stateDictOf(await openWeightFile(bytesSource(bytes, "fuzz")));
    for (const name of file.tensors.keys()) await file.readFloat32(name);
  },
});

fuzz({
  name: "safetensors headers",
  seeds: [
    '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"BF16","shape":[2,1],"data_offsets":[4,8]}}',
    '{"__metadata__":{"a":"b"},"a":{"dtype":"F64","shape":[],"data_offsets":[0,8]}}',
  ].map((header) => new TextEncoder().encode(header)),
  dictionary,
  async parse(header) {
    const bytes = safetensorsWithHeader("", new Uint8Array(header.length + 8));
    new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
    bytes.set(header, 8);
    const file = stateDictOf(await openWeightFile(bytesSource(bytes, "fuzz")));
    for (const name of file.tensors.keys()) await file.readFloat32(name);
  },
});

const provenance = { model: "m", revision: null, digest: null, license: "MIT", licenseStatus: "settled" } as const;
const whole = new AudioCodes({
  data: Uint16Array.of(1, 2, 3, 4),
  shape: [1, 2, 2],
  scales: null,
  segment: null,
  numSamples: 7,
  sampleRate: 8,
  channels: 1,
  hopLength: 4,
  codebookSize: 5,
  bandwidth: 1,
  provenance,
});
const segmented = new AudioCodes({
  ...whole,
  shape: [2, 1, 2],
  scales: Float32Array.of(1, 2),
  numSamples: 14,
  segment: { length: 8, stride: 7 },
});

fuzz({
  name: "safetensors codes",
  seeds: [formatCodes(whole, "safetensors"), formatCodes(segmented, "safetensors")],
  dictionary: [...dictionary, "codes", "scales", "sample_rate", "num_samples", "segment_stride", "hop_length"],
  parse: (bytes) => parseCodes(bytes, { format: "safetensors" }),
});

fuzz({
  name: "sequences",
  seeds: [
    formatSequence(applyPattern(whole, { kind: "delay", numCodebooks: 2 }), "safetensors"),
    formatSequence(applyPattern(segmented, { kind: "unroll", numCodebooks: 1 }), "safetensors"),
    formatSequence(applyPattern(whole, { kind: "custom", numCodebooks: 2, timesteps: 2, layout: [[], [[0, 0], [0, 1]], [[1, 0], [1, 1]]] }), "safetensors"), // prettier-ignore
  ],
  dictionary: [
    "tokens",
    '\\"kind\\":\\"musiclm\\"',
    "coarse-first",
    "parallel",
    '\\"delays\\":[0,9]',
    '\\"flattenFirst\\":9',
    '\\"emptyInitial\\":-1',
    "eos_token",
    "pad_token",
    "num_samples",
  ],
  async parse(bytes) {
    revertPattern(await parseSequence(bytes));
  },
});
