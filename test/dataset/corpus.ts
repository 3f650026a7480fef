import { fileURLToPath } from "node:url";
import { formatWav } from "../../src/audio/index.ts";
import type { DatasetEvent, DatasetReport } from "../../src/dataset/parts/dataset-event.ts";
import { AudioTokenizer } from "../../src/tokenizer/index.ts";
import { tokenizeDataset } from "../../src/dataset/tokenize-dataset.ts";
import type { TokenizeDatasetOptions } from "../../src/dataset/tokenize-dataset.ts";

/** The checkpoint that comes with the package. */
export const tinyModel: string = fileURLToPath(new URL("../../models/encodec-tiny-24khz", import.meta.url));

/** A mixture of two tones that differs from clip to clip, as a 16-bit WAV file. */
export function toneWav(
  seed: number,
  seconds: number,
  { sampleRate = 24_000, channels = 1 }: { readonly sampleRate?: number; readonly channels?: number } = {},
): Uint8Array {
  const numSamples = Math.round(seconds * sampleRate);
  const channelData = Array.from({ length: channels }, (_, channel) =>
    Float32Array.from(
      { length: numSamples },
      (__, i) =>
        0.4 * Math.sin(((seed + 2 * channel + 3) * 300 * i) / sampleRate) + 0.2 * Math.sin((seed * 777 * i) / sampleRate + i * i * 1e-8),
    ),
  );
  return formatWav({ channelData, sampleRate });
}

let shared: Promise<AudioTokenizer> | undefined;

/** The tokenizer of that checkpoint, which the tests of a process share. */
export function tinyTokenizer(): Promise<AudioTokenizer> {
  return (shared ??= AudioTokenizer.fromPretrained(tinyModel));
}

/** Runs to the end, with that tokenizer and one thread to decode unless told otherwise; gives the events, and the report of the last one. */
export async function tokenize(
  options: Omit<TokenizeDatasetOptions, "model"> & { readonly model?: TokenizeDatasetOptions["model"] },
): Promise<{ readonly events: readonly DatasetEvent[]; readonly report: DatasetReport }> {
  const events: DatasetEvent[] = [];
  for await (const event of tokenizeDataset({ model: await tinyTokenizer(), decodeThreads: 1, ...options })) events.push(event);
  const last = events.at(-1)!;
  if (last.kind !== "finished") throw new Error(`the last event is ${last.kind}`);
  return { events, report: last.report };
}

/** Path of a recording that tests share. */
export function audioFixture(name: string): string {
  return fileURLToPath(new URL(`../fixtures/audio/${name}`, import.meta.url));
}
