import type { CodeIds } from "./code-ids.ts";

/** What is known of a special token beforehand. */
export interface SpecialTokenOptions {
  /** The token's id. @default the next free id above those of the codes */
  readonly id?: number | undefined;
  /** The string of the token, such as `<s>`. @default `<|audio_NAME|>` */
  readonly content?: string | undefined;
}

/** A token that is not a code: the begin or end of a clip, padding, a separator. */
export interface SpecialToken {
  readonly name: string;
  readonly id: number;
  readonly content: string;
}

/**
 * Gives every special token an id and a string. Ids that are not given follow those of the codes, in order, and skip the given ones.
 * @throws RangeError if an id is a code's or another token's, or a token of the text vocabulary has no string.
 */
export function resolveSpecialTokens(options: Readonly<Record<string, SpecialTokenOptions>>, ids: CodeIds): readonly SpecialToken[] {
  if (typeof options !== "object" || options === null)
    throw new TypeError(`specialTokens are an object of tokens by name, such as { eos: {} }; received ${String(options)}`);
  const nameOfId = new Map<number, string>();
  for (const [name, token] of Object.entries(options)) {
    if (typeof token !== "object" || token === null)
      throw new TypeError(`special token ${name}: expected its options, such as {}; received ${String(token)}`);
    const { id, content } = token;
    if (!/^[A-Za-z_]\w*$/u.test(name))
      throw new RangeError(`${JSON.stringify(name)} is not a name for a special token; expected one such as eos`);
    if (id === undefined) continue;
    if (!Number.isInteger(id) || id < 0 || id > 0x7fff_ffff) throw new RangeError(`special token ${name}: ${id} is not an id`);
    if (ids.isCode(id)) {
      throw new RangeError(
        `special token ${name}: id ${id} is a code; codes have ids ${ids.base} to ${ids.end - 1}, take one from ${ids.end} on`,
      );
    }
    const other = nameOfId.get(id);
    if (other !== undefined) throw new RangeError(`special tokens ${other} and ${name} have the same id ${id}`);
    if (id < ids.base && content === undefined) {
      throw new RangeError(`special token ${name}: id ${id} is one of the text vocabulary's (below ${ids.base}); give its content too`);
    }
    nameOfId.set(id, name);
  }
  let next = ids.end;
  return Object.entries(options).map(([name, { id, content = `<|audio_${name}|>` }]) => {
    if (id !== undefined) return { name, id, content };
    while (nameOfId.has(next)) next++;
    return { name, id: next++, content };
  });
}
