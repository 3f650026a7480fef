import type { RowCounts } from "../../../dataset/index.ts";
import { CommandError, FinishedWithErrors } from "../../shared/failures.ts";
import { tell } from "../../shared/terminal.ts";
import type { Terminal } from "../../shared/terminal.ts";
import { countText } from "../../shared/wording.ts";

/**
 * Ends a run that is over by what came of its files.
 * @throws FinishedWithErrors if some of them failed; CommandError if there is no clip for that.
 */
export function endByErrors({ rows, clips, errors }: RowCounts, folder: string, terminal: Terminal, quiet: boolean | undefined): void {
  if (errors === 0) return;
  const failed = `${errors === rows ? "all" : `${errors} of`} ${countText(rows, "file")} failed`;
  if (clips === 0) throw new CommandError(`${failed}, and ${folder} has no clip of them; errors.jsonl has the reasons`);
  if (quiet === true) tell(terminal, `encodec-tokenizer: ${failed}; errors.jsonl of ${folder} has the reasons`);
  throw new FinishedWithErrors();
}
