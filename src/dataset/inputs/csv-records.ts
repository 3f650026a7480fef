import { DatasetError } from "../folder/dataset-error.ts";

/** One record of a CSV file: a line, or several if a value in quotes has line breaks. */
export interface CsvRecord {
  readonly values: readonly string[];
  /** The line on which it ends, from 1. */
  readonly line: number;
}

export interface CsvSyntax {
  /** The file's path, for messages. */
  readonly path: string;
  readonly delimiter: "," | "\t" | "|";
  /** Whether values may stand in quotes. */
  readonly hasQuotes: boolean;
}

/** A longer record, its delimiters and quotes included, is none that a person meant to write. */
export const maxRecordLength: number = 2 ** 20;

const [lineFeed, carriageReturn, quote] = [0x0a, 0x0d, 0x22];

type State = "value" | "quoted" | "quote in quotes";

/**
 * Splits CSV into records. Lines end in LF, CR LF or CR; empty ones are passed over, and counted. Memory holds one record and one piece of text.
 * @param texts The file's text, cut anywhere.
 * @throws DatasetError with code DATASET_INPUT, naming the line, for a record of more than 2²⁰ characters and for quotes that are not closed or not
 * doubled: where the next record starts, nobody knows then.
 */
export async function* csvRecords(
  texts: AsyncIterable<string>,
  { path, delimiter, hasQuotes }: CsvSyntax,
): AsyncGenerator<CsvRecord, void> {
  const separator = delimiter.charCodeAt(0);
  let state: State = "value";
  let line = 1;
  let quoteLine = 1;
  let values: string[] = [];
  let value = "";
  let wasQuoted = false;
  /** Length of the record that has begun, in characters. */
  let length = 0;
  let afterReturn = false;

  const fail = (reason: string): never => {
    throw new DatasetError("DATASET_INPUT", `${path}, line ${line}: ${reason}`);
  };
  const checkLength = (): void => {
    if (length > maxRecordLength) fail(`it has more than ${maxRecordLength} characters, which is more than a record may have`);
  };
  const endValue = (): void => {
    values.push(value);
    value = "";
    wasQuoted = false;
    state = "value";
  };
  const isBegun = (): boolean => values.length > 0 || value !== "" || wasQuoted;
  const endRecord = (): readonly string[] => {
    endValue();
    const record = values;
    values = [];
    return record;
  };

  for await (const text of texts) {
    let start = 0; // of what belongs to the value
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      const isLineEnd = code === lineFeed || code === carriageReturn;
      const isSecondOfTwo = code === lineFeed && afterReturn;
      afterReturn = code === carriageReturn;
      if (state === "quoted") {
        if (isLineEnd && !isSecondOfTwo) line++;
        if (code !== quote) continue;
        value += text.slice(start, i);
        start = i + 1;
        state = "quote in quotes";
      } else if (isSecondOfTwo) {
        start = i + 1; // its CR has ended the record
      } else if (state === "quote in quotes" && code === quote) {
        start = i; // two stand for one
        state = "quoted";
      } else if (code === separator || isLineEnd) {
        value += text.slice(start, i);
        start = i + 1;
        if (code === separator) {
          endValue();
        } else {
          length += i;
          checkLength();
          if (isBegun()) yield { values: endRecord(), line };
          length = -i - 1;
          line++;
        }
      } else if (state === "quote in quotes") {
        fail(
          `after the closing quote of value ${values.length + 1} there is ${JSON.stringify(text[i])}; put quotes around values that hold them, and write "" for a quote within`,
        );
      } else if (code === quote && hasQuotes) {
        if (value !== "" || i > start)
          fail(
            `value ${values.length + 1} has a quote in its midst; put quotes around values that hold them, and write "" for a quote within`,
          );
        start = i + 1;
        state = "quoted";
        wasQuoted = true;
        quoteLine = line;
      }
    }
    value += text.slice(start);
    length += text.length;
    checkLength();
  }
  if (state === "quoted") {
    throw new DatasetError(
      "DATASET_INPUT",
      `${path}: Quote not closed: the one that opens on line ${quoteLine} has no end; put quotes around values that hold them, and write "" for a quote within`,
    );
  }
  if (isBegun()) yield { values: endRecord(), line };
}
