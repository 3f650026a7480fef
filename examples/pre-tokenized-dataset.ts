// Speech as a file of tokens that a trainer maps into memory: npx tsx examples/pre-tokenized-dataset.ts
import { mkdir } from "node:fs/promises";
import { openTokenDataset, TokenDatasetWriter } from "encodec-tokenizer/dataset";
import { TokenVocabulary } from "encodec-tokenizer/patterns";
import { AudioCodes, AudioTokenizer, readAudio } from "encodec-tokenizer";
import type { Waveform } from "encodec-tokenizer";

await using codec = await AudioTokenizer.fromPretrained("tiny");
const speech = await readAudio("examples/speech.wav");
const cut = (start: number, end: number): Waveform => ({
  channelData: speech.channelData.map((samples) => samples.subarray(start * speech.sampleRate, end * speech.sampleRate)),
  sampleRate: speech.sampleRate,
});
const clips = await codec.encodeBatch([cut(0, 3), cut(3, 5), cut(5, 9)], { numCodebooks: 4 });

// Frame after frame, each codebook with ids of its own, and a token at the end of every clip.
const { codebookSize, numCodebooks, provenance } = clips[0]!;
const vocabulary = new TokenVocabulary({ codebookSize, numCodebooks, specialTokens: { eos: {} } });

await mkdir("demo-output", { recursive: true });
await using writer = await TokenDatasetWriter.create("demo-output/train", {
  format: "flat", // or "megatron"
  vocabularySize: vocabulary.size,
  eosToken: vocabulary.specialIdOf("eos"),
  metadata: { codebookSize, numCodebooks, ...provenance },
  overwrite: true,
});
for (const codes of clips) await writer.append(vocabulary.encode(codes));
const { documents, tokens, files } = await writer.finish();
console.log(`${documents} clips, ${tokens} tokens below ${vocabulary.size}: ${files.map(({ path }) => path).join(", ")}`);

// In Python: np.memmap("demo-output/train.bin", dtype=np.uint16).
let index = 0;
for await (const document of await openTokenDataset("demo-output/train")) {
  const { numSamples } = clips[index]!;
  const codes = AudioCodes.fromTensor(vocabulary.decode(document).codes, codec, { numSamples });
  console.log(`clip ${index}: ${document.length} tokens, ${codes.duration.toFixed(2)} s, equal: ${codes.equals(clips[index]!)}`);
  index++;
}
