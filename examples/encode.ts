// Audio to codes: npx tsx examples/encode.ts [audio] [kbps]
import { mkdir } from "node:fs/promises";
import { AudioTokenizer, readAudio, writeCodes } from "encodec-tokenizer";

const [audio = "examples/speech.wav", bandwidth = "3"] = process.argv.slice(2);

await using tokenizer = await AudioTokenizer.fromPretrained("tiny");
const codes = await tokenizer.encode(await readAudio(audio), { bandwidth: Number(bandwidth) });

console.log(`${codes.duration.toFixed(2)} s: ${codes.numCodebooks} codebooks × ${codes.numFrames} frames, ${codes.bandwidth} kbps`);
for (let k = 0; k < codes.numCodebooks; k++) {
  console.log(`codebook ${k}:`, ...codes.data.subarray(k * codes.numFrames, k * codes.numFrames + 10), "…");
}

// Safetensors, for numpy and PyTorch too; .npz, .npy and .json work as well.
await mkdir("demo-output", { recursive: true });
await writeCodes("demo-output/encode.safetensors", codes);
