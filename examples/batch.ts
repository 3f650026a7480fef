// Many clips at once, of any lengths, with progress and a way to stop: npx tsx examples/batch.ts
import { AudioTokenizer, readAudio } from "encodec-tokenizer";
import type { Waveform } from "encodec-tokenizer";

await using tokenizer = await AudioTokenizer.fromPretrained("tiny");
const speech = await readAudio("examples/speech.wav");
const cut = (start: number, end: number): Waveform => ({
  channelData: speech.channelData.map((samples) => samples.subarray(start * speech.sampleRate, end * speech.sampleRate)),
  sampleRate: speech.sampleRate,
});
const clips = [cut(0, 1.5), cut(1.5, 5), cut(5, 5.2), cut(5.2, 9)];

const batch = await tokenizer.encodeBatch(clips, {
  bandwidth: 6,
  signal: AbortSignal.timeout(60_000),
  onProgress: ({ done, total }) => console.log(`${done.toFixed(1)} of ${total.toFixed(1)} s`),
});

// A clip's codes never depend on the other clips of its batch.
const alone = await tokenizer.encode(clips[2]!, { bandwidth: 6 });
console.log(
  batch.map((codes) => codes.numFrames),
  "equal to encoding alone:",
  batch[2]!.equals(alone),
);
