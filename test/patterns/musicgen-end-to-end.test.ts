import { join } from "node:path";
import type { Tensor } from "@huggingface/transformers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AudioCodes } from "../../src/core/index.ts";
import { PatternCursor } from "../../src/patterns/layout/pattern-cursor.ts";
import { patternProvider } from "../../src/patterns/layout/pattern-provider.ts";
import { AudioTokenizer } from "../../src/tokenizer/index.ts";
import { goldenCases, goldenFolder } from "../golden.ts";
import { rowsOf, SmallMusicgen } from "./small-musicgen.ts";

/** Continues by the rule of the delay alone: row q of column s is the code of frame s − 1 − q. */
async function continueNaively(model: SmallMusicgen, text: string, prompt: number[][], frames: number): Promise<number[][]> {
  const codes = prompt.map((row) => row.slice());
  const rows: number[][] = codes.map(() => []);
  for (let column = 0; column < frames + codes.length; column++) {
    const predicted = column === 0 ? [] : await model.predict(rows, text);
    for (const [q, row] of rows.entries()) {
      const frame = column - 1 - q;
      const isCode = frame >= 0 && frame < frames;
      if (isCode && frame >= codes[q]!.length) codes[q]!.push(predicted[q]!);
      row.push(isCode ? codes[q]![frame]! : model.codebookSize);
    }
  }
  return codes;
}

function cursorFor({ numCodebooks, codebookSize }: SmallMusicgen, prompt: AudioCodes | undefined, frames: number): PatternCursor {
  const pattern = patternProvider({ kind: "delay", numCodebooks }).getPattern(frames);
  return new PatternCursor(pattern, { specialToken: codebookSize, codebookSize, prompt });
}

/** Between values of two tensors or waveforms of one length. */
function largestDifference(a: unknown, b: unknown): number {
  const [left, right] = [a as Float32Array, b as Float32Array];
  expect(left.length).toBe(right.length);
  return left.reduce((largest, value, index) => Math.max(largest, Math.abs(value - right[index]!)), 0);
}

const text = "a calm piano";
const promptFrames = 24;
const numFrames = 36;
let codec: AudioTokenizer;
let model: SmallMusicgen;
/** Two clips of speech in the codes of a codec of MusicGen's shape: 4 codebooks of 2048 codes, 50 frames a second. */
let prompt: AudioCodes;
let otherPrompt: AudioCodes;

beforeAll(async () => {
  codec = await AudioTokenizer.fromPretrained(join(goldenFolder, "mini-32khz", "hf"));
  model = await SmallMusicgen.load({ numCodebooks: codec.numQuantizers, codebookSize: codec.codebookSize });
  const speech = (await goldenCases("mini-32khz")).find(({ name }) => name === "speech")!;
  const codes = await codec.encode(speech.waveform);
  prompt = codes.sliceFrames(0, promptFrames);
  otherPrompt = codes.sliceFrames(40, 40 + promptFrames);
});

afterAll(async () => {
  await codec.dispose();
  await model.dispose();
});

describe("the small decoder", () => {
  test("is causal, reads every codebook, and says the same with its cache", async () => {
    const rows = rowsOf(prompt).map((row) => row.slice(0, 9));
    const whole = (await model.forward(rows, text)).logits!;
    expect(whole.dims).toEqual([4, 9, 2048]);

    for (const changed of rows.keys()) {
      const others = rows.map((row, q) => (q === changed ? row.with(6, (row[6]! + 1) % 2048) : row));
      const logits = (await model.forward(others, text)).logits!;
      expect(largestDifference(logits.slice(null, [0, 6], null).data, whole.slice(null, [0, 6], null).data)).toBe(0);
      for (const q of rows.keys()) {
        for (const column of [6, 7, 8]) {
          expect(largestDifference(logits.slice(q, column, null).data, whole.slice(q, column, null).data)).toBeGreaterThan(1e-3);
        }
      }
    }

    let past: Record<string, Tensor> | undefined;
    for (const [start, end] of [
      [0, 4],
      [4, 5],
      [5, 9],
    ] as const) {
      const outputs = await model.forward(
        rows.map((row) => row.slice(start, end)),
        text,
        past,
      );
      expect(largestDifference(outputs.logits!.data, whole.slice(null, [start, end], null).data)).toBeLessThan(1e-4);
      past = Object.fromEntries(
        ["key", "value"].map((name) => [`past_key_values.0.decoder.${name}`, outputs[`present.0.decoder.${name}`]!]),
      );
    }
  });

  test("listens to the text", async () => {
    const rows = [[2048], [2048], [2048], [2048]];
    const [one, other, none] = await Promise.all(
      [text, "loud drums", null].map(async (each) => (await model.forward(rows, each)).logits!.data),
    );
    expect(largestDifference(one, other)).toBeGreaterThan(0.1);
    expect(largestDifference(one, none)).toBeGreaterThan(0.1);
  });
});

describe("an audio prompt continued by transformers.js", () => {
  test("comes back as it was, and goes on as the rule of the delay has it", async () => {
    const generated = await model.generate([text], prompt, numFrames);
    const continued = AudioCodes.fromTensor(generated, codec);
    expect(continued.shape).toEqual([1, 4, numFrames]);
    expect(continued.sliceFrames(0, promptFrames)).toEqualCodes(prompt);
    expect(rowsOf(generated)).toEqual(await continueNaively(model, text, rowsOf(prompt), numFrames));
    expect(new Set(continued.data.subarray(promptFrames, numFrames)).size).toBeGreaterThan(6);
  });

  test("becomes audio of exactly its frames, which begins as the prompt sounds", async () => {
    const continued = AudioCodes.fromTensor(await model.generate([text], prompt, numFrames), codec);
    const audio = await codec.decode(continued);
    expect(audio.sampleRate).toBe(32_000);
    expect(audio.channelData.map((channel) => channel.length)).toEqual([numFrames * 640]);
    // This codec is not causal: what follows is heard a few frames before.
    const [heard, promptAudio] = [audio.channelData[0]!, (await codec.decode(prompt)).channelData[0]!];
    const untouched = (promptFrames - 4) * 640;
    expect(largestDifference(heard.subarray(0, untouched), promptAudio.subarray(0, untouched))).toBeLessThan(1e-5);
    expect(largestDifference(heard.subarray(untouched, promptFrames * 640), promptAudio.subarray(untouched))).toBeGreaterThan(1e-3);
  });

  test.each([0, 1, 3, promptFrames])("is the same by PatternCursor, after %i frames", async (length) => {
    const given = length === 0 ? null : prompt.sliceFrames(0, length);
    const frames = length + 6;
    const cursor = cursorFor(model, given ?? undefined, frames);
    while (!cursor.isDone) cursor.push(await model.predict(rowsOf(cursor.sequence), text));
    expect(rowsOf(cursor.takeFrames())).toEqual(rowsOf(await model.generate([text], given, frames)));
  });

  test("is what transformers.js gives to its own EnCodec", async () => {
    const audio = await model.generateAudio([text], prompt, numFrames);
    expect(audio.dims).toEqual([1, 1, 4, numFrames]);
    expect(rowsOf({ data: audio.data as Float32Array, dims: audio.dims.slice(1) })).toEqual(
      rowsOf(await model.generate([text], prompt, numFrames)),
    );
  });

  test("does not depend on the other clips of its batch", async () => {
    const clips = [prompt, otherPrompt];
    const together = await model.generate(
      [text, "loud strings"],
      { data: clips.flatMap(({ data }) => Array.from(data)), dims: [2, 4, promptFrames] },
      numFrames,
    );
    const alone = [await model.generate([text], prompt, numFrames), await model.generate(["loud strings"], otherPrompt, numFrames)];
    expect(together.dims).toEqual([2, 4, numFrames]);
    expect(rowsOf(together)).toEqual(alone.flatMap(rowsOf));
  });

  test("comes back as it was whatever is sampled", async () => {
    const continued = AudioCodes.fromTensor(await model.generate([text], prompt, numFrames, { doSample: true }), codec);
    expect(continued.numFrames).toBe(numFrames);
    expect(continued.sliceFrames(0, promptFrames)).toEqualCodes(prompt);
  });
});

describe("frames decoded as they complete", () => {
  test("are the audio of the whole, piece by piece, where the codec is causal", async () => {
    const causal = await AudioTokenizer.fromPretrained("tiny");
    const ofItsShape = await SmallMusicgen.load({ numCodebooks: 4, codebookSize: causal.codebookSize });
    const speech = (await goldenCases("mini-24khz")).find(({ name }) => name === "speech")!;
    // The first convolution's reflect padding looks 6 frames ahead at the start of a clip, and only there.
    const start = (await causal.encode(speech.waveform, { numCodebooks: 4 })).sliceFrames(0, 7);
    const frames = 14;

    const cursor = cursorFor(ofItsShape, start, frames);
    const counts: number[] = [];
    const heard: number[] = [];
    let codes: AudioCodes | undefined;
    const take = async (): Promise<void> => {
      const taken = cursor.takeFrames();
      counts.push(taken.dims.at(-1)!);
      if (counts.at(-1) === 0) return;
      const next = AudioCodes.fromTensor(taken, causal);
      codes = codes === undefined ? next : AudioCodes.concatenate([codes, next]);
      heard.push(...(await causal.decode(codes)).channelData[0]!.subarray(heard.length));
    };
    await take();
    while (!cursor.isDone) {
      cursor.push(await ofItsShape.predict(rowsOf(cursor.sequence), text));
      await take();
    }

    // A frame is complete when its last codebook is, three steps after its first.
    expect(counts).toEqual([7, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1]);
    expect(rowsOf(codes!)).toEqual(rowsOf(await ofItsShape.generate([text], start, frames)));
    const whole = (await causal.decode(codes!)).channelData[0]!;
    expect(whole.length).toBe(frames * causal.hopLength);
    expect(largestDifference(whole, heard)).toBeLessThan(1e-5);
    await causal.dispose();
    await ofItsShape.dispose();
  });
});
