import { CodesError } from "../core/index.ts";
import type { ModelLayout } from "./model-layouts.ts";
import { viewGrid } from "./token-grid.ts";
import type { CodesInput, GridView } from "./token-grid.ts";

/**
 * Codes for a model: one grid, or one for each of several clips, as far as they can be told to be of its codec.
 * @throws CodesError CODES_MISMATCH for codebooks of another size, CODES_OUT_OF_RANGE for values that are no codes.
 */
export function viewModelCodes(codes: CodesInput | readonly CodesInput[], { name, codec, codebookSize }: ModelLayout): GridView[] {
  const views = (Array.isArray(codes) ? (codes as readonly CodesInput[]) : [codes as CodesInput]).map(viewGrid);
  for (const { data, numColumns, codebookSize: ownSize } of views) {
    if (ownSize !== null && ownSize !== codebookSize) {
      throw new CodesError("CODES_MISMATCH", `these codes have codebooks of ${ownSize} entries; ${name} reads those of ${codec}, which have ${codebookSize}`);
    }
    for (let index = 0; index < data.length; index++) {
      const code = Number(data[index]);
      if (Number.isInteger(code) && code >= 0 && code < codebookSize) continue;
      throw new CodesError("CODES_OUT_OF_RANGE", `value ${code} at frame ${index % numColumns} is not a code of ${name}; expected 0 to ${codebookSize - 1}`);
    }
  }
  return views;
}
