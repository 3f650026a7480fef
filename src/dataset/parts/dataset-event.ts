import type { AudioWarning } from "../../audio/index.ts";
import type { RowFailure } from "../decoding/row-failure.ts";
import type { DatasetInfo } from "../records/dataset-info.ts";
import type { PartRecord } from "../records/part-record.ts";

/** Sums over rows. */
export interface RowCounts {
  readonly rows: number;
  readonly clips: number;
  readonly errors: number;
  /** Seconds of encoded audio. */
  readonly seconds: number;
  /** What is wrong with audio that was taken nevertheless: lines of `warnings.jsonl`. */
  readonly warnings: number;
  /** Clips whose audio is damaged. */
  readonly damaged: number;
}

/** Sums over no rows. */
export const noRows: RowCounts = { rows: 0, clips: 0, errors: 0, seconds: 0, warnings: 0, damaged: 0 };

/** What happens while a dataset is made, in this order, `listing` and the four in the middle any number of times. */
export type DatasetEvent =
  /** The model is being had. */
  | { readonly kind: "loading"; readonly done: number; readonly total: number }
  /** Something about the inputs that is to be known, such as which folder the paths of a manifest start from. */
  | { readonly kind: "note"; readonly message: string }
  /** Rows are being listed, so many so far. */
  | { readonly kind: "listing"; readonly rows: number }
  | {
      readonly kind: "plan";
      /** The rows of the whole dataset. */
      readonly rows: number;
      readonly parts: number;
      /** Parts and rows of this run's share that are to be done now. */
      readonly partsToDo: number;
      readonly rowsToDo: number;
      /** What is done of this run's share already. */
      readonly done: RowCounts;
      /** Rows of the whole dataset that are left out for having the audio of an earlier one (`dedupe`). */
      readonly duplicates: number;
      /** What of the inputs no row has: how often, by what it is. */
      readonly leftOut: Readonly<Record<string, number>>;
    }
  | { readonly kind: "part-started"; readonly part: number }
  /** A row is written: its clips, or its failure. */
  | {
      readonly kind: "row";
      readonly part: number;
      /** Place among all rows, from 0. */
      readonly row: number;
      readonly path: string;
      readonly clips: number;
      /** Seconds of its clips. */
      readonly seconds: number;
      readonly failure: RowFailure | null;
      /** What is wrong with its audio, which was taken nevertheless. */
      readonly warnings: readonly AudioWarning[];
    }
  | { readonly kind: "part-finished"; readonly part: number; readonly record: PartRecord }
  | { readonly kind: "finished"; readonly report: DatasetReport };

/** What came of a run. */
export interface DatasetReport extends RowCounts {
  readonly folder: string;
  /** `rows`, `clips`, `errors` and `seconds` are those of this run; these those of its share with what earlier runs did. */
  readonly total: RowCounts;
  /** Parts that this run finished. */
  readonly parts: number;
  /** Parts of its share that are still to be done: more than 0 after `stop`. */
  readonly partsLeft: number;
  /** How long the run took, in seconds. */
  readonly elapsed: number;
  /** The index of the dataset; null as long as parts are missing, of this run's share or another's. */
  readonly info: DatasetInfo | null;
}
