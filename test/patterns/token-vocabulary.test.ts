import { PreTrainedTokenizer } from "@huggingface/transformers";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AudioCodes, CodesError } from "../../src/core/index.ts";
import type { TokenVocabularyOptions } from "../../src/patterns/vocabulary/token-ids.ts";
import { TokenVocabulary } from "../../src/patterns/vocabulary/token-vocabulary.ts";
import { clipsOf, vocabularies } from "./arbitrary-vocabulary.ts";

/** Two codebooks of 1024 behind a text vocabulary of 32,000, with begin and end. */
const llama = new TokenVocabulary({ codebookSize: 1024, numCodebooks: 2, base: 32_000, specialTokens: { bos: {}, eos: {} } });
const threeFrames = { data: [0, 7, 1023, 1, 2, 3], dims: [2, 3] };

describe("a flat vocabulary", () => {
  test("numbers codes codebook by codebook from its base, then special tokens", () => {
    expect([llama.idOf(0, 0), llama.idOf(0, 1023), llama.idOf(1, 0), llama.idOf(1, 1023)]).toEqual([32_000, 33_023, 33_024, 34_047]);
    expect([llama.specialIdOf("bos"), llama.specialIdOf("eos")]).toEqual([34_048, 34_049]);
    expect([llama.size, llama.vocabularySize]).toEqual([2050, 34_050]);
  });

  test("tells what an id stands for", () => {
    expect(llama.tokenOf(33_031)).toEqual({ kind: "code", codebook: 1, code: 7 });
    expect(llama.tokenOf(34_049)).toEqual({ kind: "special", name: "eos" });
    for (const id of [0, 31_999, 34_050, 32_000.5, -1, Number.NaN]) expect(llama.tokenOf(id)).toBeUndefined();
    const shared = new TokenVocabulary({ codebookSize: 1024, numCodebooks: 2, base: 10, ranges: "shared" });
    expect(shared.tokenOf(17)).toEqual({ kind: "code", codebook: null, code: 7 });
  });

  test("writes frame after frame, or codebook after codebook", () => {
    const options = { codebookSize: 1024, numCodebooks: 2, base: 100 };
    expect([...new TokenVocabulary(options).encode(threeFrames).data]).toEqual([100n, 1125n, 107n, 1126n, 1123n, 1127n]);
    const byCodebook = new TokenVocabulary({ ...options, order: "codebook-major" });
    expect([...byCodebook.encode(threeFrames, { type: "int32" }).data]).toEqual([100, 107, 1123, 1125, 1126, 1127]);
    const shared = new TokenVocabulary({ ...options, ranges: "shared" });
    expect([...shared.encode(threeFrames, { type: "int32" }).data]).toEqual([100, 101, 107, 102, 1123, 103]);
    expect(shared.vocabularySize).toBe(1124);
  });

  test("writes special tokens around the codes", () => {
    const ids = llama.encode(threeFrames, { before: ["bos"], after: ["eos", "eos"], type: "uint16" });
    expect(ids).toEqual({
      type: "uint16",
      dims: [9],
      data: Uint16Array.of(34_048, 32_000, 33_025, 32_007, 33_026, 33_023, 33_027, 34_049, 34_049),
    });
    expect(llama.decode(ids.data)).toMatchObject({
      codes: { type: "uint16", dims: [2, 3], data: Uint16Array.from(threeFrames.data) },
      hasEnded: true,
    });
  });

  test("writes clips one after the other, and reads each of them again", () => {
    const vocabulary = new TokenVocabulary({
      codebookSize: 10,
      numCodebooks: 2,
      base: 100,
      specialTokens: { bos: {}, eos: {}, separator: {} },
    });
    const clips = [
      { data: [1, 2], dims: [2, 1] },
      { data: [], dims: [2, 0] },
      { data: [3, 4, 5, 6], dims: [2, 2] },
    ];
    const ids = vocabulary.encode(clips, { before: ["bos"], between: ["eos", "separator"], after: ["eos"], type: "int32" });
    expect([...ids.data]).toEqual([120, 101, 112, 121, 122, 121, 122, 103, 115, 104, 116, 121]);
    const back = vocabulary.decodeClips(ids.data, "separator");
    expect(back.map(({ codes, hasEnded }) => ({ data: [...codes.data], dims: codes.dims, hasEnded }))).toEqual(
      clips.map((clip) => ({ ...clip, hasEnded: true })),
    );
    expect(vocabulary.toText(clips.slice(0, 2), { between: ["separator"] })).toBe("<|audio_0_1|><|audio_1_2|><|audio_separator|>");
  });

  test("reads as many clips as there are, whether or not the last one is followed by a separator", () => {
    const vocabulary = new TokenVocabulary({ codebookSize: 10, numCodebooks: 1, specialTokens: { separator: {} } });
    const lengths = (ids: number[]) => vocabulary.decodeClips(ids, "separator").map(({ codes }) => codes.dims[1]);
    expect([lengths([]), lengths([1, 2]), lengths([1, 10, 2, 3]), lengths([1, 10, 2, 3, 10]), lengths([10, 1])]).toEqual([
      [],
      [2],
      [1, 2],
      [1, 2],
      [0, 1],
    ]);
    expect(() => vocabulary.decodeClips([1], "eos")).toThrow(/there is no special token "eos"; this vocabulary has separator/);
    expect(() => vocabulary.decodeClips([1, 10, 11], "separator")).toThrow(/found id 11 at position 0/);
  });

  test("says what its options are", () => {
    const options = { codebookSize: 10, numCodebooks: 1 };
    expect(() => llama.encode(threeFrames, { before: "bos" as never })).toThrow(
      new TypeError('before, between and after are lists of names; received "bos"'),
    );
    expect(() => new TokenVocabulary({ ...options, specialTokens: null as never })).toThrow(
      /specialTokens are an object of tokens by name/,
    );
    expect(() => new TokenVocabulary({ ...options, specialTokens: { eos: 5 as never } })).toThrow(
      /special token eos: expected its options, such as \{\}; received 5/,
    );
  });

  test("takes the codes of an audio tokenizer and refuses those of another codec", () => {
    const codec = { sampleRate: 24_000, channels: 1, hopLength: 320, codebookSize: 1024 };
    expect(llama.encode(AudioCodes.fromTensor(threeFrames, codec))).toEqual(llama.encode(threeFrames));
    expect(() => llama.encode(AudioCodes.fromTensor(threeFrames, { ...codec, codebookSize: 2048 }))).toThrow(
      /found 2 codebooks of 2048; this vocabulary has 2 of 1024/,
    );
    expect(() => llama.encode({ data: [1, 2, 3], dims: [3, 1] })).toThrow(/found 3 codebooks; this vocabulary has 2/);
    expect(() => llama.encode({ data: [1, 2, 3, 4], dims: [2, 2, 1] })).toThrow(/codes of 2 clips in one tensor; pass them as a list/);
  });

  test.each([1024, -1, 0.5, Number.NaN])("never gives the value %f, which is no code, an id", (value) => {
    expect(() => llama.encode({ data: [0, value], dims: [2, 1] })).toThrow(CodesError);
    expect(() => llama.idOf(0, value)).toThrow(/is not a code of codebook 0; expected 0 to 1023/);
  });

  test("refuses a type that its ids do not fit", () => {
    const large = new TokenVocabulary({ codebookSize: 1024, numCodebooks: 8, base: 128_256 });
    expect(() => large.encode({ data: new Uint16Array(8), dims: [8, 1] }, { type: "uint16" })).toThrow(
      /the last id 136447 does not fit uint16/,
    );
  });

  test("leaves room between codebooks for the end that each has in AudioLM, which there is code 0 of the next", () => {
    const audioLm = new TokenVocabulary({
      codebookSize: 1024,
      numCodebooks: 3,
      stride: 1025,
      specialTokens: { eos: { id: 1024 }, pad: {} },
    });
    expect([audioLm.idOf(0, 1023), audioLm.idOf(1, 0), audioLm.idOf(2, 1023)]).toEqual([1023, 1025, 3073]);
    expect(audioLm.tokenOf(1024)).toEqual({ kind: "special", name: "eos" });
    expect(audioLm.tokenOf(2049)).toBeUndefined();
    expect(audioLm.specialIdOf("pad")).toBe(3075);
  });

  test("gives special tokens without ids the ones that are free", () => {
    const specialTokens = { bos: {}, eos: { id: 9 }, pad: {}, separator: { id: 8 } };
    const vocabulary = new TokenVocabulary({ codebookSize: 4, numCodebooks: 2, specialTokens });
    expect(vocabulary.specialTokens.map(({ name, id }) => [name, id])).toEqual([
      ["bos", 10],
      ["eos", 9],
      ["pad", 11],
      ["separator", 8],
    ]);
    expect(vocabulary.vocabularySize).toBe(12);
  });

  test("gives back what it encoded", () => {
    fc.assert(
      fc.property(clipsOf(vocabularies), fc.nat(), ([vocabulary, codes], choice) => {
        const names = vocabulary.specialTokens.map((token) => token.name);
        const before = names.filter((name) => name !== "eos").slice(0, choice % 3);
        const ids = vocabulary.encode(codes, { before, after: names });
        expect(ids.dims).toEqual([codes.data.length + before.length + names.length]);
        expect(vocabulary.decode(ids.data)).toEqual({
          codes: { type: "uint16", data: codes.data, dims: codes.dims },
          dropped: 0,
          hasEnded: names.includes("eos"),
        });
      }),
    );
  });

  test("never gives a special token and a code the same id or string", () => {
    fc.assert(
      fc.property(vocabularies, (vocabulary) => {
        const { numCodebooks, codebookSize, ranges } = vocabulary.codeIds;
        const ids = vocabulary.specialTokens.map((token) => token.id);
        for (let q = 0; q < (ranges === "shared" ? 1 : numCodebooks); q++) {
          for (let code = 0; code < codebookSize; code++) ids.push(vocabulary.idOf(q, code));
        }
        expect(new Set(ids).size).toBe(ids.length);
        const strings = ids.map((id) => vocabulary.tokenToString(id)!);
        expect(new Set(strings).size).toBe(ids.length);
        expect(strings.map((string) => vocabulary.stringToToken(string))).toEqual(ids);
      }),
    );
  });
});

describe("strict decoding", () => {
  test.each([
    [
      "a special token between codes",
      [32_000, 33_024, 34_048, 32_000, 33_024],
      /found id 32000 \(a code of codebook 0\) at position 3; expected nothing but special/,
    ],
    ["a code after the end", [34_049, 32_000, 33_024], /at position 1; expected nothing but special tokens/],
    [
      "a special token within a frame",
      [32_000, 34_049],
      /found id 34049 \(special token eos\) at position 1; expected a code of codebook 1/,
    ],
    ["an unfinished frame", [32_000, 33_024, 32_000], /found the end; expected a code of codebook 1, since a frame has 2/],
    [
      "a code of another codebook",
      [32_000, 32_001],
      /found id 32001 \(a code of codebook 0\) at position 1; expected a code of codebook 1/,
    ],
    ["an id of text", [5, 32_000, 33_024], /found id 5 at position 0; expected a code of codebook 0, or a special token/],
    ["a fraction", [32_000.5, 33_024], /found id 32000.5 at position 0/],
  ])("refuses %s", (_, ids, message) => {
    expect(() => llama.decode(ids)).toThrow(CodesError);
    expect(() => llama.decode(ids)).toThrow(message);
  });

  test("refuses codebook-major ids that do not fill the codebooks or lie in another's place", () => {
    const vocabulary = new TokenVocabulary({ codebookSize: 4, numCodebooks: 2, order: "codebook-major", specialTokens: { eos: {} } });
    expect([...vocabulary.decode([0, 1, 4, 5, 8]).codes.data]).toEqual([0, 1, 0, 1]);
    expect(() => vocabulary.decode([0, 1, 4, 8])).toThrow(
      /found 3 tokens between the special ones; expected a multiple of the 2 codebooks/,
    );
    expect(() => vocabulary.decode([0, 4, 5, 6])).toThrow(
      /found id 4 \(a code of codebook 1\) at position 1; expected a code of codebook 0/,
    );
    expect(() => vocabulary.decode([0, 4], { policy: "skip" })).toThrow(/read strictly/);
  });

  test("wants an array of ids", () => {
    expect(() => llama.decode(llama.encode(threeFrames) as never)).toThrow(/expected an array of ids; of a tensor, pass its data/);
  });
});

/** Strings of code 0 of codebook 0 and code 7 of codebook 1. */
const stringsOf = (template: string, options: Partial<TokenVocabularyOptions> = {}) => {
  const vocabulary = new TokenVocabulary({ codebookSize: 1024, numCodebooks: 8, base: 100, template, ...options });
  return [0, 1031].map((offset) => vocabulary.tokenToString(100 + offset));
};

describe("templates", () => {
  test.each([
    ["<|audio_{q}_{code}|>", "<|audio_0_0|>", "<|audio_1_7|>"],
    ["<c{q}t{code:04d}>", "<c0t0000>", "<c1t0007>"],
    ["<c{q}t{code:4d}>", "<c0t   0>", "<c1t   7>"],
    ["<custom_token_{id}>", "<custom_token_0>", "<custom_token_1031>"],
    ["<{token}>", "<100>", "<1131>"],
    ["{{{code:2}/{q}}}", "{ 0/0}", "{ 7/1}"],
    ["{q}{code:04}", "00000", "10007"],
  ])("%s writes %s and %s", (template, ...strings) => {
    expect(stringsOf(template)).toEqual(strings);
  });

  test.each([
    ["{q}{code}", {}, /does not show where \{code\} ends.*give it a width of 4/],
    ["{code}{q}", {}, /does not show where \{code\} ends/],
    ["<{code}0{q}>", {}, /does not show where \{code\} ends/],
    ["<{code:03d}{q}>", {}, /does not show where \{code\} ends/],
    ["<{code}>", {}, /does not tell codebooks and codes apart/],
    ["<{q}>", {}, /does not tell codebooks and codes apart/],
    ["<x>", { ranges: "shared" }, /does not tell codes apart/],
    ["<{q}_{code}>", { ranges: "shared" }, /these share their ids; leave \{q\} out/],
    ["<{q}_{code}_{q}>", {}, /has \{q\} twice/],
    ["<{frame}>", {}, /cannot be read at "\{frame\}>"/],
    ["<{code:4x}>", {}, /cannot be read at/],
    ["<{id}", {}, /does not show where \{id\} ends/],
    ["}{id}>", {}, /cannot be read at/],
    ["", {}, /is empty/],
    ["<|audio_unused_{id}|>", {}, /are those of unused ids/],
  ] satisfies [string, Partial<TokenVocabularyOptions>, RegExp][])("refuses %s", (template, options, message) => {
    expect(() => stringsOf(template, options)).toThrow(RangeError);
    expect(() => stringsOf(template, options)).toThrow(message);
  });

  test("read only the one string of a token", () => {
    for (const string of [
      "<|audio_1_07|>",
      "<|audio_2_0|>",
      "<|audio_0_1024|>",
      "<|audio_0_0|> ",
      "<|audio_0_0|",
      "<|audio__0|>",
      "<|audio_0_ 7|>",
      "",
    ]) {
      expect(llama.stringToToken(string), string).toBeUndefined();
    }
    expect(llama.stringToToken("<|audio_1_7|>")).toBe(33_031);
    expect(llama.stringToToken("<|audio_eos|>")).toBe(34_049);
  });

  test("write a clip as text in the vocabulary's order", () => {
    const text = "<|audio_bos|><|audio_0_0|><|audio_1_1|><|audio_0_7|><|audio_1_2|><|audio_0_1023|><|audio_1_3|>";
    expect(llama.toText(threeFrames, { before: ["bos"] })).toBe(text);
    const byCodebook = new TokenVocabulary({ codebookSize: 1024, numCodebooks: 2, order: "codebook-major", template: "<{q}.{code}>" });
    expect(byCodebook.toText(threeFrames)).toBe("<0.0><0.7><0.1023><1.1><1.2><1.3>");
    expect(() => byCodebook.parseText("<0.1> x<1.1>")).toThrow(/found "x<1.1>" at character 6, which starts no token/);
    expect(() => byCodebook.parseText("<0.1> <0.2>")).toThrow(/found "<0.2>" at character 6; expected a code of codebook 1/);
  });

  test("give every clip back from its text", () => {
    fc.assert(
      fc.property(clipsOf(vocabularies), ([vocabulary, codes]) => {
        const { codes: back, droppedCharacters } = vocabulary.parseText(vocabulary.toText(codes));
        expect([...back.data]).toEqual([...codes.data]);
        expect(back.dims).toEqual(codes.dims);
        expect(droppedCharacters).toBe(0);
      }),
    );
  });
});

describe("options that could confuse special tokens and codes", () => {
  test.each([
    [
      "a special id that is a code",
      { specialTokens: { eos: { id: 4097 } } },
      /special token eos: id 4097 is a code; codes have ids 100 to 8291, take one from 8292 on/,
    ],
    ["two special tokens of one id", { specialTokens: { bos: { id: 9000 }, eos: { id: 9000 } } }, /bos and eos have the same id 9000/],
    ["an id of text without its string", { specialTokens: { eos: { id: 2 } } }, /id 2 is one of the text vocabulary's \(below 100\)/],
    ["a negative special id", { specialTokens: { pad: { id: -1 } } }, /-1 is not an id/],
    [
      "a special string that is a code's",
      { specialTokens: { eos: { content: "<|audio_0_7|>" } } },
      /"<\|audio_0_7\|>" can be taken for a code/,
    ],
    ["a special string that begins a code's", { specialTokens: { eos: { content: "<|audio_" } } }, /can be taken for a code/],
    ["a special string that a code begins", { specialTokens: { eos: { content: "<|audio_0_7|>!" } } }, /can be taken for a code/],
    [
      "a special string that begins another",
      { specialTokens: { a: { content: "<s" }, b: { content: "<s>" } } },
      /b: "<s>" begins with that of a/,
    ],
    ["two special tokens of one string", { specialTokens: { a: { content: "<s>" }, b: { content: "<s>" } } }, /begins with that of/],
    ["an empty special string", { specialTokens: { a: { content: "" } } }, /special token a has no string/],
    ["a special token without a proper name", { specialTokens: { "0": {} } }, /"0" is not a name/],
    ["a stride that overlaps", { stride: 1023 }, /stride must be a whole number from 1024/],
    ["a stride of shared ids", { ranges: "shared", stride: 1025 }, /have no stride/],
    ["a codebook without codes", { codebookSize: 0 }, /codebookSize must be a whole number from 1 to 65536; received 0/],
    ["half a codebook", { numCodebooks: 1.5 }, /numCodebooks must be a whole number/],
    ["a negative base", { base: -1 }, /base must be a whole number from 0/],
    ["ids beyond 32 bits", { base: 0x7fff_ffff }, /the last id 2147491838 does not fit int32/],
    ["an unknown order", { order: "time-major" as never }, /order must be "frame-major" or "codebook-major"; received "time-major"/],
    ["unknown ranges", { ranges: "own" as never }, /ranges must be/],
  ] satisfies [string, Partial<TokenVocabularyOptions>, RegExp][])("refuses %s", (_, options, message) => {
    const build = () => new TokenVocabulary({ codebookSize: 1024, numCodebooks: 8, base: 100, ...options });
    expect(build).toThrow(RangeError);
    expect(build).toThrow(message);
  });

  test("takes an end that the text vocabulary has", () => {
    const vocabulary = new TokenVocabulary({
      codebookSize: 4,
      numCodebooks: 1,
      base: 100,
      specialTokens: { eos: { id: 2, content: "</s>" } },
    });
    expect(vocabulary.size).toBe(4);
    expect(vocabulary.decode([101, 2])).toMatchObject({ hasEnded: true, codes: { dims: [1, 1] } });
    expect(vocabulary.addedTokens().map((token) => token.id)).toEqual([100, 101, 102, 103]);
    expect(() => vocabulary.encode({ data: [1], dims: [1, 1] }, { before: ["bos"] })).toThrow(
      /no special token "bos"; this vocabulary has eos/,
    );
  });
});

describe("added tokens", () => {
  test("are entries of a tokenizer.json", () => {
    const shared = { single_word: false, lstrip: false, rstrip: false, normalized: false };
    const vocabulary = new TokenVocabulary({
      codebookSize: 2,
      numCodebooks: 2,
      base: 10,
      stride: 3,
      specialTokens: { eos: {}, pad: { id: 18 } },
    });
    expect(vocabulary.addedTokens()).toEqual([
      { id: 10, content: "<|audio_0_0|>", ...shared, special: false },
      { id: 11, content: "<|audio_0_1|>", ...shared, special: false },
      { id: 12, content: "<|audio_unused_12|>", ...shared, special: true },
      { id: 13, content: "<|audio_1_0|>", ...shared, special: false },
      { id: 14, content: "<|audio_1_1|>", ...shared, special: false },
      { id: 15, content: "<|audio_unused_15|>", ...shared, special: true },
      { id: 16, content: "<|audio_eos|>", ...shared, special: true },
      { id: 17, content: "<|audio_unused_17|>", ...shared, special: true },
      { id: 18, content: "<|audio_pad|>", ...shared, special: true },
    ]);
  });

  test("fill all ids from the base on, each with a string of its own", () => {
    fc.assert(
      fc.property(vocabularies, (vocabulary) => {
        const tokens = vocabulary.addedTokens();
        expect(tokens.map((token) => token.id)).toEqual(
          Array.from({ length: vocabulary.size }, (_, index) => vocabulary.codeIds.base + index),
        );
        expect(new Set(tokens.map((token) => token.content)).size).toBe(tokens.length);
        expect(tokens.map(({ special }) => special)).toEqual(tokens.map(({ id }) => vocabulary.tokenOf(id)?.kind !== "code"));
        const known = tokens.map(({ content }) => vocabulary.stringToToken(content));
        expect(known).toEqual(tokens.map(({ id }) => vocabulary.tokenOf(id) && id));
      }),
    );
  });

  test("are not made up by the million for an id far above the codes, or a stride far above the codebook", () => {
    const sizes = { codebookSize: 8, numCodebooks: 2, base: 100 };
    const far = new TokenVocabulary({ ...sizes, specialTokens: { eos: { id: 2_000_000 } } });
    expect(() => far.addedTokens()).toThrow(/^1999884 of the ids 100 to 2000000 are unused, .* expected at most 65536: .* from 116 on$/);
    expect(() => new TokenVocabulary({ ...sizes, stride: 2 ** 29 }).addedTokens()).toThrow(/are unused/);
    expect(
      new TokenVocabulary({ ...sizes, specialTokens: { bos: { id: 5, content: "<s>" }, eos: { id: 116 + 65_536 } } }).addedTokens(),
    ).toHaveLength(16 + 65_536 + 1);
  });

  const text = ["[UNK]", "say", "hello", "world", "<", "|", ">"];
  const codes = { data: [0, 7, 11, 3, 9, 10], dims: [2, 3] };

  // Lower-casing and splitting at punctuation would break every one of these strings, if they were normalised or pre-tokenised.
  test.each(["<|audio_{q}_{code}|>", "<C{q}T{code:04d}>", "<C{q} {code:4d}>", "<custom_token_{id}>", "{token:06d}"])(
    "written as %s make a text tokenizer read and write audio amid text",
    (template) => {
      const vocabulary = new TokenVocabulary({
        codebookSize: 12,
        numCodebooks: 2,
        base: text.length,
        stride: 13,
        template,
        specialTokens: { bos: { content: "<AUDIO>" }, eos: { content: "</AUDIO>" } },
      });
      const tokenizer = new PreTrainedTokenizer(
        {
          version: "1.0",
          truncation: null,
          padding: null,
          added_tokens: vocabulary.addedTokens(),
          normalizer: { type: "Lowercase" },
          pre_tokenizer: { type: "Whitespace" },
          post_processor: null,
          decoder: null,
          model: { type: "WordLevel", vocab: Object.fromEntries(text.map((word, id) => [word, id])), unk_token: "[UNK]" },
        },
        { clean_up_tokenization_spaces: false, unk_token: "[UNK]" },
      );
      const audio = vocabulary.toText(codes, { before: ["bos"], after: ["eos"] });
      const expected = [...vocabulary.encode(codes, { before: ["bos"], after: ["eos"], type: "int32" }).data];
      const ids = tokenizer.encode(`Say ${audio}Hello, WORLD`);
      expect(ids).toEqual([1, ...expected, 2, 0, 3]);
      expect(expected[0]).toBe(text.length + 26);

      const written = tokenizer.decode(expected);
      expect(vocabulary.parseText(written).codes.data).toEqual(Uint16Array.from(codes.data));
      const withoutSpecialTokens = tokenizer.decode(ids, { skip_special_tokens: true });
      expect(withoutSpecialTokens).not.toContain("AUDIO>");
      expect(vocabulary.parseText(withoutSpecialTokens, { policy: "resync" }).codes.data).toEqual(Uint16Array.from(codes.data));
    },
  );
});
