import { Tensor } from "@huggingface/transformers";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AudioCodes, CodesError } from "../../src/core/index.ts";
import type { AudioCodesData, Provenance } from "../../src/core/index.ts";
import { clips, codesAt48kHz, segmentedClips, wholeClips } from "./arbitrary-codes.ts";

const twoByThree: AudioCodesData = {
  data: Uint16Array.of(1, 2, 3, 4, 5, 6),
  shape: [1, 2, 3],
  scales: null,
  numSamples: 950,
  sampleRate: 24_000,
  channels: 1,
  hopLength: 320,
  codebookSize: 1024,
  bandwidth: 1.5,
  segment: null,
  provenance: { model: "facebook/encodec_24khz", revision: null, digest: null, license: "CC-BY-NC-4.0", licenseStatus: "unresolved" },
};

/** A clip and a place to cut it: `[clip, position]` with 1 ≤ position < length. */
function cuts(arbitrary: fc.Arbitrary<AudioCodes>, length: (codes: AudioCodes) => number) {
  return arbitrary
    .filter((codes) => length(codes) > 1)
    .chain((codes) => fc.tuple(fc.constant(codes), fc.integer({ min: 1, max: length(codes) - 1 })));
}

describe("a clip of codes", () => {
  test("says its sizes in frames and seconds", () => {
    const codes = new AudioCodes(twoByThree);
    expect(codes).toMatchObject({ numSegments: 1, numCodebooks: 2, numFrames: 3, frameRate: 75, lastSegmentFrames: 3 });
    expect(codes.duration).toBeCloseTo(950 / 24_000, 12);
  });

  test("comes back from a structured clone", () => {
    fc.assert(
      fc.property(clips, (codes) => {
        const back = new AudioCodes(structuredClone({ ...codes }));
        expect(back).toEqual(codes);
        expect(back).toEqualCodes(codes);
      }),
    );
  });

  test("differs from a clip with another code, scale or length", () => {
    const codes = codesAt48kHz(95_041);
    const data = codes.data.slice();
    data[7]! ^= 1;
    const scales = codes.scales!.slice();
    scales[1]! += 1;
    for (const change of [{ data }, { scales }, { numSamples: 95_042 }, { sampleRate: 44_100 }]) {
      expect(codes.equals({ ...codes, ...change })).toBe(false);
    }
    expect(codes.equals({ ...codes, provenance: { ...codes.provenance, model: "other" } })).toBe(true);
  });

  test.each([
    ["a code beyond the codebook", { data: Uint16Array.of(1, 2, 3, 4, 5, 1024) }, /value 1024 at position 5/],
    ["too few codes", { data: Uint16Array.of(1) }, /shape \[1, 2, 3\]/],
    ["a length that the frames do not fit", { numSamples: 961 }, /961 samples do not fill/],
    ["a length that leaves a frame empty", { numSamples: 640 }, /640 samples do not fill/],
    ["no samples", { numSamples: 0 }, /numSamples must be a positive integer; found 0/],
    ["half a channel", { channels: 0.5 }, /channels must be a positive integer/],
    ["a codebook beyond 16 bits", { codebookSize: 65_537 }, /at most 65536/],
    ["no sample rate", { sampleRate: Number.NaN }, /sampleRate must be/],
    ["next to no sample rate", { sampleRate: 1e-300 }, /sampleRate must be a whole number of hertz from 1 to 4294967295; found 1e-300/],
    ["half a hertz", { sampleRate: 24_000.5 }, /sampleRate must be/],
    ["a sample rate that no file can say", { sampleRate: 2 ** 32 }, /sampleRate must be/],
    ["an endless bandwidth", { bandwidth: Infinity }, /bandwidth must be/],
    ["two scales for one segment", { scales: Float32Array.of(1, 2) }, /one scale for each of 1 segments; found 2/],
    ["a scale that is no number", { scales: Float32Array.of(Number.NaN) }, /scales must be finite; found NaN/],
    ["several segments of unknown length", { shape: [3, 2, 1] }, /need the segments' length and stride/],
    ["segments without a stride", { segment: { length: 960, stride: 0 } }, /must be positive integers; found 960 and 0/],
  ] satisfies [string, Partial<AudioCodesData>, RegExp][])("refuses %s", (_, change, message) => {
    expect(() => new AudioCodes({ ...twoByThree, ...change })).toThrow(CodesError);
    expect(() => new AudioCodes({ ...twoByThree, ...change })).toThrow(message);
  });
});

describe("selectCodebooks", () => {
  test("keeps the first rows of every segment and nothing else", () => {
    fc.assert(
      fc.property(clips, fc.nat(), (codes, choice) => {
        const kept = 1 + (choice % codes.numCodebooks);
        const fewer = codes.selectCodebooks(kept);
        expect(fewer.shape).toEqual([codes.numSegments, kept, codes.numFrames]);
        for (let segment = 0; segment < codes.numSegments; segment++) {
          const rows = (clip: AudioCodes, count: number) => {
            const start = segment * clip.numCodebooks * clip.numFrames;
            return [...clip.data.subarray(start, start + count * clip.numFrames)];
          };
          expect(rows(fewer, kept)).toEqual(rows(codes, kept));
        }
        expect(fewer.bandwidth).toBeCloseTo((codes.bandwidth * kept) / codes.numCodebooks, 9);
        expect(fewer.numSamples).toBe(codes.numSamples);
      }),
    );
  });

  test("composes: first some, then fewer, is the fewer at once", () => {
    const codes = codesAt48kHz(60_000);
    expect(codes.selectCodebooks(2).selectCodebooks(1)).toEqualCodes(codes.selectCodebooks(1));
  });

  test("refuses none and more than there are", () => {
    const codes = new AudioCodes(twoByThree);
    for (const count of [0, 3, 1.5, Number.NaN]) expect(() => codes.selectCodebooks(count)).toThrow(RangeError);
  });
});

describe("cutting and joining", () => {
  test("gives the clip back when it was cut between frames", () => {
    fc.assert(
      fc.property(
        cuts(wholeClips, (codes) => codes.numFrames),
        ([codes, at]) => {
          const parts = [codes.sliceFrames(0, at), codes.sliceFrames(at)];
          expect(parts[0]!.numSamples + parts[1]!.numSamples).toBe(codes.numSamples);
          expect(AudioCodes.concatenate(parts)).toEqualCodes(codes);
        },
      ),
    );
  });

  test("gives the clip back when it was cut between segments", () => {
    fc.assert(
      fc.property(
        cuts(segmentedClips, (codes) => codes.numSegments),
        ([codes, at]) => {
          const parts = [codes.sliceSegments(0, at), codes.sliceSegments(at)];
          expect(parts.map((part) => part.numSegments)).toEqual([at, codes.numSegments - at]);
          expect(AudioCodes.concatenate(parts)).toEqualCodes(codes);
        },
      ),
    );
  });

  // From 95,041 to 95,200 samples the third segment starts before the end, and the second lacks its last frame.
  test.each([1, 320, 47_999, 48_000, 48_001, 94_561, 95_040, 95_041, 95_100, 95_200, 95_201, 95_520, 95_521, 142_561])(
    "cuts %i samples at 48 kHz at every segment and joins them again",
    (numSamples) => {
      const codes = codesAt48kHz(numSamples);
      const all = Array.from({ length: codes.numSegments }, (_, segment) => codes.sliceSegments(segment, segment + 1));
      expect(AudioCodes.concatenate(all)).toEqualCodes(codes);
      for (let at = 1; at < codes.numSegments; at++) {
        expect(AudioCodes.concatenate([codes.sliceSegments(0, at), codes.sliceSegments(at)])).toEqualCodes(codes);
      }
    },
  );

  test("counts the frames of a short segment before the last", () => {
    const codes = codesAt48kHz(95_100);
    expect([0, 1, 2].map((segment) => codes.segmentFrames(segment))).toEqual([150, 149, 1]);
    expect(codes.sliceSegments(1).shape).toEqual([2, 2, 149]);
  });

  test("takes a clip that ends within a frame to fill it", () => {
    const codes = new AudioCodes(twoByThree);
    const joined = AudioCodes.concatenate([codes, codes]);
    expect(joined.numSamples).toBe(960 + 950);
    expect([...joined.data]).toEqual([1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6]);
  });

  test("refuses a short segment before the end, other codecs and empty ranges", () => {
    const short = codesAt48kHz(50_000);
    expect(() => AudioCodes.concatenate([short, short])).toThrow(/segment 1 has 8 frames and cannot be followed/);
    const codes = new AudioCodes(twoByThree);
    expect(() => AudioCodes.concatenate([codes, codes.selectCodebooks(1)])).toThrow(/different numCodebooks cannot be joined: 2 and 1/);
    expect(() => AudioCodes.concatenate([])).toThrow(RangeError);
    expect(() => codes.sliceFrames(2, 2)).toThrow(/cannot take frames 2 to 2/);
    expect(() => codes.sliceFrames(0, 4)).toThrow(RangeError);
    expect(() => codesAt48kHz(60_000).sliceFrames(0, 1)).toThrow(/use sliceSegments/);
    expect(() => short.sliceSegments(0, 3)).toThrow(RangeError);
  });
});

describe("tensors", () => {
  test("go to transformers.js and back without a change", () => {
    fc.assert(
      fc.property(clips, (codes) => {
        const tensor = codes.toTensor(Tensor);
        expect(tensor.type).toBe("int64");
        const { numSegments, numCodebooks, numFrames } = codes;
        expect(tensor.dims).toEqual(numSegments === 1 ? [1, numCodebooks, numFrames] : [numSegments, 1, numCodebooks, numFrames]);
        const { numSamples, scales } = codes;
        const back = AudioCodes.fromTensor({ data: tensor.data as BigInt64Array, dims: tensor.dims }, codes, { numSamples, scales });
        expect(back).toEqualCodes(codes);
        expect(back.provenance).toEqual(codes.provenance);
      }),
      { numRuns: 50 },
    );
  });

  test("without a length are whole frames and full segments", () => {
    const codec = { sampleRate: 48_000, channels: 2, hopLength: 320, codebookSize: 1024 };
    const data = new Int32Array(2 * 3 * 150);
    expect(AudioCodes.fromTensor({ data, dims: [6, 150] }, codec)).toMatchObject({ numSamples: 150 * 320, bandwidth: 9 });
    const segments = AudioCodes.fromTensor({ data, dims: [2, 1, 3, 150] }, { ...codec, segment: { length: 48_000, stride: 47_520 } });
    expect(segments).toMatchObject({ numSamples: 95_520, bandwidth: 4.5, shape: [2, 3, 150] });
  });

  test.each([
    ["a special token", [1, 1024], [1, 2], /value 1024 at position 1 .* Special tokens/],
    ["a negative value", [-1, 0], [1, 2], /value -1 at position 0/],
    ["a fraction", [0.5, 0], [1, 2], /value 0.5/],
    ["a batch of clips", [1, 2, 3, 4], [2, 1, 2], /shape \[2, 1, 2\] is not the codes of one clip/],
    ["no frames", [], [1, 0], /numFrames must be a positive integer/],
    ["data that are not the shape's", [1, 2, 3], [2, 2], /shape \[1, 2, 2\]/],
  ])("refuse %s", (_, data, dims, message) => {
    const read = () => AudioCodes.fromTensor({ data, dims }, twoByThree, { numSamples: 640 });
    expect(read).toThrow(CodesError);
    expect(read).toThrow(message);
  });
});

describe("the origin of joined clips", () => {
  const sha = { tiny: "1".repeat(64), other: "2".repeat(64) };
  const origin = { model: "tiny", revision: null, digest: sha.tiny, license: "MIT", licenseStatus: "settled" } as const;
  const clip = (provenance: Partial<Provenance>): AudioCodes => new AudioCodes({ ...twoByThree, provenance: { ...origin, ...provenance } });

  test.each<readonly [string, Partial<Provenance>, Partial<Provenance>, RegExp]>([
    [
      "weights of other bytes",
      {},
      { digest: sha.other },
      /different weights made cannot be joined: those of "tiny", SHA-256 1{64} and of "tiny", SHA-256 2{64}\. Decode them/u,
    ],
    ["other models", {}, { model: "facebook/encodec_24khz", digest: sha.other, license: "CC-BY-NC-4.0" }, /different weights/u],
    ["weights without a digest, beside some with one", {}, { digest: null }, /of "tiny", SHA-256 not known\. Decode/u],
    ["models without a digest", { digest: null }, { digest: null, model: "b" }, /different weights/u],
    [
      "commits without a digest",
      { digest: null, revision: "a" },
      { digest: null, revision: "b" },
      /of "tiny" at a, SHA-256 not known and of "tiny" at b/u,
    ],
    [
      "a stricter license",
      {},
      { license: "CC-BY-NC-4.0" },
      /different licenses cannot be joined: "MIT" \(settled\) and "CC-BY-NC-4\.0" \(settled\).* new AudioCodes\(\{ \.\.\.codes, provenance \}\)/u,
    ],
    ["a license that nobody states", {}, { license: null }, /and no license stated \(settled\)/u],
    ["a doubtful license", {}, { licenseStatus: "contested" }, /"MIT" \(settled\) and "MIT" \(contested\)/u],
    ["a license that nobody looked up", {}, { licenseStatus: null }, /\(nobody looked\)/u],
  ])("is not that of the first one: %s are refused, in either order", (_, a, b, message) => {
    const parts = [clip(a), clip(b)];
    expect(() => AudioCodes.concatenate(parts)).toThrow(message);
    expect(() => AudioCodes.concatenate(parts.toReversed())).toThrow(CodesError);
    expect(() => AudioCodes.concatenate([parts[0]!, parts[0]!, parts[1]!])).toThrow(CodesError);
  });

  test("may have another name where the digest says that the weights are the same", () => {
    const joined = AudioCodes.concatenate([clip({}), clip({ model: "./copy-of-tiny" })]);
    expect(joined.provenance).toEqual(origin);
  });

  test("is told in a line, however long its names are", () => {
    const long = "x".repeat(100_000);
    expect(() => AudioCodes.concatenate([clip({ model: long, license: long, digest: long }), clip({})])).toThrow(/^.{1,600}$/u);
    expect(() => AudioCodes.concatenate([clip({ license: long }), clip({})])).toThrow(/^.{1,600}$/u);
  });

  test("can be given by who knows better", () => {
    const parts = [clip({}), clip({ license: "CC-BY-NC-4.0" })].map(
      (codes) => new AudioCodes({ ...codes, provenance: { ...origin, license: "CC-BY-NC-4.0" } }),
    );
    expect(AudioCodes.concatenate(parts).provenance.license).toBe("CC-BY-NC-4.0");
  });
});

describe("codes that do not belong together", () => {
  const segment = { length: 1280, stride: 1200 };
  const plain = AudioCodes.fromTensor(
    { data: [1, 2], dims: [1, 2] },
    { sampleRate: 24_000, channels: 1, hopLength: 640, codebookSize: 16, segment },
  );
  const scaled = new AudioCodes({ ...plain, scales: Float32Array.of(0.5) });

  test.each([
    ["with scales first", [scaled, plain]],
    ["without scales first", [plain, scaled]],
  ])("cannot be joined, %s", (_, parts) => {
    expect(() => AudioCodes.concatenate(parts)).toThrow(/with and without scales/);
  });

  test("lend a tensor their codec, but neither their length nor their scales", () => {
    const longer = AudioCodes.fromTensor({ data: [1, 2, 3, 4, 5, 6], dims: [3, 1, 1, 2] }, scaled);
    expect(longer).toMatchObject({ numSegments: 3, numSamples: 2 * 1200 + 1280, scales: null });
  });
});
