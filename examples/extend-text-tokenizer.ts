// A text tokenizer that knows audio too: npx tsx examples/extend-text-tokenizer.ts [folder with tokenizer.json and tokenizer_config.json]
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AutoTokenizer } from "@huggingface/transformers";
import { TokenIdParser, TokenVocabulary } from "encodec-tokenizer/patterns";
import { AudioCodes, AudioTokenizer, readAudio, writeWav } from "encodec-tokenizer";
import { characterTokenizer, characterTokenizerConfig } from "./support/character-tokenizer.ts";
import type { TokenizerJson } from "./support/character-tokenizer.ts";

const [source] = process.argv.slice(2);
const readJson = async (name: string) => JSON.parse(await readFile(join(source!, name), "utf8"));
const text: TokenizerJson = source === undefined ? characterTokenizer : await readJson("tokenizer.json");
const config = source === undefined ? characterTokenizerConfig : await readJson("tokenizer_config.json");

await using codec = await AudioTokenizer.fromPretrained("tiny");
const codes = (await codec.encode(await readAudio("examples/speech.wav"), { numCodebooks: 2 })).sliceFrames(0, 75);

// The audio tokens go behind those of the text. A model needs as many rows in its embedding: in PyTorch, resize_token_embeddings.
const base = new Set([...Object.values(text.model.vocab), ...text.added_tokens.map(({ id }) => id)]).size;
const { codebookSize, numCodebooks } = codes;
const vocabulary = new TokenVocabulary({ codebookSize, numCodebooks, base, specialTokens: { bos: {}, eos: {} } });
console.log(`ids of text below ${base}, of audio up to ${vocabulary.vocabularySize - 1}`);

const folder = await mkdtemp(join(tmpdir(), "tokenizer-"));
await writeFile(
  join(folder, "tokenizer.json"),
  JSON.stringify({ ...text, added_tokens: [...text.added_tokens, ...vocabulary.addedTokens()] }),
);
await writeFile(join(folder, "tokenizer_config.json"), JSON.stringify(config));
const tokenizer = await AutoTokenizer.from_pretrained(folder);
await rm(folder, { recursive: true });

// Text and audio in one sequence.
const spoken = vocabulary.toText(codes, { before: ["bos"], after: ["eos"] });
const ids = tokenizer.encode(`say it again: ${spoken}`);
console.log(`${ids.length} ids: ${ids.slice(0, 20).join(" ")} …`);
console.log(tokenizer.decode(ids.slice(0, 20)), "…");

// In place of a model's answer, id by id: text, then audio, whose frames can be had as soon as they are complete.
const answer = tokenizer.encode(`as you said: ${spoken}`);
const parser = new TokenIdParser(vocabulary, { policy: "skip" });
const frames: AudioCodes[] = [];
for (const id of answer) {
  const completed = parser.push([id]);
  if (completed.dims[1] !== 0) frames.push(AudioCodes.fromTensor(completed, codec));
  if (parser.hasEnded) break;
}
parser.finish();

const heard = AudioCodes.concatenate(frames);
console.log(`${heard.numFrames} frames came back, equal: ${heard.equals(codes)}; ${parser.dropped} ids were text`);
await mkdir("demo-output", { recursive: true });
await writeWav("demo-output/extend-text-tokenizer.wav", await codec.decode(heard));
