import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { findCheckpoint } from "../../catalogue/index.ts";
import type { CatalogueEntry } from "../../catalogue/index.ts";
import { CheckpointError, isAddress, outOfBundle, shownAddress } from "../../core/index.ts";
import { toPath } from "../../files/index.ts";
import { pageOf } from "../../hub/index.ts";

/** Where weights come from. */
export type ModelSource =
  | { readonly kind: "embedded"; readonly path: string }
  | { readonly kind: "path"; readonly path: string }
  | {
      readonly kind: "hub";
      /** The id that was asked for; a short name is spelled out. */
      readonly id: string;
      /** What the catalogue knows about it. */
      readonly entry: CatalogueEntry | undefined;
    };

/**
 * What a source names: the embedded checkpoint, then a path that exists, then a checkpoint of the catalogue by id or
 * alias, then a repository of the Hub.
 * @throws CheckpointError if it can be none of these.
 */
export function resolveSource(source: string): ModelSource {
  if (typeof source !== "string" || source === "") {
    throw new TypeError('source must be "tiny", the path of a folder or file with weights, or the id of a repository on the Hub');
  }
  if (source === "tiny") return { kind: "embedded", path: embeddedPath() };
  if (isAddress(source)) return { kind: "path", path: pathOf(source) };
  if (existsSync(source)) return { kind: "path", path: source };
  const entry = findCheckpoint(source);
  if (entry !== undefined || /^\w[\w.-]*\/\w[\w.-]*$/u.test(source)) return { kind: "hub", id: entry?.id ?? source, entry };
  throw new CheckpointError(
    "CHECKPOINT_NOT_FOUND",
    `there is no file or folder ${source}; expected "tiny", a folder with config.json and model.safetensors, ` +
      "a .safetensors, .bin or .th file, an alias such as 24khz, or the id of a repository on the Hugging Face Hub such as facebook/encodec_24khz",
  );
}

/** @throws CheckpointError where the code of this package is in a bundle. */
function embeddedPath(): string {
  try {
    const path = fileURLToPath(new URL("../../../models/encodec-tiny-24khz", import.meta.url));
    if (existsSync(path)) return path;
  } catch {
    // A bundle of CommonJS does not know where it is.
  }
  throw notFound(`the weights of tiny come with this package, beside its code, and ${outOfBundle}`);
}

/** The path that an address stands for. @throws CheckpointError, saying the id of a page of the Hub, unless it is a `file:` URL of something that is there. */
function pathOf(address: string): string {
  const page = pageOf(address);
  if (page !== undefined) {
    const revision = page.revision === undefined ? "" : `, and the revision ${page.revision} (--revision)`;
    throw notFound(`${shownAddress(address)} is an address of the Hub; give the id of the repository, ${page.id}${revision}`);
  }
  if (!/^file:/iu.test(address))
    throw notFound(
      `${shownAddress(address)} is an address; weights come from this machine, or by their id from the Hub: download them first`,
    );
  const path = toPath(address);
  if (!existsSync(path)) throw notFound(`there is no file or folder ${path}`);
  return path;
}

function notFound(message: string): CheckpointError {
  return new CheckpointError("CHECKPOINT_NOT_FOUND", message);
}
