// What a checkpoint holds, without loading it: npx tsx examples/inspect.ts [model]
import { inspectModel } from "encodec-tokenizer";

const { provenance, config, checkpoint, numParameters, frameRate, hopLength, bandwidths, faults } = await inspectModel(
  process.argv[2] ?? "tiny",
);
console.log(
  `${provenance.model}: ${checkpoint.layout} layout, ${(numParameters / 1e6).toFixed(2)} M parameters as ${checkpoint.dtypes.join(", ")}`,
);
console.log(`license: ${provenance.license}, ${provenance.licenseStatus}`);
console.log(`${config.samplingRate} Hz, ${config.audioChannels} channel(s), ${frameRate} frames of ${hopLength} samples per second`);
for (const { bandwidth, numCodebooks } of bandwidths) console.log(`${bandwidth} kbps: ${numCodebooks} codebooks of ${config.codebookSize}`);
console.log(faults.length === 0 ? "complete" : `does not load: ${faults.map(({ name }) => name).join(", ")}`);
