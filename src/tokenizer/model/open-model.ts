import { basename, join } from "node:path";
import { cardName, findCheckpoint, licensePolicyOf, parsedConfig, requireLicense, resolveLicense } from "../../catalogue/index.ts";
import { openCheckpoint } from "../../checkpoint/index.ts";
import type { Checkpoint, CheckpointFolder } from "../../checkpoint/index.ts";
import { onAbort } from "../../async/index.ts";
import type { LicenseRecord, Provenance } from "../../core/index.ts";
import { openModelPath } from "../../files/index.ts";
import type { LocalFile, LocalFolder } from "../../files/index.ts";
import { openHub, sha256OfWeights } from "../../hub/index.ts";
import type { DownloadProgress } from "../../hub/index.ts";
import { admitRepository, admitWeights } from "./admit-repository.ts";
import type { HubModelOptions } from "./admit-repository.ts";
import { resolveSource } from "./model-source.ts";
import type { ModelSource } from "./model-source.ts";

/** A checkpoint with what is known about where it came from. */
export interface OpenedModel {
  readonly checkpoint: Checkpoint;
  readonly provenance: Provenance;
  readonly license: LicenseRecord;
  /** Who said which commit a model of the Hub is at; null for one of this machine. */
  readonly servedFrom: "hub" | "cache" | null;
  /** Whether left and right are coded one by one. */
  readonly interleaveStereo: boolean;
}

/** What opening a model can be told. */
export interface OpenModelOptions extends HubModelOptions {
  readonly signal?: AbortSignal | undefined;
  /** Bytes of weights that are there, and that there will be; only where they are downloaded. */
  readonly onDownload?: ((progress: DownloadProgress) => void) | undefined;
}

/** Bytes of a card or a configuration that are read for the license. */
const maxTextLength = 2 ** 20;

/**
 * Opens the checkpoint that a source names, if its license is admitted; one of the Hub is downloaded or taken from the cache.
 * @throws CheckpointError if there is none, or it is not sound.
 * @throws LicenseError if the policy does not admit its license; nothing is downloaded then.
 * @throws HubError if it cannot be had from the Hub.
 */
export async function openModel(source: string, options: OpenModelOptions = {}): Promise<OpenedModel> {
  options.signal?.throwIfAborted();
  const resolved = resolveSource(source);
  if (resolved.kind !== "hub") return openLocal(source, resolved.path, resolved.kind === "embedded", options);
  // Tensors that are read in ranges are read long after this call: its signal must not reach them.
  const opening = new AbortController();
  using _ = onAbort(options.signal, () => opening.abort(options.signal?.reason));
  return await openFromHub(resolved, { ...options, signal: opening.signal });
}

async function openFromHub(source: ModelSource & { readonly kind: "hub" }, options: OpenModelOptions): Promise<OpenedModel> {
  const hub = openHub(options);
  const admitted = await admitRepository(hub, source, options);
  const { description, interleaveStereo } = admitted;
  const { files, sha256, id, commit, from } = await description.fetch({ signal: options.signal, onProgress: options.onDownload });
  const license = await admitWeights(hub, admitted, sha256, options); // before any file is opened
  const checkpoint = await openCheckpoint(files);
  const provenance = { model: id, revision: commit, digest: digestOf(sha256.values()), ...licenseFields(license) };
  return { checkpoint, provenance, license, servedFrom: from, interleaveStereo: interleaveStereo || checkpoint.config.interleaveStereo };
}

async function openLocal(source: string, path: string, isEmbedded: boolean, options: OpenModelOptions): Promise<OpenedModel> {
  const files = await openModelPath(path);
  const checkpoint = await openCheckpoint(files);
  try {
    const entry = isEmbedded ? findCheckpoint(source)! : undefined;
    // What comes with the package is known, as its code is.
    const digests =
      entry?.files.filter(({ path: name }) => name === "model.safetensors").map(({ sha256 }) => sha256!) ??
      (await hashWeights(files, checkpoint, options));
    const license = entry?.license ?? (await localLicense(path, folderOf(files, checkpoint), digests));
    requireLicense(license, licensePolicyOf(options.licensePolicy));
    const provenance = { model: source, revision: null, digest: digestOf(digests), ...licenseFields(license) };
    return { checkpoint, provenance, license, servedFrom: null, interleaveStereo: checkpoint.config.interleaveStereo };
  } catch (error) {
    await checkpoint.close();
    throw error;
  }
}

/** The SHA-256 of each file that weights are read from, by the handle through which they are read. */
async function hashWeights(files: LocalFolder | LocalFile, { info }: Checkpoint, { signal }: OpenModelOptions): Promise<readonly string[]> {
  if (files.kind === "file") return [await sha256OfWeights(files.source, { signal })];
  const digests: string[] = [];
  for (const name of info.files.map((file) => basename(file))) {
    if (!name.endsWith(".json")) digests.push(await sha256OfWeights((await files.open(name))!, { signal }));
  }
  return digests;
}

/** The folder whose card speaks of these weights: around a single file, only if its configuration was taken from there. */
function folderOf(files: LocalFolder | LocalFile, { info }: Checkpoint): CheckpointFolder | undefined {
  if (files.kind === "folder") return files;
  return info.files.some((file) => basename(file) === "config.json") ? files.beside : undefined;
}

/** What the card and the configuration in a folder say, and what is known of files with these digests. Nothing is asked of the network, so a base model stays unseen. */
async function localLicense(path: string, folder: CheckpointFolder | undefined, digests: readonly string[]): Promise<LicenseRecord> {
  const text = async (name: string): Promise<string | null> => {
    const file = await folder?.open(name);
    return file === undefined ? null : new TextDecoder().decode(await file.read(0, Math.min(file.size, maxTextLength)));
  };
  const config = await text("config.json");
  return resolveLicense(
    {
      id: path,
      revision: null,
      readme: await text(cardName),
      readmeSource: join(folder?.name ?? path, cardName),
      api: null,
      digests,
      config: parsedConfig(config),
    },
    { fetchRepository: async () => null },
  );
}

function licenseFields({ effective, status }: LicenseRecord): Pick<Provenance, "license" | "licenseStatus"> {
  return { license: effective, licenseStatus: status };
}

/** The SHA-256 of the weights; those of several files are joined by `+`. Null where none is known. */
function digestOf(sha256: Iterable<string>): string | null {
  const digests = [...sha256];
  return digests.length === 0 ? null : digests.join("+");
}
