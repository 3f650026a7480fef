import { findCheckpoint, licensePolicyOf, requiredDigests, requireLicense, resolveLicense } from "../../catalogue/index.ts";
import type { LicensePolicy } from "../../catalogue/index.ts";
import { CheckpointError } from "../../core/index.ts";
import type { LicenseRecord } from "../../core/index.ts";
import { metadataOf, sha256Of } from "../../hub/index.ts";
import type { DescribedRepository, Hub, HubOptions, RepositoryDescription } from "../../hub/index.ts";
import type { ModelSource } from "./model-source.ts";

/** What loading from the Hub can be told. */
export interface HubModelOptions extends Pick<HubOptions, "revision" | "token" | "endpoint" | "cacheDir" | "offline" | "fetch"> {
  /**
   * Whether a larger model (MusicGen, Bark) is read itself, its codec's tensors by ranges, rather than the smaller
   * repository that holds the same codec. Its weights have to be safetensors.
   * @default false
   */
  readonly exact?: boolean | undefined;
  /**
   * Licenses that the weights may have. It is checked before any weights are downloaded.
   * @default what $ENCODEC_TOKENIZER_LICENSE_POLICY says, or "any"
   */
  readonly licensePolicy?: LicensePolicy | undefined;
}

type AdmitOptions = Pick<HubModelOptions, "revision" | "exact" | "licensePolicy"> & Pick<HubOptions, "signal">;

/** A repository that may be downloaded: described, and its license admitted. */
export interface AdmittedRepository {
  readonly description: DescribedRepository;
  readonly license: LicenseRecord;
  /** Whether the model that was asked for codes left and right one by one. */
  readonly interleaveStereo: boolean;
}

/**
 * Finds the repository that holds a model's codec, works out its license and holds that against the policy.
 * Of a catalogued repository the pinned commit is taken unless another revision is asked for.
 * @throws LicenseError if the policy does not admit it, or the larger model that was asked for.
 * @throws CheckpointError if the catalogue knows that it cannot be loaded.
 * @throws TypeError if a revision is given for a model whose codec is taken from another repository.
 * @throws HubError with the codes listed in docs/hub.md.
 */
export async function admitRepository(
  hub: Hub,
  { id, entry: requested }: ModelSource & { readonly kind: "hub" },
  options: AdmitOptions,
): Promise<AdmittedRepository> {
  const { exact = false, revision } = options;
  const policy = licensePolicyOf(options.licensePolicy);
  const substitute = exact ? null : (requested?.codecFrom ?? null);
  if (substitute !== null && revision !== undefined) {
    throw new TypeError(
      `revision ${revision} is of ${id}, but its codec is taken from ${substitute}; give exact: true (--exact) to read ${id} itself, or load ${substitute}`,
    );
  }
  const entry = substitute === null ? requested : findCheckpoint(substitute);
  if (requested !== undefined && requested !== entry) requireLicense(requested.license, policy);
  if (entry !== undefined && entry.notLoadable !== null) {
    throw new CheckpointError("CHECKPOINT_FORMAT", `${entry.id} cannot be loaded: ${entry.notLoadable}`);
  }
  const isPinned = entry !== undefined && (revision === undefined || revision === entry.revision);
  const description = await hub.describe(substitute ?? id, {
    revision: revision ?? entry?.revision ?? undefined,
    signal: options.signal,
    exact,
    pins: isPinned ? requiredDigests(entry) : undefined,
  });
  const license = await admit(hub, description, options);
  return { description, license, interleaveStereo: requested?.interleaveStereo ?? false };
}

/**
 * Works out the license once more, if the SHA-256 of weights is known only now that they are there: a server need not list it.
 * @param sha256 Of the files with weights, by name.
 * @throws LicenseError as `admitRepository`.
 */
export async function admitWeights(
  hub: Hub,
  { description, license }: AdmittedRepository,
  sha256: ReadonlyMap<string, string>,
  options: AdmitOptions,
): Promise<LicenseRecord> {
  const isNews = description.weights.some((file) => sha256Of(file) === null && sha256.has(file.name));
  if (!isNews) return license;
  const weights = description.weights.map((file) => ({ ...file, ...(sha256.has(file.name) ? { sha256: sha256.get(file.name)! } : {}) }));
  return admit(hub, { ...description, weights }, options);
}

/** @throws LicenseError if the policy does not admit the license of what is described. */
async function admit(hub: Hub, description: RepositoryDescription, options: AdmitOptions): Promise<LicenseRecord> {
  const { signal } = options;
  const license = await resolveLicense(await metadataOf(description), {
    fetchRepository: (base, baseSignal) => hub.metadata(base, { signal: baseSignal }),
    ...(signal === undefined ? {} : { signal }),
  });
  requireLicense(license, licensePolicyOf(options.licensePolicy));
  return license;
}
