// Music as flat tokens to train a model like MusicGen with: npx tsx examples/musicgen-tokens.ts [folder of music] [model]
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDataset, openTokenDataset, patternLayout, tokenizeDataset } from "encodec-tokenizer/dataset";
import { musicgen, patternProvider, transposeGrid } from "encodec-tokenizer/patterns";
import { AudioCodes, AudioTokenizer } from "encodec-tokenizer";
import type { PatternSpec } from "encodec-tokenizer";
import "./support/run-sources.ts";

// MusicGen reads the codes of facebook/encodec_32khz: 4 codebooks of 2048 entries, 50 frames per second. Without a model this takes the
// embedded one, whose codes have the same shape but fewer entries, and lays them out in the same pattern.
const [music = "examples/speech.wav", model = "tiny"] = process.argv.slice(2);
const numCodebooks = 4;
await using tokenizer = await AudioTokenizer.fromPretrained(model);
const layout = patternLayout(tokenizer.codebookSize === 2048 ? musicgen() : { kind: "delay", numCodebooks }, tokenizer.codebookSize);

// Windows of whole frames, and the end of each file as a shorter clip. WebDataset beside the tokens is only to compare with below.
const folder = await mkdtemp(join(tmpdir(), "musicgen-tokens-"));
const options = {
  window: { seconds: 4 },
  minimum: { seconds: 0.5 },
  outputs: [{ format: "tokens", layout }, { format: "webdataset" }],
} as const;
for await (const event of tokenizeDataset({ folder, inputs: [music], model: tokenizer, numCodebooks, ...options })) {
  if (event.kind === "finished") console.log(`${event.report.clips} clips, ${event.report.seconds.toFixed(1)} s`);
}

// What a trainer does. In Python: np.memmap("shards/part-000000-000.bin", dtype=np.uint16); a document is [S, K], ended by eosToken.
const clips = (await openDataset(folder))[Symbol.asyncIterator]();
const tokens = await openTokenDataset(join(folder, "shards/part-000000-000.bin"));
const { pattern: spec, special_token: specialToken } = tokens.metadata["layout"] as { pattern: PatternSpec; special_token: number };
const provider = patternProvider(spec);
const extraSteps = provider.getPattern(1).numSteps - 1; // the empty first step, and those of the delays
for await (const document of tokens) {
  const numSteps = document.length / numCodebooks;
  const sequence = transposeGrid({ data: document, dims: [numSteps, numCodebooks] }); // [1, K, S]
  const reverted = provider.getPattern(numSteps - extraSteps).revertSequence(sequence, { specialToken });
  const { key, codes } = (await clips.next()).value!;
  const isEqual = AudioCodes.fromTensor(reverted, tokenizer, { numSamples: codes.numSamples }).equals(codes);
  console.log(
    `${key}: ${document.length} tokens below ${tokens.vocabularySize}, ${numSteps} steps for ${codes.numFrames} frames, equal: ${isEqual}`,
  );
  if (!isEqual) process.exitCode = 1;
}
await rm(folder, { recursive: true });
