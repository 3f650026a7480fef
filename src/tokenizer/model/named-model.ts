import { existsSync } from "node:fs";
import { findCheckpoint } from "../../catalogue/index.ts";
import { CheckpointError, clipped, HubError, IntegrityError } from "../../core/index.ts";
import { openHub, holdsCommit, isRepositoryId } from "../../hub/index.ts";
import type { HubOptions } from "../../hub/index.ts";
import type { HubModelOptions } from "./admit-repository.ts";

/** A model as a file names it: codes, the index of a dataset, the record of a queue. It was chosen by whoever wrote the file. */
export interface NamedModel {
  readonly model: string;
  readonly revision: string | null;
  /** What the weights are to be recognised by once they are loaded, such as their SHA-256; null if the file does not say. */
  readonly digest: string | null;
}

/** How a named model is loaded. */
export type NamedModelOptions = Pick<HubModelOptions, "revision" | "exact" | "offline">;

/** Characters of a name or revision that a message has room for. */
const shownLength = 200;

/**
 * What `AudioTokenizer.fromPretrained` is to be told to load the model that a file names, if it may be: a file must not get a repository downloaded, or the
 * user's token used, that the user has never chosen. Nothing is asked of any server here.
 *
 * These may be: `tiny`; a checkpoint of the catalogue, at the commit that is catalogued or one that the cache knows; any other repository that the cache holds with all
 * its weights, from there; and a path, where the file says by what the weights are to be recognised.
 * @param options Where the cache is.
 * @throws CheckpointError with code CHECKPOINT_NOT_CHOSEN for every other model.
 */
export async function optionsForNamed(
  { model, revision, digest }: NamedModel,
  options: Pick<HubOptions, "cacheDir"> = {},
): Promise<NamedModelOptions> {
  if (model === "tiny") return {};
  const entry = findCheckpoint(model);
  // Codes that name a larger model were made with its own tensors: otherwise they would name where its codec is taken from.
  const asNamed: NamedModelOptions = revision === null ? {} : { revision, exact: typeof entry?.codecFrom === "string" };
  // A name such as \\host\share or //host/share would make Windows send credentials to that host.
  if (!/^[\\/]{2}/u.test(model) && existsSync(model)) {
    if (digest !== null) return {};
    throw notChosen(model, revision, "is a path, and nothing says which weights are to be there");
  }
  if (entry !== undefined) {
    if (revision === null || revision === entry.revision || (await holdsCommit(entry.id, revision, options))) return asNamed;
    throw notChosen(model, revision, "is in the catalogue at another commit, and not in the cache at this one");
  }
  if (await isCached(model, revision, options)) return { ...asNamed, offline: true };
  throw notChosen(model, revision, "is neither in the catalogue nor, with its weights, in the cache");
}

/** Whether all that loading a repository takes is on this machine. */
async function isCached(model: string, revision: string | null, options: Pick<HubOptions, "cacheDir">): Promise<boolean> {
  if (!isRepositoryId(model) || revision === "") return false;
  try {
    await openHub({ ...options, token: null, offline: true }).describe(model, revision === null ? {} : { revision });
    return true;
  } catch (error) {
    if (error instanceof HubError && !(error instanceof IntegrityError)) return false;
    throw error;
  }
}

function notChosen(model: string, revision: string | null, why: string): CheckpointError {
  const flags = [
    `--model ${shellWord(clipped(model, shownLength))}`,
    ...(revision === null ? [] : [`--revision ${shellWord(clipped(revision, shownLength))}`]),
  ].join(" ");
  return new CheckpointError(
    "CHECKPOINT_NOT_CHOSEN",
    `${clipped(model, shownLength)} ${why}. A file that names a model does not get it loaded; if you trust this one, name it yourself (${flags})`,
  );
}

/** A text as one word of a command line: somebody may paste it, and a file chose it. */
function shellWord(text: string): string {
  return /^[\w./:@+][\w./:@+-]*$/u.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
