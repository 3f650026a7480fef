import type { PlanFile } from "./plan-files.ts";
import { checkPlanRows, readPlanFile, readPlannedInputs, readPlanRows } from "./plan-files.ts";
import { DatasetError } from "./dataset-error.ts";
import { locateRow } from "./row-bytes.ts";
import type { RowLocation } from "./row-bytes.ts";
import type { AudioRow, BadRow, JsonObject, NumberedRow, Row } from "./row.ts";
import { isBadRow } from "./row.ts";

/** What a dataset is made of: its settings and its frozen rows, in parts. Rows stay on the disk. */
export class DatasetPlan {
  /** The dataset's folder. */
  readonly folder: string;
  readonly #file: PlanFile;
  readonly #roots: readonly string[];

  constructor(folder: string, file: PlanFile, roots: readonly string[]) {
    this.folder = folder;
    this.#file = file;
    this.#roots = roots;
  }

  /** Everything that shapes the result besides the rows. */
  get settings(): JsonObject {
    return this.#file.settings;
  }

  get numRows(): number {
    return this.#file.rows.count;
  }

  get numParts(): number {
    return this.#file.rows.parts;
  }

  /** SHA-256 of the list of rows: the same for the same corpus, wherever it lies. */
  get rowsDigest(): string {
    return this.#file.rows.sha256;
  }

  /** What else is known of all rows, as `plan.json` has it. */
  get rows(): PlanFile["rows"] {
    return this.#file.rows;
  }

  /**
   * The rows of a part, in order. A row whose key an earlier row of the part has is a bad row.
   * @throws RangeError for a part that there is not; DatasetError with code DATASET_FORMAT for a damaged plan.
   */
  async readPart(part: number): Promise<readonly NumberedRow[]> {
    if (!Number.isInteger(part) || part < 0 || part >= this.numParts) {
      throw new RangeError(`there is no part ${part}; the plan has ${this.numParts}, from 0`);
    }
    const start = part * this.#file.rows.partRows;
    const keys = new Map<string, number>();
    return (await readPlanRows(this.folder, part)).map((row, i) => ({ index: start + i, row: withOwnKey(row, start + i, keys) }));
  }

  /** Where the bytes of a row are on this machine. */
  locate(row: AudioRow): RowLocation {
    return locateRow(row, this.#roots);
  }
}

/**
 * Opens the plan of a dataset that was begun.
 * @throws DatasetError with code DATASET_FORMAT if there is none, or a damaged one.
 */
export async function openPlan(folder: string): Promise<DatasetPlan> {
  const file = await readPlanFile(folder);
  if (file === undefined) throw new DatasetError("DATASET_FORMAT", `${folder} is no dataset: it has no plan.json; give the folder of one that was begun`);
  await checkPlanRows(folder, file.rows.parts);
  const inputs = await readPlannedInputs(folder);
  return new DatasetPlan(folder, file, inputs.map(({ root }) => root));
}

function withOwnKey(row: Row, index: number, keys: Map<string, number>): Row {
  if (isBadRow(row) || row.duplicateOf !== undefined) return row;
  const first = keys.get(row.key);
  if (first === undefined) {
    keys.set(row.key, index);
    return row;
  }
  const message = `row ${index} (${row.path}) has the key ${JSON.stringify(row.key)} of row ${first}; give the rows different ids`;
  return { input: row.input, path: row.path, problem: { code: "ROW_DUPLICATE_KEY", message } } satisfies BadRow;
}
