// Audio that comes in live, to codes and back with as little delay as the model allows: npx tsx examples/live-stream.ts
import { setTimeout as sleep } from "node:timers/promises";
import { AudioTokenizer, numSamplesOf, openAudio } from "encodec-tokenizer";
import type { AudioCodes, Waveform } from "encodec-tokenizer";

await using tokenizer = await AudioTokenizer.fromPretrained("tiny");

/** Sends what a microphone would: 20 ms of audio every 20 ms, in arrays that may be used again afterwards. */
async function* microphone(seconds: number): AsyncGenerator<Waveform> {
  const start = performance.now();
  let secondsSent = 0;
  for await (const { channelData, sampleRate } of await openAudio("examples/speech.wav")) {
    const length = sampleRate / 50;
    for (let from = 0; from < channelData[0]!.length; from += length) {
      if (secondsSent >= seconds) return;
      secondsSent += 0.02;
      await sleep(start + secondsSent * 1000 - performance.now());
      yield { channelData: channelData.map((samples) => samples.subarray(from, from + length)), sampleRate };
    }
  }
}

let frames = 0;
/** Where codes go to a language model, a file or a network; here, to the decoder. */
async function* sent(codes: AsyncIterable<AudioCodes>): AsyncGenerator<AudioCodes> {
  for await (const piece of codes) {
    frames += piece.numFrames;
    yield piece;
  }
}

const start = performance.now();
let samples = 0;
for await (const waveform of tokenizer.decodeStream(sent(tokenizer.encodeStream(microphone(2), { bandwidth: 3 })))) {
  if (samples === 0) console.log(`first audio out after ${Math.round(performance.now() - start)} ms`);
  samples += numSamplesOf(waveform);
}
const { startLatency, latency } = tokenizer.createEncoder();
console.log(
  `${frames} frames, ${(samples / tokenizer.sampleRate).toFixed(2)} s of audio; a frame waits for ${latency} samples, the first for ${startLatency}`,
);
