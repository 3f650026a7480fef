import { basename } from "node:path";
import { FileError } from "../../core/index.ts";
import type { ByteSource } from "../../core/index.ts";
import type { JsonObject } from "../folder/json-value.ts";
import { audioExtensionOf, isCommonAudio } from "./audio-extensions.ts";
import type { OnLeftOut } from "./left-out.ts";
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

/** Members of one name up to the first dot of the base name: a sample, as WebDataset has it. */
interface Sample {
  readonly name: string;
  readonly audio: TarMember[];
  /** What the `.json` says. */
  columns: JsonObject | undefined;
  /** What the other labels say, by their extensions. */
  readonly labels: Map<string, string | number | JsonObject>;
  /** Bytes of the `.json`, and of the other labels. */
  jsonBytes: number;
  labelBytes: number;
  /** Extensions of members that are neither audio nor labels. */
  readonly others: string[];
  problem: string | undefined;
}

/** A `.json` of more bytes than this is not one that describes a clip. */
const maxJsonBytes = 2 ** 20;
/** The same of the other labels of a sample, together. */
const maxLabelBytes = 2 ** 18;
/** Every audio member of a sample has the columns; together they have no more bytes than this. */
const maxCarriedBytes = 2 ** 24;
/** Audio members of one sample beyond these are none that a person meant to put together; the same of members that are left out. */
const maxAudio = 10_000;
/** Most characters of a member's name: no system has longer paths. */
const maxNameLength = 4096;
/** How far apart the members of a sample may stand: so many samples, members and bytes of labels are held until they become rows. */
const maxSamplesHeld = 2 ** 15;
const maxMembersHeld = 2 ** 17;
const maxLabelBytesHeld = 2 ** 24;

/** What a member that is a label becomes, by the last part of its extension. Source: webdataset `webdataset/autodecode.py`, `basichandlers`. */
const labelKinds: ReadonlyMap<string, "text" | "whole number" | "json"> = new Map([
  ...["txt", "text", "transcript", "lab"].map((extension) => [extension, "text"] as const),
  ...["cls", "cls2", "class", "count", "index", "inx", "id"].map((extension) => [extension, "whole number"] as const),
  ...["json", "jsn"].map((extension) => [extension, "json"] as const),
]);

/**
 * Rows of a WebDataset tar: one for each audio member, in the order of their samples, with the fields of the `.json` of the same name as columns, and
 * of `.txt`, `.cls` and their kind a column each, named as their extension is. Members of a sample may stand anywhere, within 32,768 samples, 131,072 members and 16 MiB
 * of labels from its first. Of the tar only headers and labels are read; memory holds no audio.
 * What a damaged tar has before the damage is listed, and the damage is the last row.
 * @param onLeftOut Told what of the tar no row has.
 * @throws FileError if the tar cannot be read at all.
 */
export async function* readTar(file: string, place: TarPlace, onLeftOut?: OnLeftOut): AsyncGenerator<Row> {
  await using source = await openRowSource({ path: file });
  yield* rowsOfTar(source, place, onLeftOut);
}

/** Does what `readTar` does, with a tar that is open. */
export async function* rowsOfTar(source: ByteSource, place: TarPlace, onLeftOut: OnLeftOut = () => {}): AsyncGenerator<Row> {
  const held = new Map<string, Sample>();
  let labelBytesHeld = 0;
  let membersHeld = 0;
  let last: string | undefined;
  const release = function* (): Generator<Row> {
    for (const sample of held.values()) yield* rowsOf(sample, place, onLeftOut);
    held.clear();
    labelBytesHeld = 0;
    membersHeld = 0;
  };
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
      if (!held.has(name)) {
        // Only before a new sample, so that members that stand together stay together.
        if (held.size >= maxSamplesHeld || membersHeld >= maxMembersHeld || labelBytesHeld >= maxLabelBytesHeld) yield* release();
        held.set(name, {
          name,
          audio: [],
          columns: undefined,
          labels: new Map(),
          jsonBytes: 0,
          labelBytes: 0,
          others: [],
          problem: undefined,
        });
      }
      last = name;
      membersHeld++;
      const sample = held.get(name)!;
      const before = sample.jsonBytes + sample.labelBytes;
      await addTo(sample, entry, source);
      labelBytesHeld += sample.jsonBytes + sample.labelBytes - before;
    }
  } catch (error) {
    if (error instanceof FileError) throw error;
    yield* release();
    yield bad(place, {
      code: "TAR_DAMAGED",
      message: `${place.path}: ${(error as Error).message}${last === undefined ? "" : `, after ${last.slice(0, 200)}`}; what follows is not listed`,
    });
    return;
  }
  yield* release();
}

async function addTo(sample: Sample, entry: TarEntry, source: ByteSource): Promise<void> {
  const { name, offset, size } = entry;
  const extension = name.slice(sample.name.length + 1);
  const label = labelKinds.get(extension.slice(extension.lastIndexOf(".") + 1).toLowerCase());
  if (audioExtensionOf(name) !== undefined) {
    if (sample.audio.length < maxAudio) sample.audio.push({ name, offset, size });
    else sample.problem = `${sample.name.slice(0, 200)} has more than ${maxAudio} audio members`;
  } else if (extension.toLowerCase() === "json") {
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
  } else {
    const isRead = label !== undefined && sample.labelBytes + size <= maxLabelBytes && offset + size <= source.size;
    const value = isRead ? labelOf(await source.read(offset, size), label) : undefined;
    if (value === undefined) {
      if (sample.others.length < maxAudio) sample.others.push(extension);
    } else {
      sample.labels.set(extension, value);
      sample.labelBytes += size + extension.length;
    }
  }
}

/** What a label says; undefined for what is none of its kind. */
function labelOf(bytes: Uint8Array, kind: "text" | "whole number" | "json"): string | number | JsonObject | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    if (kind === "json") return parseJsonObject(text);
    const value = text.replace(/(?:\r?\n)+$/u, "");
    return kind === "whole number" && /^\s*-?\d{1,15}\s*$/u.test(value) ? Number(value) : value;
  } catch {
    return undefined;
  }
}

function rowsOf({ name, audio, jsonBytes, labelBytes, others, ...sample }: Sample, place: TarPlace, onLeftOut: OnLeftOut): readonly Row[] {
  if (audio.length === 0) onLeftOut("members of tars that no audio has the name of, or none that stands near them");
  else
    for (const extension of others) onLeftOut(`.${extension.slice(0, 40)} members of tars, which are no labels of up to 256 KiB in UTF-8`);
  const columns = columnsOf(sample);
  const carriedBytes = jsonBytes + labelBytes;
  const problem =
    sample.problem ??
    (audio.length * carriedBytes > maxCarriedBytes
      ? `its .json of ${jsonBytes} bytes would be carried along ${audio.length} times; at most ${maxCarriedBytes} bytes are, for all audio members of a sample`
      : undefined);
  const numCommon = audio.filter((member) => isCommonAudio(member.name)).length;
  const isOneName = audio.every((member) => member.name === audio[0]!.name);
  return audio.map((member): AudioRow | BadRow => {
    if (problem !== undefined)
      return bad(place, { code: "ROW_INVALID", message: `${place.path}, member ${member.name.slice(0, 200)}: ${problem}` });
    // Several audio members of one sample, such as left.wav and right.wav, keep what tells them apart.
    const key = isOneName || (numCommon === 1 && isCommonAudio(member.name)) ? name : member.name;
    return {
      key: place.prefix + cleanKey(key),
      input: place.input,
      path: place.path,
      member,
      ...(columns === undefined ? {} : { columns }),
    };
  });
}

/** What the labels of a sample say; a label whose name the `.json` has already keeps its dot before it. */
function columnsOf({ columns, labels }: Pick<Sample, "columns" | "labels">): JsonObject | undefined {
  if (labels.size === 0) return columns;
  const named = Array.from(labels, ([extension, value]) => {
    const isTaken = columns !== undefined && Object.hasOwn(columns, extension);
    return [isTaken ? `.${extension}` : extension, value] as const;
  });
  return { ...columns, ...Object.fromEntries(named) };
}

function bad({ input, path }: TarPlace, problem: RowProblem): BadRow {
  return { input, path, problem };
}

/** Source: webdataset `webdataset/tariterators.py`, `base_plus_ext`: the base name ends at its first dot. */
function sampleName(member: string): string {
  const dot = member.indexOf(".", member.lastIndexOf("/") + 2);
  return dot === -1 ? member : member.slice(0, dot);
}
