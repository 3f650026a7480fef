// MusicGen goes on from a recording: npx tsx examples/musicgen-continuation.ts [--model id] [--text words] [--seconds s] [audio]
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import {
  AutoTokenizer,
  env,
  LogitsProcessorList,
  MusicgenForConditionalGeneration,
  PreTrainedModel,
  Tensor,
} from "@huggingface/transformers";
import {
  musicgenCodesFromGenerated,
  musicgenDecoderInputIds,
  musicgenLogitsProcessor,
  musicgenMaxLengthFor,
} from "encodec-tokenizer/patterns";
import { AudioCodes, AudioTokenizer, readAudio, writeWav } from "encodec-tokenizer";
import { writeSmallMusicgen } from "./support/small-musicgen.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { model: { type: "string" }, text: { type: "string", default: "a calm piano" }, seconds: { type: "string", default: "1" } },
});
const [audio = "examples/speech.wav"] = positionals;

// For music: --model Xenova/musicgen-small, which reads the codes of facebook/encodec_32khz. Without it nothing is
// downloaded: a small model with random weights continues the codes of the embedded checkpoint, with noise.
const isOffline = values.model === undefined;
const folder = await mkdtemp(join(tmpdir(), "musicgen-"));
await using codec = await AudioTokenizer.fromPretrained(isOffline ? "tiny" : "facebook/encodec_32khz");
if (isOffline) await writeSmallMusicgen(folder, { numCodebooks: 4, codebookSize: codec.codebookSize });
env.allowRemoteModels = !isOffline;
const textTokenizer = await AutoTokenizer.from_pretrained(values.model ?? folder);
const model = await MusicgenForConditionalGeneration.from_pretrained(values.model ?? folder, {
  dtype: isOffline ? "fp32" : { text_encoder: "q8", decoder_model_merged: "q8", encodec_decode: "fp32" },
});
const { decoder } = model.config as unknown as { decoder: { num_codebooks: number; pad_token_id: number } };
const { num_codebooks: numCodebooks, pad_token_id: padToken } = decoder;

// Two seconds at most, in whole frames: music cannot go on from a frame that the end of the recording cuts off.
const recording = await codec.encode(await readAudio(audio), { numCodebooks });
const prompt = recording.sliceFrames(0, Math.min(2 * codec.frameRate, Math.floor(recording.numSamples / codec.hopLength)));
const frames = prompt.numFrames + Math.round(Number(values.seconds) * codec.frameRate);

// Each codebook starts one column after the one before, so that the model starts within the prompt's last frames.
// The processor puts in what is left of them, where transformers.js alone would have the model replace it.
const maxLength = musicgenMaxLengthFor({ frames, numCodebooks });
const { decoderInputIds, patternMask } = musicgenDecoderInputIds(prompt, { maxLength, padToken });
const processors = new LogitsProcessorList();
processors.push(musicgenLogitsProcessor(patternMask, Tensor));

// model.generate gives audio; the generate that it is built on gives the ids, so that the codes can be kept.
const generated = (await PreTrainedModel.prototype.generate.call(model, {
  ...textTokenizer(values.text),
  decoder_input_ids: new Tensor("int64", decoderInputIds.data, [...decoderInputIds.dims]),
  max_length: maxLength,
  logits_processor: processors,
  do_sample: true,
  guidance_scale: 3,
} as never)) as Tensor;
const ids = { data: generated.data as BigInt64Array, dims: generated.dims };
const codes = AudioCodes.fromTensor(musicgenCodesFromGenerated(ids, { numCodebooks, padToken }), codec);
const isKept = codes.sliceFrames(0, prompt.numFrames).equals(prompt);
console.log(
  `${prompt.numFrames} frames of ${audio}${isKept ? "" : " (changed!)"}, continued to ${codes.numFrames}: ${codes.duration.toFixed(2)} s`,
);

await mkdir("demo-output", { recursive: true });
await writeWav("demo-output/musicgen-continuation.wav", await codec.decode(codes));
await model.dispose();
await rm(folder, { recursive: true });
