import type { LicenseRecord } from "../core/index.ts";
import { recognised } from "./catalogue-entries.ts";
import type { CatalogueEntry } from "./catalogue-entry.ts";
import { findByDigest, findCheckpoint } from "./catalogue.ts";
import { containedCodecs } from "./license-components.ts";
import { readDeclaration } from "./license-declaration.ts";
import type { RepositoryMetadata } from "./license-declaration.ts";
import { combineLicenses, licenseRecord } from "./license-record.ts";
import { undeclared } from "./license-table.ts";

/** What working out a license needs from outside. */
export interface ResolveLicenseOptions {
  /**
   * Reads a base model's repository at its current commit. Null where it cannot be seen: not there, private, gated,
   * not reachable. A rejection ends the search with it.
   */
  readonly fetchRepository: (id: string, signal?: AbortSignal) => Promise<RepositoryMetadata | null>;
  /** What is known beforehand. @default the catalogue of this package */
  readonly entries?: readonly CatalogueEntry[] | undefined;
  /** Base models behind base models that are followed. @default 8 */
  readonly maxDepth?: number | undefined;
  /** Day to put beside what is read now. @default today */
  readonly date?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** More repositories than this are not asked for the license of one. */
const maxRepositories = 32;

/**
 * Works out the license of a repository.
 *
 * At its catalogued commit the catalogue's record holds, unless the files there are known to be those of another checkpoint. Otherwise everything applies at once: what the repository
 * declares, what the catalogue knows about the repository, about files with the same digests and about codecs that its
 * configuration names, and the licenses of its base models, theirs worked out in the same way. A base that cannot be seen,
 * that leads back to itself or that lies too far away leaves the license unresolved. See docs/licensing.md.
 */
export async function resolveLicense(repository: RepositoryMetadata, options: ResolveLicenseOptions): Promise<LicenseRecord> {
  return new LicenseSearch(options).resolve(repository, []);
}

/** Who names a base model. */
interface Named {
  /** Ids of the repositories that lead to it, the first asked for first. */
  readonly path: readonly string[];
  /** Where the last of them can be looked up. */
  readonly source: string;
}

class LicenseSearch {
  readonly #options: ResolveLicenseOptions;
  readonly #entries: readonly CatalogueEntry[];
  readonly #date: string;
  /** Bases by id, each worked out once: models may share them, and a crowd of cards could name each other. */
  readonly #bases = new Map<string, LicenseRecord>();
  #numFetched = 0;

  constructor(options: ResolveLicenseOptions) {
    this.#options = options;
    this.#entries = options.entries ?? recognised;
    this.#date = options.date ?? new Date().toISOString().slice(0, 10);
  }

  /** @param path Ids of the repositories whose base this one is, the first asked for first. */
  async resolve(repository: RepositoryMetadata, path: readonly string[]): Promise<LicenseRecord> {
    const { id, revision, digests, config } = repository;
    const entry = this.#catalogued(id);
    const copies = digests.map((digest) => (digest === null ? undefined : findByDigest(digest, this.#entries)));
    const isCatalogued = entry !== undefined && entry.revision !== null && entry.revision === revision;
    // A cache or a mirror may have other weights there than those that the catalogue speaks of.
    const hasOthers = digests.some((digest, index) => copies[index] !== undefined && !entry?.files.some(({ sha256 }) => sha256 === digest));
    if (isCatalogued && !hasOthers) return entry.license;

    const { baseModels, ...own } = readDeclaration(repository, this.#date);
    const known = [entry, ...copies, ...containedCodecs(config, this.#entries)].filter((part) => part !== undefined);
    const parts = new Map(known.map((part) => [part.id, part.license]));
    for (const base of baseModels) {
      if (!parts.has(base))
        parts.set(
          base,
          await this.#resolveBase(base, { path: [...path, id], source: repository.readmeSource ?? `https://huggingface.co/${id}` }),
        );
    }
    const isCopy = copies.length > 0 && copies.every((copy) => copy !== undefined);
    return combineLicenses({ subject: id, revision, ...own }, [...parts.values()], { isCopy, date: this.#date });
  }

  async #resolveBase(id: string, named: Named): Promise<LicenseRecord> {
    const { path } = named;
    const { signal, maxDepth = 8 } = this.#options;
    signal?.throwIfAborted();
    if (path.some((earlier) => earlier.toLowerCase() === id.toLowerCase())) return this.#unresolved(id, named, "leads back to itself");
    if (path.length > maxDepth) return this.#unresolved(id, named, `is more than ${maxDepth} base models away`);
    if (!/^\w[\w.-]*(?:\/\w[\w.-]*)?$/u.test(id)) return this.#unresolved(id, named, "is no name of a repository");
    const known = this.#catalogued(id)?.license ?? this.#bases.get(id);
    if (known !== undefined) return known;
    if (this.#numFetched >= maxRepositories) return this.#unresolved(id, named, `comes after ${maxRepositories} other repositories`);
    this.#numFetched++;
    const repository = await this.#options.fetchRepository(id, signal);
    const record = repository === null ? this.#unresolved(id, named, "cannot be seen") : await this.resolve(repository, path);
    this.#bases.set(id, record);
    return record;
  }

  /** Finds an entry by its Hub id only: a card cannot mean one of our short names. */
  #catalogued(id: string): CatalogueEntry | undefined {
    return id.includes("/") ? findCheckpoint(id, this.#entries) : undefined;
  }

  #unresolved(id: string, { source }: Named, why: string): LicenseRecord {
    return licenseRecord({
      subject: id,
      revision: null,
      declared: { card: [], api: null },
      upstream: null,
      effective: undeclared.spdx,
      status: "unresolved",
      evidence: [{ source, fact: `its base model ${id} ${why}`, date: this.#date }],
    });
  }
}
