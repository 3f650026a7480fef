import { open } from "node:fs/promises";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { beforeEach, describe, expect, test } from "vitest";
import { convertAudioStream } from "../../src/audio/index.ts";
import type { Waveform } from "../../src/core/index.ts";
import { openAudio } from "../../src/files/open-audio.ts";
import { writeWavStream } from "../../src/files/write-wav-stream.ts";
import { longFiles } from "../audio/long-files.ts";
import { temporaryFolder } from "../temporary-folder.ts";

let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder();
});
const at = (name: string): string => join(folder, name);

async function writeLong(kind: string, seconds: number): Promise<string> {
  await using file = await open(at(`${kind}-${seconds}`), "w");
  for await (const part of longFiles[kind]!(seconds)) await file.write(part);
  return at(`${kind}-${seconds}`);
}

describe("memory does not grow with length", () => {
  setFlagsFromString("--expose-gc");
  const collectGarbage = runInNewContext("gc") as () => void;
  const mebibyte = 2 ** 20;

  /** In seconds. */
  const longest = 150;

  async function usedMemory(): Promise<number> {
    collectGarbage();
    await new Promise((resolve) => setTimeout(resolve, 1)); // what was found to be garbage is released between two tasks
    collectGarbage();
    const { heapUsed, external } = process.memoryUsage(); // external includes arrayBuffers
    return heapUsed + external;
  }

  /** Most memory, beyond what was there before, that is in use between two pieces while a file is read, converted and written. */
  async function peakMemory(source: string | AsyncIterable<Uint8Array>): Promise<{ readonly peak: number; readonly numSamples: number }> {
    const before = await usedMemory();
    let peak = 0;
    let numSamples = 0;
    async function* measured(pieces: AsyncIterable<Waveform>): AsyncGenerator<Waveform, void> {
      let count = 0;
      for await (const piece of pieces) {
        numSamples += piece.channelData[0]!.length;
        if (count++ % 20 === 0) peak = Math.max(peak, (await usedMemory()) - before);
        yield piece;
      }
    }
    await using audio = await openAudio(source);
    await writeWavStream(at("out.wav"), measured(convertAudioStream(audio, { sampleRate: 8000, channels: 1 })));
    return { peak, numSamples };
  }

  test.each(Object.keys(longFiles))("%s", async (kind) => {
    const [short, long] = [await writeLong(kind, 5), await writeLong(kind, longest)];
    await peakMemory(short); // loads the decoder
    const few = await peakMemory(short);
    const many = await peakMemory(long);
    expect(few.numSamples).toBeLessThan(6 * 8000);
    expect(many.numSamples).toBeGreaterThanOrEqual(longest * 8000);
    // The audio alone is 9 to 27 MiB at its own rate, and 4.6 MiB more when converted.
    expect(many.peak - few.peak).toBeLessThan(2 * mebibyte);
  });

  test("of what comes through a pipe", async () => {
    let peak = 0;
    const before = await usedMemory();
    async function* source(): AsyncGenerator<Uint8Array, void> {
      let count = 0;
      for await (const part of longFiles["wav"]!(longest)) {
        yield part;
        if (count++ % 20 === 0) peak = Math.max(peak, (await usedMemory()) - before);
      }
    }
    const { peak: later, numSamples } = await peakMemory(source());
    expect(numSamples).toBeGreaterThanOrEqual(longest * 8000);
    expect(Math.max(peak, later)).toBeLessThan(8 * mebibyte);
  });
});
