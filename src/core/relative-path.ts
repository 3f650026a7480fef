/** The most bytes of a part of a path: what file systems take for a name. */
const maxPartBytes = 255;

/** The most bytes of a whole path: Linux takes no more. */
const maxPathBytes = 4095;

/** Controls, half characters, line separators, and what turns the direction of writing, so that a path does not read as what it is. */
const hidden = /[\p{Cc}\p{Surrogate}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

/** Characters with a meaning of their own on Windows: drives and streams of a file, wildcards, and another separator. */
const reserved = /[\\:*?"<>|]/u;

/** Names that Windows opens a device under, in any folder and whatever stands behind a dot. */
const device = /^(?:con|prn|aux|nul|(?:com|lpt)[\d¹²³]|conin\$|conout\$) *(?:\.|$)/iu;

/**
 * What keeps a text that comes from a file, a job or a server from being the path of a file below a folder, on every system; undefined if
 * nothing does. Such a path is made of parts with slashes between them. It has no empty part, `.` or `..`, no drive letter, name of a
 * Windows device or character that Windows reserves, no control or bidi character, line separator or half character, no dot or space at
 * the end of a part (Windows drops them), at most 255 bytes of UTF-8 in a part and 4095 in all. Links may still lead elsewhere.
 * @returns For a message, after the path and a colon: `it has the part ".."`.
 */
export function relativePathProblem(path: string): string | undefined {
  const bytes = path.length > maxPathBytes ? path.length : byteLength(path);
  if (bytes > maxPathBytes) return `it has ${bytes} bytes or more; a path has at most ${maxPathBytes}`;
  const character = hidden.exec(path)?.[0];
  if (character !== undefined) return `it has the character U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}`;
  for (const part of path.split("/")) {
    const problem = partProblem(part);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** A text as a part of a path that `relativePathProblem` takes, whatever its length: each character that it objects to becomes `_`. */
export function relativePathPart(text: string): string {
  const part = text
    .replaceAll(new RegExp(`${hidden.source}|${reserved.source}|/`, "gu"), "_")
    .replace(/[. ]+$/u, (end) => "_".repeat(end.length));
  return part === "" || device.test(part) ? `_${part}` : part;
}

/** @param part Of at most 4095 characters, none of them hidden. */
function partProblem(part: string): string | undefined {
  if (part === "") return "it has an empty part";
  if (part === "." || part === "..") return `it has the part ${JSON.stringify(part)}`;
  const mark = reserved.exec(part)?.[0];
  if (mark !== undefined) return `it has the character ${mark}, which Windows reserves`;
  if (/[. ]$/u.test(part)) return "it has a part that ends in a dot or a space";
  if (device.test(part)) return "it has the name of a Windows device";
  const bytes = byteLength(part);
  return bytes > maxPartBytes ? `it has a part of ${bytes} bytes; a name has at most ${maxPartBytes}` : undefined;
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}
