import { isScalar, parseDocument, visit } from "yaml";
import type { Document } from "yaml";

/** Name of a card in the folder or repository of a model or dataset. */
export const cardName = "README.md";

/** What the metadata of a model card says that bears on its license. */
export interface ModelCard {
  /** Hub license ids such as `mit`; all of them apply. */
  readonly licenses: readonly string[];
  /** What `license: other` is called, or null. */
  readonly licenseName: string | null;
  /** Where the text of `license: other` is: a file of the repository or an address, or null. */
  readonly licenseLink: string | null;
  /** Hub ids of the models that this one was made from. */
  readonly baseModels: readonly string[];
  /** What of the metadata could not be read, or null. */
  readonly problem: string | null;
}

/** Model cards are prose behind a few lines of YAML; more than this is not a card. */
const maxFrontMatter = 64 * 1024;

/** A list of more licenses or base models than this is not meant seriously. */
const maxListed = 32;

/**
 * Reads the YAML front matter of a model card. Never throws: a card that cannot be read declares nothing and says why.
 * Aliases are not resolved, so a small card cannot grow into a large one.
 * @param readme Text of the repository's README.md.
 * Source: Hugging Face Hub documentation, `model-cards.md` (`license`, `license_name`, `license_link`, `base_model`).
 */
export function parseModelCard(readme: string): ModelCard {
  const start = readme.slice(0, maxFrontMatter);
  if (!/^\uFEFF?---[ \t]*\r?\n/u.test(start)) return unreadable(null);
  const frontMatter = /^\uFEFF?---[ \t]*\r?\n(.*?)^---[ \t]*\r?$/msu.exec(start)?.[1];
  if (frontMatter === undefined) return unreadable(`front matter does not end within ${maxFrontMatter} characters`);
  try {
    // Each key compared with every other, and a line of context for each error, would take seconds.
    const document = parseDocument(frontMatter, { logLevel: "silent", uniqueKeys: false, prettyErrors: false });
    const problem = document.errors[0]?.code ?? (hasRepeatedKey(document) ? "DUPLICATE_KEY" : undefined);
    if (problem !== undefined) return unreadable(`front matter is not YAML: ${problem}`);
    return readMetadata(document.toJS({ maxAliasCount: 0 }));
  } catch {
    return unreadable("front matter holds aliases or nests too deep");
  }
}

/**
 * The same from metadata that is parsed already, such as `cardData` of the Hub's API.
 * @param metadata Anything; what is not an object declares nothing.
 */
export function readMetadata(metadata: unknown): ModelCard {
  if (metadata === null || metadata === undefined) return unreadable(null);
  if (typeof metadata !== "object" || Array.isArray(metadata)) return unreadable("metadata is not a list of fields");
  const fields = metadata as Readonly<Record<string, unknown>>;
  const misread = ["license", "base_model"].find((field) => !isTexts(fields[field]));
  return {
    licenses: textsOf(fields["license"]).map((id) => id.toLowerCase()),
    licenseName: textsOf(fields["license_name"])[0] ?? null,
    licenseLink: textsOf(fields["license_link"])[0] ?? null,
    baseModels: textsOf(fields["base_model"]),
    problem: misread === undefined ? null : `${misread} is neither a text nor a list of at most ${maxListed} texts`,
  };
}

function hasRepeatedKey(document: Document): boolean {
  let isRepeated = false;
  visit(document, {
    Map(_, { items }) {
      const keys = new Set(items.map(({ key }) => (isScalar(key) ? key.value : key)));
      isRepeated ||= keys.size < items.length;
    },
  });
  return isRepeated;
}

function unreadable(problem: string | null): ModelCard {
  return { licenses: [], licenseName: null, licenseLink: null, baseModels: [], problem };
}

function isTexts(value: unknown): boolean {
  if (value === undefined || value === null || typeof value === "string") return true;
  return Array.isArray(value) && value.length <= maxListed && value.every((item) => typeof item === "string");
}

/** A text, or the texts of a list, each once; everything else is passed over. */
function textsOf(value: unknown): readonly string[] {
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  const texts = values.filter((item): item is string => typeof item === "string").map((item) => item.trim().slice(0, 200));
  return [...new Set(texts.filter((item) => item !== ""))].slice(0, maxListed);
}
