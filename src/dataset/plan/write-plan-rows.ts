import { createHash } from "node:crypto";
import { join } from "node:path";
import { createDurable, writeDurably } from "../folder/durable-file.ts";
import { locateRow } from "../inputs/row-bytes.ts";
import { formatRow, isBadRow } from "../inputs/row.ts";
import type { AudioRow, Row } from "../inputs/row.ts";
import { ColumnTypes } from "../records/column-types.ts";
import { ContentDigester } from "./content-digest.ts";
import { ContentIndex } from "./content-index.ts";
import { KeyCheck } from "./key-check.ts";
import { formatOffsets, formatRepeats, maxRowBytes, planFiles, unpackedFolder } from "./plan-files.ts";
import type { PlanFile } from "./plan-files.ts";

export interface WritePlanRowsOptions {
  readonly partRows: number;
  /** Marks rows with the audio of an earlier one; all files are read for that. */
  readonly dedupe: boolean;
  /** The folders of the inputs. */
  readonly roots: readonly string[];
  readonly signal?: AbortSignal | undefined;
  /** Told the number of rows so far, every now and then. */
  readonly onRows?: ((count: number) => void) | undefined;
}

/** Read at first to see one row again. */
const usualRowBytes = 2 ** 10;
const flushLength = 2 ** 18;
const rowsPerReport = 10_000;

/** Most parts of a dataset: its index lists a shard of each, in every format. */
const maxParts: number = 2 ** 18;

/**
 * Freezes rows, the offsets of their parts and which rows repeat the key of an earlier one in a dataset's folder. Memory holds the rows of
 * one write, a number for each part, and some 40 MiB to tell keys apart.
 */
export async function writePlanRows(folder: string, rows: AsyncIterable<Row>, options: WritePlanRowsOptions): Promise<PlanFile["rows"]> {
  const { partRows, dedupe, roots, signal, onRows } = options;
  await using file = await createDurable(join(folder, planFiles.rows));
  await using keys = new KeyCheck(join(folder, planFiles.repeats));
  const columns = new ColumnTypes();
  const hash = createHash("sha256");
  const offsets: number[] = [];
  const tally = { count: 0, bad: 0, duplicates: 0 };
  const contents = dedupe
    ? { index: new ContentIndex(), digester: new ContentDigester((row) => locateRow(row, roots, join(folder, unpackedFolder)), signal) }
    : undefined;
  let gathered: string[] = [];
  let length = 0;
  let offset = 0;

  const flush = async (): Promise<void> => {
    await file.write(Buffer.from(gathered.join("")));
    gathered = [];
    length = 0;
  };
  const keyAt = async (position: number): Promise<string> => {
    if (position >= file.bytes) await flush();
    let bytes = Buffer.alloc(0);
    for (let size = usualRowBytes; !bytes.includes(0x0a); size *= 2) bytes = Buffer.from(await file.read(position, size));
    return (JSON.parse(bytes.subarray(0, bytes.indexOf(0x0a)).toString()) as AudioRow).key;
  };
  const marked = async (row: AudioRow): Promise<AudioRow> => {
    const digest = await contents?.digester.digestOf(row);
    const first = digest === undefined ? undefined : contents!.index.add(digest, offset);
    return first === undefined ? row : { ...row, duplicateOf: await keyAt(first) };
  };

  for await (const given of rows) {
    signal?.throwIfAborted();
    const { row: listed, line: listedLine } = lineOf(given);
    let line = listedLine;
    hash.update(line);
    if (isBadRow(listed)) {
      tally.bad++;
    } else {
      const row = await marked(listed);
      if (row.duplicateOf === undefined) {
        await keys.add(row.key, tally.count);
      } else {
        tally.duplicates++;
        line = `${formatRow(row)}\n`;
      }
      columns.add(row.columns ?? {});
    }
    if (tally.count % partRows === 0) {
      if (offsets.length === maxParts)
        throw new RangeError(`there are more than ${maxParts} parts of ${partRows} rows; choose larger parts`);
      offsets.push(offset);
    }
    tally.count++;
    gathered.push(line);
    const bytes = Buffer.byteLength(line);
    offset += bytes;
    length += bytes;
    if (length >= flushLength) await flush();
    if (tally.count % rowsPerReport === 0) onRows?.(tally.count);
  }
  await flush();
  const repeats = await keys.repeated();
  await file.publish();
  await writeDurably(join(folder, planFiles.offsets), formatOffsets([...offsets, offset]));
  await writeDurably(join(folder, planFiles.repeats), formatRepeats(repeats));
  const { count, bad, duplicates } = tally;
  return {
    count,
    partRows,
    parts: offsets.length,
    sha256: hash.digest("hex"),
    dedupe,
    duplicates,
    bad,
    repeats: repeats.length,
    columns: columns.columns(),
  };
}

/** The digest that `writePlanRows` would give rows, without writing them. */
export async function digestRows(rows: AsyncIterable<Row>): Promise<string> {
  const hash = createHash("sha256");
  for await (const row of rows) hash.update(lineOf(row).line);
  return hash.digest("hex");
}

/** A mark for a row whose audio an earlier one has. */
const maxMarkBytes = 2 ** 15;

/** A row with its line; a bad one in its place if it is too long to be read again. */
function lineOf(row: Row): { readonly row: Row; readonly line: string } {
  const line = `${formatRow(row)}\n`;
  const bytes = Buffer.byteLength(line);
  if (isBadRow(row) || bytes <= maxRowBytes - maxMarkBytes) return { row, line };
  const message = `the row ${row.key.slice(0, 200)} takes ${bytes} bytes as JSON; at most ${maxRowBytes - maxMarkBytes} are kept: give it fewer columns`;
  return lineOf({ input: row.input, path: row.path.slice(0, 4096), problem: { code: "ROW_INVALID", message } });
}
