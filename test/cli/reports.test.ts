import { describe, expect, test } from "vitest";
import { usageOf } from "../../src/cli/reports/codes-usage.ts";
import { formatCodesInspection } from "../../src/cli/reports/inspect-report.ts";
import { formatRoundtrip, summarizeRoundtrip } from "../../src/cli/reports/roundtrip-report.ts";
import type { Roundtrip } from "../../src/cli/reports/roundtrip-report.ts";
import { formatReport, formatTable, wrapText } from "../../src/cli/shared/report.ts";
import { bandwidthText, bytesText, channelsText, provenanceText, rateText, secondsText } from "../../src/cli/shared/wording.ts";
import { AudioCodes } from "../../src/core/index.ts";
import { codesAt48kHz } from "../core/arbitrary-codes.ts";

const codes = new AudioCodes({
  data: Uint16Array.from({ length: 20 * 12 }, (_, index) => index),
  shape: [1, 20, 12],
  scales: null,
  numSamples: 3840,
  sampleRate: 24_000,
  channels: 1,
  hopLength: 320,
  codebookSize: 1024,
  bandwidth: 15,
  segment: null,
  provenance: { model: "tiny", revision: null, digest: null, license: "mit", licenseStatus: null },
});

const trip: Roundtrip = {
  name: "a.flac",
  clip: {
    original: { channelData: [new Float32Array(7056), new Float32Array(7056)], sampleRate: 44_100 },
    converted: { channelData: [new Float32Array(3840)], sampleRate: 24_000 },
  },
  codes,
  output: { channelData: [new Float32Array(3840)], sampleRate: 24_000 },
  siSnrDb: 7.4321,
  seconds: { load: 0.1, encode: 0.02, decode: 0.032 },
  files: { codes: "x/a.safetensors", audio: "x/a.wav", figure: "x/a.svg" },
};

describe("words", () => {
  test("carry their units", () => {
    expect([secondsText(9.6), secondsText(0.0416), rateText(44_100), bandwidthText(1.5), bandwidthText(2.2000000001)]).toEqual([
      "9.60 s",
      "41.6 ms",
      "44.1 kHz",
      "1.5 kbps",
      "2.2 kbps",
    ]);
    expect([1, 999, 1000, 12_345, 999_999, 93_119_608, 1e9, 2.36e9, 1e12].map(bytesText)).toEqual([
      "1 byte",
      "999 bytes",
      "1.00 kB",
      "12.3 kB",
      "1.00 MB",
      "93.1 MB",
      "1.00 GB",
      "2.36 GB",
      "1.00 TB",
    ]);
    expect([1, 2, 6].map(channelsText)).toEqual(["mono", "stereo", "6 channels"]);
    expect(provenanceText({ model: "m", revision: "c1dbe2ae3f1d", digest: null, license: null, licenseStatus: null })).toBe(
      "m at revision c1dbe2a, license not stated",
    );
    expect(provenanceText({ model: "m", revision: null, digest: null, license: "MIT", licenseStatus: "contested" })).toBe(
      "m, license MIT, contested",
    );
  });
});

describe("layout", () => {
  test("puts values in one column and leaves no trailing spaces", () => {
    const report = formatReport("heading", [
      [
        ["a", "1"],
        ["long label", ["2", "", "3"]],
      ],
      [],
      [["b", "4"]],
    ]);
    expect(report).toBe("heading\n\n  a            1\n  long label   2\n\n               3\n\n  b            4\n");
  });

  test("aligns words to the left where told to", () => {
    expect(
      formatTable(
        ["k", "model"],
        [
          ["1", "a"],
          ["10", "bcd"],
        ],
        ["model"],
      ),
    ).toEqual([" k   model", " 1   a", "10   bcd"]);
  });

  test("aligns the numbers of tables", () => {
    expect(
      formatTable(
        ["k", "codes"],
        [
          ["1", "5"],
          ["10", "123456"],
        ],
      ),
    ).toEqual([" k    codes", " 1        5", "10   123456"]);
  });
});

describe("wrapped text", () => {
  test("breaks between words and nowhere else", () => {
    expect(wrapText("one two three four", 9)).toEqual(["one two", "three", "four"]);
    expect(wrapText("see https://huggingface.co/facebook now", 10)).toEqual(["see", "https://huggingface.co/facebook", "now"]);
    expect(wrapText("")).toEqual([""]);
  });
});

describe("the round trip's report", () => {
  test("has rates, speed, quality, first codes and files", () => {
    const report = formatRoundtrip(trip);
    expect(report).toMatch(/^a\.flac through tiny\n/);
    for (const line of [
      /input +160 ms, 44\.1 kHz, stereo$/m,
      /converted +160 ms, 24 kHz, mono \(resampled from 44\.1 kHz, mixed from stereo\)$/m,
      /codes +20 codebooks × 12 frames, 75 frames per second$/m,
      /bandwidth +15 kbps, 25\.6 times less than 16-bit PCM at 24 kHz mono$/m,
      /^ +1 +0 +1 +2 +3 +4 +5 +6 +7 +8 +9 +…$/m,
      /^ +8 +84 +85 +86 .* 93 +…$/m,
      /and 12 more codebooks$/m,
      /encode +20 ms, 8\.0 × real time$/m,
      /decode +32 ms, 5\.0 × real time$/m,
      /SI-SNR +7\.43 dB$/m,
      /figure in +x\/a\.svg$/m,
    ]) {
      expect(report).toMatch(line);
    }
    expect(report.split("\n").every((line) => line.length <= 100 && line === line.trimEnd())).toBe(true);
  });

  test("says nothing of a conversion that did not happen", () => {
    expect(formatRoundtrip({ ...trip, clip: { original: trip.output, converted: trip.output } })).not.toContain("converted");
  });

  test("is the same for programs", () => {
    expect(summarizeRoundtrip(trip)).toMatchObject({
      input: { duration: 0.16, sampleRate: 44_100, channels: 2 },
      codes: { model: "tiny", license: "mit", numCodebooks: 20, numFrames: 12, bandwidth: 15 },
      compression: 25.6,
      timesRealTime: { encode: 8, decode: 5 },
      siSnrDb: 7.4321,
    });
  });
});

describe("usage of codebooks", () => {
  test("counts distinct codes and their entropy", async () => {
    const data = Uint16Array.of(7, 7, 7, 7, 0, 1, 2, 3, 0, 0, 1, 1);
    const usage = await usageOf(new AudioCodes({ ...codes, data, shape: [1, 3, 4], numSamples: 1280 }));
    expect(usage.map(({ distinct }) => distinct)).toEqual([1, 4, 2]);
    for (const [k, bits] of [0, 2, 1].entries()) expect(usage[k]!.entropy).toBeCloseTo(bits, 12);
  });

  test("leaves out the frames that a short segment does not have, which are 0", async () => {
    const short = codesAt48kHz(50_000);
    expect(short.data.includes(0)).toBe(true);
    expect((await usageOf(short))[0]!.distinct).toBe(158);
  });

  test("is shown for each codebook", async () => {
    const report = await formatCodesInspection("a.npz", codesAt48kHz(50_000));
    expect(report).toMatch(/codes +2 segments × 2 codebooks × 150 frames, 150 frames per second$/m);
    expect(report).toMatch(/segments +1\.00 s long, one every 990 ms$/m);
    expect(report).toMatch(/codebook +codes used of 1024 +entropy of 10 bits\n +1 +158 +7\.30\n/);
  });
});
