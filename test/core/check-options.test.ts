import { describe, expect, test } from "vitest";
import { checkOptions } from "../../src/core/index.ts";
import { tokenizeDataset } from "../../src/entries/dataset.ts";
import { AudioTokenizer, decodeAudio, openAudio, readAudio } from "../../src/index.ts";

interface Options {
  readonly bandwidth?: number | undefined;
  readonly cacheDir?: string | undefined;
}
const names = { bandwidth: true, cacheDir: true } as const;
const messageOf = (options: unknown): string => {
  try {
    checkOptions<Options>("encode", options as Options, names);
    return "";
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError);
    return (error as Error).message;
  }
};

describe("options", () => {
  test.each([[{}], [{ bandwidth: 6 }], [{ bandwidth: undefined, cacheDir: "x" }], [{ other: undefined }]])(
    "that are known pass: %j",
    (options) => {
      expect(messageOf(options)).toBe("");
    },
  );

  test.each([
    [{ bandwith: 6 }, "encode has no option bandwith; did you mean bandwidth? It takes bandwidth, cacheDir"],
    [{ cache_dir: "x" }, "encode has no option cache_dir; did you mean cacheDir? It takes bandwidth, cacheDir"],
    [{ CACHEDIR: "x" }, "encode has no option CACHEDIR; did you mean cacheDir? It takes bandwidth, cacheDir"],
    [{ bandwidth: 6, verbose: false }, "encode has no option verbose. It takes bandwidth, cacheDir"],
    [{ "\u001B[2J": 1 }, "encode has no option \\u001b[2J. It takes bandwidth, cacheDir"],
    [null, "encode takes its options as an object; received null"],
    [6, "encode takes its options as an object; received 6"],
    ["6", "encode takes its options as an object; received 6"],
  ])("that are not known are named: %j", (options, message) => {
    expect(messageOf(options)).toBe(message);
  });

  test("of a million letters are told from others at once", () => {
    expect(messageOf({ ["x".repeat(1e6)]: 1 })).toMatch(/^encode has no option x/u);
  });
});

/** Options as JavaScript passes them, whatever they are called. */
function wrong(options: object): never {
  return options as never;
}

test("calls that take options name those that they do not know", async () => {
  await using tokenizer = await AudioTokenizer.fromPretrained("tiny", { threads: 1 });
  const clip = { channelData: [new Float32Array(320)], sampleRate: 24_000 };
  const codes = await tokenizer.encode(clip);
  await expect(AudioTokenizer.fromPretrained("tiny", wrong({ license: "any" }))).rejects.toThrow(/no option license.* licensePolicy/u);
  await expect(tokenizer.encode(clip, wrong({ bandwith: 6 }))).rejects.toThrow(/^encode has no option bandwith; did you mean bandwidth\?/u);
  await expect(tokenizer.decode(codes, wrong({ onprogress: () => {} }))).rejects.toThrow(/did you mean onProgress\?/u);
  expect(() => tokenizer.encodeStream([clip], wrong({ num_codebooks: 2 }))).toThrow(/did you mean numCodebooks\?/u);
  expect(() => tokenizer.decodeStream([codes], wrong({ abort: 1 }))).toThrow(/^decodeStream has no option abort/u);
  expect(() => tokenizer.createEncoder(wrong({ states: 1 }))).toThrow(/did you mean state\?/u);
  expect(() => tokenizer.createDecoder(wrong({ bandwidth: 6 }))).toThrow(/^createDecoder has no option bandwidth/u);
  for (const read of [readAudio, openAudio]) await expect(read("a.wav", wrong({ stric: true }))).rejects.toThrow(/did you mean strict\?/u);
  await expect(decodeAudio(new Uint8Array(), wrong({ limit: {} }))).rejects.toThrow(/did you mean limits\?/u);
  const run = tokenizeDataset(wrong({ folder: "nowhere", inputs: ["x"], model: tokenizer, decode_threads: 2 }));
  await expect(run.next()).rejects.toThrow(/^tokenizeDataset has no option decode_threads; did you mean decodeThreads\?/u);
});
