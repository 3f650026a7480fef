import { CodesError } from "../../core/index.ts";
import type { AudioCodesContext } from "../../core/index.ts";
import type { DelaySpec, ParallelSpec } from "../layout/pattern-spec.ts";

/** Special tokens by what they are for. */
export interface ModelTokens {
  /** Stands before a codebook's first code; absent where nothing stands there. */
  readonly bos?: number | undefined;
  /** Follows a codebook's last code, as if the clip had one more frame; absent where the model does not say when it ends. */
  readonly eos?: number | undefined;
  /** Fills what is left after that, and batches of clips of different lengths. */
  readonly pad: number;
  /** Stands for codes that the model is to find; absent where it predicts the next step instead. */
  readonly mask?: number | undefined;
}

/** How a known model takes the codes of a clip: everything that `buildModelSequence` and `revertModelSequence` need to know. Plain data. */
export interface ModelLayout {
  /** The model's name, as its authors write it. */
  readonly name: string;
  /** Who reads it: ids on the Hub, or the repository that trains it. */
  readonly models: string;
  /** What its codes come from. */
  readonly codec: string;
  /** That codec's sample rate, in hertz. */
  readonly sampleRate: number;
  /** Samples per frame. */
  readonly hopLength: number;
  /** Frames per second: `sampleRate / hopLength`. */
  readonly frameRate: number;
  /** Codes are 0…codebookSize − 1 (`card`). */
  readonly codebookSize: number;
  /** Channels of audio in one sequence; with 2, the rows are those of `interleaveStereo`. */
  readonly channels: 1 | 2;
  /** One step for each frame, and some more for the delays. `pattern.numCodebooks` (K) are the rows of the sequence. */
  readonly pattern: DelaySpec | ParallelSpec;
  /** Whether the steps that only the delays need are left out, and the last frames' delayed codes with them. */
  readonly keepOnlyValidSteps: boolean;
  readonly tokens: ModelTokens;
  /** How to feed it, in a line. */
  readonly usage: string;
}

/** A model whose layout `modelLayouts` has. */
export type ModelLayoutName =
  | "musicgen"
  | "musicgen-stereo"
  | "audiogen"
  | "magnet"
  | "audio-magnet"
  | "valle"
  | "dia"
  | "parler"
  | "moshi";

const encodec32kHz = { codec: "EnCodec 32 kHz (facebook/encodec_32khz)", ...framing(32_000, 640) } as const;
const encodec16kHz = { codec: "EnCodec 16 kHz of audiocraft (in facebook/audiogen-medium)", ...framing(16_000, 320) } as const;

/** MusicGen: each codebook a step later than the one before. Source: audiocraft `config/model/lm/musicgen_lm.yaml` (896ec7c). */
export function musicgen(): ModelLayout {
  return {
    name: "MusicGen",
    models: "facebook/musicgen-{small,medium,large,melody,melody-large,style}",
    ...encodec32kHz,
    codebookSize: 2048,
    channels: 1,
    pattern: { kind: "delay", numCodebooks: 4, delays: [0, 1, 2, 3] },
    keepOnlyValidSteps: false,
    tokens: { bos: 2048, pad: 2048 },
    usage: "Flatten to [B * 4, S] for transformers; step s predicts step s + 1.",
  };
}

/** Stereo MusicGen: left and right of a codebook share a step. Source: audiocraft `grids/musicgen/musicgen_stereo_finetune_32khz.py` (896ec7c). */
export function musicgenStereo(): ModelLayout {
  return {
    ...musicgen(),
    name: "MusicGen stereo",
    models: "facebook/musicgen-stereo-{small,medium,large,melody,melody-large}",
    channels: 2,
    pattern: { kind: "delay", numCodebooks: 8, delays: [0, 0, 1, 1, 2, 2, 3, 3] },
    usage: "Encode each channel as mono, then interleaveStereo; flatten to [B * 8, S] for transformers.",
  };
}

/** AudioGen: as MusicGen, at 16 kHz. Source: audiocraft `config/model/lm/audiogen_lm.yaml` (896ec7c). */
export function audiogen(): ModelLayout {
  return { ...musicgen(), ...encodec16kHz, name: "AudioGen", models: "facebook/audiogen-medium", usage: "As MusicGen; step s predicts step s + 1." };
}

/** MAGNeT: no delays and no first step; codes are masked instead. Source: audiocraft `config/solver/magnet/*.yaml` (896ec7c). */
export function magnet(): ModelLayout {
  return {
    ...musicgen(),
    name: "MAGNeT",
    models: "facebook/magnet-{small,medium}-{10,30}secs",
    pattern: { kind: "parallel", numCodebooks: 4, emptyInitial: -1 },
    tokens: { pad: 2048, mask: 2048 },
    usage: "Mask codebook after codebook: maskMagnetCodes to train, MagnetStage to generate; step t predicts step t.",
  };
}

/** Audio-MAGNeT: as MAGNeT, at 16 kHz. */
export function audioMagnet(): ModelLayout {
  return { ...magnet(), ...encodec16kHz, name: "Audio-MAGNeT", models: "facebook/audio-magnet-{small,medium}" };
}

/**
 * The autoregressive part of VALL-E: codebook 0 alone. Codebooks 1 to 7 are predicted one by one, see `valleStage`.
 * Source: lifeiteng/vall-e `valle/models/macros.py`, `valle.py` (9c69096).
 * @param options How the model was trained.
 * @param options.prependBos Whether an id stands before each clip (`prepend_bos`). By default false.
 */
export function valle({ prependBos = false }: { readonly prependBos?: boolean | undefined } = {}): ModelLayout {
  return {
    name: "VALL-E",
    models: "lifeiteng/vall-e, Plachtaa/VALL-E-X",
    codec: "EnCodec 24 kHz at 6 kbps (facebook/encodec_24khz)",
    ...framing(24_000, 320),
    codebookSize: 1024,
    channels: 1,
    pattern: { kind: "parallel", numCodebooks: 1, emptyInitial: prependBos ? 0 : -1 },
    keepOnlyValidSteps: false,
    tokens: prependBos ? { bos: 1025, eos: 1024, pad: 1024 } : { eos: 1024, pad: 1024 },
    usage: "Codebook 0 after the text for the autoregressive model; codebooks 1 to 7 one by one from valleStage.",
  };
}

/** Dia: all codebooks but the first come eight steps late and later. Source: nari-labs/dia `dia/config.py` (876125e); transformers 5.17 `processing_dia.py`. */
export function dia(): ModelLayout {
  return {
    name: "Dia",
    models: "nari-labs/Dia-1.6B, nari-labs/Dia-1.6B-0626",
    codec: "DAC 44.1 kHz (descript/dac_44khz)",
    ...framing(44_100, 512),
    codebookSize: 1024,
    channels: 1,
    pattern: { kind: "delay", numCodebooks: 9, delays: [0, 8, 9, 10, 11, 12, 13, 14, 15] },
    keepOnlyValidSteps: false,
    tokens: { bos: 1026, eos: 1024, pad: 1025 },
    usage: "Time-major: transposeGrid gives [B, S, 9]; a prompt is prefilled for 1 + T steps, see modelCursor.",
  };
}

/**
 * Parler-TTS: as MusicGen with nine codebooks, but what stands before the codes and what stands after them differ.
 * Source: huggingface/parler-tts `helpers/model_init_scripts/init_model_600M.py`, `training/run_parler_tts_training.py` (d108732).
 */
export function parler(): ModelLayout {
  return {
    name: "Parler-TTS",
    models: "parler-tts/parler-tts-{mini,large}-v1",
    codec: "DAC 44.1 kHz (parler-tts/dac_44khZ_8kbps)",
    ...framing(44_100, 512),
    codebookSize: 1024,
    channels: 1,
    pattern: { kind: "delay", numCodebooks: 9, delays: [0, 1, 2, 3, 4, 5, 6, 7, 8] },
    keepOnlyValidSteps: false,
    tokens: { bos: 1025, eos: 1024, pad: 1024 },
    usage: "The labels of a training row are the sequence without its first step.",
  };
}

/**
 * Moshi: the acoustic codebooks come later than the semantic one, and the sequence keeps its length.
 * Source: kyutai-labs/moshi `moshi/models/loaders.py`, `lm.py` (e6a55d2).
 * @param options How the model was trained.
 * @param options.acousticDelay Steps that codebooks 1 and up are late. By default 1.
 */
export function moshi({ acousticDelay = 1 }: { readonly acousticDelay?: number | undefined } = {}): ModelLayout {
  return {
    name: "Moshi",
    models: "kyutai/moshiko-pytorch-bf16, kyutai/moshika-pytorch-bf16",
    codec: "Mimi at 1.1 kbps (kyutai/mimi)",
    ...framing(24_000, 1920),
    codebookSize: 2048,
    channels: 1,
    pattern: { kind: "delay", numCodebooks: 8, delays: [0, ...Array.from({ length: 7 }, () => acousticDelay)] },
    keepOnlyValidSteps: true,
    tokens: { bos: 2048, pad: -1 },
    usage: "Rows 1 to 8 are one such sequence for Moshi, rows 9 to 16 one for the user; row 0 is text, undelayed, from 32000 on.",
  };
}

/** The layouts of known models, by the name that the command line takes. */
export const modelLayouts: Readonly<Record<ModelLayoutName, ModelLayout>> = {
  musicgen: musicgen(),
  "musicgen-stereo": musicgenStereo(),
  audiogen: audiogen(),
  magnet: magnet(),
  "audio-magnet": audioMagnet(),
  valle: valle(),
  dia: dia(),
  parler: parler(),
  moshi: moshi(),
};

/**
 * Checks that codes are of the codec that a model reads, as far as they say it: plain tensors do not.
 * @throws CodesError CODES_MISMATCH naming both codecs.
 */
export function checkCodecFor(layout: ModelLayout, codes: object | readonly object[]): void {
  const { name, codec, codebookSize, sampleRate, hopLength } = layout;
  for (const found of [codes].flat().filter(isCodec)) {
    if (found.codebookSize !== codebookSize) {
      throw mismatch(`these codes have codebooks of ${found.codebookSize} entries; ${name} reads those of ${codec}, which have ${codebookSize}`);
    }
    if (found.sampleRate !== sampleRate || found.hopLength !== hopLength) {
      const expected = `those of ${codec}: ${sampleRate} Hz, ${hopLength} samples a frame`;
      throw mismatch(`these codes are of ${found.sampleRate} Hz, ${found.hopLength} samples a frame; ${name} reads ${expected}`);
    }
  }
}

/**
 * Checks that codes have as many codebooks as a model's sequence has rows.
 * @throws CodesError CODES_MISMATCH saying what to do where there are more.
 */
export function checkRowsFor({ name, pattern, usage }: ModelLayout, numCodebooks: number): void {
  if (numCodebooks === pattern.numCodebooks) return;
  const cure = numCodebooks > pattern.numCodebooks ? `: take the first with codes.selectCodebooks(${pattern.numCodebooks}). ${usage}` : "";
  throw mismatch(`the codes have ${numCodebooks} codebooks; ${name} reads ${pattern.numCodebooks}${cure}`);
}

type Codec = Pick<AudioCodesContext, "codebookSize" | "sampleRate" | "hopLength">;

function isCodec(codes: object): codes is Codec {
  return typeof codes === "object" && codes !== null && "codebookSize" in codes && "sampleRate" in codes && "hopLength" in codes;
}

function framing(sampleRate: number, hopLength: number): Pick<ModelLayout, "sampleRate" | "hopLength" | "frameRate"> {
  return { sampleRate, hopLength, frameRate: sampleRate / hopLength };
}

function mismatch(message: string): CodesError {
  return new CodesError("CODES_MISMATCH", message);
}
