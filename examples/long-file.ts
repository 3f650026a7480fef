// A file of any length, read, coded, decoded and written piece by piece: npx tsx examples/long-file.ts [audio] [model]
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AudioCodes, AudioTokenizer, openAudio, writeCodes, writeWavStream } from "encodec-tokenizer";

const [input = "examples/speech.wav", model = "tiny"] = process.argv.slice(2);
const folder = await mkdtemp(join(tmpdir(), "long-file-"));
await using tokenizer = await AudioTokenizer.fromPretrained(model);
await using audio = await openAudio(input);

// Codes take a hundredth of the size of the audio, so the codes of hours fit into memory.
const parts: AudioCodes[] = [];
for await (const codes of tokenizer.encodeStream(audio)) parts.push(codes);
const codes = AudioCodes.concatenate(parts);
await writeCodes(join(folder, "codes.safetensors"), codes);

await writeWavStream(join(folder, "decoded.wav"), tokenizer.decodeStream([codes]));
const memory = process.memoryUsage();
console.log(`${codes.duration.toFixed(2)} s in ${parts.length} pieces, now in ${folder}`);
console.log(`samples and codes in memory at the end: ${((memory.arrayBuffers + memory.heapUsed) / 1e6).toFixed(0)} MB`);
