import { rm } from "node:fs/promises";
import { join } from "node:path";
import { openInside } from "../../files/index.ts";
import { partFile } from "../folder/part-names.ts";
import { isInShare } from "../folder/share.ts";
import type { Share } from "../folder/share.ts";
import { datasetInfoName } from "../records/dataset-info.ts";
import { listFinishedParts, readPartRecord, removePartRecord } from "../records/part-record.ts";
import type { PartRecord } from "../records/part-record.ts";
import { noRows } from "./dataset-event.ts";
import type { RowCounts } from "./dataset-event.ts";
import { forgetPartNotes } from "./part-attempt.ts";

/** Records that are read at the same time: a disk of the network takes its time for each. */
const readTogether = 64;

/** What is done of a share. */
export interface FinishedWork {
  readonly done: RowCounts;
  readonly finished: ReadonlySet<number>;
}

/**
 * Reads what is done of a share, from the beginnings of its records: with their statistics, those of a large corpus are gigabytes.
 * @param retryErrors Whether parts with failed rows are taken back, and those over which processes died too often, so that they are done again; the caller holds
 * the lock of the share. @default false
 * @throws as `readPartRecord`.
 */
export async function readFinishedWork(
  folder: string,
  share: Share,
  { retryErrors = false }: { readonly retryErrors?: boolean | undefined } = {},
): Promise<FinishedWork> {
  if (retryErrors) await forgetPartNotes(folder, (part) => isInShare(share, part));
  let done = noRows;
  const finished = new Set<number>();
  const parts = await listFinishedParts(folder, share);
  for (let start = 0; start < parts.length; start += readTogether) {
    const records = await Promise.all(parts.slice(start, start + readTogether).map((part) => readCounts(folder, part)));
    for (const record of records) {
      if (retryErrors && record.errors > 0) {
        // An index must never speak of parts that are being done again.
        await rm(join(folder, datasetInfoName), { force: true });
        await removePartRecord(folder, record.part);
      } else {
        finished.add(record.part);
        done = addCounts(done, record);
      }
    }
  }
  return { done, finished };
}

/** What the record of a part says of its rows. */
type PartCounts = Pick<PartRecord, "rows" | "clips" | "errors" | "seconds" | "warnings" | "damaged">;

/** Sums of sums. */
export function addCounts(a: RowCounts, b: PartCounts): RowCounts {
  return {
    rows: a.rows + b.rows,
    clips: a.clips + b.clips,
    errors: a.errors + b.errors,
    seconds: a.seconds + b.seconds,
    warnings: a.warnings + (b.warnings ?? 0),
    damaged: a.damaged + (b.damaged ?? 0),
  };
}

const beginning =
  /^\{"part":\d+,"rows":(?<rows>\d+),"clips":(?<clips>\d+),"errors":(?<errors>\d+),"seconds":(?<seconds>[\d.e+-]+),(?:"warnings":(?<warnings>\d+),"damaged":(?<damaged>\d+),)?/u;

async function readCounts(folder: string, part: number): Promise<PartCounts & { readonly part: number }> {
  const bytes = Buffer.alloc(256);
  const handle = await openInside(folder, partFile(part, "record")).catch(() => undefined);
  const length = (await handle?.read(bytes, 0, bytes.length, 0).finally(() => handle.close()))?.bytesRead ?? 0;
  const { rows, clips, errors, seconds, warnings, damaged } = beginning.exec(bytes.toString("latin1", 0, length))?.groups ?? {};
  if (rows === undefined) return await readPartRecord(folder, part);
  return {
    part,
    rows: Number(rows),
    clips: Number(clips),
    errors: Number(errors),
    seconds: Number(seconds),
    warnings: Number(warnings ?? 0),
    damaged: Number(damaged ?? 0),
  };
}
