import type { CatalogueEntry, CatalogueFile, Confidence, TrainingStatement } from "./catalogue-entry.ts";
import {
  audiocraftLicense,
  barkLicense,
  encodec24khzLicense,
  encodec32khzLicense,
  encodec48khzLicense,
  mlxLicense,
  tinyLicense,
  tinyVersion0License,
  torchHubLicense,
  xenovaLicense,
} from "./catalogue-licenses.ts";
import {
  audiogenTraining,
  audioMagnetTraining,
  barkTraining,
  encodec24khzTraining,
  encodec32khzTraining,
  encodec48khzTraining,
  jascoTraining,
  magnetTraining,
  musicgenStyleTraining,
  musicgenTraining,
  tinyTraining,
  tinyVersion0Training,
} from "./catalogue-training.ts";

/** What an entry's codec is, apart from where it is published. */
type Codec = Pick<
  CatalogueEntry,
  "sampleRate" | "channels" | "frameRate" | "numQuantizers" | "codebookSize" | "bandwidths" | "interleaveStereo"
>;

const codec24khz: Codec = {
  sampleRate: 24_000,
  channels: 1,
  frameRate: 75,
  numQuantizers: 32,
  codebookSize: 1024,
  bandwidths: [1.5, 3, 6, 12, 24],
  interleaveStereo: false,
};

const codec48khz: Codec = {
  sampleRate: 48_000,
  channels: 2,
  frameRate: 150,
  numQuantizers: 16,
  codebookSize: 1024,
  bandwidths: [3, 6, 12, 24],
  interleaveStereo: false,
};

const codec32khz: Codec = {
  sampleRate: 32_000,
  channels: 1,
  frameRate: 50,
  numQuantizers: 4,
  codebookSize: 2048,
  bandwidths: [2.2],
  interleaveStereo: false,
};

/** Left and right through the 32 kHz codec. */
const stereo32khz: Codec = { ...codec32khz, channels: 2, numQuantizers: 8, bandwidths: [4.4], interleaveStereo: true };

const codec16khz: Codec = { ...codec32khz, sampleRate: 16_000 };

const meta = "Meta AI (FAIR)";

/** What most entries say about themselves; each names what is different. */
const usual = { aliases: [], revision: null, codecFrom: null, notLoadable: null, isTrial: false, notes: [] } as const;

function file(path: string, confidence: Confidence, size: number | null = null, sha256: string | null = null): CatalogueFile {
  return { path, size, sha256, confidence };
}

/** The 32 kHz codec as audiocraft stores it; the same bytes in many repositories. */
const stored32khz: CatalogueFile = file(
  "compression_state_dict.bin",
  "reported",
  236_001_935,
  "37d256b525d4117f8bbf790ab448a8e9f4746cd401900fe1ae72e154b1513a30",
);

/** 589 bytes that name facebook/encodec_32khz instead of holding weights. */
const pointerTo32khz: CatalogueFile = file("compression_state_dict.bin", "reported", 589);

type Published = Partial<Pick<CatalogueEntry, "revision" | "notes" | "codecFrom" | "notLoadable">> &
  Pick<CatalogueEntry, "files" | "trainingData">;

/** A repository in audiocraft's layout, with the codec of facebook/encodec_32khz unless it says otherwise. */
function audiocraft(name: string, usedBy: readonly string[], codec: Codec, published: Published): CatalogueEntry {
  const id = `facebook/${name}`;
  return {
    ...usual,
    id,
    address: `https://huggingface.co/${id}`,
    creator: meta,
    layouts: ["audiocraft"],
    ...codec,
    usedBy,
    codecFrom: "facebook/encodec_32khz",
    ...published,
    license: audiocraftLicense(id, published.revision ?? null),
  };
}

/** A MusicGen in both layouts. */
function musicgen(name: string, usedBy: string, codec: Codec, published: Omit<Published, "trainingData">): CatalogueEntry {
  return {
    ...audiocraft(name, [usedBy], codec, { ...published, trainingData: musicgenTraining }),
    layouts: ["transformers", "audiocraft"],
  };
}

function magnet(name: string, revision: string | null = null): CatalogueEntry {
  return audiocraft(name, ["magnet"], codec32khz, {
    revision,
    files: [file("compression_state_dict.bin", "approximate", 236_000_000)],
    trainingData: magnetTraining,
  });
}

const assumedConfiguration = "its numbers are assumed to be those of AudioGen's codec; the checkpoint itself has the last word";

function audioMagnet(name: string, sha256: string | null): CatalogueEntry {
  return audiocraft(name, ["magnet"], codec16khz, {
    codecFrom: null,
    files: [file("compression_state_dict.bin", sha256 === null ? "approximate" : "reported", sha256 === null ? 236_000_000 : null, sha256)],
    notes: ["a 16 kHz codec of its own: its bytes differ from AudioGen's", assumedConfiguration],
    trainingData: audioMagnetTraining,
  });
}

function bark(id: string, declared: readonly string[], size: number | null): CatalogueEntry {
  return {
    ...usual,
    id,
    address: `https://huggingface.co/${id}`,
    creator: "Suno, over an EnCodec by Meta AI (FAIR)",
    layouts: ["transformers"],
    files: [file("pytorch_model.bin", "approximate", size)],
    ...codec24khz,
    usedBy: ["bark"],
    codecFrom: "facebook/encodec_24khz",
    notes: ["Bark uses the first 8 codebooks, 6 kbps"],
    license: barkLicense(id, declared),
    trainingData: barkTraining,
  };
}

function torchHub(
  name: string,
  original: string,
  codec: Codec,
  weights: CatalogueFile,
  trainingData: readonly TrainingStatement[],
): CatalogueEntry {
  const id = `torchhub:${name}`;
  return {
    ...usual,
    id,
    address: `https://dl.fbaipublicfiles.com/encodec/v0/${name}`,
    creator: meta,
    layouts: ["torch-hub"],
    files: [weights],
    ...codec,
    usedBy: [],
    codecFrom: original,
    notes: ["the eight hex digits in its name are the first of its SHA-256"],
    license: torchHubLicense(id),
    trainingData,
  };
}

function mlx(rate: string, dtype: "float32" | "bfloat16", codec: Codec, trainingData: readonly TrainingStatement[]): CatalogueEntry {
  const id = `mlx-community/encodec-${rate}-${dtype}`;
  const original = `facebook/encodec_${rate}`;
  return {
    ...usual,
    id,
    address: `https://huggingface.co/${id}`,
    creator: "mlx-community, from weights by Meta AI (FAIR)",
    layouts: ["mlx"],
    files: [],
    ...codec,
    usedBy: [],
    codecFrom: dtype === "float32" ? original : null,
    notLoadable: `it is laid out for MLX; ${original} is what it was converted from`,
    notes: dtype === "float32" ? [] : ["rounded to bfloat16, so its codes differ from the original's"],
    license: mlxLicense(id, original),
    trainingData,
  };
}

const codecTiny: Codec = { ...codec24khz, numQuantizers: 8, bandwidths: [1.5, 3, 6] };

/** Every catalogued checkpoint. Order is preference where nothing else decides. */
export const catalogue: readonly CatalogueEntry[] = [
  {
    ...usual,
    id: "facebook/encodec_24khz",
    aliases: ["24khz"],
    address: "https://huggingface.co/facebook/encodec_24khz",
    creator: meta,
    revision: "c1dbe2ae3f1de713481a3b3e7c47f357092ee040",
    layouts: ["transformers"],
    files: [
      file("config.json", "confirmed", 809),
      file("preprocessor_config.json", "confirmed", 234),
      file("model.safetensors", "reported", 93_119_608, "37a7cb100f71a29e6c1d815aca8666a1d7ea8885ebe44c306c751a5103559d57"),
      file("pytorch_model.bin", "approximate", 93_200_000),
    ],
    ...codec24khz,
    usedBy: ["bark", "vall-e", "vall-e-x", "multiband-diffusion"],
    notes: ["the first commits of the repository have a config.json of another form and are not to be used"],
    license: encodec24khzLicense,
    trainingData: encodec24khzTraining,
  },
  {
    ...usual,
    id: "facebook/encodec_48khz",
    aliases: ["48khz"],
    address: "https://huggingface.co/facebook/encodec_48khz",
    creator: meta,
    revision: "c3def8e7185ac8c8efdce6eb8c4a651e487a503e",
    layouts: ["transformers"],
    files: [
      file("config.json", "confirmed", 803, "4a914ed15ed5a69e19932d05b0c51f2d22c68ffac70e959a757594cb0cd6e2a7"),
      file("preprocessor_config.json", "reported", 231, "df1268bac588b486545baa1d0b6c9c32366c817efbd113158b4c2ef74f6eefeb"),
      file("model.safetensors", "reported", 76_291_152, "47a15ffbaf7bb76176d0833e10590de0a8988a7848748608cefc36a1c88adfdc"),
      file("pytorch_model.bin", "approximate", 76_300_000),
    ],
    ...codec48khz,
    usedBy: [],
    license: encodec48khzLicense,
    trainingData: encodec48khzTraining,
  },
  {
    ...usual,
    id: "facebook/encodec_32khz",
    aliases: ["32khz"],
    address: "https://huggingface.co/facebook/encodec_32khz",
    creator: meta,
    revision: "d0c45384f6c44db055f78200cfdcb9c1c8706727",
    layouts: ["transformers"],
    files: [
      file("config.json", "confirmed", 758),
      file("preprocessor_config.json", "confirmed", 234),
      file("model.safetensors", "confirmed", 235_972_432, "0e78f34d2ff3259f29bd51f7a99060151fe4ba5776fee216f58847f06082f1ca"),
      file("pytorch_model.bin", "confirmed", 235_996_573, "e67175a1bedb126fc0871e4f7b3a29a2fc1711e8ad80c258a160910b6748b711"),
    ],
    ...codec32khz,
    usedBy: ["musicgen", "musicgen-stereo", "musicgen-style", "magnet", "jasco", "multiband-diffusion"],
    notes: ["commit 4a85b2dc has other, faulty weights of 239 MB"],
    license: encodec32khzLicense,
    trainingData: encodec32khzTraining,
  },
  {
    ...audiocraft("audiogen-medium", ["audiogen"], codec16khz, {
      revision: "24e8994886c7145ecc2247068c1b3ffc56823b13",
      codecFrom: null,
      files: [
        file("compression_state_dict.bin", "confirmed", 235_740_815, "5a520e64ca99226a9956f83b06df0617b713183fcdc384779883a6bb46dc1095"),
      ],
      notes: ["there is no 16 kHz EnCodec in the layout of transformers"],
      trainingData: audiogenTraining,
    }),
    aliases: ["16khz"],
  },
  {
    ...usual,
    id: "tiny",
    aliases: ["encodec-tiny-24khz"],
    address: "models/encodec-tiny-24khz in the package encodec-tokenizer",
    creator: "the authors of encodec-tokenizer",
    layouts: ["transformers"],
    files: [
      file("config.json", "confirmed", 992, "9cb5b6e61d26eff9d2ee77af80f9c5a9f4bfc0f79a3df85f50cea95571b41d98"),
      file("preprocessor_config.json", "confirmed", 234, "fcb3805e597e786d4067706e602f6688524640f8d3396790e2e09b5942fcbdfb"),
      file("model.safetensors", "confirmed", 4_323_220, "ff505a77414be0dea73be39d9b58912fef69f8d50f33be3fca1a6ae224909ce9"),
    ],
    ...codecTiny,
    usedBy: [],
    isTrial: true,
    notes: ["ships with the package, for trying and testing: what lies above about 5 kHz is mostly lost"],
    license: tinyLicense,
    trainingData: tinyTraining,
  },
  musicgen("musicgen-small", "musicgen", codec32khz, {
    files: [file("model.safetensors", "approximate", 2_360_000_000), file("pytorch_model.bin", "approximate"), stored32khz],
  }),
  musicgen("musicgen-medium", "musicgen", codec32khz, {
    files: [file("pytorch_model.bin", "approximate", 8_040_000_000), stored32khz],
  }),
  musicgen("musicgen-large", "musicgen", codec32khz, { files: [stored32khz], notes: ["its other weights are sharded pickles"] }),
  musicgen("musicgen-melody", "musicgen", codec32khz, { files: [stored32khz], notes: ["its other weights are two safetensors shards"] }),
  musicgen("musicgen-melody-large", "musicgen", codec32khz, {
    files: [pointerTo32khz],
    notes: ["its weights are three safetensors shards; compression_state_dict.bin only names facebook/encodec_32khz"],
  }),
  musicgen("musicgen-stereo-small", "musicgen-stereo", stereo32khz, {
    files: [
      file("model.safetensors", "approximate", 1_220_000_000),
      file("model.fp32.safetensors", "approximate", 2_430_000_000),
      pointerTo32khz,
    ],
    notes: ["model.safetensors is float16, so its codes may differ from the original's; facebook/encodec_32khz is float32"],
  }),
  musicgen("musicgen-stereo-large", "musicgen-stereo", stereo32khz, {
    files: [pointerTo32khz],
    notes: ["its weights are two float16 shards; facebook/encodec_32khz is float32"],
  }),
  audiocraft("musicgen-style", ["musicgen-style"], codec32khz, { files: [stored32khz], trainingData: musicgenStyleTraining }),
  magnet("magnet-small-10secs", "e8796c4ccd040baedcf90bbac6f740f8f08677c1"),
  magnet("magnet-small-30secs"),
  magnet("magnet-medium-10secs"),
  magnet("magnet-medium-30secs"),
  magnet("hybrid-magnet-small"),
  audioMagnet("audio-magnet-small", null),
  audioMagnet("audio-magnet-medium", "776320589e3cefc0938f1b3105f19b6b11faeef38478b48ea6f7ce48112189f1"),
  audiocraft("encodec_32_khz_bass_1_drums_1_other_4", ["jasco"], codec32khz, {
    codecFrom: null,
    files: [],
    notLoadable: "it holds one codec for each of bass, drums and other, in files whose names are not known here",
    notes: ["the numbers are those of the codec for other, which is that of facebook/encodec_32khz; bass and drums have one codebook each"],
    trainingData: jascoTraining,
  }),
  bark("suno/bark", [], null),
  bark("suno/bark-small", ["mit"], 1_680_000_000),
  torchHub(
    "encodec_24khz-d7cc33bc.th",
    "facebook/encodec_24khz",
    codec24khz,
    file("encodec_24khz-d7cc33bc.th", "reported", 93_171_529, "d7cc33bcf1aad7f2dad9836f36431530744abeace3ca033005e3290ed4fa47bf"),
    encodec24khzTraining,
  ),
  torchHub(
    "encodec_48khz-7e698e3e.th",
    "facebook/encodec_48khz",
    codec48khz,
    file("encodec_48khz-7e698e3e.th", "reported"),
    encodec48khzTraining,
  ),
  mlx("24khz", "float32", codec24khz, encodec24khzTraining),
  mlx("24khz", "bfloat16", codec24khz, encodec24khzTraining),
  mlx("32khz", "float32", codec32khz, encodec32khzTraining),
  mlx("32khz", "bfloat16", codec32khz, encodec32khzTraining),
  mlx("48khz", "float32", codec48khz, encodec48khzTraining),
  mlx("48khz", "bfloat16", codec48khz, encodec48khzTraining),
  {
    ...usual,
    id: "Xenova/musicgen-small",
    address: "https://huggingface.co/Xenova/musicgen-small",
    creator: "Xenova, from weights by Meta AI (FAIR)",
    layouts: ["onnx"],
    files: [
      file("onnx/encodec_decode.onnx", "approximate", 118_000_000),
      file("onnx/encodec_decode_fp16.onnx", "approximate", 59_100_000),
      file("onnx/encodec_encoder.onnx", "reported", 31_583_305),
    ],
    ...codec32khz,
    usedBy: ["musicgen"],
    codecFrom: "facebook/encodec_32khz",
    notLoadable: "it holds a decoder as ONNX, made for transformers.js, and no usable encoder",
    notes: ["onnx/encodec_encoder.onnx is a file that nothing loads"],
    license: xenovaLicense,
    trainingData: musicgenTraining,
  },
];

/** The first embedded checkpoint. */
const tinyVersion0: CatalogueEntry = {
  ...usual,
  id: "tiny-v0",
  address: "models/encodec-tiny-24khz in the repository of encodec-tokenizer at commit 97336fc",
  creator: "the authors of encodec-tokenizer",
  layouts: ["transformers"],
  files: [
    file("config.json", "confirmed", 703, "34c33f025525dc7482626432108e326a68536d966618c2c852b3c241c9c6d5c9"),
    file("model.safetensors", "confirmed", 4_323_220, "6c202abb8ef935d45cbc950d1c539289d83ea7e6aee5236297712ec17fbe771d"),
  ],
  ...codecTiny,
  usedBy: [],
  isTrial: true,
  notLoadable:
    "the first tiny was withdrawn and is not in the package; get its folder with git archive 97336fc models/encodec-tiny-24khz and give that",
  notes: ["codes that name tiny and this SHA-256 were made with it; its codes mean nothing to the tiny of today"],
  license: tinyVersion0License,
  trainingData: tinyVersion0Training,
};

/** The catalogue, and what is not offered any more: nobody is to choose it, but its files and the codes that it made are recognised by digest. */
export const recognised: readonly CatalogueEntry[] = [...catalogue, tinyVersion0];
