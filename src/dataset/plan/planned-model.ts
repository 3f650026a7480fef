import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { z } from "zod";
import { DatasetError } from "../folder/dataset-error.ts";
import { writeDurably } from "../folder/durable-file.ts";
import { readJsonFile } from "../folder/read-json-file.ts";
import type { CodecFields } from "../records/codec-fields.ts";
import { isLocalModel, publishedModel } from "../records/published-names.ts";

const schema = z.object({ path: z.string() });

/** Remembers where the weights of a dataset were on the machine that began it, for those who make it and check it there; no part of the result. */
export async function recordModel(folder: string, model: string): Promise<void> {
  const path = pathIn(folder);
  if (!existsSync(path)) await writeDurably(path, `${JSON.stringify({ path: resolve(model) })}\n`);
}

/** Where the weights of a dataset are that names a model of the machine it was begun on, as far as that is known here and they are still there. */
export async function readPlannedModel(folder: string, codec: Pick<CodecFields, "model" | "revision">): Promise<string | undefined> {
  if (!isLocalModel(codec)) return undefined;
  const planned = await readJsonFile(
    folder,
    name,
    schema,
    (cause) => new DatasetError("DATASET_FORMAT", `${pathIn(folder)} is damaged; delete it, and name the model`, { cause }),
  );
  return planned !== undefined && publishedModel({ model: planned.path, revision: null }) === codec.model && existsSync(planned.path)
    ? planned.path
    : undefined;
}

const name = "plan/model.json";

function pathIn(folder: string): string {
  return join(folder, name);
}
