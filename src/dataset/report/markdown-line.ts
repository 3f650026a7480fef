import { clipped, visibleLine } from "../../core/index.ts";

/** Text of more characters is cut: a card quotes, it does not copy. */
const longest = 2000;

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

/**
 * Text that somebody else wrote as one line of Markdown that says just that: no markup, HTML or math, no heading, list or fence, and nothing that cannot
 * be seen. Addresses stay readable.
 * Source: CommonMark 0.31.2, "Backslash escapes" and "Entity and numeric character references"; GitHub's dialect for `~`, `|` and `$`.
 */
export function markdownLine(text: string): string {
  const line = visibleLine(clipped(text, longest)).trim();
  return line
    .replaceAll(/[\\`*[\]|~$]|(?<!\S)#|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, "\\$&")
    .replaceAll(/[&<>]/gu, (character) => entities[character]!)
    .replace(/^(?:[+=-]|\d{1,9}(?=[.)]))/u, (start) => (/\d/u.test(start) ? `${start}\\` : `\\${start}`));
}

/** A name, such as that of a model: as code, if it is one. */
export function markdownName(name: string): string {
  return /^[\w./:@+-]+$/u.test(name) ? `\`${name}\`` : markdownLine(name);
}
