import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { deserialize, serialize } from "node:v8";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { AudioCodes, AudioTokenizer, DecoderStream, EncoderStream, numSamplesOf } from "../../src/index.ts";
import type { EncoderStreamState, Waveform } from "../../src/index.ts";
import { codecNames, goldenCases, goldenFolder } from "../golden.ts";
import {
  clipLengths,
  collect,
  cut,
  cutCodes,
  decodeBy,
  encodeBy,
  joinAudio,
  noisyTone,
  pieceLengths,
  present,
  sameAudio,
  slice,
} from "./streams.ts";
import { readableFrom } from "./readable-from.ts";
import { runsOf } from "../long-searches.ts";
import { sharedFolder } from "../temporary-folder.ts";

describe.each(codecNames)("%s", async (codec) => {
  const tokenizer = await AudioTokenizer.fromPretrained(join(goldenFolder, codec, "hf"), { threads: 1 });
  afterAll(() => tokenizer.dispose());
  const isSegmented = tokenizer.segment !== null;
  const numRuns = runsOf(isSegmented ? 6 : 25);
  const numCodebooks = fc.integer({ min: 1, max: tokenizer.numQuantizers });

  test("streams of the golden clips give the codes and the audio of the whole clips", async () => {
    for (const { waveform } of await goldenCases(codec)) {
      const whole = await tokenizer.encode(waveform);
      const pieces = await encodeBy(tokenizer.createEncoder(), cut(waveform, [997, 3001]));
      expect(AudioCodes.concatenate(pieces)).toEqualCodes(whole);
      const audio = joinAudio(await decodeBy(tokenizer.createDecoder(), pieces));
      expect(sameAudio(audio, await tokenizer.decode(whole))).toBe(true);
    }
  });

  test("any clip in any pieces, with any number of codebooks", async () => {
    const anyStream = fc.record({
      numSamples: clipLengths(tokenizer),
      lengths: pieceLengths(tokenizer),
      numCodebooks,
      seed: fc.nat({ max: 1e6 }),
    });
    await fc.assert(
      fc.asyncProperty(anyStream, async ({ numSamples, lengths, seed, ...options }) => {
        const waveform = noisyTone(tokenizer, numSamples, seed);
        const whole = await tokenizer.encode(waveform, options);
        const pieces = await encodeBy(tokenizer.createEncoder(options), cut(waveform, lengths));
        expect(AudioCodes.concatenate(pieces)).toEqualCodes(whole);
        const audio = await decodeBy(
          tokenizer.createDecoder(),
          cutCodes(
            whole,
            lengths.map((length) => Math.ceil(length / tokenizer.hopLength)),
          ),
        );
        expect(sameAudio(joinAudio(audio), await tokenizer.decode(whole))).toBe(true);
      }),
      { numRuns },
    );
  });

  test("any number of threads", async () => {
    await using threaded = await AudioTokenizer.fromPretrained(join(goldenFolder, codec, "hf"), { threads: 3 });
    const waveform = noisyTone(tokenizer, isSegmented ? 2 * tokenizer.segment!.length : 230 * tokenizer.hopLength + 1);
    const whole = await tokenizer.encode(waveform);
    for (const lengths of [[7 * tokenizer.hopLength, 16 * tokenizer.hopLength], [99_999]]) {
      const pieces = await encodeBy(threaded.createEncoder(), cut(waveform, lengths));
      expect(AudioCodes.concatenate(pieces)).toEqualCodes(whole);
      expect(sameAudio(joinAudio(await decodeBy(threaded.createDecoder(), pieces)), await tokenizer.decode(whole))).toBe(true);
    }
  });

  test("the whole clip in one piece, and hop by hop", async () => {
    const waveform = noisyTone(tokenizer, (tokenizer.segment?.length ?? 0) + 21 * tokenizer.hopLength + 5);
    const whole = await tokenizer.encode(waveform);
    for (const length of [numSamplesOf(waveform), tokenizer.hopLength]) {
      const pieces = await encodeBy(tokenizer.createEncoder(), cut(waveform, [length]));
      expect(AudioCodes.concatenate(pieces)).toEqualCodes(whole);
    }
  });

  test("encodeStream into decodeStream, from any pieces, is encode into decode", async () => {
    await fc.assert(
      fc.asyncProperty(clipLengths(tokenizer), pieceLengths(tokenizer), async (numSamples, lengths) => {
        const waveform = noisyTone(tokenizer, numSamples);
        const codes: AudioCodes[] = [];
        const passing = async function* (): AsyncGenerator<AudioCodes> {
          for await (const piece of tokenizer.encodeStream(cut(waveform, lengths), { numCodebooks: 2 })) {
            codes.push(piece);
            yield piece;
          }
        };
        const audio = joinAudio(await collect(tokenizer.decodeStream(passing())));
        const whole = await tokenizer.encode(waveform, { numCodebooks: 2 });
        expect(AudioCodes.concatenate(codes)).toEqualCodes(whole);
        expect(sameAudio(audio, await tokenizer.decode(whole))).toBe(true);
      }),
      { numRuns: Math.ceil(numRuns / 3) },
    );
  });

  test("long pieces are coded a window at a time, with the same result", async () => {
    const waveform = noisyTone(tokenizer, isSegmented ? 10 * tokenizer.segment!.stride : 330 * tokenizer.hopLength);
    const whole = await tokenizer.encode(waveform, { numCodebooks: 1 });
    const pieces = await collect(tokenizer.encodeStream([waveform], { numCodebooks: 1 }));
    expect(pieces.length).toBeGreaterThan(1);
    expect(AudioCodes.concatenate(pieces)).toEqualCodes(whole);
    const audio = await collect(tokenizer.decodeStream([whole]));
    expect(audio.length).toBeGreaterThan(1);
    expect(sameAudio(joinAudio(audio), await tokenizer.decode(whole))).toBe(true);
  });

  test("other sample rates and channels are converted as encode converts the whole", async () => {
    const channels = 3 - tokenizer.channels;
    for (const sampleRate of [44_100, 8000]) {
      const waveform = noisyTone({ sampleRate, channels }, 5000);
      const pieces = await collect(tokenizer.encodeStream(cut(waveform, [0, 1, 700, 33, 2000])));
      expect(AudioCodes.concatenate(pieces)).toEqualCodes(await tokenizer.encode(waveform));
    }
  });

  test("web streams give the same", async () => {
    const waveform = noisyTone(tokenizer, 13 * tokenizer.hopLength + 7);
    const [codes, again] = readableFrom(cut(waveform, [1000, 1]))
      .pipeThrough(tokenizer.encoderTransform({ numCodebooks: 3 }))
      .tee();
    const audio = await collect(again.pipeThrough(tokenizer.decoderTransform()));
    const whole = await tokenizer.encode(waveform, { numCodebooks: 3 });
    expect(AudioCodes.concatenate(await collect(codes))).toEqualCodes(whole);
    expect(sameAudio(joinAudio(audio), await tokenizer.decode(whole))).toBe(true);
  });

  test("a clone, and a stored state, go on as the stream itself does", async () => {
    const waveform = noisyTone(tokenizer, (isSegmented ? tokenizer.segment!.length : 0) + 20 * tokenizer.hopLength + 3);
    const half = Math.floor(numSamplesOf(waveform) / 2) + 11;
    const rest = cut(slice(waveform, half), [777]);
    const encoder = tokenizer.createEncoder({ numCodebooks: 3 });
    const beginning = present([await encoder.push(slice(waveform, 0, half))]);
    const copies = [
      encoder.clone(),
      tokenizer.createEncoder({ numCodebooks: 3, state: structuredClone(encoder.state) }),
      tokenizer.createEncoder({ numCodebooks: 3, state: deserialize(serialize(encoder.state)) as EncoderStreamState }),
      encoder,
    ];
    const whole = await tokenizer.encode(waveform, { numCodebooks: 3 });
    for (const copy of copies) {
      expect(AudioCodes.concatenate([...beginning, ...(await encodeBy(copy, rest))])).toEqualCodes(whole);
    }

    const expected = await tokenizer.decode(whole);
    const codes = cutCodes(whole, [isSegmented ? 1 : 9]);
    const decoder = tokenizer.createDecoder();
    const first = present([await decoder.push(codes[0]!)]);
    const states = [decoder.state, structuredClone(decoder.state), deserialize(serialize(decoder.state)) as typeof decoder.state];
    for (const copy of [decoder.clone(), ...states.map((state) => tokenizer.createDecoder({ state })), decoder]) {
      expect(sameAudio(joinAudio([...first, ...(await decodeBy(copy, codes.slice(1)))]), expected)).toBe(true);
    }
  });

  test("streams that take their steps together do not notice each other", async () => {
    const clips = [5, 1, 3, 8].map((hops, index) =>
      noisyTone(tokenizer, (isSegmented ? (hops * tokenizer.segment!.stride) / 4 : hops * tokenizer.hopLength) + index, index),
    );
    const books = [4, 1, 2, 3];
    const encoders = books.map((count) => tokenizer.createEncoder({ numCodebooks: count }));
    const queues = clips.map((clip, index) => cut(clip, [isSegmented ? 9000 : 300 + 100 * index]));
    const decoders = clips.map(() => tokenizer.createDecoder());
    const codes: AudioCodes[][] = clips.map(() => []);
    const audio: Waveform[][] = clips.map(() => []);
    // Rounds in which the first, the first two, all four … take a step, until each has been flushed.
    for (let round = 0; encoders.some(({ state }) => !state.hasEnded); round++) {
      const active = [0, 1, 2, 3].filter((index) => index <= 2 ** (round % 3) - 1 && !encoders[index]!.state.hasEnded);
      const steps = active.map((index) => ({ index, stream: encoders[index]!, waveform: queues[index]!.shift() ?? null }));
      const coded = await EncoderStream.stepBatch(steps);
      const decoding: { index: number; stream: DecoderStream; codes: AudioCodes | null }[] = [];
      for (const [row, { index, stream }] of steps.entries()) {
        const piece = coded[row]!;
        if (piece !== null) {
          codes[index]!.push(piece);
          decoding.push({ index, stream: decoders[index]!, codes: piece });
        } else if (stream.state.hasEnded) {
          decoding.push({ index, stream: decoders[index]!, codes: null });
        }
      }
      const decoded = await DecoderStream.stepBatch(decoding);
      for (const [row, { index }] of decoding.entries()) audio[index]!.push(...present([decoded[row]!]));
    }
    for (const [index, clip] of clips.entries()) {
      const whole = await tokenizer.encode(clip, { numCodebooks: books[index]! });
      expect(AudioCodes.concatenate(codes[index]!)).toEqualCodes(whole);
      if (!decoders[index]!.state.hasEnded) audio[index]!.push(...present([await decoders[index]!.flush()]));
      expect(sameAudio(joinAudio(audio[index]!), await tokenizer.decode(whole))).toBe(true);
    }
  });

  test("reset starts anew, in the middle and after the end", async () => {
    const encoder = tokenizer.createEncoder();
    const waveform = noisyTone(tokenizer, 3000);
    const whole = await tokenizer.encode(waveform);
    await encoder.push(noisyTone(tokenizer, 1234, 9));
    encoder.reset();
    expect(AudioCodes.concatenate(await encodeBy(encoder, [waveform]))).toEqualCodes(whole);
    encoder.reset();
    expect(AudioCodes.concatenate(await encodeBy(encoder, [waveform]))).toEqualCodes(whole);
    const decoder = tokenizer.createDecoder();
    await decoder.push(whole);
    decoder.reset();
    const again = await decodeBy(decoder, [whole.selectCodebooks(1)]);
    expect(sameAudio(joinAudio(again), await tokenizer.decode(whole.selectCodebooks(1)))).toBe(true);
  });

  test("a stream without samples gives nothing", async () => {
    expect(await tokenizer.createEncoder().flush()).toBe(null);
    expect(await tokenizer.createDecoder().flush()).toBe(null);
    expect(await collect(tokenizer.encodeStream([]))).toEqual([]);
    expect(await collect(tokenizer.encodeStream([noisyTone(tokenizer, 0)]))).toEqual([]);
    expect(await collect(tokenizer.decodeStream([]))).toEqual([]);
  });

  test("samples may be overwritten as soon as push was called", async () => {
    const waveform = noisyTone(tokenizer, 12 * tokenizer.hopLength);
    const encoder = tokenizer.createEncoder();
    const buffer = noisyTone(tokenizer, 100);
    const codes: (AudioCodes | null)[] = [];
    for (const piece of cut(waveform, [100])) {
      const filled = {
        ...buffer,
        channelData: buffer.channelData.map(
          (samples, channel) => (samples.set(piece.channelData[channel]!), samples.subarray(0, numSamplesOf(piece))),
        ),
      };
      const pushed = encoder.push(filled);
      for (const samples of buffer.channelData) samples.fill(0.7);
      codes.push(await pushed);
    }
    codes.push(await encoder.flush());
    expect(AudioCodes.concatenate(present(codes))).toEqualCodes(await tokenizer.encode(waveform));
  });
});

describe("stereo through a mono codec", async () => {
  const tokenizer = await AudioTokenizer.fromPretrained(join(goldenFolder, "mini-32khz/hf"), { threads: 1, interleaveStereo: true });
  afterAll(() => tokenizer.dispose());

  test("streams both sides at once", async () => {
    const waveform = noisyTone(tokenizer, 9001);
    const whole = await tokenizer.encode(waveform, { numCodebooks: 4 });
    const pieces = await encodeBy(tokenizer.createEncoder({ numCodebooks: 4 }), cut(waveform, [500, 0, 2100]));
    expect(AudioCodes.concatenate(pieces)).toEqualCodes(whole);
    const audio = await decodeBy(tokenizer.createDecoder(), pieces);
    expect(sameAudio(joinAudio(audio), await tokenizer.decode(whole))).toBe(true);
  });
});

describe("a codec that divides whole clips by their loudness", async () => {
  const folder = sharedFolder();
  const from = join(goldenFolder, "mini-24khz/hf");
  await cp(from, folder, { recursive: true });
  const config = JSON.parse(await readFile(join(from, "config.json"), "utf8")) as Record<string, unknown>;
  await writeFile(join(folder, "config.json"), JSON.stringify({ ...config, normalize: true }));
  const tokenizer = await AudioTokenizer.fromPretrained(folder, { threads: 1 });
  const plain = await AudioTokenizer.fromPretrained(from, { threads: 1 });
  afterAll(async () => {
    await Promise.all([tokenizer.dispose(), plain.dispose()]);
  });
  const waveform = noisyTone(tokenizer, 9001);

  test("is as loud after decoding as it was", async () => {
    const codes = await tokenizer.encode(waveform);
    const scale = codes.scales![0]!;
    const audio = await tokenizer.decode(codes);
    const unscaled = await plain.decode({ ...codes, scales: null });
    expect(audio.channelData[0]).toEqual(unscaled.channelData[0]!.map((sample) => sample * scale));
  });

  test("streams at the end of the audio, and frame by frame from its codes", async () => {
    const whole = await tokenizer.encode(waveform);
    const encoder = tokenizer.createEncoder();
    expect(encoder.latency).toBe(Infinity);
    const pieces = await encodeBy(encoder, cut(waveform, [1000]));
    expect(pieces).toHaveLength(1);
    expect(pieces[0]!).toEqualCodes(whole);
    const audio = await decodeBy(tokenizer.createDecoder(), cutCodes(whole, [3]));
    expect(sameAudio(joinAudio(audio), await tokenizer.decode(whole))).toBe(true);
    const decoder = tokenizer.createDecoder();
    await decoder.push(whole.sliceFrames(0, 10));
    const louder = new AudioCodes({ ...whole, scales: Float32Array.of(2) });
    await expect(decoder.push(louder)).rejects.toThrow("these codes have the scale 2; those before have");
  });
});

describe.each([
  ["mini-24khz", "encodec-th"],
  ["mini-16khz", "audiocraft"],
  ["mini-48khz", "encodec-th"],
])("%s as %s", (codec, layout) => {
  test("streams as its whole clips are coded", async () => {
    await using tokenizer = await AudioTokenizer.fromPretrained(join(goldenFolder, codec, layout), { threads: 1 });
    const waveform = noisyTone(tokenizer, 7777);
    const whole = await tokenizer.encode(waveform);
    const pieces = await collect(tokenizer.encodeStream(cut(waveform, [640])));
    expect(AudioCodes.concatenate(pieces)).toEqualCodes(whole);
    expect(sameAudio(joinAudio(await collect(tokenizer.decodeStream(pieces))), await tokenizer.decode(whole))).toBe(true);
  });
});
