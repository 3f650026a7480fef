import { basename } from "node:path";
import { FileError } from "../../core/index.ts";
import type { ByteSource } from "../../core/index.ts";
import type { JsonObject } from "../folder/json-value.ts";
import { audioExtensionOf, isCommonAudio } from "./audio-extensions.ts";
import { parseJsonObject } from "./parse-json-object.ts";
import { openRowSource } from "./row-bytes.ts";
import { cleanKey } from "./row-key.ts";
import type { AudioRow, BadRow, Row, RowProblem, TarMember } from "./row.ts";
import { tarEntries } from "./tar-members.ts";
import type { TarEntry } from "./tar-members.ts";

export interface TarPlace {
  readonly input: number;
  /** The tar's path, as its rows shall have it. */
  readonly path: string;
  /** Goes before the keys: nothing, or a folder with its slash. */
  readonly prefix: string;
}

/** Members of one name up to the first dot of the base name, which stand together: a sample, as WebDataset has it. */
interface Sample {
  readonly name: string;
  readonly audio: TarMember[];
  columns: JsonObject | undefined;
  /** Length of the `.json` with the columns. */
  jsonBytes: number;
  problem: string | undefined;
}

/** A `.json` of more bytes than this is not one that describes a clip. */
const maxJsonBytes = 2 ** 20;
/** Every audio member of a sample has the columns; together they have no more bytes than this. */
const maxCarriedBytes = 2 ** 24;
/** Audio members of one sample beyond these are none that a person meant to put together. */
const maxAudio = 10_000;
/** Most characters of a member's name: no system has longer paths. */
const maxNameLength = 4096;

/**
 * Rows of a WebDataset tar: one for each audio member, in the order of the tar, with the fields of the `.json` of the same
 * name as columns. Of the tar only headers and these are read; memory holds one sample's description and no audio.
 * What a damaged tar has before the damage is listed, and the damage is the last row.
 * @throws FileError if the tar cannot be read at all.
 */
export async function* readTar(file: string, place: TarPlace): AsyncGenerator<Row> {
  await using source = await openRowSource({ path: file });
  yield* rowsOfTar(source, place);
}

/** Does what `readTar` does, with a tar that is open. */
export async function* rowsOfTar(source: ByteSource, place: TarPlace): AsyncGenerator<Row> {
  let sample: Sample | undefined;
  try {
    for await (const entry of tarEntries(source)) {
      // Names that start with a dot, such as the ._a.wav of macOS, are passed over as in folders.
      if (!entry.isFile || basename(entry.name).startsWith(".")) continue;
      if (entry.name.length > maxNameLength) {
        yield bad(place, {
          code: "ROW_INVALID",
          message: `${place.path}, member ${entry.name.slice(0, 200)}…: its name has ${entry.name.length} characters; at most ${maxNameLength} are read`,
        });
        continue;
      }
      const name = sampleName(entry.name);
      if (sample !== undefined && sample.name !== name) {
        yield* rowsOf(sample, place);
        sample = undefined;
      }
      sample ??= { name, audio: [], columns: undefined, jsonBytes: 0, problem: undefined };
      await addTo(sample, entry, source);
    }
  } catch (error) {
    if (error instanceof FileError) throw error;
    if (sample !== undefined) yield* rowsOf(sample, place);
    yield bad(place, {
      code: "TAR_DAMAGED",
      message: `${place.path}: ${(error as Error).message}${sample === undefined ? "" : `, after ${sample.name.slice(0, 200)}`}; what follows is not listed`,
    });
    return;
  }
  if (sample !== undefined) yield* rowsOf(sample, place);
}

async function addTo(sample: Sample, entry: TarEntry, source: ByteSource): Promise<void> {
  const { name, offset, size } = entry;
  if (audioExtensionOf(name) !== undefined) {
    if (sample.audio.length < maxAudio) sample.audio.push({ name, offset, size });
    else sample.problem = `${sample.name.slice(0, 200)} has more than ${maxAudio} audio members`;
  } else if (name.toLowerCase() === `${sample.name}.json`.toLowerCase()) {
    if (size > maxJsonBytes) {
      sample.problem = `its .json has ${size} bytes; at most ${maxJsonBytes} are read`;
    } else if (offset + size <= source.size) {
      const bytes = await source.read(offset, size);
      try {
        sample.columns = parseJsonObject(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
        sample.jsonBytes = size;
      } catch (error) {
        sample.problem = `its .json cannot be read: ${(error as Error).message}`;
      }
    }
  }
}

function rowsOf({ name, audio, columns, jsonBytes, ...sample }: Sample, place: TarPlace): readonly Row[] {
  const carried = audio.length * jsonBytes;
  const problem =
    sample.problem ??
    (carried > maxCarriedBytes
      ? `its .json of ${jsonBytes} bytes would be carried along ${audio.length} times; at most ${maxCarriedBytes} bytes are, for all audio members of a sample`
      : undefined);
  const numCommon = audio.filter((member) => isCommonAudio(member.name)).length;
  return audio.map((member): AudioRow | BadRow => {
    if (problem !== undefined)
      return bad(place, { code: "ROW_INVALID", message: `${place.path}, member ${member.name.slice(0, 200)}: ${problem}` });
    // Several audio members of one sample, such as left.wav and right.wav, keep what tells them apart.
    const isAlone = audio.length === 1 || (numCommon === 1 && isCommonAudio(member.name));
    const key = isAlone ? name : member.name;
    return {
      key: place.prefix + cleanKey(key),
      input: place.input,
      path: place.path,
      member,
      ...(columns === undefined ? {} : { columns }),
    };
  });
}

function bad({ input, path }: TarPlace, problem: RowProblem): BadRow {
  return { input, path, problem };
}

/** Source: webdataset `webdataset/tariterators.py`, `base_plus_ext`: the base name ends at its first dot. */
function sampleName(member: string): string {
  const dot = member.indexOf(".", member.lastIndexOf("/") + 2);
  return dot === -1 ? member : member.slice(0, dot);
}
