import { cardName } from "../catalogue/index.ts";
import { HubError } from "../core/index.ts";
import type { RepositoryFolder } from "./cache-layout.ts";
import { downloadFile } from "./download-file.ts";
import type { HubSettings } from "./hub-options.ts";
import { keepAnswer } from "./kept-answer.ts";
import { listRepository } from "./list-repository.ts";
import type { RepositoryFile } from "./list-repository.ts";
import { maxTextBytes, readTextFile } from "./read-text-file.ts";
import { resolveRevision } from "./resolve-revision.ts";
import type { RepositoryInfo } from "./resolve-revision.ts";

/** A repository at a commit, as far as it shows without its weights. */
export interface VisitedRepository {
  readonly commit: string;
  readonly info: RepositoryInfo | null;
  /** Text of README.md; null if there is none. */
  readonly cardText: string | null;
  /** The files in the top folder, by name. */
  readonly listed: ReadonlyMap<string, RepositoryFile>;
  /** Downloads a small file into the cache and reads it. */
  readText(name: string): Promise<string>;
}

/** Asks the Hub for a repository's commit, listing and card. @throws HubError */
export async function visitRepository(settings: HubSettings, folder: RepositoryFolder): Promise<VisitedRepository> {
  const { commit, info } = await resolveRevision(settings, folder);
  const listed = await listRepository(settings, folder.id, commit);
  await keepAnswer(folder, commit, { info, files: [...listed.values()] });

  async function readText(name: string): Promise<string> {
    const file = listed.get(name);
    if (file === undefined) throw new HubError("HUB_FILE_NOT_FOUND", `${folder.id} has no file ${name} at ${commit}`);
    if (file.bytes > maxTextBytes) {
      throw new HubError(
        "HUB_UNEXPECTED_ANSWER",
        `${name} of ${folder.id} has ${file.bytes} bytes; at most ${maxTextBytes} are read of a text`,
      );
    }
    await downloadFile(settings, { folder, commit, file });
    return readTextFile(folder.file(commit, name));
  }

  return { commit, info, listed, readText, cardText: listed.has(cardName) ? await readText(cardName) : null };
}
