import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CodesError } from "../../src/core/index.ts";
import { TokenIdParser } from "../../src/patterns/vocabulary/token-id-parser.ts";
import { TokenTextParser } from "../../src/patterns/vocabulary/token-text-parser.ts";
import { TokenVocabulary } from "../../src/patterns/vocabulary/token-vocabulary.ts";
import { clipsOf, streamingVocabularies, vocabularies } from "./arbitrary-vocabulary.ts";

/** Ids 0 to 9, 10 to 19 and 20 to 29; begin 30, end 31, separator 32. */
const threeBooks = new TokenVocabulary({
  codebookSize: 10,
  numCodebooks: 3,
  template: "<{q}.{code}>",
  specialTokens: { bos: { content: "<s>" }, eos: { content: "</s>" }, separator: { content: "<sep>" } },
});

const policies = ["strict", "skip", "resync"] as const;

interface Reading {
  readonly frames: number[][];
  readonly dropped: number;
  readonly droppedCharacters: number;
  readonly hasEnded: boolean;
}

const read = (text: string) => () => threeBooks.parseText(text);

/** A message without the text that it shows, of which more is there when less is cut. */
const withoutFound = (reading: Reading | string) =>
  typeof reading === "string" ? reading.replace(/^found ".*" at/su, "found at") : reading;

/** What a parser makes of a stream in pieces: complete frames as columns, or the error. */
function readPieces(parser: TokenIdParser | TokenTextParser, pieces: readonly (readonly number[] | string)[]): Reading | string {
  const frames: number[][] = [];
  const collect = ({ data, dims }: { data: Uint16Array; dims: readonly number[] }) => frames.push(...columns(data, dims));
  try {
    for (const piece of pieces) collect(parser.push(piece as never));
    collect(parser.finish());
  } catch (error) {
    expect(error).toBeInstanceOf(CodesError);
    return (error as Error).message;
  }
  const droppedCharacters = parser instanceof TokenTextParser ? parser.droppedCharacters : 0;
  return { frames, dropped: parser.dropped, droppedCharacters, hasEnded: parser.hasEnded };
}

function columns(data: Uint16Array, [numCodebooks, numFrames]: readonly number[]): number[][] {
  return Array.from({ length: numFrames! }, (_, t) => Array.from({ length: numCodebooks! }, (__, q) => data[q * numFrames! + t]!));
}

function cut<T extends string | number[]>(whole: T, cuts: readonly number[]): T[] {
  const places = [0, ...cuts.map((at) => at % (whole.length + 1)).toSorted((a, b) => a - b), whole.length];
  return places.slice(1).map((end, index) => whole.slice(places[index], end) as T);
}

const cuts = fc.array(fc.nat(), { maxLength: 20 });

/** Changes a stream here and there: takes items out, puts others in, swaps neighbours. */
function corruptions<Item>(items: fc.Arbitrary<Item>): fc.Arbitrary<(stream: readonly Item[]) => Item[]> {
  const change = fc.record({ kind: fc.constantFrom("delete", "insert", "swap"), at: fc.nat(), item: items });
  return fc.array(change, { maxLength: 8 }).map((changes) => (stream) => {
    const result = [...stream];
    for (const { kind, at, item } of changes) {
      const index = at % (result.length + 1);
      if (kind === "delete") result.splice(index, 1);
      else if (kind === "insert") result.splice(index, 0, item);
      else result.splice(index, 2, ...result.slice(index, index + 2).toReversed());
    }
    return result;
  });
}

/** Windows of K tokens in a row that are one frame, from the left and without overlap. */
function wholeFrames(vocabulary: TokenVocabulary, ids: readonly number[]): number[][] {
  const { codeIds } = vocabulary;
  const frames: number[][] = [];
  for (let at = 0; at < ids.length;) {
    const frame = Array.from({ length: codeIds.numCodebooks }, (_, q) => codeIds.codeOf(ids[at + q] ?? -1, q));
    if (frame.every((code) => code !== undefined)) frames.push(frame);
    at += frame.includes(undefined) ? 1 : codeIds.numCodebooks;
  }
  return frames;
}

describe("a stream of ids", () => {
  test("gives each frame as soon as it is complete, codes 0 among them", () => {
    const parser = new TokenIdParser(threeBooks);
    expect(parser.push([30, 0, 10]).dims).toEqual([3, 0]);
    expect(parser.push([20n, 7n, 18n, 29n, 1n])).toEqual({ type: "uint16", dims: [3, 2], data: Uint16Array.of(0, 7, 0, 8, 0, 9) });
    expect(parser.hasEnded).toBe(false);
    expect(parser.push([11, 21, 31]).data).toEqual(Uint16Array.of(1, 1, 1));
    expect(parser.hasEnded).toBe(true);
    expect(parser.finish().dims).toEqual([3, 0]);
  });

  test.each([null, true, "7"])("refuses %j, which is no number, before it takes any id", (value) => {
    const parser = new TokenIdParser(threeBooks, { policy: "skip" });
    for (const give of [() => parser.push([7, 18, 29, value as never]), () => threeBooks.decode([7, 18, 29, value as never])]) {
      expect(give).toThrow(
        expect.objectContaining({ code: "CODES_OUT_OF_RANGE", message: `value ${JSON.stringify(value)} at position 3 is not a number` }),
      );
    }
    expect(parser.push([]).dims).toEqual([3, 0]);
  });

  test("needs a vocabulary", () => {
    for (const Parser of [TokenIdParser, TokenTextParser]) {
      expect(() => new Parser(undefined as never)).toThrow(TypeError);
      expect(() => new Parser({} as never)).toThrow("expected a TokenVocabulary");
    }
  });

  const broken = [7, 18, 29, /* a second 1 */ 1, 2, 13, 24, /* no 1.5 */ 4, 26, 7, 18, 29];
  test.each([
    ["strict", "found id 2 (a code of codebook 0) at position 4; expected a code of codebook 1, since a frame has 3"],
    [
      "skip",
      {
        frames: [
          [7, 8, 9],
          [1, 3, 4],
          [4, 8, 9],
        ],
        dropped: 3,
        droppedCharacters: 0,
        hasEnded: false,
      },
    ],
    [
      "resync",
      {
        frames: [
          [7, 8, 9],
          [2, 3, 4],
          [7, 8, 9],
        ],
        dropped: 3,
        droppedCharacters: 0,
        hasEnded: false,
      },
    ],
  ] as const)("with misplaced and missing codes is read by policy %s", (policy, expected) => {
    expect(readPieces(new TokenIdParser(threeBooks, { policy }), [broken])).toEqual(expected);
  });

  const withSpecialTokens = [30, 30, 1, 11, 21, 32, 2, 12, 32, 22, 3, 13, 31, 4, 14, 24, 32];
  test.each([
    ["strict", "found id 2 (a code of codebook 0) at position 6; expected nothing but special tokens after the codes"],
    [
      "skip",
      {
        frames: [
          [1, 1, 1],
          [2, 2, 2],
        ],
        dropped: 5,
        droppedCharacters: 0,
        hasEnded: true,
      },
    ],
    ["resync", { frames: [[1, 1, 1]], dropped: 8, droppedCharacters: 0, hasEnded: true }],
  ] as const)("with special tokens in between is read by policy %s, up to the end token", (policy, expected) => {
    expect(readPieces(new TokenIdParser(threeBooks, { policy }), [withSpecialTokens])).toEqual(expected);
  });

  test("counts ids of text and unused ids as dropped", () => {
    const gaps = new TokenVocabulary({ codebookSize: 10, numCodebooks: 2, base: 100, stride: 11 });
    const ids = [5, 100, 110, 111, 100, 111, 4000, -1];
    expect(readPieces(new TokenIdParser(gaps, { policy: "skip" }), [ids])).toMatchObject({
      frames: [
        [0, 0],
        [0, 0],
      ],
      dropped: 4,
    });
    expect(readPieces(new TokenIdParser(gaps, { policy: "resync" }), [ids])).toMatchObject({ frames: [[0, 0]], dropped: 6 });
  });

  test("by policy resync gives exactly the frames that are whole in the input, whatever happened to it", () => {
    const streams = clipsOf(streamingVocabularies).chain(([vocabulary, codes]) =>
      corruptions(fc.integer({ min: -1, max: vocabulary.codeIds.end + 1 })).map((corrupt) => {
        const ids = Array.from(vocabulary.encode(codes, { type: "int32" }).data);
        const noSpecialTokens = corrupt(ids).filter((id) => vocabulary.specialTokenOf(id) === undefined);
        return [vocabulary, noSpecialTokens] as const;
      }),
    );
    fc.assert(
      fc.property(streams, cuts, ([vocabulary, ids], places) => {
        const reading = readPieces(new TokenIdParser(vocabulary, { policy: "resync" }), cut(ids, places)) as Reading;
        expect(reading.frames).toEqual(wholeFrames(vocabulary, ids));
        expect(reading.dropped).toBe(ids.length - reading.frames.length * vocabulary.codeIds.numCodebooks);
      }),
      { numRuns: 300 },
    );
  });

  test("by policy skip loses no id without counting it, and keeps the order of what it takes", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -1, max: 29 }), { maxLength: 60 }), (ids) => {
        const { frames, dropped } = readPieces(new TokenIdParser(threeBooks, { policy: "skip" }), [ids]) as Reading;
        expect(dropped).toBe(ids.length - 3 * frames.length);
        const kept = frames.flatMap((frame) => frame.map((code, q) => 10 * q + code));
        let at = -1;
        for (const id of kept) {
          at = ids.indexOf(id, at + 1);
          expect(at).toBeGreaterThanOrEqual(0);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe("a stream of text", () => {
  test("may be cut within tokens, and passes whitespace over", () => {
    const parser = new TokenTextParser(threeBooks);
    const pieces = ["<s", "> <0.", "0><1", ".0>", " \n<2.0><0.1><1.1><2.1", "></", "s>"];
    expect(pieces.map((piece) => parser.push(piece).dims[1])).toEqual([0, 0, 0, 0, 1, 1, 0]);
    expect(parser.hasEnded).toBe(true);
    expect(parser.finish().dims).toEqual([3, 0]);
  });

  test.each([
    ["<0.1><1.2>hm<2.3>", 'found "hm<2.3>" at character 10, which starts no token; expected a code of codebook 2, since a frame has 3'],
    ["<0.1><2.2>", 'found "<2.2>" at character 5; expected a code of codebook 1, since a frame has 3'],
    ["<0.1></s>", 'found "</s>" at character 5; expected a code of codebook 1, since a frame has 3'],
    ["<0.1><1.1><2.1></s><0.1>", 'found "<0.1>" at character 19; expected nothing but special tokens after the codes'],
    ["<0.1><1.1><2.", 'found "<2." at character 10, which starts no token; expected a code of codebook 2, since a frame has 3'],
    ["<0.1>", "found the end; expected a code of codebook 1, since a frame has 3"],
    ["<0.10>", 'found "<0.10>" at character 0, which starts no token; expected a code of codebook 0, or a special token'],
  ])("strictly read, %s is an error that says where, however it is cut", (text, message) => {
    expect(readPieces(new TokenTextParser(threeBooks), [text])).toBe(message);
    expect(withoutFound(readPieces(new TokenTextParser(threeBooks), [...text]))).toBe(withoutFound(message));
  });

  test("shows whole characters of what is no token, and not too many", () => {
    expect(read("<|audio_0_99|> <0.1>")).toThrow('found "<|audio_0_99|>" at character 0, which starts no token');
    expect(read("<s>\u{1f600}")).toThrow('found "\u{1f600}" at character 3,');
    expect(read("\u{1f600}".repeat(30))).toThrow(`found "${"\u{1f600}".repeat(24)}…" at character 0,`);
  });

  test.each([null, undefined, 5, ["<0.1>"]])("cannot be %j", (text) => {
    const parser = new TokenTextParser(threeBooks, { policy: "skip" });
    for (const give of [() => parser.push(text as never), () => threeBooks.parseText(text as never)]) {
      expect(give).toThrow(TypeError);
      expect(give).toThrow("expected a string; received");
    }
  });

  test("is cleaned up with a count of characters and tokens", () => {
    const text = "Sure! <0.1><1.2>(noise)<2.3><0.4><1.5><2.6>";
    const frames = [
      [1, 2, 3],
      [4, 5, 6],
    ];
    expect(threeBooks.parseText(text, { policy: "skip" })).toMatchObject({ dropped: 0, droppedCharacters: 12 });
    expect(readPieces(new TokenTextParser(threeBooks, { policy: "skip" }), [text])).toMatchObject({ frames });
    expect(readPieces(new TokenTextParser(threeBooks, { policy: "resync" }), [text])).toMatchObject({
      frames: frames.slice(1),
      dropped: 3,
      droppedCharacters: 12,
    });
  });

  test("keeps back a token that something longer begins with, until the end", () => {
    const nested = new TokenVocabulary({
      codebookSize: 10,
      numCodebooks: 1,
      template: "{code}",
      specialTokens: { eos: { content: "x12y" } },
    });
    const parser = new TokenTextParser(nested, { policy: "skip" });
    expect(parser.push("3x12").data).toEqual(Uint16Array.of(3));
    expect(parser.finish().data).toEqual(Uint16Array.of(1, 2));
    expect([parser.dropped, parser.droppedCharacters, parser.hasEnded]).toEqual([0, 1, false]);
  });

  test("gives the same frames cut anywhere as in one piece, right or wrong, by every policy", () => {
    const streams = clipsOf(streamingVocabularies).chain(([vocabulary, codes]) => {
      const names = vocabulary.specialTokens.map((token) => token.name);
      const text = vocabulary.toText(codes, { after: names });
      const alphabet = fc.constantFrom(...text, " ", "x", "\u{1f600}", "0", "<", ...vocabulary.specialTokens.map((token) => token.content));
      return corruptions(alphabet).map((corrupt) => [vocabulary, corrupt([...text]).join("")] as const);
    });
    fc.assert(
      fc.property(streams, cuts, fc.constantFrom(...policies), ([vocabulary, text], places, policy) => {
        const whole = readPieces(new TokenTextParser(vocabulary, { policy }), [text]);
        expect(withoutFound(readPieces(new TokenTextParser(vocabulary, { policy }), cut(text, places)))).toEqual(withoutFound(whole));
        if (typeof whole === "string") {
          expect(() => vocabulary.parseText(text, { policy })).toThrow(whole);
        } else {
          const { codes, ...counts } = vocabulary.parseText(text, { policy });
          expect({ frames: columns(codes.data, codes.dims), ...counts }).toEqual(whole);
        }
      }),
      { numRuns: 300 },
    );
  });

  test("reads what ids say, for every vocabulary and policy", () => {
    fc.assert(
      fc.property(clipsOf(streamingVocabularies), fc.constantFrom(...policies), ([vocabulary, codes], policy) => {
        const text = readPieces(new TokenTextParser(vocabulary, { policy }), [...vocabulary.toText(codes)]);
        const ids = readPieces(new TokenIdParser(vocabulary, { policy }), [Array.from(vocabulary.encode(codes, { type: "int32" }).data)]);
        expect(text).toEqual({ frames: columns(codes.data, codes.dims), dropped: 0, droppedCharacters: 0, hasEnded: false });
        expect(ids).toEqual(text);
      }),
    );
  });
});

describe("a parser", () => {
  test("reads codebooks of shared ids by position", () => {
    const shared = new TokenVocabulary({ codebookSize: 10, numCodebooks: 2, ranges: "shared" });
    const reading = readPieces(new TokenIdParser(shared, { policy: "skip" }), [
      [1, 99, 2, 3],
      [4, 5],
    ]);
    expect(reading).toEqual({
      frames: [
        [1, 2],
        [3, 4],
      ],
      dropped: 2,
      droppedCharacters: 0,
      hasEnded: false,
    });
    expect(() => new TokenIdParser(shared, { policy: "resync" })).toThrow(/policy resync needs codebooks with ids of their own/);
  });

  test("refuses orders that have no frames before the end, and unknown policies", () => {
    const byCodebook = new TokenVocabulary({ codebookSize: 10, numCodebooks: 2, order: "codebook-major" });
    for (const Parser of [TokenIdParser, TokenTextParser]) {
      expect(() => new Parser(byCodebook)).toThrow(/in codebook-major order no frame is complete before the end/);
      expect(() => new Parser(threeBooks, { policy: "lenient" as never })).toThrow(
        /policy must be "strict", "skip" or "resync"; received "lenient"/,
      );
    }
  });

  test("that met an error still gives the frames that were complete before it", () => {
    const shared = new TokenVocabulary({ codebookSize: 10, numCodebooks: 2, ranges: "shared" });
    const byId = new TokenIdParser(shared);
    expect(() => byId.push([1, 2, 3, 99])).toThrow(/id 99 at position 3/);
    expect(byId.push([])).toMatchObject({ dims: [2, 1], data: Uint16Array.of(1, 2) });
    const byText = new TokenTextParser(shared);
    expect(() => byText.push("<|audio_1|><|audio_2|><|audio_3|>?")).toThrow(/"\?" at character 33/);
    expect(byText.push("")).toMatchObject({ dims: [2, 1], data: Uint16Array.of(1, 2) });
  });

  test("of any vocabulary reads strictly what the vocabulary wrote", () => {
    fc.assert(
      fc.property(clipsOf(vocabularies.filter((vocabulary) => vocabulary.order === "frame-major")), cuts, ([vocabulary, codes], places) => {
        const reading = readPieces(new TokenTextParser(vocabulary), cut(vocabulary.toText(codes), places));
        expect(reading).toMatchObject({ frames: columns(codes.data, codes.dims) });
      }),
    );
  });
});
