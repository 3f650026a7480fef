import { CheckpointError } from "../../core/index.ts";

/** Values that say "see the Zip64 record". */
export const see64 = { u16: 0xffff, u32: 0xffffffff } as const;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The name of an entry. */
export function decodeName(archive: string, bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw brokenZip(archive, "an entry has a name that is not UTF-8", { cause });
  }
}

/** A 64-bit field whose value a number can hold. */
export function safeUint64(archive: string, view: DataView, at: number): number {
  const value = view.getBigUint64(at, true);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw brokenZip(archive, `it has a Zip64 value of ${value}, beyond any file`);
  }
  return Number(value);
}

/** Fields of a record by their offsets. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Refusal of an archive that is damaged, or not as `torch.save` writes one. */
export function brokenZip(archive: string, what: string, options?: ErrorOptions): CheckpointError {
  return new CheckpointError("CHECKPOINT_FORMAT", `${archive} is not a sound torch archive: ${what}`, options);
}
