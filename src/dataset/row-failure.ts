import { CodecError } from "../core/index.ts";

/** Why a row gave no clips, as `errors.jsonl` has it. */
export interface RowFailure {
  /** Of the error: `AUDIO_CORRUPT`; `ROW_TOO_SHORT` and `ROW_SILENT` for sound audio that gives no clip; `ROW_FAILED` for what nobody foresaw. */
  readonly code: string;
  readonly message: string;
}

/** What an error says of a row. */
export function failureOf(error: unknown): RowFailure {
  return { code: error instanceof CodecError ? error.code : "ROW_FAILED", message: error instanceof Error ? error.message : String(error) };
}
