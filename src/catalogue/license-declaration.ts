import type { DeclaredLicenses, LicenseEvidence, LicenseStatus } from "../core/index.ts";
import { customLicense, licenseNamed } from "./license-table.ts";
import type { License } from "./license-table.ts";
import { parseModelCard, readMetadata } from "./model-card.ts";
import type { ModelCard } from "./model-card.ts";

/** What is to be seen of a repository without its weights: all that a license is worked out from. */
export interface RepositoryMetadata {
  /** Hub id. */
  readonly id: string;
  /** Commit that all of this was read at, or null where it is not known. */
  readonly revision: string | null;
  /** Text of README.md at that commit, or null where there is none. */
  readonly readme: string | null;
  /** Where that text can be looked up. @default its address on the Hub */
  readonly readmeSource?: string | undefined;
  /**
   * What the Hub's API says; null where it was not asked. It speaks of the present: beside an old commit, a license that
   * was changed since shows as a disagreement.
   */
  readonly api: { readonly cardData: unknown; readonly tags: readonly string[] } | null;
  /** SHA-256 in hex of each weight file that would be loaded; null for one whose digest is not known. */
  readonly digests: readonly (string | null)[];
  /** Contents of config.json, parsed, or null. */
  readonly config: unknown;
}

/** The configuration of a repository as its metadata has it: one that is no JSON says nothing here, and loading it says what is wrong. */
export function parsedConfig(text: string | null): unknown {
  try {
    return text === null ? null : JSON.parse(text);
  } catch {
    return null;
  }
}

/** What a repository says about its own license. */
export interface Declaration {
  readonly declared: DeclaredLicenses;
  /** All that are named anywhere; all apply. */
  readonly licenses: readonly License[];
  readonly baseModels: readonly string[];
  /** `unresolved` where nothing of use is declared, `contested` where places disagree. */
  readonly status: LicenseStatus;
  readonly evidence: readonly LicenseEvidence[];
}

/**
 * Reads the license that a repository declares: in README.md at its commit, in the `cardData` and in the tags of the API.
 * @param date Day of reading, for the evidence.
 */
export function readDeclaration(repository: RepositoryMetadata, date: string): Declaration {
  const card = repository.readme === null ? null : parseModelCard(repository.readme);
  const cardData = repository.api === null ? null : readMetadata(repository.api.cardData);
  const tags = repository.api === null ? null : readTags(repository.api.tags);
  const places = [card, cardData, tags].filter((place) => place !== null);

  const isContradictory = places.some((place) => !sameIds(place.licenses, card?.licenses ?? []));
  const ids = unique(places.flatMap((place) => place.licenses));
  const ownText = places.find(({ licenseName, licenseLink }) => licenseName !== null && licenseLink !== null)?.licenseName ?? null;
  const licenses = ids.map((id) => (id === "other" && ownText !== null ? customLicense(ownText) : licenseNamed(id)));
  const isOpen = ids.some((id) => licenseNamed(id).classes.includes("unknown") && !(id === "other" && ownText !== null));
  const isVague = ids.length === 0 || isOpen || places.some((place) => place.problem !== null);
  return {
    declared: {
      card: card?.licenses ?? [],
      api: cardData === null || tags === null ? null : unique([...cardData.licenses, ...tags.licenses]),
    },
    licenses,
    baseModels: unique(places.flatMap((place) => place.baseModels)),
    status: isContradictory ? "contested" : isVague ? "unresolved" : "settled",
    evidence: [
      { source: repository.readmeSource ?? cardAddress(repository), fact: card === null ? "there is no model card" : describe(card), date },
      ...(cardData === null ? [] : [{ source: `${hubAddress}/api/models/${repository.id}`, fact: `cardData ${describe(cardData)}`, date }]),
      ...(tags === null ? [] : [{ source: `${hubAddress}/api/models/${repository.id}`, fact: `tags: ${describe(tags)}`, date }]),
    ],
  };
}

const hubAddress = "https://huggingface.co";

function cardAddress({ id, revision }: RepositoryMetadata): string {
  return `${hubAddress}/${id}/blob/${revision ?? "main"}/README.md`;
}

/** `license:mit`, `base_model:org/name` and `base_model:finetune:org/name`. */
function readTags(tags: readonly string[]): ModelCard {
  const valuesOf = (name: string) => tags.filter((tag) => tag.startsWith(`${name}:`)).map((tag) => tag.slice(name.length + 1));
  return readMetadata({
    license: valuesOf("license"),
    base_model: valuesOf("base_model").map((value) => value.replace(/^[a-z]+:/u, "")),
  });
}

function describe({ licenses, licenseName, licenseLink, baseModels, problem }: ModelCard): string {
  const said = [
    licenses.length === 0 ? "declares no license" : `declares ${licenses.join(" and ")}`,
    ...(licenseName === null ? [] : [`named ${licenseName}`]),
    ...(licenseLink === null ? [] : [`with a text at ${licenseLink}`]),
    ...(baseModels.length === 0 ? [] : [`based on ${baseModels.join(", ")}`]),
    ...(problem === null ? [] : [`unclear: ${problem}`]),
  ];
  return said.join("; ");
}

function sameIds(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((id) => b.includes(id));
}

function unique(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)];
}
