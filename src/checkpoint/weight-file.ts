import { CheckpointError } from "../core/index.ts";
import type { ByteSource } from "../core/index.ts";
import { openSafetensors, startsLikeSafetensors } from "./tensors/safetensors.ts";
import type { TensorFile } from "./tensors/tensor-file.ts";
import { openTorchZip } from "./torch/torch-zip.ts";
import type { TorchFile } from "./torch/torch-zip.ts";

/** An opened weight file of either format. */
export type WeightFile =
  | { readonly format: "safetensors"; readonly source: ByteSource; readonly tensors: TensorFile }
  | { readonly format: "torch"; readonly source: ByteSource; readonly torch: TorchFile };

/** Bytes that are enough to tell formats apart; tar has its mark at 257. */
const sniffLength = 512;

/**
 * Opens a weight file by what its first bytes say, whatever its name.
 * @throws CheckpointError if it is neither a safetensors file nor a torch zip archive, saying what it is instead where
 * that can be told: torch's older formats, a Git LFS pointer, a web page, JSON.
 */
export async function openWeightFile(source: ByteSource): Promise<WeightFile> {
  const head = await source.read(0, Math.min(sniffLength, source.size));
  // First of all: the length of a header may look like the beginning of anything.
  if (startsLikeSafetensors(head)) return { format: "safetensors", source, tensors: await openSafetensors(source) };
  if (startsWith(head, "PK\u0003\u0004")) return { format: "torch", source, torch: await openTorchZip(source) };
  const other = describeOther(head);
  if (other !== undefined) throw new CheckpointError("CHECKPOINT_FORMAT", `${source.name} is ${other}`);
  return { format: "safetensors", source, tensors: await openSafetensors(source) };
}

/**
 * The tensors of a file whose top level is a state dict: names to tensors.
 * @throws CheckpointError if a torch file holds something else at its top level.
 */
export function stateDictOf(file: WeightFile): TensorFile {
  return file.format === "safetensors" ? file.tensors : file.torch.tensorsIn(file.torch.root);
}

const resave = "load it in PyTorch 1.6 or later and save it again with torch.save, or convert it to safetensors";

function describeOther(head: Uint8Array): string | undefined {
  if (startsWith(head, legacyTorchMagic)) return `a torch file from before PyTorch 1.6 (not a zip archive); ${resave}`;
  if (startsWith(head.subarray(257), "ustar")) return `a tar archive, as torch wrote before version 0.1.10; ${resave}`;
  if (head[0] === 0x80 && head[1]! >= 2 && head[1]! <= 5) return `a bare pickle, which is not read; ${resave}`;
  if (startsWith(head, "version https://git-lfs")) {
    return "a Git LFS pointer, not the file itself; fetch it with git lfs pull";
  }
  if (/^\s*(?:<!doctype|<html)/i.test(latin1(head))) {
    return "a web page, probably an error page saved in place of the file; download it again";
  }
  if (head[0] === 0x7b) {
    return "JSON text; expected weights, a .safetensors, .bin or .th file, or else the folder with weights and config.json";
  }
  return undefined;
}

/**
 * PROTO 2, then LONG1 with ten bytes: the number 0x1950a86a20f9469cfc6c.
 * Source: PyTorch `torch/serialization.py`, `MAGIC_NUMBER`.
 */
const legacyTorchMagic = "\u0080\u0002\u008a\u000a\u006c\u00fc\u009c\u0046\u00f9\u0020\u006a\u00a8\u0050\u0019";

function startsWith(bytes: Uint8Array, prefix: string): boolean {
  return latin1(bytes.subarray(0, prefix.length)) === prefix;
}

/** One character per byte, of the same number. */
function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
