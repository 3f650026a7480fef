import { visibleLine } from "./visible-text.ts";

/** Characters of foreign text that a message shows. */
const maxLength = 100;

/** Text from outside, as far as a message has room for it. */
export function clipped(text: string, length: number = maxLength): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}

/** Text from outside, fit for a message: cut where it is long, on one line, and nothing in it unseen. */
export function printable(text: string): string {
  return visibleLine(clipped(text));
}

/**
 * A value from outside as a message shows it: its JSON, printable. Only as much of it is put into words as is shown, however large the
 * value is, however deep it nests, and however often it holds the same list.
 */
export function printableJson(value: unknown): string {
  let text = "";
  // Every call writes at least one character, which bounds their depth and number.
  const write = (part: unknown): void => {
    if (typeof part === "string") text += JSON.stringify(part.slice(0, maxLength + 1));
    else if (Array.isArray(part)) writeItems("[]", part, write);
    else if (part instanceof Map) writeItems("{}", part, writeEntry);
    else if (typeof part === "object" && part !== null) writeItems("{}", Object.entries(part), writeEntry);
    else text += String(part);
  };
  const writeEntry = ([key, inner]: readonly [unknown, unknown]): void => {
    write(key);
    text += ":";
    write(inner);
  };
  const writeItems = <Item>([open, close]: string, items: Iterable<Item>, writeItem: (item: Item) => void): void => {
    text += open;
    for (const item of items) {
      if (text.length > maxLength) return;
      if (text.at(-1) !== open) text += ",";
      writeItem(item);
    }
    text += close;
  };
  write(value);
  return printable(text);
}
