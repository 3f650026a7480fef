import type { TrainingStatement } from "./catalogue-entry.ts";

/** Day on which copies of pages that bear no date were read. */
const readOn = "2026-11-30";

function codec(source: string, quote: string, date: string = readOn): TrainingStatement {
  return { about: "codec", source, quote, date };
}

function model(source: string, quote: string, date: string = readOn): TrainingStatement {
  return { about: "model", source, quote, date };
}

const paper = "https://arxiv.org/abs/2210.13438, section 4.1";
const published = "2022-10-24";
const readme = "https://github.com/facebookresearch/encodec README.md";
const card = (name: string, commit: string): string =>
  `https://github.com/facebookresearch/audiocraft model_cards/${name}_MODEL_CARD.md, commit ${commit}`;

/** encodec_24khz and its copies. */
export const encodec24khzTraining: readonly TrainingStatement[] = [
  codec(readme, "A causal model operating at 24 kHz on monophonic audio trained on a variety of audio data."),
  codec(
    paper,
    "We train EnCodec on 24 kHz monophonic across diverse domains, namely: speech, noisy speech, music and general audio",
    published,
  ),
  codec(
    paper,
    "For speech, we use the clean speech segments from DNS Challenge 4 (Dubey et al. 2022) and the Common Voice dataset (Ardila et al. 2019).",
    published,
  ),
  codec(paper, "For general audio, we use on AudioSet (Gemmeke et al. 2017) together with FSD50K (Fonseca et al. 2021).", published),
  codec(
    paper,
    "For music, we rely on the Jamendo dataset (Bogdanov et al. 2019) for training and evaluation and we further evaluate our models on music using a proprietary music dataset.",
    published,
  ),
];

/** encodec_48khz and its copies. */
export const encodec48khzTraining: readonly TrainingStatement[] = [
  codec(readme, "A non-causal model operating at 48 kHz on stereophonic audio trained on music-only data."),
  codec(paper, "we train the fullband stereo EnCodec on only 48 kHz music.", published),
  codec(
    paper,
    "For music, we rely on the Jamendo dataset (Bogdanov et al. 2019) for training and evaluation and we further evaluate our models on music using a proprietary music dataset.",
    published,
  ),
];

/** encodec_32khz, which is MusicGen's codec. */
export const encodec32khzTraining: readonly TrainingStatement[] = [
  codec(
    "https://huggingface.co/facebook/encodec_32khz README.md",
    "This variant of EnCodec is trained on 20k of music data, consisting of an internal dataset of 10K high-quality music tracks, and on the ShutterStock and Pond5 music datasets.",
  ),
];

const licensedMusic =
  "The model was trained on licensed data using the following sources: the Meta Music Initiative Sound Collection, Shutterstock music collection and the Pond5 music collection.";
const legalAgreements =
  "The data sources used to train the model are created by music professionals and covered by legal agreements with the right holders.";
const soundEffects =
  "a subset of AudioSet (Gemmeke et al., 2017), BBC sound effects, AudioCaps (Kim et al., 2019), Clotho v2 (Drossos et al., 2020), VGG-Sound (Chen et al., 2020), " +
  "FSD50K (Fonseca et al., 2021), Free To Use Sounds, Sonniss Game Effects, WeSoundEffects, Paramount Motion - Odeon Cinematic Sound Effects.";

/** What audiocraft says of a music model in its card, beside what is said of the codec. */
function musicModel(name: string, commit: string): readonly TrainingStatement[] {
  const source = card(name, commit);
  return [model(source, licensedMusic), model(source, legalAgreements)];
}

/** MusicGen, mono and stereo. */
export const musicgenTraining: readonly TrainingStatement[] = [...encodec32khzTraining, ...musicModel("MUSICGEN", "1b4012a")];

/** MusicGen-Style. */
export const musicgenStyleTraining: readonly TrainingStatement[] = [...encodec32khzTraining, ...musicModel("MUSICGEN_STYLE", "30b01b3")];

/** MAGNeT for music. */
export const magnetTraining: readonly TrainingStatement[] = [...encodec32khzTraining, ...musicModel("MAGNET", "905371a")];

/** MAGNeT for sounds: nothing was found about the training of its codec. */
export const audioMagnetTraining: readonly TrainingStatement[] = [
  model(card("MAGNET", "905371a"), `The audio-MAGNeT models were trained on the following data sources: ${soundEffects}`),
];

/** AudioGen and its 16 kHz codec. */
export const audiogenTraining: readonly TrainingStatement[] = [
  codec(
    card("AUDIOGEN", "7a5a4b3"),
    "The discrete representation used under the hood is extracted using a retrained EnCodec model on the environmental sound data",
  ),
  model(card("AUDIOGEN", "7a5a4b3"), `The model was trained on the following data sources: ${soundEffects}`),
];

/** JASCO, of whose codecs for single instruments nothing was found. */
export const jascoTraining: readonly TrainingStatement[] = musicModel("JASCO", "ed418e4");

/** Bark: Suno speaks of its own part, over the codec of encodec_24khz. */
export const barkTraining: readonly TrainingStatement[] = [
  ...encodec24khzTraining,
  model(
    "https://github.com/suno-ai/bark/issues/2, gkucsko for Suno",
    "The dataset used is a proprietary dataset, so unfortunately we won't be able to share the dataset itself",
    "2023-04-17",
  ),
];

const tinyCard = "models/encodec-tiny-24khz/README.md";

/** The embedded checkpoint. */
export const tinyTraining: readonly TrainingStatement[] = [
  codec(tinyCard, "3.7 hours, all of it on terms that permit everything, commercial use and modified copies included"),
  codec(tinyCard, "recorded Russian sentences from festvox-ru 0.5 (99 minutes; copyright 2005 Nickolay V. Shmyrev, BSD-like license)"),
  codec(
    tinyCard,
    "speech made by us with Flite's voices (Carnegie Mellon University, permissive) and Festival's kal and ked diphones and slt HTS voice (permissive: CMU, CSTR, Nagoya Institute of Technology), " +
      "reading random words of the SCOWL list (46 minutes)",
  ),
  codec(
    tinyCard,
    "music composed at random by our own script and rendered with the FluidR3 and MuseScore General sound fonts (MIT, parts public domain or CC0; 37 minutes)",
  ),
  codec(
    tinyCard,
    "those samples of Sonic Pi that its copyright file puts under CC0, and noises, sweeps and clicks made by our own script (23 minutes)",
  ),
];

/** The embedded checkpoint as it was at first. */
export const tinyVersion0Training: readonly TrainingStatement[] = [
  codec(
    `${tinyCard} at commit 97336fc`,
    "5 hours of recorded voices, game music and sound effects from Debian packages: asterisk-core-sounds (CC-BY-SA-3.0), hedgewars-data (GPL-2, GFDL, CC-BY-SA and others), " +
      "wesnoth-music (GPL-2+), klettres-data and ktuberling-data (GPL-2+), sonic-pi-samples (CC0)",
    "2026-11-22",
  ),
  codec(tinyCard, "Version 0 was trained on audio under GPL and share-alike licenses; it has been withdrawn for that reason."),
];
