import { expect, test } from "vitest";
import { ClipAudio } from "../../src/tokenizer/clips/clip-audio.ts";
import { countTurns } from "../audio/turn-counter.ts";

test("samples of many channels are checked in shorter steps, and each of them is", async () => {
  const form = { sampleRate: 24_000, channels: 64 };
  const channelData = Array.from({ length: form.channels }, () => new Float32Array(2 ** 16));
  const open = (): Promise<unknown> => ClipAudio.open({ channelData, sampleRate: 24_000 }, form, undefined);
  expect(await countTurns(open)).toBeGreaterThanOrEqual(3);
  for (const index of [0, 2 ** 14 - 1, 2 ** 14, 2 ** 16 - 1]) {
    channelData[63]![index] = Number.NaN;
    await expect(open()).rejects.toThrow(`sample ${index} of channel 63 is NaN`);
    channelData[63]![index] = 0;
  }
});
