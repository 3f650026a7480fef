import { joinArrays } from "../../src/core/index.ts";

/** Bytes of a file, piece by piece. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  return joinArrays(parts, Uint8Array);
}
