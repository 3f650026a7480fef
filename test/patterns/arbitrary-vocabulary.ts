import fc from "fast-check";
import { TokenVocabulary } from "../../src/patterns/vocabulary/token-vocabulary.ts";

const templates = {
  "per-codebook": [
    "<|audio_{q}_{code}|>",
    "<c{q}t{code:04d}>",
    "{code:5d}|{q}.",
    "<custom_token_{id}>",
    "<{token:4d}>",
    "{{{id:03d}}}",
    "{token:06d}",
  ],
  shared: ["<|audio_{code}|>", "<t{code:02d}>", "<custom_token_{id}>", "{token:06d}"],
} as const;

const specialTokens = fc.constantFrom(
  {},
  { bos: {}, eos: {} },
  { pad: {}, eos: { content: "<end of audio>" }, bos: { content: "<s>" } },
  { eos: { id: 1, content: "</s>" }, separator: {} },
  { bos: { id: 5_000 }, eos: { id: 4_999 }, pad: {} },
);

/** Vocabularies of every kind: ranges, strides, orders, templates, special tokens below, between and behind. */
export const vocabularies: fc.Arbitrary<TokenVocabulary> = fc.constantFrom("per-codebook" as const, "shared" as const).chain((ranges) =>
  fc
    .record({
      codebookSize: fc.constantFrom(1, 2, 10, 16, 130),
      numCodebooks: fc.integer({ min: 1, max: 12 }),
      base: fc.constantFrom(2, 7, 1000),
      gap: fc.integer({ min: 0, max: 3 }),
      order: fc.constantFrom("frame-major" as const, "codebook-major" as const),
      template: fc.constantFrom(...templates[ranges]),
      specialTokens,
    })
    .map(
      ({ gap, ...options }) =>
        new TokenVocabulary({ ...options, ranges, stride: ranges === "shared" ? undefined : options.codebookSize + gap }),
    ),
);

/** Those that can be read as a stream, with codebooks that show where a frame starts. */
export const streamingVocabularies: fc.Arbitrary<TokenVocabulary> = vocabularies.filter(
  (vocabulary) => vocabulary.order === "frame-major" && vocabulary.codeIds.ranges === "per-codebook",
);

/** A vocabulary and codes `[K, T]` of it; T may be 0. */
export function clipsOf(
  arbitrary: fc.Arbitrary<TokenVocabulary>,
): fc.Arbitrary<[TokenVocabulary, { data: Uint16Array; dims: [number, number] }]> {
  return fc.tuple(arbitrary, fc.integer({ min: 0, max: 9 })).chain(([vocabulary, numFrames]) => {
    const { codebookSize, numCodebooks } = vocabulary.codeIds;
    const length = numCodebooks * numFrames;
    return fc
      .array(fc.nat({ max: codebookSize - 1 }), { minLength: length, maxLength: length })
      .map((codes) => [vocabulary, { data: Uint16Array.from(codes), dims: [numCodebooks, numFrames] }]);
  });
}
