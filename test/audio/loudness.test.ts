import fc from "fast-check";
import { expect, test } from "vitest";
import { LoudnessMeter, measureLoudness } from "../../src/audio/conversion/loudness.ts";

test("loudness is the peak and the root mean square over all channels", () => {
  expect(measureLoudness([Float32Array.of(0.5, -0.5), Float32Array.of(0, -1)])).toEqual({ peak: 1, rms: Math.sqrt(1.5 / 4) });
  expect(measureLoudness([new Float32Array(0)])).toEqual({ peak: 0, rms: 0 });
});

test("loudness is the same to the last bit however audio is cut", () => {
  const samples = fc.float32Array({ noNaN: true, min: -1, max: 1, minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(samples, fc.array(fc.nat(60), { maxLength: 5 }), (left, cuts) => {
      const channels = [left, left.map((sample) => sample * 0.3)];
      const meter = new LoudnessMeter();
      const borders = [0, ...cuts.map((cut) => Math.min(cut, left.length)), left.length].toSorted((a, b) => a - b);
      for (const [index, start] of borders.slice(0, -1).entries())
        meter.push(channels.map((channel) => channel.subarray(start, borders[index + 1])));
      expect(meter.loudness).toEqual(measureLoudness(channels));
    }),
  );
});
