import { createHash } from "node:crypto";
import { join } from "node:path";
import { ContentDigester } from "./content-digest.ts";
import { ContentIndex } from "./content-index.ts";
import { DurableFile, writeDurably } from "./durable-file.ts";
import { formatOffsets, planFiles } from "./plan-files.ts";
import type { PlanFile } from "./plan-files.ts";
import { formatRow, isBadRow } from "./row.ts";
import type { AudioRow, Row } from "./row.ts";

export interface WritePlanRowsOptions {
  readonly partRows: number;
  /** Marks rows with the audio of an earlier one; all files are read for that. */
  readonly dedupe: boolean;
  /** Of the inputs. */
  readonly roots: readonly string[];
  readonly signal?: AbortSignal | undefined;
  /** Told the number of rows so far, every now and then. */
  readonly onRows?: ((count: number) => void) | undefined;
}

/** Read at first to see one row again. */
const usualRowBytes = 2 ** 10;
const flushLength = 2 ** 18;
const rowsPerReport = 10_000;

/** Freezes rows and the offsets of their parts in a dataset's folder. Memory holds the rows of one write, and a number for each part. */
export async function writePlanRows(folder: string, rows: AsyncIterable<Row>, options: WritePlanRowsOptions): Promise<PlanFile["rows"]> {
  const { partRows, dedupe, roots, signal, onRows } = options;
  await using file = await DurableFile.create(join(folder, planFiles.rows));
  const hash = createHash("sha256");
  const offsets: number[] = [];
  const tally = { count: 0, bad: 0, duplicates: 0 };
  const contents = dedupe ? { index: new ContentIndex(), digester: new ContentDigester(roots, signal) } : undefined;
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

  for await (const row of rows) {
    signal?.throwIfAborted();
    const listed = `${formatRow(row)}\n`;
    hash.update(listed);
    let line = listed;
    if (isBadRow(row)) tally.bad++;
    else if (contents !== undefined) {
      const digest = await contents.digester.digestOf(row);
      const first = digest === undefined ? undefined : contents.index.add(digest, offset);
      if (first !== undefined) {
        tally.duplicates++;
        line = `${formatRow({ ...row, duplicateOf: await keyAt(first) })}\n`;
      }
    }
    if (tally.count % partRows === 0) offsets.push(offset);
    tally.count++;
    gathered.push(line);
    const bytes = Buffer.byteLength(line);
    offset += bytes;
    length += bytes;
    if (length >= flushLength) await flush();
    if (tally.count % rowsPerReport === 0) onRows?.(tally.count);
  }
  await flush();
  await file.publish();
  await writeDurably(join(folder, planFiles.offsets), formatOffsets([...offsets, offset]));
  return { count: tally.count, partRows, parts: offsets.length, sha256: hash.digest("hex"), dedupe, duplicates: tally.duplicates, bad: tally.bad };
}

/** The digest that `writePlanRows` would give rows, without writing them. */
export async function digestRows(rows: AsyncIterable<Row>): Promise<string> {
  const hash = createHash("sha256");
  for await (const row of rows) hash.update(`${formatRow(row)}\n`);
  return hash.digest("hex");
}
