import { stat } from "node:fs/promises";
import { join } from "node:path";
import { CheckpointError, IntegrityError } from "../core/index.ts";
import type { LicenseRecord } from "../core/index.ts";
import { fetchWeights, verifyCached } from "../hub/index.ts";
import type { HubOptions } from "../hub/index.ts";
import { admitRepository } from "./hub-model.ts";
import type { HubModelOptions } from "./hub-model.ts";
import { resolveSource } from "./model-source.ts";
import type { CallOptions } from "./options.ts";

export interface PullOptions extends HubModelOptions, CallOptions {
  /** Whether files that are already cached are hashed again. @default false */
  readonly verify?: boolean;
}

/** A model that lies in the cache. */
export interface PulledModel {
  /** The repository that was downloaded; another than the one asked for where that holds the same codec in a smaller form. */
  readonly id: string;
  readonly commit: string;
  /** The folder with its files. */
  readonly path: string;
  /** Its weights. */
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
  readonly license: LicenseRecord;
}

/**
 * Downloads a model's codec into the Hugging Face cache, so that it can be loaded offline. What is there already stays.
 * @param id A repository of the Hub, or an alias of the catalogue.
 * @throws LicenseError if the policy does not admit its license; nothing is downloaded then.
 * @throws HubError with the codes listed in docs/hub.md; an `IntegrityError` if bytes are not what they should be.
 * @throws CheckpointError if `id` names nothing on the Hub.
 */
export async function pullModel(id: string, options: PullOptions = {}): Promise<PulledModel> {
  const { onProgress, verify = false, ...rest } = options;
  const source = resolveSource(id);
  if (source.kind !== "hub") {
    throw new CheckpointError("CHECKPOINT_NOT_FOUND", `${id} is on this machine already; expected the id of a repository on the Hub`);
  }
  if (options.exact) throw new TypeError("exact reads tensors where they are and keeps nothing; pull without it");
  const { description, license } = await admitRepository(source, rest);
  const hubOptions: HubOptions = {
    ...rest,
    revision: description.commit,
    onProgress: onProgress && (({ done, total }) => onProgress({ stage: "load", done, total })),
  };
  const { files, snapshotPath, weights, commit } = await fetchWeights(description, hubOptions);
  await files.close?.();
  if (verify) await checkCached(description.id, commit, hubOptions);
  const sizes = weights.map(async ({ name }) => ({ name, bytes: (await stat(join(snapshotPath, name))).size }));
  return { id: description.id, commit, path: snapshotPath, files: await Promise.all(sizes), license };
}

async function checkCached(id: string, commit: string, options: HubOptions): Promise<void> {
  const files = await verifyCached(id, options);
  const wrong = files.find((file) => file.commit === commit && file.isRight === false);
  if (wrong !== undefined) {
    const { file, expected, actual } = wrong;
    throw new IntegrityError(
      file,
      expected!,
      actual ?? "none",
      `${file} of ${id} in the cache has digest ${actual}, expected ${expected}; ` +
        `remove it with \`encodec-tokenizer cache remove ${id}\` and pull again`,
    );
  }
}
