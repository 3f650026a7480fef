import { expect } from "vitest";
import type { AudioCodes, AudioCodesData, Waveform } from "../src/core/index.ts";

declare module "vitest" {
  // oxlint-disable-next-line no-explicit-any
  interface Matchers<T = any> {
    /** The same codes, scales and lengths, as `AudioCodes.equals` says; the first that differs is named. */
    toEqualCodes(expected: T extends AudioCodes ? AudioCodesData : never): void;
    /** The same audio, sample by sample; the first that differs is named. */
    toEqualSamples(expected: Waveform): void;
  }
}

/** Arrays of the same bytes are equal, which is faster seen than that each of their values is. Others are compared as ever. */
function haveSameBytes(a: unknown, b: unknown): true | undefined {
  if (!ArrayBuffer.isView(a) || !ArrayBuffer.isView(b) || a.constructor !== b.constructor || a.byteLength !== b.byteLength)
    return undefined;
  const [one, other] = [a, b].map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength));
  return one!.equals(other!) ? true : undefined;
}

/** Files may share a process, and the tester with it. */
const registered = Symbol.for("encodec-tokenizer/haveSameBytes");
const shared = globalThis as { [registered]?: true };
if (shared[registered] === undefined) expect.addEqualityTesters([haveSameBytes]);
shared[registered] = true;

expect.extend({
  toEqualCodes(received: AudioCodes, expected: AudioCodesData) {
    return {
      pass: received.equals(expected),
      message: () => `the codes are ${this.isNot ? "the same" : `others: ${differenceOfCodes(received, expected)}`}`,
    };
  },
  toEqualSamples(received: Waveform, expected: Waveform) {
    const difference = differenceOfSamples(received, expected);
    return {
      pass: difference === undefined,
      message: () => `the audio is ${this.isNot ? "the same" : `another: ${difference}`}`,
    };
  },
});

function differenceOfCodes(received: AudioCodesData, expected: AudioCodesData): string {
  const [is, was] = [received, expected].map(({ shape, numSamples, sampleRate, channels, hopLength, codebookSize, segment }) =>
    JSON.stringify({ shape, numSamples, sampleRate, channels, hopLength, codebookSize, segment }),
  );
  if (is !== was) return `${is} in place of ${was}`;
  const [scales, expectedScales] = [received.scales ?? [], expected.scales ?? []];
  const scale = firstDifference(scales, expectedScales);
  if (scale !== undefined) return `scale ${scale} is ${scales[scale]} in place of ${expectedScales[scale]}`;
  const index = firstDifference(received.data, expected.data)!;
  const [, numCodebooks, numFrames] = received.shape;
  const row = Math.floor(index / numFrames);
  const place = `frame ${index % numFrames} of codebook ${row % numCodebooks} of segment ${Math.floor(row / numCodebooks)}`;
  return `${place} is ${received.data[index]} in place of ${expected.data[index]}`;
}

function differenceOfSamples(received: Waveform, expected: Waveform): string | undefined {
  const [is, was] = [received, expected].map(
    ({ channelData, sampleRate }) => `${channelData.length} channels of ${channelData[0]?.length} samples at ${sampleRate} Hz`,
  );
  if (is !== was) return `${is} in place of ${was}`;
  for (const [channel, samples] of received.channelData.entries()) {
    const others = expected.channelData[channel]!;
    const index = haveSameBytes(samples, others) ? undefined : firstDifference(samples, others);
    if (index !== undefined)
      return `sample ${index} of ${samples.length} of channel ${channel} is ${samples[index]} in place of ${others[index]}`;
    if (samples.length !== others.length) return `channel ${channel} has ${samples.length} samples in place of ${others.length}`;
  }
  return undefined;
}

function firstDifference(a: ArrayLike<number>, b: ArrayLike<number>): number | undefined {
  for (let i = 0; i < Math.max(a.length, b.length); i++) if (!Object.is(a[i], b[i])) return i;
  return undefined;
}
