// Codes back to audio, at the full bandwidth and at less: npx tsx examples/decode.ts
import { mkdir } from "node:fs/promises";
import { AudioTokenizer, convertAudio, formatCodes, parseCodes, readAudio, siSnr, writeWav } from "encodec-tokenizer";

await using tokenizer = await AudioTokenizer.fromPretrained("tiny");
const speech = await readAudio("examples/speech.wav");
const stored = formatCodes(await tokenizer.encode(speech), "npz");
console.log(`stored codes: ${stored.length} bytes`);

const codes = await parseCodes(stored);
await mkdir("demo-output", { recursive: true });
for (const numCodebooks of [8, 4, 2]) {
  // Residual quantizers are nested: the first codebooks alone are the clip at a lower bandwidth.
  const audio = await tokenizer.decode(codes.selectCodebooks(numCodebooks));
  await writeWav(`demo-output/decode-${numCodebooks}.wav`, audio);
  console.log(`${numCodebooks} codebooks: SI-SNR ${siSnr(convertAudio(speech, tokenizer), audio).toFixed(2)} dB`);
}
