// Several callers who share one model: their frames are coded together, one step per frame: npx tsx examples/stream-server.ts
import { AudioTokenizer, DecoderStream, EncoderStream, readAudio } from "encodec-tokenizer";
import type { AudioCodes, Waveform } from "encodec-tokenizer";

await using tokenizer = await AudioTokenizer.fromPretrained("tiny");
const speech = await readAudio("examples/speech.wav");
const framesPerStep = 4;
const stepLength = framesPerStep * tokenizer.hopLength;

/** One call: what it has sent and not been coded, and its two streams. */
class Call {
  readonly name: string;
  readonly encoder = tokenizer.createEncoder({ bandwidth: 3 });
  readonly decoder = tokenizer.createDecoder();
  numFrames = 0;
  #position: number;
  readonly #end: number;

  constructor(name: string, start: number, seconds: number) {
    this.name = name;
    this.#position = start * speech.sampleRate;
    this.#end = this.#position + seconds * speech.sampleRate;
  }

  /** The next samples, or null when the caller has hung up. */
  next(): Waveform | null {
    if (this.#position >= this.#end) return null;
    const end = Math.min(this.#position + stepLength, this.#end);
    const channelData = speech.channelData.map((samples) => samples.subarray(this.#position, end));
    this.#position = end;
    return { ...speech, channelData };
  }
}

const waiting = [new Call("Ada", 0, 2), new Call("Ben", 4, 1.3), new Call("Cleo", 7, 1), new Call("Dan", 9, 2.5)];
const calls: Call[] = [];
let steps = 0;
while (waiting.length + calls.length > 0) {
  // Callers come and go; one who joins late starts at the beginning of a stream of their own.
  if (steps++ % 10 === 0 && waiting.length > 0) calls.push(waiting.shift()!);

  const coded = await EncoderStream.stepBatch(calls.map((call) => ({ stream: call.encoder, waveform: call.next() })));
  const entries: { stream: DecoderStream; codes: AudioCodes }[] = [];
  for (const [index, codes] of coded.entries()) {
    if (codes === null) continue;
    calls[index]!.numFrames += codes.numFrames;
    entries.push({ stream: calls[index]!.decoder, codes });
  }
  await DecoderStream.stepBatch(entries); // audio for each caller, or null

  for (const call of calls.filter(({ encoder }) => encoder.state.hasEnded)) {
    console.log(`${call.name} hung up after ${call.numFrames} frames; ${calls.length - 1} left`);
    calls.splice(calls.indexOf(call), 1);
  }
}
console.log(`${steps} steps`);
