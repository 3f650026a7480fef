import { CodesError } from "../core/index.ts";

/** The error for bytes that are no Parquet, or claim more than they can hold. */
export function damaged(reason: string): CodesError {
  return new CodesError("CODES_FORMAT", reason);
}

/** The error for Parquet that is not read here. */
export function unsupported(reason: string): CodesError {
  return new CodesError("CODES_UNSUPPORTED", reason);
}
