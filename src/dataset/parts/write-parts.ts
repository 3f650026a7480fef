import type { Emit } from "../../async/index.ts";
import type { EncodedRow, PartRow } from "../encoding/encode-rows.ts";
import type { DatasetPlan } from "../plan/dataset-plan.ts";
import type { PartRecord } from "../records/part-record.ts";
import type { DatasetEvent } from "./dataset-event.ts";
import type { DatasetPartWriter } from "./part-writer.ts";

/** The rows of parts, one part after the other, until a signal fires. */
export async function* rowsOf(plan: DatasetPlan, parts: readonly number[], stop: AbortSignal | undefined): AsyncGenerator<PartRow, void> {
  for (const part of parts) {
    if (stop?.aborted === true) return;
    let left = plan.rowsOfPart(part);
    for await (const row of plan.readPart(part)) yield { ...row, part, isLastOfPart: --left === 0 };
  }
}

/** Writes rows part by part; gives the record of each part. */
export async function* writeParts(
  rows: AsyncIterable<EncodedRow>,
  begin: (part: number) => Promise<DatasetPartWriter>,
  onRow: (row: EncodedRow) => Promise<void>,
  emit: Emit<DatasetEvent>,
): AsyncGenerator<PartRecord, void> {
  let writer: DatasetPartWriter | undefined;
  try {
    for await (const row of rows) {
      if (writer === undefined) {
        writer = await begin(row.part);
        await emit({ kind: "part-started", part: row.part });
      }
      await onRow(await writer.add(row));
      if (!row.isLastOfPart) continue;
      const record = await writer.finish();
      writer = undefined;
      await emit({ kind: "part-finished", part: row.part, record });
      yield record;
    }
  } finally {
    await writer?.[Symbol.asyncDispose]();
  }
}
