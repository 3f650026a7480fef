import { atOnce, CodesError } from "../../core/index.ts";
import type { TensorLike } from "../../core/index.ts";
import { elementBytes, formatArray, formatArrayArchive, parseArrayArchive, withName } from "../../storage/index.ts";
import { checkBarkPrompt } from "./bark-prompt.ts";
import type { BarkHistoryPrompt, BarkPromptArrays } from "./bark-prompt.ts";

/** Arrays of the file, by the prompt's fields. */
const arrayNames = { semanticPrompt: "semantic_prompt", coarsePrompt: "coarse_prompt", finePrompt: "fine_prompt" } as const;

const wanted: readonly string[] = Object.values(arrayNames);

/** Most bytes of an array, unpacked: 14 minutes of fine codes as int64. Bark looks back on 8 seconds at most. */
const maxArrayBytes = 2 ** 22;
const maxFrames = 65_000;

/**
 * A history prompt as the bytes of a `.npz` file, for `history_prompt` of Bark and `voice_preset` of transformers' `BarkProcessor`:
 * int64 arrays, not compressed, as `np.savez` writes them. The same prompt gives the same bytes.
 * @throws CodesError as `checkBarkPrompt` does, so that no file is written that Bark would refuse; and with code CODES_UNSUPPORTED for prompts
 *   of more than 65,000 frames (14 minutes).
 */
export function formatBarkPrompt(prompt: BarkPromptArrays): Uint8Array {
  const { semanticPrompt, coarsePrompt, finePrompt } = checkBarkPrompt(prompt);
  const numFrames = Math.max(coarsePrompt.dims[1]!, finePrompt.dims[1]!);
  if (numFrames > maxFrames)
    throw new CodesError(
      "CODES_UNSUPPORTED",
      `a history prompt of ${numFrames} frames is not written; give at most ${maxFrames}, of which Bark looks at the last`,
    );
  return formatArrayArchive(
    {
      [arrayNames.semanticPrompt]: formatInt64(semanticPrompt),
      [arrayNames.coarsePrompt]: formatInt64(coarsePrompt),
      [arrayNames.finePrompt]: formatInt64(finePrompt),
    },
    { isCompressed: false },
  );
}

/**
 * A history prompt from the bytes of a `.npz` file: the inverse of `formatBarkPrompt`, and the reader of those that come with Bark.
 * Arrays may be of any integer type, byte order and memory order.
 * @param name Name of the file, for messages.
 * @throws CodesError if it is no such file, is cut short or damaged, lacks an array, holds pickled objects, floating point or an array of more than
 *   4 MiB (14 minutes of int64), or is a prompt that Bark would refuse.
 */
export function parseBarkPrompt(bytes: Uint8Array, name: string = "history prompt"): BarkHistoryPrompt {
  if (!(bytes instanceof Uint8Array)) throw new TypeError("expected the bytes of a .npz file as a Uint8Array; readBarkPrompt takes a path");
  const arrays = atOnce(parseArrayArchive(bytes, name, wanted, maxArrayBytes));
  const read = (array: string): TensorLike => {
    const found = arrays.get(array);
    if (found === undefined) {
      throw new CodesError("CODES_FORMAT", `${name} has no array "${array}"; a history prompt has ${wanted.join(", ")}`);
    }
    if (typeof found === "string" || found.type.startsWith("f")) {
      const kind = typeof found === "string" ? "text" : "floating point";
      throw new CodesError("CODES_FORMAT", `${name} has ${kind} as ${array}; expected integers`);
    }
    return { data: found.data, dims: found.shape };
  };
  const prompt = {
    semanticPrompt: read(arrayNames.semanticPrompt),
    coarsePrompt: read(arrayNames.coarsePrompt),
    finePrompt: read(arrayNames.finePrompt),
  };
  return withName(name, () => checkBarkPrompt(prompt));
}

function formatInt64({ data, dims }: { readonly data: Int32Array; readonly dims: readonly number[] }): Uint8Array {
  return formatArray("<i8", dims, elementBytes(BigInt64Array.from(data, BigInt)));
}
