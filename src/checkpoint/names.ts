import { CheckpointError } from "../core/index.ts";

/** How one tensor of the network is stored, by the stored names. */
export type TensorOrigin =
  | { readonly kind: "plain"; readonly name: string }
  | { readonly kind: "weightNorm"; readonly magnitude: string; readonly direction: string };

/** What the stored names of a checkpoint mean. */
export interface NameMap {
  /** Where each tensor is, by its canonical name: that of transformers' `EncodecModel` with weight norm folded. */
  readonly origins: ReadonlyMap<string, TensorOrigin>;
  /** Stored names of averages and counters that only training uses. */
  readonly ignored: readonly string[];
  /** Stored names that mean nothing here. */
  readonly unknown: readonly string[];
}

type Part = "plain" | "magnitude" | "direction";

/** The three spellings of a convolution's weight: plain, by `weight_norm` before PyTorch 2.0, and by `parametrizations`. */
const weightSpellings: readonly (readonly [suffix: RegExp, part: Part])[] = [
  [/\.weight_g$/, "magnitude"],
  [/\.weight_v$/, "direction"],
  [/\.parametrizations\.weight\.original0$/, "magnitude"],
  [/\.parametrizations\.weight\.original1$/, "direction"],
];

/**
 * Names of facebookresearch/encodec and audiocraft, and what transformers calls the same thing.
 * Source: transformers 5.17 `convert_encodec_checkpoint_to_pytorch.py`; checked against files of all three projects.
 */
const originalSpellings: readonly (readonly [original: RegExp, canonical: string])[] = [
  [/^(encoder|decoder)\.model\./, "$1.layers."],
  [/^quantizer\.vq\.layers\.(\d+)\._codebook\./, "quantizer.layers.$1.codebook."],
  [/\.convtr\.convtr\./, ".conv."],
  [/\.conv\.conv\./, ".conv."],
  [/\.convtr\.norm\./, ".norm."],
  [/\.conv\.norm\./, ".norm."],
];

const networkTensor = new RegExp(
  [
    String.raw`^(?:encoder|decoder)\.layers\.\d+\.(?:block\.\d+\.|shortcut\.)?(?:conv|norm)\.(?:weight|bias)$`,
    String.raw`^(?:encoder|decoder)\.layers\.\d+\.lstm\.(?:weight|bias)_(?:ih|hh)_l\d+$`,
    String.raw`^quantizer\.layers\.\d+\.codebook\.embed$`,
  ].join("|"),
);

const trainingTensor = /^quantizer\.layers\.\d+\.codebook\.(?:embed_avg|cluster_size|inited)$/;

/**
 * Sorts stored names into the tensors of the network, those of training, and strangers.
 * @throws CheckpointError if one tensor is stored twice, under two spellings, or only half of a weight norm is there.
 */
export function mapNames(storedNames: Iterable<string>): NameMap {
  const parts = new Map<string, Map<Part, string>>();
  const ignored: string[] = [];
  const unknown: string[] = [];
  for (const stored of storedNames) {
    const { name, part } = canonicalNameOf(stored);
    if (networkTensor.test(name)) {
      const found = parts.get(name) ?? new Map<Part, string>();
      const twin = found.get(part);
      if (twin !== undefined) throw storedTwice(name, [twin, stored]);
      parts.set(name, found.set(part, stored));
    } else {
      (trainingTensor.test(name) ? ignored : unknown).push(stored);
    }
  }
  return { origins: new Map([...parts].map(([name, found]) => [name, originOf(name, found)])), ignored, unknown };
}

function canonicalNameOf(stored: string): { readonly name: string; readonly part: Part } {
  let name = stored;
  for (const [original, canonical] of originalSpellings) name = name.replace(original, canonical);
  for (const [suffix, part] of weightSpellings) {
    if (suffix.test(name)) return { name: name.replace(suffix, ".weight"), part };
  }
  return { name, part: "plain" };
}

function originOf(tensor: string, parts: ReadonlyMap<Part, string>): TensorOrigin {
  const plain = parts.get("plain");
  const magnitude = parts.get("magnitude");
  const direction = parts.get("direction");
  if (plain !== undefined) {
    if (parts.size > 1) throw storedTwice(tensor, [...parts.values()]);
    return { kind: "plain", name: plain };
  }
  if (magnitude === undefined || direction === undefined) {
    throw new CheckpointError(
      "CHECKPOINT_TENSOR",
      `${tensor} is stored with weight norm, but only ${magnitude ?? direction} is there; the checkpoint is incomplete`,
      { tensor },
    );
  }
  return { kind: "weightNorm", magnitude, direction };
}

function storedTwice(tensor: string, stored: readonly string[]): CheckpointError {
  return new CheckpointError("CHECKPOINT_TENSOR", `${tensor} is stored more than once: as ${stored.join(" and as ")}; remove one`, {
    tensor,
  });
}
