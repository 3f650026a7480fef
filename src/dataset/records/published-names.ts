import { basename, dirname, isAbsolute, resolve } from "node:path";
import { AudioCodes } from "../../core/index.ts";
import type { LicenseRecord, Provenance } from "../../core/index.ts";

/*
 * A dataset is made to be published, and says where things came from without saying where they lay: of folders of the machine that made it there is
 * nothing in its index, its shards and its lists. `plan/` has them, which stays at home.
 */

/** Whether weights were read from a path: those of the Hub have a commit, and `tiny` comes with the package. */
export function isLocalModel({ model, revision }: Pick<Provenance, "model" | "revision">): boolean {
  return revision === null && model !== "tiny";
}

/** The name of a model: of one of this machine, that of its folder or file, as `./name`, which is no name on the Hub or in the catalogue. */
export function publishedModel(provenance: Pick<Provenance, "model" | "revision">): string {
  const { model } = provenance;
  return isLocalModel(provenance) ? `./${basename(resolve(model))}` : model;
}

/** Codes with the published name of their model. */
export function publishedCodes(codes: AudioCodes): AudioCodes {
  return codesOf(codes, publishedModel(codes.provenance));
}

/** Codes whose model goes by another name. */
export function codesOf(codes: AudioCodes, model: string): AudioCodes {
  return codes.provenance.model === model ? codes : new AudioCodes({ ...codes, provenance: { ...codes.provenance, model } });
}

/** What is known of the license of a model's weights, in which a model of this machine goes by its published name. */
export function publishedLicense(license: LicenseRecord, provenance: Pick<Provenance, "model" | "revision">): LicenseRecord {
  if (!isLocalModel(provenance)) return license;
  const name = publishedModel(provenance);
  const { model } = provenance;
  const renamed = (text: string): string =>
    publishedMessage(text.startsWith(model) ? name + text.slice(model.length) : text, [
      [resolve(model), name],
      [dirname(resolve(model)), ".."],
    ]);
  return {
    ...license,
    subject: license.subject === model ? name : license.subject,
    evidence: license.evidence.map(({ source, fact, date }) => ({ source: renamed(source), fact: renamed(fact), date })),
  };
}

/** A path of an input: one that is relative to its input as it is, of another the last two names. */
export function publishedPath(path: string): string {
  return isAbsolute(path) ? lastNames(path) : path;
}

function lastNames(path: string): string {
  return `…/${path
    .split(/[/\\]/u)
    .filter((name) => name !== "")
    .slice(-2)
    .join("/")}`;
}

/** Absolute paths of several names, but no addresses. */
const localPaths = /(?<![\p{L}\p{N}:/.…])(?:[A-Za-z]:)?\/(?:[^\s'"/]+\/)+[^\s'"/,;:)]*/gu;

/**
 * A message without the folders of this machine.
 * @param known Paths that it may name, which may have spaces, and what stands for them.
 */
export function publishedMessage(message: string, known: readonly (readonly [path: string, name: string])[] = []): string {
  return known
    .reduce((text, [path, name]) => (isAbsolute(path) ? text.replaceAll(path, name) : text), message)
    .replaceAll(localPaths, lastNames);
}
