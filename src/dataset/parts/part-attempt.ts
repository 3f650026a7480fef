import { join } from "node:path";
import { z } from "zod";
import { AtomicFile, makeFolderInside, removeInside } from "../../files/index.ts";
import { DatasetError } from "../folder/dataset-error.ts";
import { writingError } from "../folder/disk-space.ts";
import { partFile, partsWith } from "../folder/part-names.ts";
import { readJsonFile } from "../folder/read-json-file.ts";

/** How often a process may die over the same row before its part is given up. */
export const defaultMaxCrashes = 3;

/** The row that was at hand when a process died, and how often in a row it was. */
export interface CrashedRow {
  /** The row's number among all rows, from 0. */
  readonly row: number;
  readonly key: string;
  readonly path: string;
  readonly times: number;
}

/** What is beside a part that was begun and did not end; `crashed` is null where several rows were at hand. */
export interface PartNote {
  readonly crashed: CrashedRow | null;
}

const noteSchema: z.ZodType<PartNote> = z.object({
  crashed: z.object({ row: z.int().min(0), key: z.string(), path: z.string(), times: z.int().min(1) }).nullable(),
});

/**
 * A part that is being done, with a note beside it for as long as that takes. Whoever finds a note knows that a process died over the part:
 * by a clip that ends it, for want of memory, or killed by somebody. Done again, the part goes row by row, and the note says at which one it is;
 * a process that dies over the same row again and again leaves no doubt.
 */
export class PartAttempt implements AsyncDisposable {
  readonly part: number;
  readonly #folder: string;
  readonly #before: PartNote | undefined;
  #isOver = false;

  private constructor(folder: string, part: number, before: PartNote | undefined) {
    this.#folder = folder;
    this.part = part;
    this.#before = before;
  }

  /** @param before The note that was found beside the part. */
  static async begin(folder: string, part: number, before?: PartNote): Promise<PartAttempt> {
    const attempt = new PartAttempt(folder, part, before);
    await makeFolderInside(folder, "parts").catch((error: unknown) => {
      throw writingError(folder, error);
    });
    await attempt.#write(before ?? { crashed: null });
    return attempt;
  }

  /** Notes that a row is at hand, alone. */
  async begins(row: Omit<CrashedRow, "times">): Promise<void> {
    const last = this.#before?.crashed;
    await this.#write({ crashed: { ...row, times: 1 + (last?.row === row.row ? last.times : 0) } });
  }

  /** Takes the note away: the part is done, but for its record. */
  async end(): Promise<void> {
    this.#isOver = true;
    await removeInside(this.#folder, noteName(this.part));
  }

  /** Puts things back, as far as the disk lets it, as they were before an attempt that ended otherwise, without the process dying. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isOver) return;
    await (this.#before === undefined ? this.end() : this.#write(this.#before)).catch(() => {});
  }

  /** Not synced: a note is for the death of a process, not of the machine. */
  async #write(note: PartNote): Promise<void> {
    const path = join(this.#folder, noteName(this.part));
    await using file = await AtomicFile.create(path, { sync: "nothing", toError: (error) => writingError(path, error) });
    await file.write(new TextEncoder().encode(JSON.stringify(note)));
    await file.publish();
  }
}

/** The notes beside parts, where processes died over them. A note that cannot be read counts as one without a row. */
export async function readPartNotes(folder: string, parts: readonly number[]): Promise<ReadonlyMap<number, PartNote>> {
  const wanted = new Set(parts);
  const named = parts.length === 1 ? parts : (await partsWith(folder, "attempt")).filter((part) => wanted.has(part));
  const notes = new Map<number, PartNote>();
  for (const part of named) {
    const note = await readJsonFile(
      folder,
      noteName(part),
      noteSchema,
      () => new DatasetError("DATASET_FORMAT", `${noteName(part)} is damaged`),
    ).catch((error: unknown): PartNote => {
      if (error instanceof DatasetError) return { crashed: null };
      throw error;
    });
    if (note !== undefined) notes.set(part, note);
  }
  return notes;
}

/** Forgets what happened to parts, so that they are tried anew. */
export async function forgetPartNotes(folder: string, isMeant: (part: number) => boolean): Promise<void> {
  for (const part of (await partsWith(folder, "attempt")).filter(isMeant)) await removeInside(folder, noteName(part));
}

/** Whether a row of a part ended so many processes that the part is not done any more. */
export function isGivenUp({ crashed }: PartNote, maxCrashes: number): boolean {
  return crashed !== null && crashed.times >= maxCrashes;
}

/** The error for parts that are given up. */
export function crashedError(lost: readonly { readonly part: number; readonly crashed: CrashedRow | null }[]): DatasetError {
  const told = lost
    .slice(0, 5)
    .map(
      ({ part, crashed }) =>
        `part ${part} (${crashed === null ? "at an unknown clip" : `${crashed.times} times at the clip ${crashed.key}, row ${crashed.row}, ${crashed.path}`})`,
    );
  const more = lost.length > told.length ? ` and ${lost.length - told.length} more` : "";
  return new DatasetError(
    "DATASET_CRASHED",
    `processes died over ${told.join(", ")}${more}: it is not done any more. Look at that file, or give more memory; then do it again (--retry-errors, or tokenize enqueue)`,
  );
}

function noteName(part: number): string {
  return partFile(part, "attempt");
}
