import { CodecError } from "../../core/index.ts";

/** Why a row gave no clips, as `errors.jsonl` has it. */
export interface RowFailure {
  /**
   * Code of the error: `AUDIO_CORRUPT`. `ROW_TOO_SHORT` and `ROW_SILENT` are for sound audio that gives no clip, `ROW_RANGE` for a time range
   * that the audio does not have, `ROW_INVALID` for a key that cannot name files, `ROW_UNWRITABLE` for one that this disk does not take,
   * `ROW_TOO_LONG` for a clip with more codes than its format holds,
   * `ROW_FAILED` for what nobody foresaw.
   */
  readonly code: string;
  readonly message: string;
}

/** What is wrong with a row, on its way out. */
export class RowError extends Error implements RowFailure {
  readonly code: string;

  constructor({ code, message }: RowFailure) {
    super(message);
    this.code = code;
  }
}

/** The longest reason that is kept of a row: paths may be long, and there may be many rows. */
const maxMessageLength = 2000;

/** What an error says of a row. */
export function failureOf(error: unknown): RowFailure {
  const code = error instanceof CodecError || error instanceof RowError ? error.code : "ROW_FAILED";
  return { code, message: (error instanceof Error ? error.message : String(error)).slice(0, maxMessageLength) };
}
