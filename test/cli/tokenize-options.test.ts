import { expect, test } from "vitest";
import { checkOutputs, outputsOf } from "../../src/cli/commands/tokenize/tokenize-options.ts";
import { UsageError } from "../../src/cli/shared/failures.ts";
import { AudioTokenizer } from "../../src/index.ts";

test("limits are for all formats, and each format has its own options", async () => {
  await using tokenizer = await AudioTokenizer.fromPretrained("tiny");
  const limits = { shardBytes: 1000, shardClips: 2 };
  const options = { format: ["webdataset", "parquet", "megatron"] as const, ...limits, rowGroupCodes: 5 };
  checkOutputs(options);
  expect(await outputsOf(options, tokenizer, { numCodebooks: 2 })).toEqual([
    { format: "webdataset", ...limits },
    { format: "parquet", rowGroupCodes: 5, ...limits },
    { format: "tokens", stream: "megatron", layout: expect.objectContaining({ vocabularySize: 2 * 1024 + 1 }), ...limits },
  ]);
});

test.each([
  [{ format: ["npy", "npy"] }, "--format npy is given twice"],
  [{ format: ["flat", "megatron"] }, "choose one of them"],
  [{ vocabularyBase: 3 }, "--vocabulary-base is about tokens; add --format flat or megatron"],
  [{ rowGroupCodes: 3 }, "--row-group-codes is about Parquet; add --format parquet"],
] as const)("%j is refused before a model is loaded", (options, reason) => {
  expect(() => checkOutputs(options)).toThrow(UsageError);
  expect(() => checkOutputs(options)).toThrow(reason);
});
