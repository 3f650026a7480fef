import type { LicenseEvidence, LicenseRecord } from "../core/index.ts";
import { licenseRecord } from "./license-record.ts";

/** Day on which stored copies of the Hub's pages were read; they are of varying age, and none is a live answer. */
const readOn = "2026-11-22";

const codeIsMit = "the repository's code is MIT since 2023-04-26; what the weights are under has not been said since";

/** What bears on the weights of encodec_24khz and encodec_48khz alike. */
const encodecHistory: readonly LicenseEvidence[] = [
  {
    source: "https://github.com/facebookresearch/encodec commit 3837f0d",
    fact: "the weights are published while the whole repository is under CC-BY-NC 4.0",
    date: "2022-10-25",
  },
  {
    source: "https://github.com/facebookresearch/encodec commit 349b72939f57cb3bc7b60906c0ee8228c849485d README.md",
    fact: 'now says "The code in this repository is released under the MIT license"; the weights are not mentioned',
    date: "2023-04-26",
  },
  {
    source: "https://github.com/facebookresearch/encodec/issues/69",
    fact: "asks for the license of the weights; no maintainer answers in the copy that was read",
    date: readOn,
  },
  { source: "https://pypi.org/project/encodec/0.1.1/", fact: "package metadata: CC BY-NC 4.0", date: readOn },
];

const audiocraftWeights: LicenseEvidence = {
  source: "https://github.com/facebookresearch/audiocraft commit 0155bfa4d66d46922be9a8bfce8d8555ae2b258c README.md",
  fact: '"The weights in this repository are released under the CC-BY-NC 4.0 license"',
  date: readOn,
};

const audiocraftStatement = "audiocraft releases its weights under CC-BY-NC 4.0 (LICENSE_weights)";

/** A declaration as a model card showed it when it was read. */
function cardShows(repository: string, fact: string): LicenseEvidence {
  return { source: `https://huggingface.co/${repository}`, fact, date: readOn };
}

/** encodec_24khz: nothing is declared, and what upstream says about MIT is about code. */
export const encodec24khzLicense: LicenseRecord = licenseRecord({
  subject: "facebook/encodec_24khz",
  revision: "c1dbe2ae3f1de713481a3b3e7c47f357092ee040",
  declared: { card: [], api: null },
  upstream: codeIsMit,
  effective: "CC-BY-NC-4.0",
  status: "unresolved",
  evidence: [
    cardShows("facebook/encodec_24khz", "the model card declares no license"),
    ...encodecHistory,
    { source: "https://huggingface.co/facebook/encodec_24khz/discussions/4", fact: "asks for a license tag; open", date: readOn },
    {
      source: "https://github.com/embeddings-benchmark/mteb, ModelMeta of facebook/encodec_24khz",
      fact: "a third party that lists this very commit as cc-by-nc-4.0",
      date: readOn,
    },
  ],
});

/** encodec_48khz: declares MIT, which was put there by somebody else than its makers and is disputed. */
export const encodec48khzLicense: LicenseRecord = licenseRecord({
  subject: "facebook/encodec_48khz",
  revision: "c3def8e7185ac8c8efdce6eb8c4a651e487a503e",
  declared: { card: ["mit"], api: null },
  upstream: codeIsMit,
  effective: "MIT",
  stricterReading: "CC-BY-NC-4.0",
  status: "contested",
  evidence: [
    cardShows("facebook/encodec_48khz", "the model card declares mit"),
    {
      source: "https://huggingface.co/facebook/encodec_48khz/discussions/4",
      fact: "the tag was proposed by Hugging Face staff, not by Meta, and merged",
      date: "2023-09-06",
    },
    {
      source: "https://huggingface.co/facebook/encodec_48khz/discussions/3",
      fact: "points out that MIT may cover the code only; no answer from Meta in the copy that was read",
      date: readOn,
    },
    {
      source: "https://github.com/itsmygithubacct/kilix-encodec commit 010a18e0362c73f167a9cfef6352802135b3067b CHANGELOG.md",
      fact: "a third-party exporter of this checkpoint, from 2026, that called it MIT and revised its own statement to CC-BY-NC-4.0",
      date: readOn,
    },
    ...encodecHistory,
  ],
});

/** encodec_32khz: declares nothing, but the same weights are published by their makers under CC-BY-NC-4.0. */
export const encodec32khzLicense: LicenseRecord = licenseRecord({
  subject: "facebook/encodec_32khz",
  revision: "d0c45384f6c44db055f78200cfdcb9c1c8706727",
  declared: { card: [], api: null },
  upstream: audiocraftStatement,
  effective: "CC-BY-NC-4.0",
  status: "settled",
  evidence: [
    cardShows("facebook/encodec_32khz", "the model card declares no license"),
    {
      source: "https://huggingface.co/facebook/musicgen-large compression_state_dict.bin",
      fact: "the weights that this checkpoint was converted from are published by the same makers as cc-by-nc-4.0",
      date: readOn,
    },
    audiocraftWeights,
  ],
});

/** A repository of audiocraft, all of which declare what LICENSE_weights says. */
export function audiocraftLicense(subject: string, revision: string | null): LicenseRecord {
  return licenseRecord({
    subject,
    revision,
    declared: { card: ["cc-by-nc-4.0"], api: null },
    upstream: audiocraftStatement,
    effective: "CC-BY-NC-4.0",
    status: "settled",
    evidence: [cardShows(subject, "the model card declares cc-by-nc-4.0"), audiocraftWeights],
  });
}

/** Bark: MIT for what Suno made, over an EnCodec that Suno did not make. */
export function barkLicense(subject: string, declared: readonly string[]): LicenseRecord {
  return licenseRecord({
    subject,
    revision: null,
    declared: { card: declared, api: null },
    upstream: "suno-ai/bark is under MIT (LICENSE); it does not speak of the EnCodec weights inside",
    effective: "CC-BY-NC-4.0 AND MIT",
    status: "contested",
    evidence: [
      cardShows(
        subject,
        declared.length > 0
          ? `the model card declares ${declared.join(" and ")}`
          : "no copy of the model card that was read shows a license; suno/bark-small declares mit",
      ),
      { source: "https://github.com/suno-ai/bark LICENSE", fact: "MIT", date: readOn },
      {
        source: "facebook/encodec_24khz",
        fact: "its weights are contained under codec_model., and their license is unresolved; MIT asks for less",
        date: readOn,
      },
      ...encodecHistory,
    ],
  });
}

/** A file of torch.hub, which has no card at all. */
export function torchHubLicense(subject: string): LicenseRecord {
  return licenseRecord({
    subject,
    revision: null,
    declared: { card: [], api: null },
    upstream: codeIsMit,
    effective: "CC-BY-NC-4.0",
    status: "unresolved",
    evidence: encodecHistory,
  });
}

/** A conversion for MLX that is declared as `other`, with neither name nor text. */
export function mlxLicense(subject: string, original: string): LicenseRecord {
  return licenseRecord({
    subject,
    revision: null,
    declared: { card: ["other"], api: null },
    upstream: `converted from ${original}, says its prose; no base_model is declared`,
    effective: "CC-BY-NC-4.0",
    status: "unresolved",
    evidence: [
      cardShows(subject, "the model card declares other, with neither license_name nor license_link"),
      { source: original, fact: "the strictest reading of the original's license is CC-BY-NC-4.0", date: readOn },
    ],
  });
}

/** A conversion to ONNX of MusicGen, declared as its original is. */
export const xenovaLicense: LicenseRecord = licenseRecord({
  subject: "Xenova/musicgen-small",
  revision: null,
  declared: { card: ["cc-by-nc-4.0"], api: null },
  upstream: audiocraftStatement,
  effective: "CC-BY-NC-4.0",
  status: "settled",
  evidence: [
    cardShows("Xenova/musicgen-small", "the model card declares cc-by-nc-4.0 and facebook/musicgen-small as its base"),
    audiocraftWeights,
  ],
});

const tinyCard = "models/encodec-tiny-24khz/README.md";

/** The embedded checkpoint, as its own card has it. */
export const tinyLicense: LicenseRecord = licenseRecord({
  subject: "tiny",
  revision: null,
  declared: { card: ["mit"], api: null },
  upstream:
    "its makers, who are the authors of this package, offer the weights under MIT; all training audio is on terms that permit everything",
  effective: "MIT",
  status: "settled",
  evidence: [
    { source: tinyCard, fact: "declares mit", date: "2026-11-30" },
    {
      source: tinyCard,
      fact: "names the training audio: BSD-like, permissive (CMU, CSTR, Nagoya Institute of Technology), MIT, CC0, public domain, and what was made by the authors; nothing scraped",
      date: "2026-11-30",
    },
  ],
});

/** The first embedded checkpoint, which was withdrawn for the licenses of its training audio. */
export const tinyVersion0License: LicenseRecord = licenseRecord({
  subject: "tiny-v0",
  revision: null,
  declared: { card: ["mit"], api: null },
  upstream:
    "its makers, who are the authors of this package, offered the weights under MIT and withdrew them, since part of the training audio is under GPL or CC-BY-SA",
  effective: "MIT",
  stricterReading: "CC-BY-SA-3.0 AND GPL-2.0",
  status: "contested",
  evidence: [
    { source: `${tinyCard} at commit 97336fc`, fact: "declares mit", date: readOn },
    {
      source: `${tinyCard} at commit 97336fc`,
      fact:
        "was trained on audio from Debian packages under CC-BY-SA-3.0, GPL-2, GPL-2+, GFDL, CC-BY-SA, CC0 and others; " +
        "the card says that whoever needs weights trained on permissive data only should wait for another version",
      date: readOn,
    },
    { source: tinyCard, fact: "says of this version that it was withdrawn for that reason", date: "2026-11-30" },
  ],
});
