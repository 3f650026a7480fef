import { bitsPerCodeOf, CheckpointError } from "../../core/index.ts";
import type { CodecConfig } from "./codec-config.ts";
import { parseEncodecConfig } from "./config.ts";
import { asJson, YamlOptions } from "./yaml-options.ts";
import type { Yaml } from "./yaml-options.ts";

/** Options of `SEANetEncoder` and `SEANetDecoder` that are read below. */
const seanetOptions: ReadonlySet<string> = new Set([
  "channels",
  "dimension",
  "n_filters",
  "n_residual_layers",
  "ratios",
  "norm",
  "kernel_size",
  "last_kernel_size",
  "residual_kernel_size",
  "dilation_base",
  "causal",
  "pad_mode",
  "true_skip",
  "compress",
  "lstm",
]);

/** Options that every EnCodec has at the same value, written as JSON. Another value would be another network. */
const fixedSeanetOptions: ReadonlyMap<string, readonly string[]> = new Map([
  ["activation", ['"ELU"']],
  ["activation_params", ['{"alpha":1}', "{}"]],
  ["norm_params", ["{}"]],
  ["disable_norm_outer_blocks", ["0"]],
  ["final_activation", ["null"]],
  ["final_activation_params", ["null", "{}"]],
]);

/** Most codebooks that a configuration may ask for. */
const maxQuantizers = 256;

/**
 * Reads the configuration inside an audiocraft checkpoint, the YAML text under `xp.cfg`. Options that shape the network
 * are read or refused by name; those of training are passed over.
 * @param file Name for error messages.
 * @throws CheckpointError with code CHECKPOINT_CONFIG naming the option that is missing, impossible or not supported.
 * Source: audiocraft `models/builders.py` (`get_compression_model`), `config/model/encodec/default.yaml`.
 */
export function parseAudiocraftConfig(text: string, file: string): CodecConfig {
  const options = new YamlOptions(text, file);
  if (options.get("compression_model") === undefined) {
    throw new CheckpointError(
      "CHECKPOINT_CONFIG",
      `${file} has no compression_model, so it describes no codec; an audiocraft model keeps its ` +
        `codec in compression_state_dict.bin and its language model in state_dict.bin`,
    );
  }
  options.expect("compression_model", ['"encodec"']);
  options.expect("encodec.autoencoder", ['"seanet"']);
  options.expect("encodec.quantizer", ['"rvq"']);
  checkSeanet(options);

  const norm = options.need("seanet.norm");
  const trueSkip = options.need("seanet.true_skip");
  if (typeof trueSkip !== "boolean") throw options.refuse("seanet.true_skip", trueSkip, "true or false");
  const config = parseEncodecConfig(
    {
      sampling_rate: options.need("encodec.sample_rate"),
      audio_channels: options.need("encodec.channels"),
      normalize: options.get("encodec.renormalize") ?? false,
      use_causal_conv: options.need("encodec.causal"),
      num_filters: options.need("seanet.n_filters"),
      upsampling_ratios: options.need("seanet.ratios"),
      hidden_size: options.need("seanet.dimension"),
      num_residual_layers: options.need("seanet.n_residual_layers"),
      kernel_size: options.need("seanet.kernel_size"),
      last_kernel_size: options.need("seanet.last_kernel_size"),
      residual_kernel_size: options.need("seanet.residual_kernel_size"),
      dilation_growth_rate: options.need("seanet.dilation_base"),
      compress: options.need("seanet.compress"),
      num_lstm_layers: options.need("seanet.lstm"),
      pad_mode: options.need("seanet.pad_mode"),
      use_conv_shortcut: !trueSkip,
      trim_right_ratio: options.get("seanet.decoder.trim_right_ratio") ?? 1,
      // Once folded, a network with weight norm and one without any norm are the same.
      norm_type: norm === "none" ? "weight_norm" : norm,
      codebook_size: options.need("rvq.bins"),
      target_bandwidths: [bandwidthOf(options)],
    },
    file,
  );
  return { ...config, interleaveStereo: readInterleaving(options) };
}

/** Checks the options of encoder and decoder. Each may override what `seanet` says for both, but must not differ from it. */
function checkSeanet(options: YamlOptions): void {
  for (const option of options.keysOf("seanet")) {
    if (option !== "encoder" && option !== "decoder") checkSeanetOption(options, `seanet.${option}`, option);
  }
  for (const part of ["encoder", "decoder"]) {
    for (const option of options.keysOf(`seanet.${part}`)) {
      const path = `seanet.${part}.${option}`;
      if (part === "decoder" && option === "trim_right_ratio") continue;
      checkSeanetOption(options, path, option);
      if (seanetOptions.has(option)) options.expect(path, [asJson(options.need(`seanet.${option}`))]);
    }
  }
  for (const option of ["channels", "causal"]) {
    options.expect(`seanet.${option}`, [asJson(options.need(`encodec.${option}`))]);
  }
}

function checkSeanetOption(options: YamlOptions, path: string, option: string): void {
  const fixed = fixedSeanetOptions.get(option);
  if (fixed !== undefined) {
    options.expect(path, fixed);
  } else if (!seanetOptions.has(option)) {
    throw options.refuse(path, options.need(path), "no such option: it may change the network in ways unknown here");
  }
}

/**
 * Audiocraft counts codebooks instead of naming bandwidths: the one bandwidth is what all of them take.
 * NaN where an option it depends on is not a number; `parseEncodecConfig` then names that option.
 */
function bandwidthOf(options: YamlOptions): number {
  const numQuantizers = options.need("rvq.n_q");
  if (typeof numQuantizers !== "number" || !Number.isInteger(numQuantizers) || numQuantizers < 1 || numQuantizers > maxQuantizers) {
    throw options.refuse("rvq.n_q", numQuantizers, `a whole number from 1 to ${maxQuantizers}`);
  }
  const ratios = options.need("seanet.ratios");
  const hopLength = Array.isArray(ratios)
    ? (ratios as readonly Yaml[]).reduce<number>((product, ratio) => product * Number(ratio), 1)
    : NaN;
  const frameRate = Math.ceil(Number(options.need("encodec.sample_rate")) / hopLength);
  const bitsPerSecond = frameRate * bitsPerCodeOf(Number(options.need("rvq.bins")));
  const bandwidth = (numQuantizers * bitsPerSecond) / 1000;
  // Division by 1000 may have rounded down; the count that is floored from the bandwidth must come out again.
  return Math.floor((1000 * bandwidth) / bitsPerSecond) < numQuantizers ? bandwidth * (1 + Number.EPSILON) : bandwidth;
}

/** Codebooks of left and right in turn are what the tokenizer knows; audiocraft can also interleave frames. */
function readInterleaving(options: YamlOptions): boolean {
  const isUsed = options.get("interleave_stereo_codebooks.use") ?? false;
  if (isUsed !== true) return false;
  if (options.get("interleave_stereo_codebooks.per_timestep") === true) {
    throw options.refuse("interleave_stereo_codebooks.per_timestep", true, "false, which interleaves codebooks, not frames");
  }
  return true;
}
