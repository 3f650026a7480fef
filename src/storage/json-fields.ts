import { maxJsonLength, parseJson } from "../core/index.ts";
import type { Turns } from "../core/index.ts";
import { badFile } from "./codes-fields.ts";
import type { JsonReader } from "./json-reader.ts";

/** Fields that are too long to be parsed at once, each with what takes its value off the bytes. */
export type LongFields = Readonly<Record<string, (reader: JsonReader) => Turns<unknown>>>;

/** All fields of an object: the long ones as they were taken, the others as they are. */
export type JsonFields<Long extends LongFields> = Readonly<Record<string, unknown>> & {
  readonly [field in keyof Long]?: ReturnType<Long[field]> extends Turns<infer Value> ? Value : never;
};

/** Bytes of short values, and items, that are parsed in some milliseconds. */
const bytesPerTurn = 2 ** 14;
const itemsPerTurn = 2 ** 8;

/**
 * Takes an object whose first brace is taken. Short values are parsed one by one.
 * @param limits `maxBytes` is for all but the long fields; none has more than `maxJsonLength` of them. `maxDepth` is as `parseJson` has it.
 * @throws CodesError if it is no JSON, has too much text, or a long field twice; and whatever long fields throw.
 */
export function* takeFields<Long extends LongFields>(
  reader: JsonReader,
  name: string,
  long: Long,
  { maxBytes, maxDepth }: { readonly maxBytes: number; readonly maxDepth?: number },
): Turns<JsonFields<Long>> {
  const fields = new Map<string, unknown>();
  let room = maxBytes;
  const take = (): unknown => {
    const text = reader.value(Math.min(room, maxJsonLength));
    if (text === undefined)
      throw badFile(
        name,
        `has more text beside its ${Object.keys(long).join(" and ")} than is read; expected up to ${maxBytes} bytes, and ${maxJsonLength} of a field`,
      );
    room -= text.length;
    return parseText(text, name, maxDepth);
  };
  if (!reader.takes("}")) {
    let roomAtTurn = room;
    do {
      const field = take();
      if (typeof field !== "string") throw badFile(name, "is not JSON: the name of a field is no text");
      reader.expect(":");
      const takeLong = Object.hasOwn(long, field) ? long[field] : undefined;
      if (takeLong !== undefined && fields.has(field)) throw badFile(name, `has "${field}" twice`);
      fields.set(field, takeLong === undefined ? take() : yield* takeLong(reader));
      if (roomAtTurn - room > bytesPerTurn) {
        yield;
        roomAtTurn = room;
      }
    } while (reader.takes(","));
    reader.expect("}");
  }
  reader.expectEnd();
  return Object.fromEntries(fields) as JsonFields<Long>;
}

/**
 * Takes a list, item by item.
 * @param maxItemBytes Of each.
 * @param itemOf What becomes of an item, and is thrown for one that is none.
 * @throws CodesError if it is no JSON, or has a longer item.
 */
export function* takeList<Item>(
  reader: JsonReader,
  name: string,
  maxItemBytes: number,
  itemOf: (value: unknown, index: number) => Item,
): Turns<readonly Item[]> {
  const items: Item[] = [];
  reader.expect("[");
  if (reader.takes("]")) return items;
  do {
    const text = reader.value(maxItemBytes);
    if (text === undefined) throw badFile(name, `has more than ${maxItemBytes} bytes as item ${items.length} of a list`);
    items.push(itemOf(parseText(text, name), items.length));
    if (items.length % itemsPerTurn === 0) yield;
  } while (reader.takes(","));
  reader.expect("]");
  return items;
}

/** @throws CodesError if it is no JSON. */
export function parseText(text: string, name: string, maxDepth?: number): unknown {
  try {
    return parseJson(text, maxDepth);
  } catch (cause) {
    throw badFile(name, "is not JSON; it may be cut short", { cause });
  }
}
