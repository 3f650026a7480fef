// A corpus laid out like LibriSpeech as codes with transcripts: npx tsx examples/librispeech-to-webdataset.ts [LibriSpeech/dev-clean] [model]
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { openDataset, tokenizeDataset } from "encodec-tokenizer/dataset";
import { AudioTokenizer, formatWav, readAudio } from "encodec-tokenizer";
import "./support/run-sources.ts";

const folder = await mkdtemp(join(tmpdir(), "librispeech-"));
const [corpus = await writeSmallCorpus(join(folder, "corpus")), model = "tiny"] = process.argv.slice(2);

// Each speaker/chapter/ has recordings and one speaker-chapter.trans.txt: "84-121123-0000 GO DO YOU HEAR".
const files = (await readdir(corpus, { recursive: true })).toSorted();
const recordings = new Map(
  files.filter((file) => /\.(?:flac|wav)$/u.test(file)).map((file) => [basename(file).replace(/\.\w+$/u, ""), file]),
);
const rows: string[] = [];
for (const transcript of files.filter((file) => file.endsWith(".trans.txt"))) {
  for (const line of (await readFile(join(corpus, transcript), "utf8")).trimEnd().split("\n")) {
    const [id = "", ...words] = line.split(" ");
    const [speaker, chapter] = id.split("-");
    const path = resolve(corpus, recordings.get(id) ?? join(dirname(transcript), `${id}.flac`)); // one that is missing becomes an error, not a gap
    rows.push(JSON.stringify({ path, id, text: words.join(" "), speaker, chapter }));
  }
}
const manifest = join(folder, "manifest.jsonl");
await writeFile(manifest, `${rows.join("\n")}\n`);

const out = join(folder, "codes");
for await (const event of tokenizeDataset({
  folder: out,
  inputs: [manifest],
  model,
  numCodebooks: 8,
  outputs: [{ format: "webdataset" }],
  audioLicense: "cc-by-4.0",
})) {
  if (event.kind !== "finished") continue;
  const { clips, errors, seconds, info } = event.report;
  console.log(
    `${clips} utterances, ${seconds.toFixed(1)} s, ${errors} errors: ${info!.shards.map(({ path, bytes }) => `${path}, ${bytes} bytes`).join("; ")}`,
  );
}

// In Python: webdataset.WebDataset("codes/shards/part-000000-000.tar").decode(), then sample["npy"] and sample["json"]["columns"]["text"].
await using tokenizer = await AudioTokenizer.fromPretrained(model);
let clip = 0;
for await (const { key, codes, columns } of await openDataset(out)) {
  if (clip++ === 3) break;
  const audio = await tokenizer.decode(codes);
  console.log(
    `${key}: speaker ${columns["speaker"]}, codes [${codes.numCodebooks}, ${codes.numFrames}], ${audio.channelData[0]!.length} samples: ${columns["text"]}`,
  );
}
await rm(folder, { recursive: true });

/** Two speakers with two utterances each, as WAV files where LibriSpeech has FLAC. */
async function writeSmallCorpus(root: string): Promise<string> {
  const { channelData, sampleRate } = await readAudio("examples/speech.wav");
  for (const [speaker, chapter] of [
    ["84", "121123"],
    ["1272", "128104"],
  ]) {
    const chapterFolder = join(root, speaker!, chapter!);
    await mkdir(chapterFolder, { recursive: true });
    const ids = [0, 1].map((utterance) => `${speaker}-${chapter}-${String(utterance).padStart(4, "0")}`);
    for (const [utterance, id] of ids.entries()) {
      const samples = channelData[0]!.subarray(utterance * 2 * sampleRate, (utterance * 2 + 2) * sampleRate);
      await writeFile(join(chapterFolder, `${id}.wav`), formatWav({ channelData: [samples], sampleRate }));
    }
    await writeFile(join(chapterFolder, `${speaker}-${chapter}.trans.txt`), ids.map((id, i) => `${id} WORDS OF UTTERANCE ${i}\n`).join(""));
  }
  return root;
}
