// Compiles under TypeScript's default `lib`, which has the DOM, and under one that has only what Node has.
import { AudioTokenizer, openAudio } from "encodec-tokenizer";
import type { AudioCodes, EncodeOptions, LoadOptions, Waveform } from "encodec-tokenizer";
import { decodeAudio } from "encodec-tokenizer/audio";
import type { AudioStream } from "encodec-tokenizer/audio";
import { tokenizeDataset } from "encodec-tokenizer/dataset";
import type { TokenizeDatasetOptions } from "encodec-tokenizer/dataset";
import { selectCheckpoint } from "encodec-tokenizer/hub";
import type { CheckpointCriteria } from "encodec-tokenizer/hub";
import { TokenVocabulary } from "encodec-tokenizer/patterns";
import type { PatternSpec } from "encodec-tokenizer/patterns";
import { workOnDataset } from "encodec-tokenizer/queue";
import type { QueueErrorCode } from "encodec-tokenizer/queue";

/** What a program has read from somewhere: each may be missing. */
export interface Config {
  readonly bandwidth?: number | undefined;
  readonly threads?: number | undefined;
  readonly sampleRate?: number | undefined;
  readonly onProgress?: LoadOptions["onProgress"];
}

export async function codesOf(microphone: ReadableStream<Waveform>, config: Config): Promise<AudioCodes[]> {
  const { bandwidth, threads, sampleRate, onProgress } = config;
  const options: EncodeOptions = { bandwidth, numCodebooks: undefined, onProgress };
  const criteria: CheckpointCriteria = { sampleRate, usedBy: undefined };
  const model = selectCheckpoint(criteria).best?.id ?? "tiny";
  const tokenizer = await AudioTokenizer.fromPretrained(model, { threads, runtime: undefined });
  const all: AudioCodes[] = [await tokenizer.encode({ channelData: [new Float32Array(320)], sampleRate: 24_000 }, options)];
  for await (const codes of microphone.pipeThrough(tokenizer.encoderTransform({ bandwidth }))) all.push(codes);
  for await (const codes of tokenizer.encodeStream(await openAudio("lecture.flac"), { bandwidth })) all.push(codes);
  await tokenizer.dispose();
  return all;
}

export type Names = [AudioStream, TokenizeDatasetOptions, PatternSpec, QueueErrorCode];
export const values = [decodeAudio, tokenizeDataset, TokenVocabulary, workOnDataset];
