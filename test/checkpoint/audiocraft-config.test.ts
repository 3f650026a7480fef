import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parseAudiocraftConfig } from "../../src/checkpoint/config/audiocraft-config.ts";
import { numQuantizersOf } from "../../src/checkpoint/index.ts";
import { CheckpointError } from "../../src/core/errors.ts";

const text = readFileSync(new URL("xp-32khz.yaml", import.meta.url), "utf8");

function errorOf(yaml: string): CheckpointError {
  try {
    parseAudiocraftConfig(yaml, "xp.cfg");
  } catch (error) {
    expect(error).toBeInstanceOf(CheckpointError);
    expect((error as CheckpointError).code).toBe("CHECKPOINT_CONFIG");
    return error as CheckpointError;
  }
  throw new Error("nothing was thrown");
}

describe("audiocraft's xp.cfg", () => {
  test("names the same network as the config.json of transformers, references resolved", () => {
    expect(parseAudiocraftConfig(text, "xp.cfg")).toMatchObject({
      samplingRate: 32_000,
      audioChannels: 1,
      numFilters: 4,
      upsamplingRatios: [8, 5, 4, 4],
      useCausalConv: false,
      useConvShortcut: false,
      padMode: "reflect",
      codebookSize: 2048,
      targetBandwidths: [2.2],
      interleaveStereo: false,
    });
  });

  test.each([
    ["true_skip: true", "true_skip: false", { useConvShortcut: true }],
    ["renormalize: false", "renormalize: true", { normalize: true }],
    ["pad_mode: reflect", "pad_mode: constant", { padMode: "constant" }],
    ["norm: weight_norm", "norm: time_group_norm", { normType: "time_group_norm" }],
    ["norm: weight_norm", "norm: none", { normType: "weight_norm" }],
    ["causal: false", "causal: true", { useCausalConv: true }],
    ["channels: 1\n", "channels: 2\ninterleave_stereo_codebooks: {use: true, per_timestep: false}\n", { interleaveStereo: true }],
    ["channels: 1\n", "channels: 1\ninterleave_stereo_codebooks: {use: false, per_timestep: true}\n", { interleaveStereo: false }],
  ])("with %j changed to %j", (from, to, expected) => {
    expect(parseAudiocraftConfig(text.replace(from, to), "xp.cfg")).toMatchObject(expected);
  });

  test("gives a bandwidth from which every number of codebooks comes out again", () => {
    const wrong: string[] = [];
    for (const rate of [16_000, 22_050, 24_000, 48_000]) {
      for (let numQuantizers = 1; numQuantizers <= 32; numQuantizers++) {
        const config = parseAudiocraftConfig(
          text.replace("sample_rate: 32000", `sample_rate: ${rate}`).replace("n_q: 4", `n_q: ${numQuantizers}`),
          "xp.cfg",
        );
        if (numQuantizersOf(config) !== numQuantizers) wrong.push(`${numQuantizers} at ${rate}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test.each([
    ["compression_model: encodec", "compression_model: dac", 'compression_model is "dac"; expected "encodec"'],
    ["quantizer: rvq", "quantizer: no_quant", 'encodec.quantizer is "no_quant"; expected "rvq"'],
    ["activation: ELU", "activation: Snake", 'seanet.activation is "Snake"; expected "ELU"'],
    ["{alpha: 1.0}", "{alpha: 0.5}", 'seanet.activation_params is {"alpha":0.5}'],
    ["norm_params: {}", "norm_params: {eps: 0.1}", 'seanet.norm_params is {"eps":0.1}'],
    ["disable_norm_outer_blocks: 0", "disable_norm_outer_blocks: 2", "seanet.disable_norm_outer_blocks is 2"],
    ["final_activation: null", "final_activation: Tanh", 'seanet.decoder.final_activation is "Tanh"; expected null'],
    ["encoder: {}", "encoder: {n_filters: 8}", "seanet.encoder.n_filters is 8; expected 4"],
    ["lstm: 2", "lstm: 2\n  attention: true", "seanet.attention is true; expected no such option"],
    ["causal: ${encodec.causal}", "causal: true", "seanet.causal is true; expected false"],
    ["norm: weight_norm", "norm: spectral_norm", 'norm_type is "spectral_norm"'],
    ["true_skip: true", "true_skip: maybe", 'seanet.true_skip is "maybe"; expected true or false'],
    ["n_q: 4", "n_q: 0", "rvq.n_q is 0; expected a whole number from 1 to 256"],
    ["bins: 2048", "bins: many", 'codebook_size is "many"'],
    ["ratios: [8, 5, 4, 4]", "ratios: eight", 'upsampling_ratios is "eight"'],
    ["  lstm: 2\n", "", "has no seanet.lstm, which the network depends on"],
    [
      "channels: 1\n",
      "channels: 2\ninterleave_stereo_codebooks: {use: true, per_timestep: true}\n",
      "interleave_stereo_codebooks.per_timestep is true",
    ],
    ["${sample_rate}", "${nowhere.at.all}", "encodec.sample_rate is the reference ${nowhere.at.all}"],
    ["${sample_rate}", "${encodec.sample_rate}", "encodec.sample_rate is a reference that leads in circles"],
    ["${sample_rate}", "${oc.env:HOME}", "encodec.sample_rate is the reference ${oc.env:HOME}"],
  ])("with %j changed to %j is refused by name", (from, to, message) => {
    expect(errorOf(text.replace(from, to)).message).toContain(message);
  });

  test("may hold long text in options that are not read", () => {
    const note = `notes: |\n${"  - [deep\n".repeat(500)}`;
    expect(parseAudiocraftConfig(`${note}${text}`, "xp.cfg")).toEqual(parseAudiocraftConfig(text, "xp.cfg"));
  });

  test("may hold no object of Python, no key twice and no alias bomb", () => {
    expect(errorOf("a: !!python/object/apply:os.system ['true']").message).toContain("not plain YAML");
    expect(errorOf("a: 1\na: 2").message).toContain('not plain YAML: it has the key "a" twice');
    expect(errorOf("b: [{a: 1, b: 2, a: 3}]").message).toContain('the key "a" twice');
    const bomb = [
      "a0: &a0 [x, x, x, x, x, x, x, x, x]",
      ...Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i}, `.repeat(9)}]`),
    ];
    expect(errorOf(bomb.join("\n")).message).toContain("not plain YAML");
  });

  test("may have ten thousand words and signs in options that are not read, and no more", () => {
    expect(parseAudiocraftConfig(`${text}\nnotes: [${"1,".repeat(2500)}]`, "xp.cfg")).toEqual(parseAudiocraftConfig(text, "xp.cfg"));
    expect(errorOf(`${text}\nnotes: [${"1,".repeat(4000)}]`).message).toContain("it has more than 10000 words and signs");
  });

  test.each([
    ["nothing", ""],
    ["a list", "- 1"],
    ["brackets without end", "[".repeat(50_000)],
    ["keys of keys of keys", "? ".repeat(25_000)],
    ["lists of lists of lists", "- ".repeat(25_000)],
    ["signs that are errors each", `a: [${",".repeat(60_000)}`],
    ["quotes that are errors each", '"'.repeat(60_000)],
    [
      "aliases of aliases as a key",
      `a: &a [b, b]\n${Array.from({ length: 20 }, (_, i) => `${i}: &a${i} [${i === 0 ? "*a, *a" : `*a${i - 1}, *a${i - 1}`}]`).join("\n")}\n? *a19\n: 1`,
    ],
    ["a staircase of options", Array.from({ length: 600 }, (_, depth) => `${" ".repeat(depth)}a:`).join("\n")],
    ["too much", `a: ${"x".repeat(300_000)}`],
    ["a language model", "transformer_lm: {}"],
  ])("that holds %s is refused, in a few words", (_what, yaml) => {
    expect(errorOf(yaml).message.length).toBeLessThan(400);
  });
});
