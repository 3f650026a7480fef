import { CodesError } from "../../core/index.ts";
import { checkCodes } from "../grid/check-codes.ts";
import { viewGrids } from "../grid/token-grid.ts";
import type { CodesInput, GridView } from "../grid/token-grid.ts";
import type { ModelLayout } from "./model-layouts.ts";

/**
 * Codes for a model: one grid, or one for each of several clips, as far as they can be told to be of its codec.
 * @param special Tokens that may stand in place of codes.
 * @throws CodesError CODES_MISMATCH for codebooks of another size, CODES_OUT_OF_RANGE for values that are no codes.
 */
export function viewModelCodes(codes: CodesInput | readonly CodesInput[], layout: ModelLayout, special?: readonly number[]): GridView[] {
  checkModelLayout(layout);
  const views = viewGrids(codes);
  for (const view of views) {
    if (view.codebookSize !== null) checkModelCodec(view.codebookSize, layout);
    checkCodes(view, layout.codebookSize, { model: layout.name, special });
  }
  return views;
}

/** @throws TypeError for what is no layout, such as `musicgen` instead of `musicgen()`. */
export function checkModelLayout(layout: ModelLayout): void {
  if (typeof layout === "object" && layout !== null && typeof layout.pattern === "object" && typeof layout.tokens === "object") return;
  throw new TypeError(`expected a layout such as musicgen(); received ${typeof layout === "function" ? "a function: call it" : String(layout)}`);
}

/** @throws CodesError CODES_MISMATCH if codebooks of this size are not those of the model's codec. */
function checkModelCodec(found: number, { name, codec, codebookSize }: ModelLayout): void {
  if (found === codebookSize) return;
  throw new CodesError("CODES_MISMATCH", `these codes have codebooks of ${found} entries; ${name} reads those of ${codec}, which have ${codebookSize}`);
}
