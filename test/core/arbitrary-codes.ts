import fc from "fast-check";
import { AudioCodes } from "../../src/core/index.ts";
import type { AudioCodesData } from "../../src/core/index.ts";

/** The layout of the 48 kHz codec: segments of 1 s that overlap by 1 %, 150 frames each. */
export const segmentsOf48kHz = { length: 48_000, stride: 47_520 } as const;

const provenance = fc.record({
  model: fc.oneof(fc.constant("facebook/encodec_24khz"), fc.string({ unit: "grapheme", minLength: 1 })),
  revision: fc.option(fc.stringMatching(/^[0-9a-f]{40}$/)),
  digest: fc.option(fc.stringMatching(/^[0-9a-f]{64}$/)),
  license: fc.option(fc.constantFrom("MIT", "CC-BY-NC-4.0", "CC-BY-NC-4.0 AND MIT")),
  licenseStatus: fc.option(fc.constantFrom("settled" as const, "unresolved" as const, "contested" as const)),
});

const codec = fc.record({
  sampleRate: fc.constantFrom(16_000, 24_000, 32_000, 44_100),
  channels: fc.integer({ min: 1, max: 2 }),
  hopLength: fc.integer({ min: 1, max: 640 }),
  codebookSize: fc.constantFrom(2, 1000, 1024, 2048, 65_536),
  bandwidth: fc.constantFrom(1.5, 2.2, 3, 6, 24),
  provenance,
});

/** Clips in one piece, any number of samples in the last frame. */
export const wholeClips: fc.Arbitrary<AudioCodes> = codec.chain((shared) =>
  fc
    .record({
      numCodebooks: fc.integer({ min: 1, max: 5 }),
      numFrames: fc.integer({ min: 1, max: 12 }),
      missing: fc.integer({ min: 0, max: shared.hopLength - 1 }),
    })
    .chain(({ numCodebooks, numFrames, missing }) =>
      fillings(numCodebooks * numFrames, shared.codebookSize).map(
        (data) =>
          new AudioCodes({
            ...shared,
            data,
            shape: [1, numCodebooks, numFrames],
            scales: null,
            segment: null,
            numSamples: numFrames * shared.hopLength - missing,
          }),
      ),
    ),
);

/** Clips of overlapping segments with scales; the last segment has one sample, or all, or anything between. */
export const segmentedClips: fc.Arbitrary<AudioCodes> = codec.chain((shared) =>
  fc
    .record({
      numCodebooks: fc.integer({ min: 1, max: 3 }),
      numSegments: fc.integer({ min: 1, max: 4 }),
      length: fc.integer({ min: 2, max: 6 * shared.hopLength }),
    })
    .chain(({ numCodebooks, numSegments, length }) => {
      const upToLength = fc.integer({ min: 1, max: length });
      return fc.tuple(fc.constant({ numCodebooks, numSegments, length }), upToLength, upToLength);
    })
    .chain(([{ numCodebooks, numSegments, length }, stride, last]) => {
      const numSamples = (numSegments - 1) * stride + last;
      const numFrames = Math.ceil(Math.min(length, numSamples) / shared.hopLength);
      return fc
        .record({
          data: fillings(numSegments * numCodebooks * numFrames, shared.codebookSize),
          scales: fc.float32Array({
            minLength: numSegments,
            maxLength: numSegments,
            min: Math.fround(1e-8),
            noNaN: true,
            noDefaultInfinity: true,
          }),
        })
        .map((arrays) =>
          withoutPaddingCodes({
            ...shared,
            ...arrays,
            shape: [numSegments, numCodebooks, numFrames],
            numSamples,
            segment: { length, stride },
          }),
        );
    }),
);

/** Any clip. */
export const clips: fc.Arbitrary<AudioCodes> = fc.oneof(wholeClips, segmentedClips);

function fillings(length: number, codebookSize: number): fc.Arbitrary<Uint16Array> {
  return fc.uint16Array({ minLength: length, maxLength: length, max: codebookSize - 1 }).map((codes) => Uint16Array.from(codes));
}

/** Zeroes the frames that short segments do not have, as encoding leaves them. */
export function withoutPaddingCodes(codes: AudioCodesData): AudioCodes {
  const clip = new AudioCodes(codes);
  const { numCodebooks, numFrames } = clip;
  for (let segment = 0; segment < clip.numSegments; segment++) {
    for (let k = 0; k < numCodebooks; k++) {
      const start = (segment * numCodebooks + k) * numFrames;
      clip.data.fill(0, start + clip.segmentFrames(segment), start + numFrames);
    }
  }
  return clip;
}

/** 48 kHz stereo codes of so many samples, split as facebookresearch/encodec does: a segment starts at every stride below the end. */
export function codesAt48kHz(numSamples: number): AudioCodes {
  const numSegments = Math.ceil(numSamples / segmentsOf48kHz.stride);
  const numFrames = Math.ceil(Math.min(segmentsOf48kHz.length, numSamples) / 320);
  return withoutPaddingCodes({
    data: Uint16Array.from({ length: numSegments * 2 * numFrames }, (_, index) => 1 + ((index * 37) % 1023)),
    shape: [numSegments, 2, numFrames],
    scales: Float32Array.from({ length: numSegments }, (_, segment) => 0.1 + segment),
    numSamples,
    sampleRate: 48_000,
    channels: 2,
    hopLength: 320,
    codebookSize: 1024,
    bandwidth: 3,
    segment: segmentsOf48kHz,
    provenance: { model: "facebook/encodec_48khz", revision: null, digest: null, license: "MIT", licenseStatus: "contested" },
  });
}
