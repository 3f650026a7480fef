import { parseDocument } from "yaml";

/** Model cards are prose behind a few lines of YAML; more than this is not a card. */
const maxFrontMatter = 64 * 1024;

/**
 * The license that a model card declares in its YAML front matter.
 * @param readme Text of the repository's README.md.
 * @returns A Hub license id such as `mit`; several ids, all of which apply, joined by ` AND `; or null where nothing is declared.
 * Source: Hugging Face Hub documentation, model cards, `license`.
 */
export function declaredLicense(readme: string): string | null {
  const frontMatter = /^\uFEFF?---\r?\n(.*?)\r?\n---/su.exec(readme.slice(0, maxFrontMatter))?.[1];
  if (frontMatter === undefined) return null;
  const document = parseDocument(frontMatter, { logLevel: "silent" });
  const license: unknown = document.errors.length === 0 ? (document.toJS({ maxAliasCount: 0 }) as Record<string, unknown> | null)?.["license"] : null;
  const ids = (Array.isArray(license) ? license : [license]).filter((id): id is string => typeof id === "string" && id !== "");
  return ids.length === 0 ? null : ids.join(" AND ");
}
