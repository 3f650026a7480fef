import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { openCheckpoint } from "../checkpoint/index.ts";
import type { Checkpoint, CheckpointFiles } from "../checkpoint/index.ts";
import { CheckpointError } from "../core/index.ts";
import type { Provenance } from "../core/index.ts";
import { openModelPath } from "../files/index.ts";
import { declaredLicense } from "../hub/index.ts";

/** Where weights can come from. Downloads from the Hub will be a kind of their own. */
export type ModelSource = { readonly kind: "embedded"; readonly path: string } | { readonly kind: "path"; readonly path: string };

/** A checkpoint with what is known about where it came from. */
export interface OpenedModel {
  readonly checkpoint: Checkpoint;
  readonly provenance: Provenance;
}

const embeddedPath = fileURLToPath(new URL("../../models/encodec-tiny-24khz", import.meta.url));

/**
 * Opens the checkpoint that a source names.
 * @throws CheckpointError if there is none, or it is not sound.
 */
export async function openModel(source: string): Promise<OpenedModel> {
  const { kind, path } = resolveSource(source);
  const files = await openModelPath(path);
  try {
    const checkpoint = await openCheckpoint(files);
    const license = await licenseOf(files);
    const model = kind === "embedded" ? source : path;
    return { checkpoint, provenance: { model, revision: null, digest: null, license, licenseStatus: null } };
  } catch (error) {
    await files.close?.();
    throw error;
  }
}

/** @throws CheckpointError if nothing of that name exists. */
function resolveSource(source: string): ModelSource {
  if (typeof source !== "string" || source === "") {
    throw new TypeError('source must be "tiny", or the path of a folder or file with weights');
  }
  if (source === "tiny") return { kind: "embedded", path: embeddedPath };
  if (existsSync(source)) return { kind: "path", path: source };
  const isHubId = /^\w[\w.-]*\/\w[\w.-]*$/u.test(source);
  throw new CheckpointError(
    "CHECKPOINT_NOT_FOUND",
    `there is no file or folder ${source}; expected "tiny", a folder with config.json and model.safetensors, or a .safetensors, .bin or .th file.` +
      (isHubId
        ? ` If ${source} is a repository on the Hugging Face Hub: this version does not download; fetch it first, for example with ` +
          `\`hf download ${source} --local-dir ${source.split("/")[1]}\`, and give that folder.`
        : ""),
  );
}

/** The license in the model card of a folder; a single file has no card of its own. */
async function licenseOf(files: CheckpointFiles): Promise<string | null> {
  if (files.kind === "file") return null;
  const card = await files.open("README.md");
  return card === undefined ? null : declaredLicense(new TextDecoder().decode(await card.read(0, card.size)));
}
