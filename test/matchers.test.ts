import { expect, test } from "vitest";
import { AudioCodes } from "../src/core/index.ts";

const codesOf = (...data: readonly number[]): AudioCodes =>
  new AudioCodes({
    data: Uint16Array.from(data),
    shape: [1, 2, 3],
    numSamples: 960,
    sampleRate: 24_000,
    channels: 1,
    hopLength: 320,
    codebookSize: 1024,
    segment: null,
    scales: null,
    bandwidth: null,
    provenance: null,
  } as unknown as ConstructorParameters<typeof AudioCodes>[0]);

test("the first code that differs is named", () => {
  const codes = codesOf(1, 2, 3, 4, 5, 6);
  expect(codes).toEqualCodes(codesOf(1, 2, 3, 4, 5, 6));
  expect(() => expect(codes).toEqualCodes(codesOf(1, 2, 3, 4, 7, 8))).toThrow("frame 1 of codebook 1 of segment 0 is 5 in place of 7");
  expect(() => expect(codes).toEqualCodes(codes.selectCodebooks(1))).toThrow('{"shape":[1,2,3],');
});

test("the first sample that differs is named", () => {
  const waveform = { channelData: [Float32Array.of(0, 1), Float32Array.of(2, 3)], sampleRate: 8000 };
  expect(waveform).toEqualSamples(structuredClone(waveform));
  const other = { ...waveform, channelData: [waveform.channelData[0]!, Float32Array.of(2, 4)] };
  expect(() => expect(waveform).toEqualSamples(other)).toThrow("sample 1 of 2 of channel 1 is 3 in place of 4");
  expect(() => expect(waveform).toEqualSamples({ ...waveform, sampleRate: 1 })).toThrow("at 8000 Hz in place of");
});

test("arrays are compared by their values, whatever their bytes are", () => {
  expect(Float32Array.of(1, NaN)).toEqual(Float32Array.of(1, NaN));
  expect(Float32Array.of(1)).not.toEqual(Float32Array.of(2));
  expect(Float32Array.of(0)).not.toEqual(Float32Array.of(-0));
  expect(new Map([["a", Buffer.from("same")]])).toEqual(new Map([["a", Buffer.from("same")]]));
  expect(Uint8Array.of(1)).not.toEqual(Uint16Array.of(1));
});
