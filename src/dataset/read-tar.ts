import { createReadStream } from "node:fs";
import { basename } from "node:path";
import { extract } from "tar-stream";
import { audioExtensionOf } from "./audio-extensions.ts";
import { parseJsonObject } from "./parse-json-object.ts";
import { cleanKey } from "./row-key.ts";
import type { AudioRow, BadRow, JsonObject, Row, RowProblem, TarMember } from "./row.ts";

/** A member as it goes by: `offset` is that of its header in the tar. */
type Member = ReturnType<typeof extract> extends AsyncIterable<infer Source> ? Source : never;

/** A header takes one block, right before the bytes of its member. */
const headerBytes = 512;

export interface TarPlace {
  readonly input: number;
  /** Of the tar, as its rows shall have it. */
  readonly path: string;
  /** Goes before the keys: nothing, or a folder with its slash. */
  readonly prefix: string;
}

/** Members of one name up to the first dot of the base name, which stand together: a sample, as WebDataset has it. */
interface Sample {
  readonly name: string;
  readonly audio: TarMember[];
  columns: JsonObject | undefined;
  problem: string | undefined;
}

/** A `.json` of more bytes than this is not one that describes a clip. */
const maxJsonBytes = 2 ** 20;

/**
 * Rows of a WebDataset tar: one for each audio member, in the order of the tar, with the fields of the `.json` of the same
 * name as columns. The tar is read once from front to back; memory holds one sample's description and no audio.
 * What a damaged tar has before the damage is listed, and the damage is the last row.
 * @throws the operating system's error if the tar cannot be read at all.
 */
export async function* readTar(file: string, place: TarPlace): AsyncGenerator<Row> {
  let sample: Sample | undefined;
  try {
    for await (const member of membersOf(file)) {
      const { header } = member;
      const name = sampleName(header.name);
      if (sample !== undefined && sample.name !== name) {
        yield* rowsOf(sample, place);
        sample = undefined;
      }
      sample ??= { name, audio: [], columns: undefined, problem: undefined };
      if (audioExtensionOf(header.name) !== undefined) {
        sample.audio.push({ name: header.name, offset: member.offset + headerBytes, size: header.size });
      } else if (header.name.toLowerCase() === `${name}.json`.toLowerCase()) {
        await readColumns(member, sample);
      }
      member.resume();
    }
  } catch (error) {
    if (error instanceof Error && "syscall" in error) throw error;
    if (sample !== undefined) yield* rowsOf(sample, place);
    yield bad(place, { code: "TAR_DAMAGED", message: `${place.path}: ${(error as Error).message}${sample === undefined ? "" : `, after ${sample.name}`}; what follows is not listed` });
    return;
  }
  if (sample !== undefined) yield* rowsOf(sample, place);
}

async function* membersOf(file: string): AsyncGenerator<Member> {
  const source = createReadStream(file, { highWaterMark: 2 ** 20 });
  const members = extract();
  source.on("error", (error) => members.destroy(error));
  source.pipe(members);
  try {
    for await (const member of members) {
      const { header } = member;
      const isFile = header.type === "file" || header.type === "contiguous-file";
      // Names that start with a dot, such as the ._a.wav of macOS, are passed over as in folders.
      if (isFile && !basename(header.name).startsWith(".")) yield member;
      else member.resume();
    }
  } finally {
    source.destroy();
  }
}

async function readColumns(member: Member, sample: Sample): Promise<void> {
  const { size } = member.header;
  if (size > maxJsonBytes) {
    sample.problem = `its .json has ${size} bytes; at most ${maxJsonBytes} are read`;
    return;
  }
  const chunks: Uint8Array[] = [];
  for await (const chunk of member) chunks.push(chunk as Uint8Array);
  try {
    sample.columns = parseJsonObject(new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks)));
  } catch (error) {
    sample.problem = `its .json cannot be read: ${(error as Error).message}`;
  }
}

function rowsOf({ name, audio, columns, problem }: Sample, place: TarPlace): readonly Row[] {
  return audio.map((member): AudioRow | BadRow => {
    if (problem !== undefined) return bad(place, { code: "ROW_INVALID", message: `${place.path}, member ${member.name}: ${problem}` });
    // Several audio members of one sample, such as left.wav and right.wav, keep what tells them apart.
    const key = audio.length === 1 ? name : member.name;
    return { key: place.prefix + cleanKey(key), input: place.input, path: place.path, member, ...(columns === undefined ? {} : { columns }) };
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
