/** Characters of foreign text that a message shows. */
const maxLength = 100;

/** Text from outside, fit for a message: cut where it is long, and without characters that steer a terminal. */
export function printable(text: string): string {
  const short = text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;
  return short.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, "?");
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
