import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { AudioCodes, AudioTokenizer } from "../../src/index.ts";
import { codecNames, goldenCases, goldenFolder, loadEmbedder, tinySpeech } from "../golden.ts";
import type { CodecName } from "../golden.ts";
import { findUnexplained } from "../explain-codes.ts";

/** Of the largest embedding of a clip. Float32 convolutions of these checkpoints, whose weights reach 56, round that far apart. */
const embeddingTolerance = 2e-4;
/** Of full scale. */
const audioTolerance = 1e-4;

const layouts: Record<CodecName, readonly string[]> = {
  "mini-16khz": ["hf", "audiocraft/compression_state_dict.bin"],
  "mini-24khz": ["hf", "encodec-th/encodec_24khz-mini.th"],
  "mini-32khz": ["hf"],
  "mini-48khz": ["hf", "encodec-th/encodec_48khz-mini.th"],
};

describe.each(codecNames)("%s", async (codec) => {
  const cases = await goldenCases(codec);
  const hasEmbeddings = codec !== "mini-48khz";
  const embedder = hasEmbeddings ? await loadEmbedder(join(goldenFolder, codec, "hf")) : null;

  describe.each(layouts[codec])("from %s", async (layout) => {
    const tokenizer = await AudioTokenizer.fromPretrained(join(goldenFolder, codec, layout), { threads: 1 });
    afterAll(() => tokenizer.dispose());

    test.each(cases)("gives the reference's codes for $name at every bandwidth", async (golden) => {
      for (const bandwidth of golden.bandwidths) {
        const codes = await tokenizer.encode(golden.waveform, { bandwidth });
        const expected = await golden.codes(bandwidth);
        expect(codes.shape).toEqual(expected.shape);
        expect(codes.bandwidth).toBeCloseTo(bandwidth, 10);
        const unexplained = await findUnexplained(codes, expected.data, golden, embedder);
        expect(unexplained).toEqual([]);
      }
    });

    test.each(cases)("decodes the reference's codes of $name to the reference's audio", async (golden) => {
      const bandwidth = golden.bandwidths.at(-1)!;
      const own = await tokenizer.encode(golden.waveform, { bandwidth });
      const { data } = await golden.codes(bandwidth);
      const scales = codec === "mini-48khz" ? await golden.scales(bandwidth) : null;
      const audio = await tokenizer.decode(new AudioCodes({ ...own, data: Uint16Array.from(data), scales }));
      const expected = await golden.decoded();
      expect(audio.channelData).toHaveLength(expected.length);
      for (const [channel, samples] of audio.channelData.entries()) {
        expect(samples).toHaveLength(golden.waveform.channelData[0]!.length);
        expect(largestDifference(samples, expected[channel]!)).toBeLessThan(audioTolerance);
      }
    });
  });

  test.each(hasEmbeddings ? cases : [])("embeds $name as the reference does", async (golden) => {
    const expected = await golden.embeddings();
    const embeddings = await embedder!.embed(golden.waveform.channelData[0]!);
    expect(embeddings).toHaveLength(expected.length);
    const largest = expected.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
    expect(largestDifference(embeddings, expected) / largest).toBeLessThan(embeddingTolerance);
  });

  test.each(codec === "mini-48khz" ? cases : [])("stores the reference's scales of $name", async (golden) => {
    await using tokenizer = await AudioTokenizer.fromPretrained(join(goldenFolder, codec, "hf"), { threads: 1 });
    const { scales } = await tokenizer.encode(golden.waveform);
    const expected = await golden.scales(golden.bandwidths.at(-1)!);
    expect(scales).toHaveLength(expected.length);
    for (const [index, scale] of expected.entries()) expect(scales![index]! / scale).toBeCloseTo(1, 6);
  });
});

describe("the embedded checkpoint", async () => {
  const golden = await tinySpeech();
  const tokenizer = await AudioTokenizer.fromPretrained("tiny", { threads: 1 });
  afterAll(() => tokenizer.dispose());

  test.each(golden.bandwidths)("gives the reference's codes at %d kbps", async (bandwidth) => {
    const embedder = await loadEmbedder(fileURLToPath(new URL("../../models/encodec-tiny-24khz", import.meta.url)));
    const codes = await tokenizer.encode(golden.waveform, { bandwidth });
    const expected = await golden.codes(bandwidth);
    expect(codes.shape).toEqual(expected.shape);
    expect(await findUnexplained(codes, expected.data, golden, embedder)).toEqual([]);
  });

  test("decodes to the reference's audio", async () => {
    const audio = await tokenizer.decode(await tokenizer.encode(golden.waveform));
    const [expected] = await golden.decoded();
    expect(largestDifference(audio.channelData[0]!, expected!)).toBeLessThan(audioTolerance);
  });
});

function largestDifference(a: Float32Array, b: Float32Array): number {
  return a.reduce((max, value, index) => Math.max(max, Math.abs(value - b[index]!)), 0);
}
