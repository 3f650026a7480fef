import type { Terminal } from "./terminal.ts";

function nothing(): void {}

/** A line of a terminal that is written again and again by carriage returns and blanks alone, in the form in which cli-progress takes one. */
export function plainLine(stream: Terminal["stderr"]): object {
  const getWidth = (): number => stream.columns || 80;
  /** Characters in the line now, and before. */
  let [length, before] = [0, 0];
  return {
    isTTY: () => true,
    getWidth,
    cursor: nothing,
    cursorSave: nothing,
    cursorRestore: nothing,
    lineWrapping: nothing,
    cursorTo: () => stream.write("\r"),
    write(text: string) {
      const line = text.slice(0, getWidth() - 1);
      stream.write(line);
      [length, before] = [line.length, length];
    },
    clearRight: () => stream.write(" ".repeat(Math.max(0, before - length))),
    clearLine() {
      stream.write(`${" ".repeat(length)}\r`);
      length = 0;
    },
    newline: () => stream.write("\n"),
  };
}
