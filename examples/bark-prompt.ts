// A voice for Bark out of a recording, and back: npx tsx examples/bark-prompt.ts [model]
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  barkSemanticLength,
  barkSemanticLengths,
  codesFromBarkPrompt,
  createBarkPrompt,
  flattenBarkCoarse,
  trimBarkHistory,
} from "encodec-tokenizer/patterns";
import { AudioTokenizer, readAudio, readBarkPrompt, writeBarkPrompt } from "encodec-tokenizer";

// Bark was trained on the codes of facebook/encodec_24khz. The tiny checkpoint has codes of the same shape, so everything
// here runs with it, but to Bark they would mean nothing: give the official id to make a voice that Bark can use.
await using tokenizer = await AudioTokenizer.fromPretrained(process.argv[2] ?? "tiny");
const codes = await tokenizer.encode(await readAudio("examples/speech.wav"), { bandwidth: 6 });
console.log(`coarse tokens: ${flattenBarkCoarse(codes).data.subarray(0, 8).join(" ")} …`);

// A stand-in. What was said has to come from Bark's own semantic tokens, which no codec can give: keep those that Bark
// generated, or use a semantic tokenizer trained to give the same.
const { min, max } = barkSemanticLengths(codes.numFrames)!;
const semanticTokens = Uint16Array.from({ length: barkSemanticLength(codes.numFrames) }, (_, index) => (index * 37) % 10_000);
console.log(`${codes.numFrames} frames go with ${min} to ${max} semantic tokens, here ${semanticTokens.length}`);

// In Python: generate_audio(text, history_prompt="voice.npz"), or BarkProcessor's voice_preset="voice.npz".
const folder = await mkdtemp(join(tmpdir(), "bark-"));
await writeBarkPrompt(join(folder, "voice.npz"), createBarkPrompt(codes, semanticTokens));
const prompt = await readBarkPrompt(join(folder, "voice.npz"));
await rm(folder, { recursive: true });

const history = trimBarkHistory(prompt);
console.log(`Bark continues ${history.semanticTokens.data.length} semantic and ${history.coarseTokens.data.length} coarse tokens of it`);
const audio = await tokenizer.decode(codesFromBarkPrompt(prompt));
console.log(`decoded: ${(audio.channelData[0]!.length / audio.sampleRate).toFixed(2)} s, ${codes.duration.toFixed(2)} s were encoded`);
