import { writeFile } from "node:fs/promises";
import { z } from "zod";
import { placeAtomically } from "./cache-layout.ts";
import type { RepositoryFolder } from "./cache-layout.ts";
import { fileSchema } from "./list-repository.ts";
import type { RepositoryFile } from "./list-repository.ts";
import { readTextFile } from "./read-text-file.ts";
import { infoSchema } from "./resolve-revision.ts";
import type { RepositoryInfo } from "./resolve-revision.ts";

/** What the Hub said of a commit when it was last asked; with it, a license is the same whether or not there is a network. */
export interface KeptAnswer {
  readonly info: RepositoryInfo;
  readonly files: readonly RepositoryFile[];
}

const answerSchema = z.object({ info: infoSchema, files: z.array(fileSchema) });

/** Keeps an answer beside the files. A cache that cannot be written goes without: the Hub is then asked each time. */
export async function keepAnswer(folder: RepositoryFolder, commit: string, answer: KeptAnswer): Promise<void> {
  const path = folder.answer(commit);
  const text = JSON.stringify(answer);
  if ((await readTextFile(path).catch(() => undefined)) === text) return;
  await placeAtomically(path, (temporary) => writeFile(temporary, text)).catch(() => undefined);
}

/** The answer that was kept of a commit; null where there is none, or something else in its place. */
export async function readAnswer(folder: RepositoryFolder, commit: string): Promise<KeptAnswer | null> {
  try {
    return answerSchema.parse(JSON.parse(await readTextFile(folder.answer(commit))));
  } catch {
    return null;
  }
}
