import type { TypedColumn } from "../records/column-types.ts";
import { readPlanFile } from "./plan-files.ts";

/** The columns of a dataset's rows with their types, read from its plan when they are first asked for; none without a plan. */
export function plannedColumns(folder: string): () => Promise<readonly TypedColumn[]> {
  let columns: Promise<readonly TypedColumn[]> | undefined;
  return () => (columns ??= readPlanFile(folder).then((plan) => plan?.rows.columns ?? []));
}
