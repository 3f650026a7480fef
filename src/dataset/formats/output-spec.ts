import type { JsonObject } from "../folder/json-value.ts";
import type { ClipOutput, ShardLimits } from "./clip-output.ts";
import { jsonlOutput } from "./jsonl-output.ts";
import { npyOutput } from "./npy-output.ts";
import { parquetOutput } from "./parquet-output.ts";
import type { ParquetOutputOptions } from "./parquet-output.ts";
import { tokensOutput } from "./tokens-output.ts";
import type { TokensOutputOptions } from "./tokens-output.ts";
import { webdatasetOutput } from "./webdataset-output.ts";

/** An output by its format, with its options. */
export type OutputSpec =
  | ({ readonly format: "webdataset" | "npy" | "jsonl" } & ShardLimits)
  | ({ readonly format: "parquet" } & ParquetOutputOptions)
  | ({ readonly format: "tokens" } & TokensOutputOptions);

/** The outputs of a dataset's folder. @throws RangeError for options that an output does not take, and for a format that is there twice. */
export function createOutputs(folder: string, specs: readonly OutputSpec[]): readonly ClipOutput[] {
  if (specs.length === 0) throw new RangeError("outputs must name at least one format");
  const formats = specs.map(({ format }) => format);
  const twice = formats.find((format, index) => formats.indexOf(format) !== index);
  if (twice !== undefined) throw new RangeError(`the output ${twice} is there twice; each format has one`);
  return specs.map((spec) => createOutput(folder, spec));
}

/** What of an output shapes its files, as `plan.json` records it. */
export function describeOutput(spec: OutputSpec): JsonObject {
  if (spec.format !== "tokens") return plain(spec);
  const { layout, ...others } = spec;
  return { ...plain(others), layout: { ...layout.description, vocabularySize: layout.vocabularySize, eosToken: layout.eosToken } };
}

function createOutput(folder: string, spec: OutputSpec): ClipOutput {
  switch (spec.format) {
    case "webdataset":
      return webdatasetOutput(folder, spec);
    case "parquet":
      return parquetOutput(folder, spec);
    case "npy":
      return npyOutput(folder, spec);
    case "jsonl":
      return jsonlOutput(folder, spec);
    case "tokens":
      return tokensOutput(folder, spec);
    default:
      throw new RangeError(
        `there is no output ${JSON.stringify((spec as { readonly format: unknown }).format)}; choose webdataset, parquet, npy, jsonl or tokens`,
      );
  }
}

function plain(value: object): JsonObject {
  return JSON.parse(JSON.stringify(value)) as JsonObject;
}
