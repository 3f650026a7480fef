/**
 * The Hugging Face Hub: downloads, the cache, known checkpoints and licenses.
 * @module encodec-tokenizer/hub
 */
export { pullModel } from "../tokenizer/index.ts";
export { HubError, IntegrityError, LicenseError } from "../core/index.ts";
export type { ByteSource, LicenseClass, LicenseRecord, Provenance } from "../core/index.ts";
export {
  catalogue,
  checkLicense,
  findCheckpoint,
  findLicense,
  licenseClasses,
  licensePolicyVariable,
  namedPolicies,
  notice,
  parseLicensePolicy,
  requireLicense,
  resolveLicense,
  selectCheckpoint,
  summarizeLicenses,
} from "../catalogue/index.ts";
export type {
  CatalogueEntry,
  CatalogueFile,
  CheckpointCriteria,
  CheckpointLayout,
  Confidence,
  Criterion,
  License,
  LicenseGroup,
  LicensePolicy,
  LicenseRules,
  LicenseSummary,
  NamedLicensePolicy,
  PassedOver,
  Relaxation,
  RepositoryMetadata,
  ResolveLicenseOptions,
  Selection,
  TrainingStatement,
  Verdict,
} from "../catalogue/index.ts";
export { listCache, metadataOf, openHub, openHubRepository, removeCached, verifyCached } from "../hub/index.ts";
export type {
  CachedCommit,
  CachedRepository,
  DescribedRepository,
  DescribeOptions,
  DownloadProgress,
  Environment,
  FetchOptions,
  FileDigest,
  Hub,
  HubOptions,
  HubRepository,
  RepositoryDescription,
  RepositoryFile,
  RepositoryInfo,
  VerifiedFile,
  WeightsFile,
} from "../hub/index.ts";
export type { CheckpointFolder } from "../checkpoint/index.ts";
