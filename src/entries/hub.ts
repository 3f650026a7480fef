/** The Hugging Face Hub: downloads, the cache, known checkpoints and licenses. */
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
export {
  describeRepository,
  fetchRepositoryMetadata,
  fetchWeights,
  listCache,
  metadataOf,
  openHubRepository,
  removeCached,
  verifyCached,
} from "../hub/index.ts";
export type {
  CachedCommit,
  CachedRepository,
  DescribeOptions,
  DownloadProgress,
  Environment,
  FileDigest,
  HubOptions,
  HubRepository,
  RepositoryDescription,
  RepositoryFile,
  RepositoryInfo,
  VerifiedFile,
  WeightsFile,
} from "../hub/index.ts";
export type { CheckpointFolder } from "../checkpoint/index.ts";
