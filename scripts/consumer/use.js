// Encodes and decodes with the installed package, which has everything that takes and nothing that only a queue needs.
import { existsSync } from "node:fs";
import { AudioTokenizer, readAudio } from "encodec-tokenizer";
import { patternProvider } from "encodec-tokenizer/patterns";
import { checkRedis, QueueError } from "encodec-tokenizer/queue";

const tokenizer = await AudioTokenizer.fromPretrained("tiny", { threads: undefined });
const codes = await tokenizer.encode(await readAudio("speech.wav"), { bandwidth: 3, numCodebooks: undefined });
const audio = await tokenizer.decode(codes);
await tokenizer.dispose();
const pattern = patternProvider({ kind: "delay", numCodebooks: 4 }).getPattern(codes.numFrames);
const { dims } = pattern.buildSequence(codes, { specialToken: codes.codebookSize });
if (codes.numCodebooks !== 4 || audio.channelData[0]?.length !== codes.numSamples)
  throw new Error("the installed package does not encode and decode");
if (dims.join() !== `1,4,${codes.numFrames + 4}`) throw new Error("the patterns of the installed package do not work");

if (existsSync("node_modules/bullmq") || existsSync("node_modules/ioredis"))
  throw new Error("a plain install brings what only a queue needs");
const error = await checkRedis().catch((/** @type {unknown} */ reason) => reason);
if (!(error instanceof QueueError && error.code === "QUEUE_NOT_INSTALLED" && error.message.includes("npm install bullmq"))) {
  throw new Error("a queue does not say what to install", { cause: error });
}
