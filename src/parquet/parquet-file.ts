import { inTurns, joinArrays, stretches } from "../core/index.ts";
import type { ByteSource } from "../core/index.ts";
import { readPages } from "./column-chunk.ts";
import { damaged } from "./damaged.ts";
import { DecodingBudget } from "./decoding-budget.ts";
import { readFooter } from "./footer.ts";
import type { Footer, PhysicalType } from "./footer.ts";
import type { Values } from "./page-values.ts";
import { turnValues } from "./run-lengths.ts";

/** Most rows of a row group. */
const maxRows = 2 ** 20;

/** A column of a row group. */
export interface ParquetColumn {
  /** Values of a row, lists within lists without their borders; none for null. */
  valuesOf(row: number): Values;
}

/**
 * A Parquet file whose columns are read one at a time: numbers and texts, alone or in lists, packed with Snappy or not. Only what is asked for is
 * read, and only as much as the bytes can hold; `DecodingBudget` says how much a file may become.
 */
export class ParquetFile {
  /** Texts about the whole file. */
  readonly metadata: ReadonlyMap<string, string>;
  /** Rows of each group. */
  readonly groupRows: readonly number[];
  readonly #source: ByteSource;
  readonly #footer: Footer;
  readonly #budget: DecodingBudget;

  private constructor(source: ByteSource, footer: Footer) {
    this.#source = source;
    this.#footer = footer;
    this.#budget = new DecodingBudget(source.size);
    this.metadata = footer.metadata;
    this.groupRows = footer.rowGroups.map(({ numRows }) => numRows);
  }

  /** @throws CodesError with code CODES_FORMAT for what is no Parquet file. */
  static async open(source: ByteSource): Promise<ParquetFile> {
    return new ParquetFile(source, await readFooter(source));
  }

  /** All columns by their paths, such as `audio.bytes`; `type` is undefined for one that is not read here, `isList` tells of several values for a row. */
  get columns(): readonly { readonly path: string; readonly type: PhysicalType | undefined; readonly isList: boolean }[] {
    return this.#footer.columns.map(({ path, type, maxRepetition }) => ({ path, type, isList: maxRepetition > 0 }));
  }

  /**
   * The values of a column that is no list, one for each row of a group; null where there is none. Memory holds the bytes of the column in this group.
   * @param path Of the column. @param as `bytes` for texts as they are in the file.
   * @throws as `readColumn`.
   */
  async *valuesOf(group: number, path: string, as?: "bytes"): AsyncGenerator<string | number | Uint8Array | null, void> {
    const { columns, rowGroups } = this.#footer;
    const index = columns.findIndex((column) => column.path === path);
    const column = columns[index];
    if (column === undefined || column.maxRepetition > 0) throw damaged(`it has no column ${path} with one value for each row`);
    const { numRows, chunks } = rowGroups[group]!;
    let rows = 0;
    const schema = { ...column, type: as === "bytes" && column.type === "text" ? as : column.type };
    for await (const { definition, numEntries, values } of readPages(this.#source, schema, chunks[index]!, this.#budget)) {
      rows += numEntries;
      if (rows > numRows) break;
      let next = 0;
      for (let i = 0; i < numEntries; i++)
        yield definition === undefined || definition[i] === column.maxDefinition ? values[next++]! : null;
    }
    if (rows !== numRows) throw damaged(`its column ${path} has ${rows} rows or more, and its group ${numRows}`);
  }

  /**
   * Reads a column of a row group.
   * @returns Undefined if the file has no column of this name.
   * @throws CodesError with code CODES_FORMAT for damaged bytes, and those that claim more than they hold; CODES_UNSUPPORTED for what is not read here.
   */
  async readColumn(group: number, name: string): Promise<ParquetColumn | undefined> {
    const { columns, rowGroups } = this.#footer;
    const index = columns.findIndex((column) => column.name === name);
    if (index === -1) return undefined;
    const { numRows, chunks } = rowGroups[group]!;
    if (numRows < 0 || numRows > maxRows) throw damaged(`a row group is said to have ${numRows} rows; at most ${maxRows} are read`);
    const { isOptional, maxDefinition, maxRepetition } = columns[index]!;
    const { numValues } = chunks[index]!;
    if (maxRepetition === 0 && numValues !== numRows)
      throw damaged(`its column ${name} has ${numValues} values, and its group ${numRows} rows`);
    const ends = new Uint32Array(numRows);
    const pages: Values[] = [];
    let [rows, values] = [0, 0];
    for await (const page of readPages(this.#source, columns[index]!, chunks[index]!, this.#budget)) {
      const { repetition, definition, numEntries } = page;
      const assemble = (start: number, end: number): void => {
        for (let i = start; i < end; i++) {
          const isNew = repetition === undefined || repetition[i] === 0;
          if (!isNew && rows === 0) throw damaged(`its column ${name} goes on with a row that has not begun`);
          if (isNew && rows++ === numRows) throw damaged(`its column ${name} has more than the ${numRows} rows of its group`);
          if (definition === undefined || definition[i] === maxDefinition) values++;
          else if (!isNew || !isOptional || definition[i] !== 0) throw damaged(`its column ${name} has null, or nothing, within a list`);
          ends[rows - 1] = values;
        }
      };
      await inTurns(stretches(numEntries, turnValues, assemble));
      pages.push(page.values);
    }
    if (rows !== numRows) throw damaged(`its column ${name} has ${rows} rows, and its group ${numRows}`);
    const all = joined(pages);
    return { valuesOf: (row) => (all as Float64Array).slice(row === 0 ? 0 : ends[row - 1]!, ends[row]!) };
  }
}

/** Pages of one column, which are all of one type. */
function joined(pages: readonly Values[]): Values {
  const [first, ...others] = pages;
  if (first === undefined) return [];
  if (others.length === 0) return first;
  if (Array.isArray(first)) return (pages as string[][]).flat();
  return joinArrays(pages as readonly Float64Array[], first.constructor as typeof Float64Array);
}
