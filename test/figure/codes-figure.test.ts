import { unzlibSync } from "fflate";
import { describe, expect, test } from "vitest";
import { AudioCodes } from "../../src/core/index.ts";
import type { AudioCodesData, Waveform } from "../../src/core/index.ts";
import { renderCodesFigure } from "../../src/figure/index.ts";
import { viridis } from "../../src/figure/viridis.ts";

/** The plot's left edge and width in the document's units. */
const [left, width] = [78, 810];

const fourFrames: AudioCodesData = {
  data: Uint16Array.of(0, 255, 512, 1023, 4, 3, 2, 1),
  shape: [1, 2, 4],
  scales: null,
  numSamples: 1280,
  sampleRate: 320,
  channels: 1,
  hopLength: 320,
  codebookSize: 1024,
  bandwidth: 0.02,
  segment: null,
  provenance: { model: "tiny", revision: null, digest: null, license: "MIT", licenseStatus: "settled" },
};

function tone(numSamples: number, sampleRate: number, channels = 1): Waveform {
  const channel = () => Float32Array.from({ length: numSamples }, (_, index) => 0.5 * Math.sin(index));
  return { channelData: Array.from({ length: channels }, channel), sampleRate };
}

function draw(
  codes: AudioCodesData,
  { input = tone(1280, 320), output = input, title = "a clip" }: { input?: Waveform; output?: Waveform; title?: string } = {},
) {
  return renderCodesFigure({ input, output, codes: new AudioCodes(codes), title });
}

/** The labels of a kind, with one of their coordinates. */
function labels(svg: string, kind: string): { x: number; y: number; text: string }[] {
  const pattern = new RegExp(`<text x="([^"]+)" y="([^"]+)"[^>]*class="${kind}"[^>]*>([^<]*)</text>`, "g");
  return [...svg.matchAll(pattern)].map(([, x, y, text]) => ({ x: Number(x), y: Number(y), text: text! }));
}

/** The colours of the embedded picture, `[height][width]`, each as `[red, green, blue]`. */
function picture(svg: string): number[][][] {
  const bytes = Buffer.from(/data:image\/png;base64,([^"]+)"/.exec(svg)![1]!, "base64");
  const chunks = new Map<string, Buffer>();
  for (let at = 8; at < bytes.length; at += 12 + bytes.readUInt32BE(at)) {
    chunks.set(bytes.toString("latin1", at + 4, at + 8), bytes.subarray(at + 8, at + 8 + bytes.readUInt32BE(at)));
  }
  const [columns, rows] = [chunks.get("IHDR")!.readUInt32BE(0), chunks.get("IHDR")!.readUInt32BE(4)];
  const palette = chunks.get("PLTE")!;
  const data = unzlibSync(chunks.get("IDAT")!);
  return Array.from({ length: rows }, (_, y) =>
    Array.from({ length: columns }, (__, x) => [...palette.subarray(3 * data[y * (columns + 1) + 1 + x]!).subarray(0, 3)]),
  );
}

/** The points `[x, y]` of each waveform's outline. */
function outlines(svg: string): number[][][] {
  return [...svg.matchAll(/<path d="M([^"]+)Z"[^>]*class="waveform"/g)].map(([, path]) =>
    path!.split("L").map((point) => point.split(" ").map(Number)),
  );
}

/** The amplitudes that mark the input's axis, top to bottom, for a clip with that peak. */
function amplitudeMarks(peak: number, channels: number): string[] {
  const input = { channelData: Array.from({ length: channels }, () => Float32Array.of(peak)), sampleRate: 1 };
  const marks = labels(draw(fourFrames, { input }), "amplitude");
  return marks
    .slice(0, marks.length / 2)
    .toSorted((a, b) => a.y - b.y)
    .map(({ text }) => text);
}

function rightmost(outline: number[][]): number {
  return Math.max(...outline.map(([x]) => x!));
}

function heightOf(outline: number[][]): number {
  const ys = outline.map(([, y]) => y!);
  return Math.max(...ys) - Math.min(...ys);
}

describe("the figure", () => {
  test("marks seconds on the time axis in proportion", () => {
    expect(labels(draw(fourFrames), "time").map(({ text }) => text)).toEqual([
      "0.0",
      "0.5",
      "1.0",
      "1.5",
      "2.0",
      "2.5",
      "3.0",
      "3.5",
      "4.0",
    ]);
    for (const { x, text } of labels(draw(fourFrames), "time")) expect(x).toBeCloseTo(left + (Number(text) / 4) * width, 1);
  });

  test("colours each code by its value, the first codebook on top", () => {
    const rows = picture(draw(fourFrames));
    expect(rows.map((row) => row.length)).toEqual([4, 4]);
    expect(rows[0]![0]).toEqual([68, 1, 84]);
    expect(rows[0]![2]).toEqual([...viridis(128 / 255)]);
    expect(rows[0]![3]).toEqual([253, 231, 37]);
    expect(rows[1]![0]).toEqual([...viridis(1 / 255)]);
    expect(rows[1]![3]).toEqual([68, 1, 84]);
  });

  test("labels codebooks from 1 and the colour bar from 0 to the largest code", () => {
    const svg = draw(fourFrames);
    expect(labels(svg, "codebook").map(({ text }) => text)).toEqual(["1", "2"]);
    expect(labels(svg, "code").map(({ text }) => text)).toEqual(["0", "256", "512", "768", "1023"]);
    const many = draw({ ...fourFrames, data: new Uint16Array(32 * 4), shape: [1, 32, 4] });
    const numbers = labels(many, "codebook");
    expect(numbers.map(({ text }) => text)).toEqual(["1", "6", "9", "12", "15", "18", "21", "24", "27", "30"]);
    for (const [index, { y }] of numbers.entries()) if (index > 0) expect(y - numbers[index - 1]!.y).toBeGreaterThanOrEqual(12);
  });

  test("draws waveforms at their own sample rates over the same seconds", () => {
    const [input, output] = outlines(draw(fourFrames, { input: tone(4000, 1000), output: tone(640, 320) }));
    expect(rightmost(input!)).toBeCloseTo(left + width, -1);
    expect(rightmost(output!)).toBeCloseTo(left + width / 2, -1);
  });

  test("gives each channel a lane, and scales both waveforms alike", () => {
    const stereo = tone(1280, 320, 2);
    const quiet: Waveform = { sampleRate: 320, channelData: [tone(1280, 320).channelData[0]!.map((sample) => sample / 2)] };
    const drawn = outlines(draw(fourFrames, { input: stereo, output: quiet }));
    expect(drawn).toHaveLength(3);
    // A stereo lane is half as high as the mono one, which is at half the amplitude.
    expect(heightOf(drawn[0]!)).toBeCloseTo(heightOf(drawn[2]!), 0);
    expect(heightOf(drawn[0]!)).toBeCloseTo(heightOf(drawn[1]!), 6);
  });

  test("marks amplitudes in round numbers", () => {
    expect(amplitudeMarks(0.8, 1)).toEqual(["0.5", "0.0", "−0.5"]);
    expect(amplitudeMarks(0.57, 2)).toEqual(["0.4", "0.0", "−0.4", "0.4", "0.0", "−0.4"]);
    expect(amplitudeMarks(0.003, 2).slice(0, 3)).toEqual(["0.002", "0.000", "−0.002"]);
    expect(amplitudeMarks(20, 2).slice(0, 3)).toEqual(["10", "0", "−10"]);
  });

  test("puts segments where they start, the later on top", () => {
    // Two segments of four frames, the second starting two frames after the first; its codes are 1023.
    const codes = {
      ...fourFrames,
      data: Uint16Array.of(0, 0, 0, 0, 1023, 1023, 1023, 1023),
      shape: [2, 1, 4],
      numSamples: 6 * 320,
      segment: { length: 1280, stride: 640 },
    } as const;
    const row = picture(draw(codes, { input: tone(1920, 320) }))[0]!;
    expect(row.map(([red]) => red)).toEqual([68, 68, 253, 253, 253, 253]);
  });

  test("escapes the title", () => {
    const svg = draw(fourFrames, { title: `<script>"a" & b\u0000</script>` });
    expect(svg).toContain("&lt;script&gt;&quot;a&quot; &amp; b&lt;/script&gt;");
    expect(svg).not.toMatch(/<script|\0/);
  });

  test("says what codec it shows", () => {
    expect(draw(fourFrames)).toContain("tiny · 0.32 kHz · 2 codebooks × 4 frames · 0.02 kbps");
  });

  test("stays small for an hour of audio", () => {
    const numFrames = 75 * 3600;
    const codes = {
      ...fourFrames,
      data: Uint16Array.from({ length: 8 * numFrames }, (_, index) => (index * 7919) % 1024),
      shape: [1, 8, numFrames],
      numSamples: numFrames * 320,
      sampleRate: 24_000,
    } as const;
    const svg = draw(codes, { input: tone(3600 * 1000, 1000, 2) });
    expect(svg.length).toBeLessThan(300_000);
    expect(picture(svg)[0]).toHaveLength(2000);
    expect(labels(svg, "time").at(-1)!.text).toBe("3500");
  });

  test.each([
    ["a single sample", tone(1, 320)],
    ["silence", { channelData: [new Float32Array(1280)], sampleRate: 320 }],
    ["samples that are no numbers", { channelData: [new Float32Array(1280).fill(Number.NaN)], sampleRate: 320 }],
    ["no samples", { channelData: [new Float32Array(0)], sampleRate: 320 }],
  ])("draws %s without numbers that are none", (_, waveform) => {
    expect(draw(fourFrames, { input: waveform })).not.toMatch(/NaN|Infinity|undefined/);
  });

  test("refuses a waveform without channels", () => {
    expect(() => draw(fourFrames, { input: { channelData: [], sampleRate: 320 } })).toThrow(TypeError);
  });
});
