import type { CodeIds } from "./code-ids.ts";

/** What `match` answers where no token starts: nothing that follows can change that, or more text could. */
export const noToken = -1;
export const incompleteToken = -2;

type FieldName = "q" | "code" | "id" | "token";

type TemplatePart = string | Field;

interface Field {
  readonly name: FieldName;
  readonly width: number;
  readonly fill: "0" | " ";
  /** Characters of the longest value. */
  readonly maxLength: number;
}

const partPattern = /(?<literal>(?:\{\{|\}\}|[^{}])+)|\{(?<name>q|code|id|token)(?<format>:(?<fill>0?)(?<width>[1-9]\d?)?d?)?\}/uy;

/**
 * The strings of codes, such as `<|audio_{q}_{code}|>` or `<c{q}t{code:04d}>`.
 *
 * Fields are `{q}` (codebook), `{code}`, `{id}` (the id less the base) and `{token}` (the id itself). A width as in Python pads with zeros
 * (`{code:04d}`) or spaces (`{code:4d}`); braces themselves are written `{{` and `}}`.
 * No string of a template begins another, so that strings in a row can be taken apart again, at once and in one way.
 */
export class TokenTemplate {
  readonly #ids: CodeIds;
  readonly #parts: readonly TemplatePart[];

  /** @throws RangeError if the template cannot be read, or its strings could not be told apart. */
  constructor(template: string, ids: CodeIds) {
    this.#ids = ids;
    this.#parts = parseTemplate(template, ids);
    checkTellsCodes(template, this.#parts, ids);
    checkTellsEnds(template, this.#parts);
  }

  /** The string of the id of a code. */
  format(id: number): string {
    const { base, stride } = this.#ids;
    let text = "";
    for (const part of this.#parts)
      text += typeof part === "string" ? part : formatField(part, fieldValue(part.name, id - base, base, stride));
    return text;
  }

  /** The id of the code whose string starts at a place in a text, or `noToken`, or `incompleteToken` where the text ends too soon. */
  match(text: string, start: number): number {
    const { base, stride } = this.#ids;
    let at = start;
    const values = { q: 0, code: 0, id: -1, token: -1 };
    for (const part of this.#parts) {
      if (typeof part === "string") {
        if (!text.startsWith(part, at)) return part.startsWith(text.slice(at)) ? incompleteToken : noToken;
        at += part.length;
        continue;
      }
      const end = endOfField(text, at, part);
      if (end === text.length && end - at < part.maxLength) return incompleteToken;
      values[part.name] = Number(text.slice(at, end));
      at = end;
    }
    const { q, code } = values;
    const id = values.token >= 0 ? values.token : base + (values.id >= 0 ? values.id : q * stride + code);
    // One comparison covers padding, ranges and fields that contradict each other.
    return this.#ids.isCode(id) && this.format(id) === text.slice(start, at) ? id : noToken;
  }
}

function parseTemplate(template: string, ids: CodeIds): TemplatePart[] {
  if (typeof template !== "string" || template === "")
    throw new RangeError("the template is empty; expected one such as <|audio_{q}_{code}|>");
  const parts: TemplatePart[] = [];
  const lastId = ids.end - 1;
  const largest: Record<FieldName, number> = { q: ids.numCodebooks - 1, code: ids.codebookSize - 1, id: lastId - ids.base, token: lastId };
  for (let at = 0; at < template.length; at = partPattern.lastIndex) {
    partPattern.lastIndex = at;
    const groups = partPattern.exec(template)?.groups;
    if (groups === undefined) {
      throw refusal(
        template,
        `cannot be read at ${JSON.stringify(template.slice(at))}; fields are {q}, {code}, {id} and {token}, ` +
          "with a width as in {code:04d}, and braces are written {{ and }}",
      );
    }
    if (groups.literal !== undefined) {
      parts.push(groups.literal.replaceAll("{{", "{").replaceAll("}}", "}"));
    } else {
      const name = groups.name as FieldName;
      const width = Number(groups.width ?? 0);
      parts.push({ name, width, fill: groups.fill === "0" ? "0" : " ", maxLength: Math.max(width, `${largest[name]}`.length) });
    }
  }
  return parts;
}

function checkTellsCodes(template: string, parts: readonly TemplatePart[], { ranges, numCodebooks }: CodeIds): void {
  const names = parts.filter((part) => typeof part !== "string").map((part) => part.name);
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  if (repeated !== undefined) throw refusal(template, `has {${repeated}} twice`);
  const tellsId = names.includes("id") || names.includes("token");
  if (ranges === "shared") {
    if (names.includes("q")) throw refusal(template, "tells codebooks apart with {q}, but these share their ids; leave {q} out");
    if (!tellsId && !names.includes("code")) throw refusal(template, "does not tell codes apart; it needs {code}, {id} or {token}");
    return;
  }
  if (!tellsId && !(names.includes("code") && (names.includes("q") || numCodebooks === 1))) {
    throw refusal(template, "does not tell codebooks and codes apart; it needs {q} and {code}, or {id}, or {token}");
  }
}

/** Where a field of any length ends, something that is not a digit must follow. */
function checkTellsEnds(template: string, parts: readonly TemplatePart[]): void {
  parts.forEach((part, index) => {
    if (typeof part === "string" || Math.max(part.width, 1) === part.maxLength) return;
    const next = parts[index + 1];
    if (typeof next !== "string" || /^\d/u.test(next)) {
      throw refusal(
        template,
        `does not show where {${part.name}} ends; let a character other than a digit follow, or give it a width of ${part.maxLength} as in ` +
          `{${part.name}:0${part.maxLength}d}`,
      );
    }
  });
}

function fieldValue(name: FieldName, offset: number, base: number, stride: number): number {
  if (name === "q") return Math.floor(offset / stride);
  if (name === "code") return offset % stride;
  return name === "id" ? offset : base + offset;
}

function formatField(field: Field, value: number): string {
  return `${value}`.padStart(field.width, field.fill);
}

/** The end of the spaces and digits from `start` on that can be the value of a field. */
function endOfField(text: string, start: number, { fill, maxLength }: Field): number {
  const limit = Math.min(text.length, start + maxLength);
  let end = start;
  if (fill === " ") while (end < limit && text[end] === " ") end++;
  while (end < limit && text[end]! >= "0" && text[end]! <= "9") end++;
  return end;
}

function refusal(template: string, reason: string): RangeError {
  return new RangeError(`the template ${JSON.stringify(template)} ${reason}`);
}
