import { join } from "node:path";
import { DatasetError } from "../folder/dataset-error.ts";
import type { JsonObject } from "../folder/json-value.ts";
import { locateRow } from "../inputs/row-bytes.ts";
import type { RowLocation } from "../inputs/row-bytes.ts";
import { isBadRow } from "../inputs/row.ts";
import type { AudioRow, BadRow, NumberedRow, Row } from "../inputs/row.ts";
import { checkPlanRows, readPlanFile, readPlannedInputs, readPlanRows, readRepeats, unpackedFolder } from "./plan-files.ts";
import type { PlanFile } from "./plan-files.ts";

/** What a dataset is made of: its settings and its frozen rows, in parts. Rows stay on the disk. */
export class DatasetPlan {
  /** The dataset's folder. */
  readonly folder: string;
  readonly #file: PlanFile;
  readonly #roots: readonly string[];
  readonly #repeats: ReadonlyMap<number, number>;

  /** @param roots Of the inputs. @param repeats Rows whose key an earlier one has, with the number of that. */
  constructor(folder: string, file: PlanFile, roots: readonly string[], repeats: ReadonlyMap<number, number>) {
    this.folder = folder;
    this.#file = file;
    this.#roots = roots;
    this.#repeats = repeats;
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

  /** The folders of the inputs on this machine, from which relative paths of rows start. */
  get roots(): readonly string[] {
    return this.#roots;
  }

  /** What else is known of all rows, as `plan.json` has it. */
  get rows(): PlanFile["rows"] {
    return this.#file.rows;
  }

  /**
   * The rows of a part, in order, read as they are taken. A row whose key an earlier row of the dataset has is a bad row.
   * @throws RangeError for a part that there is not; DatasetError with code DATASET_FORMAT for a damaged plan.
   */
  async *readPart(part: number): AsyncGenerator<NumberedRow, void> {
    this.checkPart(part);
    let index = part * this.#file.rows.partRows;
    for await (const row of readPlanRows(this.folder, part, this.rowsOfPart(part))) {
      if (row.input >= this.#roots.length)
        throw new DatasetError(
          "DATASET_FORMAT",
          `the plan of ${this.folder} is damaged: a row of part ${part} is of input ${row.input}, and there are ${this.#roots.length}; begin it again in an empty folder`,
        );
      yield { index, row: this.#withOwnKey(row, index) };
      index++;
    }
  }

  /** @throws RangeError for what is not the number of a part. */
  checkPart(part: number): void {
    if (Number.isInteger(part) && part >= 0 && part < this.numParts) return;
    throw new RangeError(`there is no part ${String(part).slice(0, 80)}; the plan has ${this.numParts}, from 0`);
  }

  /** How many rows a part has. */
  rowsOfPart(part: number): number {
    const { partRows, count } = this.#file.rows;
    return Math.min(partRows, count - part * partRows);
  }

  /** Where the bytes of a row are on this machine. */
  locate(row: AudioRow): RowLocation {
    return locateRow(row, this.#roots, join(this.folder, unpackedFolder));
  }

  /** The same plan where the inputs lie elsewhere. */
  at(roots: readonly string[]): DatasetPlan {
    return new DatasetPlan(this.folder, this.#file, roots, this.#repeats);
  }

  #withOwnKey(row: Row, index: number): Row {
    const first = this.#repeats.get(index);
    if (first === undefined || isBadRow(row)) return row;
    const name = row.member === undefined ? row.path : `${row.path}#${row.member.name}`;
    const message = `row ${index} (${name.slice(0, 200)}) has the key ${JSON.stringify(row.key.slice(0, 200))} of row ${first}; give each row an id of its own in a manifest, or rename the file`;
    return { input: row.input, path: row.path, problem: { code: "ROW_DUPLICATE_KEY", message } } satisfies BadRow;
  }
}

/**
 * Opens the plan of a dataset that was begun.
 * @throws DatasetError with code DATASET_FORMAT if there is none, or a damaged one.
 */
export async function openPlan(folder: string): Promise<DatasetPlan> {
  const file = await readPlanFile(folder);
  if (file === undefined)
    throw new DatasetError("DATASET_FORMAT", `${folder} is no dataset: it has no plan.json; give the folder of one that was begun`);
  await checkPlanRows(folder, file.rows.parts);
  const repeats = await readRepeats(folder, file.rows.repeats);
  const inputs = await readPlannedInputs(folder);
  return new DatasetPlan(
    folder,
    file,
    inputs.map(({ root }) => root),
    repeats,
  );
}
